"""A setting that is not known: a slip ends the run, anything else is named and passed over."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError
from gainsight_singer.plugin import SDK_SETTINGS
from tap_gainsight.tap import TapGainsight
from target_gainsight.target import TargetGainsight

if TYPE_CHECKING:
    from pathlib import Path

BASE = {"domain": "acme", "access_key": "k"}
BOTH = pytest.mark.parametrize("plugin", [TapGainsight, TargetGainsight])


def made(plugin: Any, **options: Any) -> None:
    """A plugin made, without a call to the tenant."""
    if plugin is TapGainsight:
        options["catalog"] = {"streams": []}
    plugin(**options)


def mistakes(plugin: Any, **settings: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        made(plugin, config={**BASE, **settings})
    return str(caught.value)


def warnings(caplog: pytest.LogCaptureFixture, plugin: Any, **settings: Any) -> list[str]:
    """What is warned of when settings are read that are taken."""
    caplog.set_level(logging.WARNING)
    made(plugin, config={**BASE, **settings})
    return [line.message for line in caplog.records if line.levelno == logging.WARNING]


def test_a_slip_of_a_known_name_ends_the_run() -> None:
    said = mistakes(TargetGainsight, dry_rnu=True)
    assert said == "setting `dry_rnu` is not known: did you mean `dry_run`?"


@BOTH
@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("stream", "streams"),
        ("domains", "domain"),
        ("streammap", "stream_maps"),
        ("acces_key", "access_key"),
    ],
)
def test_the_known_name_that_is_nearest_is_named(plugin: Any, slip: str, meant: str) -> None:
    assert f"did you mean `{meant}`?" in mistakes(plugin, **{slip: "x"})


@BOTH
def test_a_name_like_no_other_is_warned_of_once(
    plugin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (said,) = warnings(caplog, plugin, colour="red")
    assert said == "setting `colour` is not known: it is not used"


@BOTH
def test_what_the_sdk_has_for_taps_or_targets_is_known(
    plugin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    known = {
        "stream_maps": {},
        "stream_map_config": {},
        "faker_config": {"seed": "1"},
        "flattening_enabled": True,
        "flattening_max_depth": 1,
        "add_record_metadata": False,
        "load_method": "upsert",
        "validate_records": False,
        "hard_delete": False,
    }
    assert known.keys() | {"batch_config"} <= SDK_SETTINGS
    assert warnings(caplog, plugin, **known) == []


@BOTH
def test_all_mistakes_are_in_one_line(plugin: Any) -> None:
    said = mistakes(plugin, max_retires=1, job_timeot=5, job_poll_interval="soon", max_retries=-1)
    assert "\n" not in said
    for name in ("max_retires", "job_timeot", "job_poll_interval", "-1"):
        assert name in said


@pytest.mark.parametrize(
    ("plugin", "entry"),
    [
        (TapGainsight, {"object": "company", "feilds": ["Name"]}),
        (TargetGainsight, {"name": "company", "feilds": {"a": "Name"}}),
    ],
)
def test_entries_of_streams_are_judged_alike(
    plugin: Any, entry: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    said = mistakes(plugin, streams=[entry])
    assert said == (
        "`streams`, entry company: setting `feilds` is not known: did you mean `fields`?"
    )
    odd = {"colour" if name == "feilds" else name: value for name, value in entry.items()}
    (said,) = warnings(caplog, plugin, streams=[odd])
    assert said == "`streams`, entry company: setting `colour` is not known: it is not used"


def test_the_settings_of_a_group_are_judged_alike(caplog: pytest.LogCaptureFixture) -> None:
    slip = {"encoding": {"format": "jsonl", "compresion": "none"}, "storage": {"root": "/tmp"}}
    assert mistakes(TapGainsight, batch_config=slip) == (
        "`batch_config`, `encoding`: setting `compresion` is not known: did you mean `compression`?"
    )
    odd = {"encoding": {"format": "jsonl"}, "storage": {"root": "/tmp"}, "colour": 1}
    (said,) = warnings(caplog, TapGainsight, batch_config=odd)
    assert said == "`batch_config`: setting `colour` is not known: it is not used"
    maps = {"stream_maps": {"*": {"Name": "Name.lower()"}}}
    assert warnings(caplog, TapGainsight, **maps) == [said]


def test_a_name_has_no_line_of_its_own() -> None:
    assert "\n" not in mistakes(TapGainsight, **{"domain\n": "x"})


@BOTH
def test_environment_variables_are_not_judged(
    plugin: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = plugin.name.upper().replace("-", "_")
    monkeypatch.setenv(f"{prefix}_DRY_RNU", "true")
    monkeypatch.setenv(f"{prefix}_COLOUR", "red")
    caplog.set_level(logging.WARNING)
    made(plugin, config={**BASE}, parse_env_config=True)
    assert not [line for line in caplog.messages if "setting" in line]


@BOTH
def test_a_command_ends_in_one_line(
    plugin: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**BASE, "dry_rnu": 1, "quota_stroe": "x", "max_retries": -1}))
    caplog.set_level(logging.ERROR)
    with pytest.raises(SystemExit) as caught:
        plugin.cli([f"--config={config}"])
    assert caught.value.code == 1
    (said,) = caplog.messages
    assert "quota_stroe" in said
    assert "-1" in said
