"""Runs of the tap against a sandbox, in this process, and what they print."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gainsight_sandbox import (
    DataType,
    Field,
    JobSettings,
    Limits,
    ManualClock,
    ObjectSchema,
    Sandbox,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tap_gainsight.tap import TapGainsight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from gainsight_sandbox import Clock

Records = dict[str, list[dict[str, Any]]]

THING = ObjectSchema(
    "thing__gc",
    (
        Field("Gsid", DataType.GSID, read_only=True),
        Field("Name"),
        Field("Size__gc", DataType.NUMBER),
        Field("ModifiedDate", DataType.DATETIME, read_only=True),
    ),
    key_prefix="1T01",
)
NO_LIMITS = Limits(10**6, 10**6, 10**6, 10**6)
UNLIMITED: dict[str, Any] = {
    "sync_calls_per_minute": 10**6,
    "sync_calls_per_day": 10**6,
    "bulk_calls_per_hour": 10**6,
    "bulk_calls_per_day": 10**6,
}
"""The settings that go with `NO_LIMITS`."""
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
"""The first modified date of `things`, two weeks before a manual clock begins."""


def things(
    count: int, *, apart: float = 1.0, undated: Iterable[int] = ()
) -> Iterator[dict[str, Any]]:
    """Records of `THING`, modified `apart` seconds after each other, some without a date."""
    without = set(undated)
    for number in range(count):
        moment = NOON + timedelta(seconds=number * apart)
        yield {
            "Gsid": f"1T01{number:032}",
            "Name": f"thing {number}",
            "Size__gc": number,
            "ModifiedDate": None if number in without else moment,
        }


@contextlib.contextmanager
def tenant_of(
    rows: Iterable[Mapping[str, Any]],
    *,
    schema: ObjectSchema = THING,
    job_seconds: float = 0.0,
    job_retention: float = 86400.0,
    chunk_rows: int = 20_000,
    **options: Any,
) -> Iterator[Sandbox]:
    """A tenant of one object, whose time is moved by hand."""
    jobs = JobSettings(job_seconds, job_retention, chunk_rows)
    given = {"demo": False, "clock": ManualClock(), "limits": NO_LIMITS, "jobs": jobs, **options}
    with Sandbox(**given) as sandbox:
        sandbox.tenant.add_object(schema, rows)
        yield sandbox


def calls(sandbox: Sandbox, kind: CallKind, name: str | None = None) -> int:
    """How many calls of that kind there were, for all objects or for one."""
    return sum(entry.kind is kind and name in {None, entry.object} for entry in list(sandbox.log))


def submissions(sandbox: Sandbox) -> int:
    """How many export jobs were asked for."""
    return calls(sandbox, CallKind.EXPORT_SUBMIT)


@dataclass
class Output:
    """What a tap wrote to standard output."""

    lines: list[str]
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: Records = field(default_factory=lambda: defaultdict(list))
    states: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for line in self.lines:
            message = json.loads(line, parse_float=Decimal)
            if message["type"] == "SCHEMA":
                self.schemas[message["stream"]] = message
            elif message["type"] == "RECORD":
                self.records[message["stream"]].append(message["record"])
            elif message["type"] == "STATE":
                self.states.append(message["value"])

    @property
    def state(self) -> dict[str, Any]:
        """The last state."""
        return self.states[-1]

    def bookmark(self, stream: str) -> dict[str, Any]:
        """A stream's part of the last state."""
        found: dict[str, Any] = self.state["bookmarks"][stream]
        return found


def config_for(sandbox: Sandbox, **settings: Any) -> dict[str, Any]:
    """Settings for a sandbox, with a quota of their own."""
    return {
        "domain": sandbox.url,
        "access_key": sandbox.access_key,
        "quota_store": "memory",
        "job_poll_interval": 1,
        **settings,
    }


def make_tap(
    sandbox: Sandbox,
    *,
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
    page_rows: int = 5000,
    clock: Clock | None = None,
    **settings: Any,
) -> TapGainsight:
    """A tap that shares the sandbox's clock."""

    class TestTap(TapGainsight):
        pass

    TestTap.clock = clock or sandbox.clock
    TestTap.page_rows = page_rows
    return TestTap(config=config_for(sandbox, **settings), state=state, catalog=catalog)


def status_of_command(sandbox: Sandbox, folder: Path, *arguments: str, **settings: Any) -> int:
    """The exit status of the command `tap-gainsight`, called in this process."""
    config = folder / "config.json"
    config.write_text(json.dumps(config_for(sandbox, **settings)))
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        TapGainsight.cli([f"--config={config}", *arguments])
    except SystemExit as exc:
        return int(exc.code or 0)
    finally:  # the SDK has set up the log for a program
        root.handlers[:], level = before
        root.setLevel(level)
    return 0


def run(tap: TapGainsight) -> Output:
    """Sync, and read what was printed; what was printed before an error is in its `output`."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            tap.sync_all()
    except BaseException as exc:
        exc.output = Output(_whole_lines(printed))  # type: ignore[attr-defined]
        raise
    return Output(_whole_lines(printed))


def _whole_lines(printed: io.StringIO) -> list[str]:
    return printed.getvalue().split("\n")[:-1]


def sync(sandbox: Sandbox, **options: Any) -> Output:
    """A tap made and run."""
    return run(make_tap(sandbox, **options))


def select_only(tap: TapGainsight, *streams: str) -> TapGainsight:
    """Deselect all other streams."""
    for name, stream in tap.streams.items():
        stream.selected = name in streams
    return tap


def without(catalog: dict[str, Any], stream: str, *fields: str) -> dict[str, Any]:
    """A catalog in which some fields of a stream are deselected."""
    changed = copy.deepcopy(catalog)
    for entry in changed["streams"]:
        if entry["tap_stream_id"] == stream:
            for item in entry["metadata"]:
                if item["breadcrumb"][-1:] in [[field] for field in fields]:
                    item["metadata"]["selected"] = False
    return changed
