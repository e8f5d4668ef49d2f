"""The tap's settings: what they are by default, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from gainsight_api.errors import ConfigError
from tap_gainsight.settings import CONFIG_SCHEMA
from tap_gainsight.tap import TapGainsight
from tests.tap.support import THING, make_tap, run, select_only, tenant_of, things

BASE = {"domain": "http://127.0.0.1:9", "access_key": "k"}
DEFAULTS = {
    "start_date": None,
    "objects": None,
    "streams": None,
    "extract_method": "auto",
    "bulk_threshold_rows": 25_000,
    "max_rows_per_job": 1_000_000,
    "max_concurrent_jobs": 4,
    "lookback_seconds": 300,
    "filter_timezone": "UTC",
    "include_lookup_names": False,
    "include_picklist_labels": False,
    "csv_null": None,
    "job_poll_interval": 5,
    "job_timeout": 7200,
    "on_quota_exhausted": "wait",
    "max_quota_wait": 3600,
}


def test_settings_have_their_documented_defaults_also_where_they_are_null() -> None:
    for given in ({}, dict.fromkeys(DEFAULTS)):
        options = TapGainsight(config={**BASE, **given}, catalog={"streams": []}).settings
        assert {name: getattr(options, name) for name in DEFAULTS} == DEFAULTS


def test_every_setting_has_a_title_and_a_description_for_about() -> None:
    for name, schema in CONFIG_SCHEMA["properties"].items():
        assert schema.get("title"), name
        assert str(schema.get("description")).endswith("."), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("extract_method", "fast"),
        ("bulk_threshold_rows", -1),
        ("max_rows_per_job", 0),
        ("max_concurrent_jobs", 0),
        ("lookback_seconds", -1),
        ("objects", "company"),
        ("objects", [""]),
        ("job_timeout", 0),
        ("on_quota_exhausted", "hope"),
        ("streams", [{"name": "no_object"}]),
        ("streams", [{"object": "company", "feilds": ["Name"]}]),
        ("csv_null", 5),
        ("start_date", "yesterday"),
        ("filter_timezone", "Mars/Olympus"),
        ("filter_timezone", "../../etc/passwd"),
        ("filter_timezone", ""),
        ("filter_timezone", "/etc/localtime"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        TapGainsight(config={**BASE, name: value}, catalog={"streams": []})
    assert name in str(caught.value) or str(value) in str(caught.value)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns"])
@pytest.mark.parametrize("method", ["query", "bulk"])
def test_filter_times_are_understood_in_the_tenants_zone(zone: str, method: str) -> None:
    with tenant_of(things(20)) as sandbox:
        tap = make_tap(
            sandbox,
            filter_timezone=zone,
            start_date="2025-06-01T12:00:15Z",
            extract_method=method,
        )
        records = run(select_only(tap, THING.name)).records[THING.name]
        assert [record["Size__gc"] for record in records] == [15, 16, 17, 18, 19]


def test_the_sdks_own_settings_come_from_the_environment_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TAP_GAINSIGHT_FLATTENING_MAX_DEPTH", "2")
    monkeypatch.setenv("TAP_GAINSIGHT_MAX_RETRIES", "3")
    monkeypatch.setenv("TAP_GAINSIGHT_STREAM_MAPS", '{"company": {"Name": "name"}}')
    config = TapGainsight(config={**BASE}, catalog={"streams": []}, parse_env_config=True).config
    assert config["flattening_max_depth"] == 2
    assert config["max_retries"] == 3
    assert config["stream_maps"] == {"company": {"Name": "name"}}


@pytest.mark.parametrize("wrong", [{"Name": "upper("}, {"Gsid": None}])
def test_a_stream_map_that_cannot_be_used_is_told_with_its_setting(wrong: dict[str, Any]) -> None:
    with (
        tenant_of(things(1)) as sandbox,
        pytest.raises(ConfigError, match=r"^setting `stream_maps`: "),
    ):
        make_tap(sandbox, stream_maps={THING.name: wrong})
