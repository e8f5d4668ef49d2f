"""Find out which rows of a file the errors of its import job mean.

The API does not say where it counts from: the first row of data may be 0, 1 or, after the header,
2. This number is called the base here. It is found out by what is known of the file and of the
tenant; all errors of a job have one base, so that a few of them tell it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from gainsight_api.errors import GainsightError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gainsight_api.jobs.import_replies import RowError
    from target_gainsight.rows.values import Wire
    from target_gainsight.search.existing import Held

BASES = (0, 1, 2)
_TELLING_ROWS = 100


class UnknownBaseError(GainsightError):
    """It cannot be found out which rows of a file failed."""


def possible_bases(
    numbers: Collection[int], count: int, allowed: Sequence[int] = BASES
) -> list[int]:
    """The bases for which every number falls inside a file of `count` rows.

    Args:
        numbers: The numbers of the failed rows, as the errors give them.
        count: The rows of the file.
        allowed: The bases to choose from.
    """
    low, high = min(numbers), max(numbers)
    return [base for base in allowed if base <= low and high - base < count]


@dataclass(frozen=True, slots=True)
class Telling:
    """The errors of a job by which its base is told: some of those with neighbours that are none.

    Attributes:
        errors: These errors.
        numbers: The numbers of all failed rows.
        bases: The possible bases.
    """

    errors: Sequence[RowError]
    numbers: Collection[int]
    bases: Sequence[int]

    @classmethod
    def of(cls, errors: Sequence[RowError], bases: Sequence[int]) -> Telling:
        """Choose them from all errors of a job, in one pass."""
        numbers = {error.row for error in errors if error.row is not None}
        far = max(bases) - min(bases)
        near = [step for step in range(-far, far + 1) if step]
        chosen = (
            error
            for error in errors
            if error.row is not None and any(error.row + step not in numbers for step in near)
        )
        return cls(list(islice(chosen, _TELLING_ROWS)), numbers, bases)

    @property
    def indexes(self) -> list[int]:
        """The rows that these errors may mean, by their index, which counts from 0."""
        return sorted({(error.row or 0) - base for error in self.errors for base in self.bases})

    def fitting(self, held: Held) -> list[int]:
        """The bases that what Gainsight holds does not speak against.

        A row that has failed is not held with all its values, and one that has not is held.

        Args:
            held: Which of `indexes` are held.
        """
        fitting = []
        for base in self.bases:
            failed = {index for index in self.indexes if index + base in self.numbers}
            loaded = set(self.indexes) - failed
            if not failed & held.by_all_values and loaded <= held.by_key | held.by_all_values:
                fitting.append(base)
        return fitting

    def quoting(self, rows: Mapping[int, Mapping[str, Wire]], bases: Sequence[int]) -> list[int]:
        """The bases for which every error that quotes a row's value quotes one of its own row.

        Only an error that names its field quotes a value: a number in another one may as well be
        that of the row. A cell without a value is not quoted.

        Args:
            rows: The rows at `indexes`.
            bases: The bases to choose from.
        """
        left = list(bases)
        for error in self.errors:
            said = [b for b in left if _quotes_its_row(error, rows[(error.row or 0) - b])]
            left = said or left
        return left


def _quotes_its_row(error: RowError, row: Mapping[str, Wire]) -> bool:
    names = (error.field or "").split(",")
    return any(
        isinstance(value := row.get(name), str)
        and value != str(error.row)
        and _stands_in(value, error.message)
        for name in names
    )


def _stands_in(value: str, message: str) -> bool:
    """Whether a message has a value in it, and not as a part of a longer word."""
    start = message.find(value) if value else -1
    while start >= 0:
        around = message[max(start - 1, 0) : start], message[start + len(value) :][:1]
        if not any(mark.isalnum() or mark == "_" for mark in around):
            return True
        start = message.find(value, start + len(value))
    return False
