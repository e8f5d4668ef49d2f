"""How many rows there are, found out by questions for one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CALLS = 20
FOR_TABLES = 2048
FOR_CHANGES = 16


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows there are, as far as it was found out.

    Attributes:
        at_least: There are not fewer.
        at_most: There are not more; None if that is not known.
        calls: What it took to find out.
        as_of: When a run has read that many, in seconds since 1970; None if they were counted now.
    """

    at_least: int
    at_most: int | None
    calls: int
    as_of: float | None = None

    def __add__(self, other: Self) -> RowCount:
        known = self.at_most is not None and other.at_most is not None
        most = (self.at_most or 0) + (other.at_most or 0) if known else None
        return RowCount(self.at_least + other.at_least, most, self.calls + other.calls)

    @property
    def rows(self) -> int:
        """The number to reckon with: rather too many than too few."""
        return self.at_least if self.at_most is None else self.at_most

    @property
    def exact(self) -> bool:
        """Whether it is the very number."""
        return self.at_least == self.at_most and self.as_of is None


def count_rows(
    more_than: Callable[[int], bool], most_calls: int = MOST_CALLS, first_step: int = FOR_TABLES
) -> RowCount:
    """Count rows: double the number asked for until there are not so many, then bisect.

    Args:
        more_than: Whether there are more rows than a number; a call.
        most_calls: When to stop, however near it is.
        first_step: What to double.
    """
    if not more_than(0):
        return RowCount(0, 0, 1)
    calls, least, step = 1, 1, first_step
    most: int | None = None
    while calls < most_calls and least != most:
        middle = step if most is None else (least + most) // 2
        calls += 1
        if more_than(middle):
            least, step = middle + 1, step * 2
        else:
            most = middle
    return RowCount(least, most, calls)
