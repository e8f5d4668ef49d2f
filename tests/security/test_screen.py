"""What a tenant calls its objects and fields does nothing to a terminal, a log or a page."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from gainsight_command.cli import main
from gainsight_sandbox import DataType, Field, Sandbox, custom_object
from gainsight_singer.cli import PlainRecord
from target_gainsight.target import TargetGainsight
from tests.command.support import config_file
from tests.tap import support as tap
from tests.target.support import as_lines, config_for, record, state
from tests.target.support import schema as schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVIL = "e\x1b[31mvil\r\nerror forged\u202e\u2066\x07<script>[b]__gc"
FIELD = "Na\x1b[2Jme\r\u202e<script>"


@pytest.fixture
def tenant() -> Iterator[Sandbox]:
    schema = custom_object(EVIL, Field(FIELD, length=5), Field("Size__gc", DataType.NUMBER))
    rows = [{**{k: v for k, v in row.items() if k != "Name"}, FIELD: "x"} for row in tap.things(3)]
    with tap.tenant_of(rows, schema=schema) as sandbox:
        yield sandbox


@contextlib.contextmanager
def said() -> Iterator[io.StringIO]:
    """Standard error, with all that is logged at DEBUG, as the commands set it up."""
    root, err = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    with contextlib.redirect_stderr(err):
        try:
            yield err
        finally:
            root.handlers[:], level = before
            root.setLevel(level)


def assert_plain(text: str) -> None:
    assert "vil" in text, "the object is not named at all"
    odd = {char for char in text.replace("\n", "") if not char.isprintable()}
    assert odd == set()
    assert not re.search("^error forged", text, re.MULTILINE)


@pytest.mark.parametrize("method", ["query", "bulk"])
def test_a_log_at_debug_has_no_control_characters(
    tenant: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setenv("TAP_GAINSIGHT_LOGLEVEL", "DEBUG")
    report = tmp_path / "report.html"
    with said() as err, contextlib.redirect_stdout(io.StringIO()):
        settings: dict[str, Any] = {"extract_method": method, "report_path": str(report)}
        assert tap.status_of_command(tenant, tmp_path, **settings) == 0
    assert "DEBUG" in err.getvalue()
    assert_plain(err.getvalue())
    assert "<script" not in report.read_text()
    assert_plain(report.read_text())


def test_the_last_line_of_a_run_that_fails_has_none_either(tenant: Sandbox, tmp_path: Path) -> None:
    streams = [{"name": EVIL, "object": EVIL, "fields": [FIELD, f"{FIELD}2"]}]
    with said() as err:
        assert tap.status_of_command(tenant, tmp_path, streams=streams) == 1
    assert_plain(err.getvalue())


@pytest.mark.parametrize("dry_run", [False, True])
def test_rejects_and_plans_of_the_target_have_none(
    tenant: Sandbox, tmp_path: Path, *, dry_run: bool
) -> None:
    config, feed = tmp_path / "config.json", tmp_path / "feed.jsonl"
    settings: dict[str, Any] = {"max_rejects": -1, "dry_run": dry_run}
    given = config_for(tenant, rejects_path=str(tmp_path), **settings)
    config.write_text(json.dumps(given))
    feed.write_text(
        as_lines(
            [
                schema_of(EVIL, FIELD, "Size__gc", "none\x1b[1m", keys=[FIELD]),
                record(EVIL, **{FIELD: "much too long", "Size__gc": "\x1b[1m"}),
                record(EVIL, **{FIELD: "a", "Size__gc": 1, "none\x1b[1m": 1}),
                state(1),
            ]
        )
    )
    out = io.StringIO()
    with said() as err, contextlib.redirect_stdout(out):
        TargetGainsight.cli([f"--config={config}", f"--input={feed}"], standalone_mode=False)
    assert_plain(err.getvalue())


@pytest.mark.parametrize(
    "arguments", [["check"], ["plan"], ["quota"], ["rejects", "list"], ["rejects", "show"]]
)
@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["table", "json"])
def test_tables_and_json_have_none(
    tenant: Sandbox, tmp_path: Path, arguments: list[str], as_json: list[str]
) -> None:
    letter = {
        "stream": EVIL,
        "object": EVIL,
        "operation": "upsert",
        "record": {FIELD: "\x1b[1m"},
        "errors": [{"code": "\x1b[1m", "message": "no\r\n", "field": FIELD}],
    }
    (tmp_path / "evil.jsonl").write_text(json.dumps(letter) + "\n")
    side = "--target" if arguments[0] == "rejects" else "--tap"
    settings = {"rejects_path": str(tmp_path)} if side == "--target" else {}
    config = config_file(tmp_path, tenant, **settings)
    values = ["--values"] if arguments[-1] == "show" else []
    options = [*as_json, *values, *([side] if arguments[0] != "rejects" else [])]
    done = CliRunner().invoke(main, [*arguments, *options, "--config", config])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert done.output
    assert {char for char in done.output.replace("\n", "") if not char.isprintable()} == set()


def test_a_records_line_may_not_be_broken_by_what_it_says() -> None:
    made = PlainRecord(EVIL, logging.INFO, "", 1, "stream %s: \ttext", (EVIL,), None)
    assert made.name.isprintable()
    assert made.getMessage().isprintable()
    assert "stream e\ufffd[31mvil  error forged" in made.getMessage()
