"""Which rows of a file the errors of its import job mean.

The API does not say where it counts from: the first row of data may be 0, 1 or, after the header,
2. What is known of the file tells which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from gainsight_api.errors import GainsightError
from target_gainsight.rows.values import Wire

if TYPE_CHECKING:
    from gainsight_api.imports import RowError

BASES = (0, 1, 2)

Rows = Mapping[int, Mapping[str, Wire]]

_EMPTY = re.compile(r"absent|required|missing|empty|null|blank", re.IGNORECASE)


class UnknownBaseError(GainsightError):
    """It cannot be told which rows failed."""


def possible_bases(numbers: Sequence[int], count: int, allowed: Sequence[int] = BASES) -> list[int]:
    """The bases by which all numbers are rows of a file of that many.

    Args:
        numbers: The failed rows' numbers.
        count: Rows in the file.
        allowed: Bases that are possible at all.
    """
    low, high = min(numbers), max(numbers)
    return [base for base in allowed if base <= low and high - base < count]


def base_by_messages(errors: Sequence[RowError], bases: Sequence[int], rows: Rows) -> int | None:
    """The base by which the errors speak of the rows' own values; None if they do not tell.

    Args:
        errors: All errors of the job.
        bases: The possible bases.
        rows: The rows that they may mean, by their index.
    """
    votes = dict.fromkeys(bases, 0)
    for error in errors:
        saying = [base for base in bases if _speaks_of(error, rows[(error.row or 0) - base])]
        if len(saying) < len(bases):
            for base in saying:
                votes[base] += 1
    best = max(votes.values())
    winners = [base for base, count in votes.items() if count == best]
    return winners[0] if best and len(winners) == 1 else None


def base_by_keys(
    numbers: Sequence[int], bases: Sequence[int], landed: Callable[[Sequence[int]], set[int]]
) -> int | None:
    """The base by which exactly the failed rows are not in Gainsight; None if that is not so.

    Args:
        numbers: The failed rows' numbers.
        bases: The possible bases.
        landed: Which of some rows, by their index, Gainsight has in every value.
    """
    meant = {base: {number - base for number in numbers} for base in bases}
    union = sorted(set().union(*meant.values()))
    there = landed(union)
    fitting = [base for base, failed in meant.items() if set(union) - failed == there]
    return fitting[0] if len(fitting) == 1 else None


def _speaks_of(error: RowError, row: Mapping[str, Wire]) -> bool:
    """Whether an error's words fit a row: they quote its value, or miss one where it has none."""
    names = [name for name in (error.field or "").split(",") if name in row] or list(row)
    if error.field and error.field in row and row[error.field] is None:
        return bool(_EMPTY.search(error.message))
    return any(
        isinstance(value := row[name], str)
        and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", error.message)
        for name in names
    )
