"""The plan of a sync: rows, calls, jobs and minutes, stream by stream."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from gainsight_api.errors import AuthError, ConfigError, GainsightError
from gainsight_api.quota import Budget, QuotaExhaustedError
from gainsight_command.connector import tap_of
from gainsight_command.globs import matches
from gainsight_command.plan.cost import Cost, cost_of
from gainsight_command.plan.deletions import deletions
from gainsight_command.plan.rows import (
    FOR_CHANGES,
    FOR_TABLES,
    MOST_CALLS,
    RowCount,
    count_rows,
)
from gainsight_command.screen import add_row, table, time_of
from gainsight_singer.words import counted, one_line
from tap_gainsight.deleted_records import DeletedRecordsStream
from tap_gainsight.extract.extract import Method
from tap_gainsight.given_files import catalog_file, state_file
from tap_gainsight.streams import GainsightStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from gainsight_api.jobs.row_counts import Kind, RowsRead
    from gainsight_api.quota import Usage
    from tap_gainsight.tap import TapGainsight


@dataclass(frozen=True, slots=True)
class Sync:
    """One stream's part of a sync: its rows, and what reading them costs."""

    count: RowCount
    cost: Cost


@dataclass(slots=True)
class StreamPlan:
    """What syncing a stream would cost.

    Attributes:
        stream: The stream's name.
        method: How it is read, once that is known.
        full: Its part of a full sync; None if that could not be found out.
        incremental: Its part of a sync from the state; None without one.
        error: Why nothing could be found out.
    """

    stream: str
    method: Method | None = None
    full: Sync | None = None
    incremental: Sync | None = None
    error: str = ""


@dataclass(slots=True)
class Plan:
    """What a sync would cost.

    Attributes:
        tap: The tap, with its settings and quota.
        streams: Its selected streams.
        from_state: Whether the incremental sync is the one from a given state.
    """

    tap: TapGainsight
    from_state: bool
    streams: list[StreamPlan] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every stream could be looked at."""
        return not any(stream.error for stream in self.streams)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The syncs of which something is known."""
        some = self.from_state or any(stream.incremental for stream in self.streams)
        return ("full", "incremental") if some else ("full",)

    @property
    def from_last_run(self) -> bool:
        """Whether some rows were not counted, but are what the last run has read."""
        return any(sync.count.as_of for kind in _KINDS for sync in self._syncs(kind))

    @property
    def calls_made(self) -> int:
        """How many calls, of one row each, the rows were counted by."""
        return sum(sync.count.calls for kind in _KINDS for sync in self._syncs(kind))

    def total(self, kind: Kind) -> Cost:
        """What a sync of all streams costs; the kind is full or incremental."""
        return sum((sync.cost for sync in self._syncs(kind)), Cost())

    def minutes(self, cost: Cost) -> float:
        """How long that takes from now on if nobody else calls, waits for the limits included."""
        quota = self.tap.wiring.session.quota
        now = self.tap.clock.now()
        waits = [
            quota.next_at(budget, calls) - now
            for budget, calls in ((Budget.SYNC, cost.calls), (Budget.BULK, cost.jobs))
            if calls
        ]
        work = cost.seconds(self.tap.settings.max_concurrent_jobs)
        return round(max(work, *waits, 0.0) / 60, 1)

    def left(self) -> list[Usage]:
        """What is left of the budgets."""
        return [self.tap.wiring.session.quota.remaining(budget) for budget in Budget]

    def _syncs(self, kind: Kind) -> Iterator[Sync]:
        for stream in self.streams:
            sync = getattr(stream, kind)
            if sync is not None:
                yield sync

    def as_json(self) -> dict[str, Any]:
        """The plan for a program."""
        kinds = self.kinds
        return {
            "ok": self.ok,
            "streams": [
                {
                    "stream": stream.stream,
                    "extract_method": stream.method,
                    **{kind: _sync_json(getattr(stream, kind)) for kind in kinds},
                    "error": stream.error or None,
                }
                for stream in self.streams
            ],
            "total": {
                kind: {
                    "calls": self.total(kind).calls,
                    "jobs": self.total(kind).jobs,
                    "minutes": self.minutes(self.total(kind)),
                }
                for kind in kinds
            },
            "left": {usage.budget.value: usage.left for usage in self.left()},
            "calls_made": self.calls_made,
        }

    def print(self, out: Console) -> None:
        """Print the plan for people."""
        kinds = self.kinds
        numbers = [f"{kind} {what}" for kind in kinds for what in ("rows", "calls", "jobs")]
        made = table("stream", "method", *numbers, "", right=numbers)
        for stream in self.streams:
            cells = [cell for kind in kinds for cell in _cells(getattr(stream, kind))]
            add_row(made, stream.stream, stream.method or "", *cells, stream.error)
        out.print(made)
        for kind in kinds:
            cost = self.total(kind)
            out.print(
                f"{kind} sync: {counted(cost.calls, 'call')} and {counted(cost.jobs, 'job')}, "
                f"{_minutes(self.minutes(cost))} if nobody else calls."
            )
        out.print(f"Used so far: {'; '.join(map(str, self.left()))}.")
        if self.from_last_run:
            out.print("* as many as the last such run has read; --count counts them anew.")
        if not self.from_state:
            out.print("With --state FILE it also says what a sync from that state would cost.")
        if self.calls_made:
            out.print(
                f"The rows were counted by {counted(self.calls_made, 'call')}, of a row each."
            )


