"""Runs of the tap against a sandbox, in this process, and what they print."""

from __future__ import annotations

import contextlib
import io
import json
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_gainsight.tap import TapGainsight

if TYPE_CHECKING:
    from gainsight_sandbox import Clock, Sandbox

Records = dict[str, list[dict[str, Any]]]


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
