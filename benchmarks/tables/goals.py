"""What is asked for, and whether it was reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.cases import (
    BATCH_PAIR,
    BATCHES,
    MANY,
    MANY_AIM,
    MANY_GOAL,
    MANY_PEAK,
    MEMORY,
    MEMORY_EQUAL,
    MEMORY_PEAK,
    PAIRS,
)
from benchmarks.plan import memory_sizes
from benchmarks.tables.whole_runs import short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.plan import Scope
    from benchmarks.tables.results import Results, Spread, What


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that is asked for.

    Attributes:
        what: What it is.
        found: What was measured.
        least: What it must be.
        reached: Whether it is.
        aim: What is aimed at.
        aim_reached: Whether it is that.
    """

    what: str
    found: str
    least: str
    reached: bool
    aim: str = ""
    aim_reached: bool = False

    @property
    def verdict(self) -> str:
        """In a word."""
        if not self.reached:
            return "missed"
        return "aim reached" if self.aim_reached else "reached"


def goals(results: Results, _: Scope) -> Iterator[str]:
    """The table of all that was measured and has an aim."""
    found = list(_goals(results))
    if not found:
        return
    yield from ("### What is asked for", "")
    yield from ("| | measured | at least | aim | |", "|---|---|---|---|---|")
    for goal in found:
        yield f"| {goal.what} | **{goal.found}** | {goal.least} | {goal.aim} | {goal.verdict} |"


def _goals(results: Results) -> Iterator[Goal]:
    for pair in results.measured([*PAIRS, BATCH_PAIR]):
        if pair.aim:
            what: What = "both" if pair is BATCH_PAIR else "cpu"
            ratio = results.ratio(pair.ours, pair.theirs, what)
            yield _at_least(pair.title, ratio, (pair.goal, pair.aim), "x", ".1f")
    for rate in BATCHES:
        if rate.goal and rate.aim and results.has(rate.program):
            asked = (rate.goal, rate.aim)
            title = f"{short(rate)} written, rows/s of one core"
            yield _at_least(title, results.rate(rate.program), asked, "", ",.0f")
    yield from _many_streams(results)
    yield from _memory(results)


def _at_least(what: str, found: Spread, asked: tuple[float, float], unit: str, form: str) -> Goal:
    least, aim = asked
    shown = f"{found.median:{form}}{unit} ({found.least:{form}} to {found.greatest:{form}})"
    return Goal(
        what,
        shown,
        f"{least:,g}{unit}",
        found.median >= least,
        f"{aim:,g}{unit}",
        found.median >= aim,
    )


def _many_streams(results: Results) -> Iterator[Goal]:
    one, most = MANY[0].program, MANY[-1].program
    if not (results.has(one) and results.has(most)):
        return
    times = results.streams_cpu(most).median / results.streams_cpu(one).median
    peak = results.peak(most)
    count = most.partition(":")[2]
    yield Goal(
        f"target: {count} interleaved streams against one, the processor",
        f"{times:.2f}x",
        f"at most {MANY_GOAL:g}x",
        times <= MANY_GOAL,
        f"{MANY_AIM:g}x",
        times <= MANY_AIM,
    )
    yield Goal(
        f"target: {count} interleaved streams, peak memory",
        f"{peak:.0f} MB",
        f"at most {MANY_PEAK:g} MB",
        peak <= MANY_PEAK,
    )


def _memory(results: Results) -> Iterator[Goal]:
    few, many = memory_sizes(results.rows)
    for case in MEMORY:
        peaks = results.peaks(case.program)
        if {few, many} <= peaks.keys():
            flat = peaks[many] <= peaks[few] * MEMORY_EQUAL
            yield Goal(
                f"peak memory of the tap, {short(case)}: {few:,} and {many:,} rows",
                f"{peaks[few]:.0f} and {peaks[many]:.0f} MB",
                f"equal, under {MEMORY_PEAK:g} MB",
                flat and peaks[many] < MEMORY_PEAK,
            )