_KINDS: tuple[Kind, ...] = ("full", "incremental")


def make_plan(
    files: Sequence[str],
    globs: Sequence[str],
    *,
    catalog: IO[str] | None,
    state: IO[str] | None,
    count: bool = False,
) -> Plan:
    """Find out what a sync of the selected streams would cost.

    Args:
        files: The tap's config files.
        globs: Names or globs of streams; without any, all that are selected.
        catalog: A catalog file; without one, the tenant is asked for all streams.
        state: A state file, for the incremental sync.
        count: Whether to count what the last run has read, too.

    Raises:
        ConfigError: A file cannot be used, or nothing is selected.
        GainsightError: The tenant cannot be asked.
    """
    given = catalog_file(catalog)
    entries = json.load(given) if given else None
    before = state_file(state)
    tap = tap_of(files, catalog=entries, setup_mapper=True)
    later = None
    if before:
        known = entries or tap.catalog_dict
        later = tap_of(files, catalog=known, state=json.load(before), setup_mapper=True)
    plan = Plan(tap, from_state=later is not None)
    selected = _selected(tap)
    streams = [stream for stream in selected if matches(stream.name, globs)]
    if not streams:
        asked = f" by the name of {' or '.join(globs)}" if selected and globs else ""
        raise ConfigError(f"no stream is selected{asked}: the tap's `--discover` lists all")
    screen = Console(stderr=True)
    for stream in streams:
        with screen.status(Text(one_line(f"counting the rows of {stream.name}"))):
            plan.streams.append(_stream_plan(tap, later, stream, count=count))
    return plan


def _selected(tap: TapGainsight) -> list[GainsightStream]:
    streams = tap.streams.values()
    return [each for each in streams if isinstance(each, GainsightStream) and each.selected]


def _stream_plan(
    tap: TapGainsight, later: TapGainsight | None, stream: GainsightStream, *, count: bool
) -> StreamPlan:
    plan = StreamPlan(stream.name)
    calls = MOST_CALLS
    try:
        again = later.streams[stream.name] if later else None
        last = {} if count else tap.wiring.row_counts.find(stream.table)
        if later and isinstance(again, GainsightStream):
            # Mostly little has changed, and one call tells.
            plan.incremental = _sync(later, again, plan, calls // 2, FOR_CHANGES)
            calls -= plan.incremental.count.calls
        elif "incremental" in last:
            plan.incremental = _sync(tap, stream, plan, 0, read=last["incremental"])
        plan.full = _sync(tap, stream, plan, calls, read=last.get("full"))
    except (AuthError, ConfigError, QuotaExhaustedError):
        raise
    except GainsightError as exc:
        plan.error = str(exc)
    return plan


def _sync(
    tap: TapGainsight,
    stream: GainsightStream,
    plan: StreamPlan,
    calls: int,
    first_step: int = FOR_TABLES,
    *,
    read: RowsRead | None = None,
) -> Sync:
    """A stream's part of a sync, from where its state says.

    Args:
        tap: The tap.
        stream: The stream.
        plan: Takes the stream's method.
        calls: What may be spent on counting.
        first_step: See `count_rows`.
        read: What the last such run has read; None to count.
    """
    if isinstance(stream, DeletedRecordsStream):
        plan.method = Method.QUERY
        return Sync(*deletions(tap, stream, calls))
    extract = stream.extract()
    plan.method = extract.extract_method
    if read:
        count = RowCount(read.rows, read.rows, 0, as_of=read.at)
    else:
        count = count_rows(extract.query_pages.more_than, calls, first_step)
    keyed = extract.cursor.window.key is not None
    cost = cost_of(count.rows, plan.method, tap.settings, page_rows=tap.page_rows, keyed=keyed)
    return Sync(count, cost)


def _minutes(minutes: float) -> str:
    return f"about {minutes:,} minutes" if minutes else "a few seconds"


def _sync_json(sync: Sync | None) -> dict[str, Any] | None:
    if sync is None:
        return None
    count, cost = sync.count, sync.cost
    return {
        "rows": count.rows,
        "exact": count.exact,
        "last_run_at": time_of(count.as_of) if count.as_of else None,
        "calls": cost.calls,
        "jobs": cost.jobs,
    }


def _cells(sync: Sync | None) -> tuple[str, str, str]:
    if sync is None:
        return "", "", ""
    count, cost = sync.count, sync.cost
    if count.as_of:
        rows = f"{count.rows:,}*"
    else:
        rows = f"{'' if count.exact else 'about ' if count.at_most else 'over '}{count.rows:,}"
    return rows, f"{cost.calls:,}", f"{cost.jobs:,}"
