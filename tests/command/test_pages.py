"""What the documents show of `gainsight`: its commands, typed, print what stands there."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api import Budget, ConnectionSettings, Exports, PaidJobs, Read, connect
from gainsight_sandbox import Credentials, Sandbox
from target_gainsight.target import TargetGainsight
from tests.command.support import KEY, command
from tests.target.support import as_lines, record, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MARK = "<!-- run: tests/command/test_pages.py -->"
FIELDS = {"name": "Name", "arr": "Arr", "stage": "Stage"}
STREAMS = [
    {"name": "accounts", "object": "company", "fields": FIELDS},
    {"name": "people", "object": "compnay"},
    {"name": "events", "object": "usage_event__gc", "keys": ["Event_Id__gc"]},
]
SOMETIMES = {"about", "minutes"}
"""Words for more rows than a test has."""


def blocks(document: str) -> list[list[str]]:
    """A document's blocks that are marked as run here, each by its lines."""
    text = (ROOT / document).read_text()
    found = re.findall(
        rf"^{re.escape(MARK)}\n\n```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE
    )
    return [block.splitlines() for block in found]


def words(lines: list[str]) -> set[str]:
    """The words in some lines; numbers, times, ids and bars are another at each run."""
    return {word for word in " ".join(lines).split() if not re.search(r"[\d─█░·▁]", word)}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The variables of both connectors, for a tenant of which some use has been made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tap-gainsight"])
    rows = {"company": 30, "activity_timeline": 20, "usage_event__gc": 10}
    with Sandbox(rows=rows, credentials=Credentials(access_key=KEY)) as sandbox:
        shared = {"domain": sandbox.url, "access_key": KEY, "quota_store": "quota.sqlite"}
        session = connect(ConnectionSettings.from_config(shared))
        paid = PaidJobs(session.quota.store, session.quota.key, session.clock, 60)
        for name in ("company", "usage_event__gc"):
            Exports(session, paid).submit(
                Read(name, ("Gsid",), limit=9), began="2026-01-01T00:00:00"
            )
        monkeypatch.setattr(sys, "argv", ["target-gainsight"])
        connect(ConnectionSettings.from_config(shared)).quota.acquire(Budget.SYNC)
        reject(shared)
        own = {
            "TAP": {**shared, "objects": json.dumps([*rows])},
            "TARGET": {**shared, "streams": json.dumps(STREAMS)},
        }
        yield {
            f"{connector}_GAINSIGHT_{name.upper()}": value
            for connector, given in own.items()
            for name, value in given.items()
        }


def reject(shared: dict[str, Any]) -> None:
    """Three letters, and a copy in which two of them are mended."""
    records = [
        {"name": "Globex", "arr": "a lot"},
        {"name": "Initech", "arr": "1", "stage": "None of them"},
        {"name": "Hooli", "arr": "more"},
    ]
    messages = [
        schema("accounts", *FIELDS, keys=("name",)),
        *(record("accounts", **each) for each in records),
    ]
    config = {**shared, "streams": STREAMS[:1], "max_rejects": -1}
    with contextlib.redirect_stdout(io.StringIO()):
        TargetGainsight(config=config).listen(io.StringIO(as_lines(messages)))
    letters = Path("rejects/accounts.jsonl").read_text()
    Path("mended.jsonl").write_text(letters.replace("a lot", "7").replace('"None of them"', "null"))


@pytest.mark.parametrize(
    ("document", "commands"),
    [("README.md", 4), ("docs/commands.md", 6), ("docs/how-to/gainsight-admin.md", 3)],
)
def test_a_page_shows_what_its_commands_print(
    settings: dict[str, str], document: str, commands: int
) -> None:
    typed = 0
    for block in blocks(document):
        for line in block:
            if not line.startswith("$ "):
                continue
            typed += 1
            _, *arguments = shlex.split(line[2:], comments=True)
            done = command(*arguments, **settings)
            assert done.err == "", line
            shown = [each for each in block if not each.startswith("$ ")]
            assert words(shown) - words(done.out.splitlines()) <= SOMETIMES, line
    assert typed == commands
