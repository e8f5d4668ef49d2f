"""What was measured, and what follows from it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from benchmarks import data
from benchmarks.cases import MANY_ROWS, PIPE_ROWS, is_fast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.calls import Price
    from benchmarks.cases import Pair
    from benchmarks.measuring import Cost

What = Literal["cpu", "wall", "fed", "both"]
"""Seconds of the processor, by the clock, of the processor for what fed it, and for both."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the median and the greatest of some figures."""

    least: float
    median: float
    greatest: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """Of these."""
        return cls(min(figures), statistics.median(figures), max(figures))


def shown(spread: Spread) -> str:
    """Seconds as text."""
    return f"{spread.median:.2f} ({spread.least:.2f} to {spread.greatest:.2f})"


@dataclass(slots=True)
class Results:
    """The costs of all runs.

    Attributes:
        rows: On how many rows the fast programs were run.
        peer_rows: On how many the others were.
        costs: By program and rows, in the order of the rounds.
        calls: What syncs took in calls.
    """

    rows: int
    peer_rows: int
    costs: dict[tuple[str, int], list[Cost]] = field(default_factory=dict)
    calls: list[Price] = field(default_factory=list)

    def size(self, program: str) -> int:
        """On how many rows it is compared with others."""
        most = {"pipe": PIPE_ROWS, "many": MANY_ROWS}.get(program.partition(":")[0])
        if most:
            return data.rounded(min(most, self.rows))
        return self.rows if is_fast(program) else self.peer_rows

    def has(self, program: str, rows: int | None = None) -> bool:
        """Whether it has been measured: on so many rows, or to compare it, and so without any."""
        sizes = {0, self.size(program)} if rows is None else {rows}
        return all((program, size) in self.costs for size in sizes)

    def start(self, program: str, what: What) -> Spread:
        """Seconds that it takes on no rows."""
        return Spread.of([getattr(cost, what) for cost in self.costs[program, 0]])

    def net(self, program: str, what: What, rows: int | None = None) -> list[float]:
        """Each run's seconds, less those of the start; at least a millisecond."""
        size = self.size(program) if rows is None else rows
        start = self.start(program, what).median
        return [max(getattr(cost, what) - start, 1e-3) for cost in self.costs[program, size]]

    def rate(self, program: str, what: What = "cpu", rows: int | None = None) -> Spread:
        """Rows a second."""
        size = self.size(program) if rows is None else rows
        return Spread.of([size / seconds for seconds in self.net(program, what, rows)])

    def ratio(self, ours: str, theirs: str, what: What = "cpu") -> Spread:
        """How many times as fast ours is, by the rounds' runs of both."""
        mine, other = (
            [seconds / self.size(name) for seconds in self.net(name, what)]
            for name in (ours, theirs)
        )
        return Spread.of([b / a for a, b in zip(mine, other, strict=False)])

    def tells(self, program: str, what: What) -> bool:
        """Whether its runs were long enough, beside how much its start differs."""
        start = self.start(program, what)
        net = Spread.of(self.net(program, what))
        return net.median > start.greatest - start.least

    def streams_cpu(self, program: str, rows: int | None = None) -> Spread:
        """Seconds of the processor for many streams, net of the start of one without rows."""
        start = self.start("many:1", "cpu").median
        size = self.size(program) if rows is None else rows
        return Spread.of([max(cost.cpu - start, 1e-3) for cost in self.costs[program, size]])

    def peaks(self, program: str) -> dict[int, float]:
        """MB at most, by the number of rows."""
        return {rows: self.peak(name, rows) for name, rows in self.costs if name == program}

    def peak(self, program: str, rows: int | None = None) -> float:
        """MB at most, of all runs."""
        size = self.size(program) if rows is None else rows
        return max(cost.peak for cost in self.costs[program, size])

    def measured(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Those pairs whose both programs were run."""
        return [pair for pair in pairs if self.has(pair.ours) and self.has(pair.theirs)]
