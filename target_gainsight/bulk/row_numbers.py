"""Find out which rows of a file the errors of its import job mean.

The API does not say where it counts from: the first row of data may be 0, 1 or, after the header,
2. This number is called the base here. It is found out by what is known of the file.
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

FileRows = Mapping[int, Mapping[str, Wire]]
"""The values of some rows of a file, by their index, which counts from 0."""

_EMPTY = re.compile(r"absent|required|missing|empty|null|blank", re.IGNORECASE)


class UnknownBaseError(GainsightError):
    """It cannot be found out which rows of a file failed."""


def possible_bases(numbers: Sequence[int], count: int, allowed: Sequence[int] = BASES) -> list[int]:
    """The bases for which every number falls inside a file of `count` rows.

    Args:
        numbers: The numbers of the failed rows, as the errors give them.
        count: The rows of the file.
        allowed: The bases to choose from.
    """
    low, high = min(numbers), max(numbers)
    return [base for base in allowed if base <= low and high - base < count]


def base_by_messages(
    errors: Sequence[RowError], bases: Sequence[int], rows: FileRows
) -> int | None:
    """The base for which most errors speak of their row's own values; None if that fits several.

    Args:
        errors: All errors of the job.
        bases: The possible bases.
        rows: All rows that the errors may mean.
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
    numbers: Sequence[int], bases: Sequence[int], held: Callable[[Sequence[int]], set[int]]
) -> int | None:
    """The base for which just the failed rows are not in Gainsight; None unless one base fits.

    Args:
        numbers: The numbers of the failed rows, as the errors give them.
        bases: The possible bases.
        held: Tells which of some rows, given by their index, Gainsight holds in every value.
    """
    meant = {base: {number - base for number in numbers} for base in bases}
    union = sorted(set().union(*meant.values()))
    there = held(union)
    agreeing = [base for base, failed in meant.items() if set(union) - failed == there]
    return agreeing[0] if len(agreeing) == 1 else None


def _speaks_of(error: RowError, row: Mapping[str, Wire]) -> bool:
    """Whether an error's message quotes a value of a row, or misses one where the row has none."""
    names = [name for name in (error.field or "").split(",") if name in row] or list(row)
    if error.field and error.field in row and row[error.field] is None:
        return bool(_EMPTY.search(error.message))
    return any(
        isinstance(value := row[name], str)
        and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", error.message)
        for name in names
    )
