"""Which program is run on how many rows, how often, and how long all of it takes."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import data
from benchmarks.cases import (
    GROWTH,
    JOB_SECONDS,
    PAIRS,
    PEERS,
    STARTS,
    STREAMS,
    WAITS,
    Case,
    Pair,
    is_fast,
    is_sized,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.results import Results
    from benchmarks.running import Runner

_FEWER = 3  # rounds, of what needs no ratio with a narrow spread
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

    def wants(self, case: Case | Pair) -> bool:
        """Whether it is asked for."""
        return self.only.lower() in case.title.lower()


def plan(scope: Scope, results: Results) -> Plan:
    """All that is to be run, the most rounds first."""
    wanted: Plan = {}

    def want(program: str, rows: int, times: int) -> None:
        wanted[program, rows] = max(times, wanted.get((program, rows), 0))

    fewer = min(scope.runs, _FEWER)
    for program in dict.fromkeys(_compared(scope)):
        want(program, 0, fewer)
        want(program, results.size(program), scope.runs)
    for peer in filter(scope.wants, PEERS):
        for program in (peer.ours, peer.program):
            want(program, 0, fewer)
            want(program, results.size(program), fewer)
    for case in filter(scope.wants, GROWTH):
        want(case.program, 0, fewer)
        for rows in sizes(case.program, scope, results.rows):
            want(case.program, rows, fewer if rows <= results.peer_rows else 1)
    for case in filter(scope.wants, STARTS):
        want(case.program, 0, max(scope.runs, _FEWER))
    for case in filter(scope.wants, WAITS):
        want(case.program, 0, 1)
    return wanted


def _compared(scope: Scope) -> Iterator[str]:
    for pair in filter(scope.wants, PAIRS):
        yield from (pair.ours, pair.theirs)


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
