"""Which program is run on how many rows, how often, and how long all of it takes."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from benchmarks import data
from benchmarks.cases import (
    BATCH_PAIR,
    BATCHES,
    GROWTH,
    JOB_SECONDS,
    MANY,
    MEMORY,
    PAIRS,
    PEERS,
    PIPES,
    STARTS,
    STREAMS,
    WAITS,
    Case,
    Pair,
    Rate,
    is_fast,
    is_sized,
)
from benchmarks.measured import loaders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.running import Runner
    from benchmarks.tables.results import Results

_FEWER = 3
_GUESSED_START = 2.0
_GUESSED_RATES = {True: 25_000, False: 2_500}
_STEP = 10

Plan = dict[tuple[str, int], int]
"""How often each program is run on so many rows."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked for.

    Attributes:
        runs: Rounds.
        only: What a title has to hold.
        peer_growth: The most rows on which the slow programs' growth is measured.
    """

    runs: int
    only: str = ""
    peer_growth: int = 100_000

    @property
    def fewer(self) -> int:
        """Rounds of what needs no ratio with a narrow spread."""
        return min(self.runs, _FEWER)

    def wants(self, case: Case | Pair | Rate) -> bool:
        """Whether it is asked for."""
        return self.only.lower() in case.title.lower()


def plan(scope: Scope, results: Results) -> Plan:
    """All that is to be run, the most rounds first."""
    wanted: Plan = {}
    for wishes in (_compared, _peers, _growth, _pipes, _many_streams, _memory, _starts, _waits):
        for program, rows, times in wishes(scope, results):
            wanted[program, rows] = max(times, wanted.get((program, rows), 0))
    return wanted


_Wishes: TypeAlias = "Iterator[tuple[str, int, int]]"
"""Programs, on how many rows, and how often."""


def _compared(scope: Scope, results: Results) -> _Wishes:
    for pair in filter(scope.wants, PAIRS):
        for program in (pair.ours, pair.theirs):
            yield program, 0, scope.fewer
            yield program, results.size(program), scope.runs
    for rate in filter(scope.wants, BATCHES):
        yield rate.program, 0, scope.fewer
        yield rate.program, results.size(rate.program), scope.fewer


def _peers(scope: Scope, results: Results) -> _Wishes:
    for peer in filter(scope.wants, PEERS):
        for program in (peer.ours, peer.program):
            yield program, 0, scope.fewer
            yield program, results.size(program), scope.fewer


def _growth(scope: Scope, results: Results) -> _Wishes:
    for case in filter(scope.wants, GROWTH):
        yield case.program, 0, scope.fewer
        for rows in sizes(case.program, scope, results.rows):
            yield case.program, rows, scope.fewer if rows <= results.peer_rows else 1


def _pipes(scope: Scope, results: Results) -> _Wishes:
    for case in filter(scope.wants, pipes()):
        paired = case.program in {BATCH_PAIR.ours, BATCH_PAIR.theirs}
        for rows in (0, results.size(case.program)):
            yield case.program, rows, scope.fewer if paired else 1


def _many_streams(scope: Scope, results: Results) -> _Wishes:
    for case in filter(scope.wants, MANY):
        yield case.ours, 0, scope.fewer
        yield case.program, 0, 1
        yield case.program, results.size(case.program), scope.fewer


def _memory(scope: Scope, results: Results) -> _Wishes:
    for case in filter(scope.wants, MEMORY):
        for rows in memory_sizes(results.rows):
            yield case.program, rows, 1


def _starts(scope: Scope, _: Results) -> _Wishes:
    for case in filter(scope.wants, STARTS):
        yield case.program, 0, max(scope.runs, _FEWER)


def _waits(scope: Scope, _: Results) -> _Wishes:
    for case in filter(scope.wants, WAITS):
        yield case.program, 0, 1


def pipes() -> list[Case]:
    """Those pipes whose loader is installed."""
    return [case for case in PIPES if loaders.program(case.program.rpartition("+")[2])]


def memory_sizes(rows: int) -> tuple[int, int]:
    """The numbers of rows between which peak memory should not differ."""
    return rows, data.rounded(5 * rows)


def sizes(program: str, scope: Scope, rows: int) -> list[int]:
    """The numbers of rows on which a program's growth is measured."""
    most = 5 * rows if is_fast(program) else min(scope.peer_growth, 5 * rows)
    found = {rows, 5 * rows} if is_fast(program) else set()
    size = 10_000
    while size <= most:
        found.add(size)
        size *= _STEP
    return sorted({data.rounded(size) for size in found})


def carry_out(wanted: Plan, runner: Runner, results: Results) -> None:
    """Run all of it, in turn and round by round, so that the machine's moods meet them all."""
    waiting = {case.program for case in WAITS}
    for program in dict.fromkeys(program for program, _ in wanted if program not in waiting):
        _say(f"warm-up: {program}")
        runner.run(program, 0)
    rounds = range(max(wanted.values(), default=0))
    queue = [key for number in rounds for key, times in wanted.items() if number < times]
    began = time.monotonic()
    for done, (program, rows) in enumerate(queue):
        left = sum(_expected(results, *key) for key in queue[done:]) / 60
        what = f"{program}, {rows:,} rows" if is_sized(program) else program
        _say(
            f"{done + 1} of {len(queue)}, {(time.monotonic() - began) / 60:.0f} min, "
            f"about {left:.0f} min left: {what}"
        )
        cost = runner.run(program, rows)
        results.costs.setdefault((program, rows), []).append(cost)


def _expected(results: Results, program: str, rows: int) -> float:
    """Seconds that a run takes, by those before it, else by a guess."""
    if known := results.costs.get((program, rows)):
        return statistics.mean(cost.wall for cost in known)
    match program.partition(":")[0], program:
        case "streams", "streams:1":
            return len(STREAMS) * JOB_SECONDS * 1.2
        case "streams" | "download", _:
            return 3.0 * JOB_SECONDS
    return _GUESSED_START + rows / _rate(results, program)


def _rate(results: Results, program: str) -> float:
    """Rows a second, by its runs on other numbers of rows, else by a guess."""
    known = _largest(results, program)
    return known or _GUESSED_RATES[is_fast(program)]


def _largest(results: Results, program: str) -> float | None:
    sizes_run: Sequence[int] = [rows for name, rows in results.costs if name == program and rows]
    if not sizes_run:
        return None
    rows = max(sizes_run)
    seconds = statistics.mean(cost.wall for cost in results.costs[program, rows])
    return rows / max(seconds - _GUESSED_START, 0.1)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
