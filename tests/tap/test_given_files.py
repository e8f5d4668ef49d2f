"""Files on the command line that are not what they are given for end in one line."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gainsight_api.errors import ConfigError
from gainsight_singer.given_files import check_config_files
from tap_gainsight.given_files import catalog_file, state_file

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = '{"domain": "http://127.0.0.1:1", "access_key": "k", "max_retries": 0}'
PROPERTIES = '{"streams": [{"tap_stream_id": "company", "schema": {"properties": %s}}]}'
STREAM = '{"streams": [{"tap_stream_id": "company", "schema": {"properties": {}}, "metadata": %s}]}'


def last_line(folder: Path, *options: str, module: str = "tap_gainsight") -> str:
    """The last line of a run that fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {1, 2}
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("catalog", "words"),
    [
        ("[1]", "no list of `streams`"),
        ('{"streams": null}', "no list of `streams`"),
        ('{"streams": [1]}', "stream number 1: Expected `object`, got `int`"),
        ('{"streams": [{"stream": "x"}]}', "missing required field `tap_stream_id`"),
        (STREAM % "null", "got `null` - at `$.metadata`"),
        (STREAM % '[{"metadata": {}}]', "missing required field `breadcrumb`"),
        (
            '{"streams": [{"tap_stream_id": "x", "schema": {}}]}',
            "missing required field `properties`",
        ),
        (PROPERTIES % "[]", "got `array` - at `$.schema.properties`"),
        (PROPERTIES % '{"a": 1}', "got `int` - at `$.schema.properties[...]`"),
        (PROPERTIES % '{"a": {"type": 5}}', "got `int` - at `$.schema.properties[...].type`"),
        (STREAM.replace("company", "\\ud800") % "[]", "NUL or half of a surrogate pair"),
        ("{nope", "is not JSON"),
        ('{"streams": [NaN]}', "a number that cannot be read"),
        ("[" * 5000, "nested too deep"),
    ],
)
def test_a_file_that_is_no_catalog_is_named(tmp_path: Path, catalog: str, words: str) -> None:
    path = tmp_path / "catalog.json"
    path.write_text(catalog)
    with path.open() as file, pytest.raises(ConfigError) as caught:
        catalog_file(file)
    assert "catalog.json" in str(caught.value)
    assert words in str(caught.value)


def test_what_is_wrong_with_a_catalog_is_the_last_line_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(CONFIG)
    (tmp_path / "catalog.json").write_text("[1]")
    line = last_line(tmp_path, "--config=config.json", "--catalog=catalog.json")
    assert "the catalog file catalog.json has no list of `streams`" in line


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("{nope", "is not JSON: "),
        ('{"request_timeout": NaN}', "a number that cannot be read"),
        (f'{{"max_retries": {"9" * 5000}}}', "a number that cannot be read"),
        (f'{{"objects": {"[" * 5000}', "nested too deep"),
        ('["domain"]', "must be a JSON object"),
        ("nowhere", "No such file"),
        ("folder", "Is a directory"),
    ],
)
def test_a_config_that_cannot_be_read_is_named(tmp_path: Path, config: str, words: str) -> None:
    path = tmp_path / "config.json"
    if config == "folder":
        path.mkdir()
    elif config != "nowhere":
        path.write_text(config)
    with pytest.raises(ConfigError) as caught:
        check_config_files(["ENV", str(path)])
    assert f"the config file {path}" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("module", ["tap_gainsight", "target_gainsight"])
def test_what_is_wrong_with_a_config_is_the_last_line_of_the_run(
    tmp_path: Path, module: str
) -> None:
    (tmp_path / "config.json").write_text("{nope")
    line = last_line(tmp_path, "--config=config.json", module=module)
    assert "the config file config.json is not JSON: " in line


BOOKMARKS = {"bookmarks": {"company": {"replication_key_value": "2025-06-01T12:00:00.000Z"}}}


@pytest.mark.parametrize(
    "state", [BOOKMARKS, {"type": "STATE", "value": BOOKMARKS}, {"singer_state": BOOKMARKS}]
)
def test_a_state_is_taken_as_a_tap_as_a_target_or_as_meltano_writes_it(
    state: dict[str, object],
) -> None:
    read = state_file(io.StringIO(json.dumps(state)))
    assert read
    assert json.load(read) == BOOKMARKS


@pytest.mark.parametrize("state", ["{}", "null", '{"currently_syncing": null}'])
def test_a_state_may_be_without_bookmarks(state: str) -> None:
    assert state_file(io.StringIO(state))


@pytest.mark.parametrize("state", ['{"company": {}}', '{"value": {"bookmarks": {}}}'])
def test_a_state_that_is_none_is_not_read_as_an_empty_one(state: str) -> None:
    with pytest.raises(ConfigError, match="it has no `bookmarks`"):
        state_file(io.StringIO(state))
