"""What to do with a call that was refused as a whole: whose fault it is, and how to go on.

The errors name fields and values; who carries such a value is under suspicion. Who is left is
found by halving, where a half need not be sent to know that it fails if the other one did not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_gainsight.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gainsight_api.records import FieldError, Refusal
    from target_gainsight.rows.blocks import Row
    from target_gainsight.search.matching import Matcher

_ABOUT_THE_VALUE_ALONE = {
    "GSOBJ_1001",
    "GSOBJ_1002",
    "GSOBJ_1004",
    "GSOBJ_1005",
    "GSOBJ_1006",
    "GSOBJ_1007",
}
"""Codes of errors that any record with the same value in that field has."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows to send in a call of their own, unless it is `failing` for certain."""

    rows: Sequence[Row]
    failing: bool = False


@dataclass(slots=True)
class Verdict:
    """What a refusal says of the rows of its call.

    Attributes:
        culprits: The rows that are rejected, by their index, and why.
        parts: The others, as they are to be sent; halves where nothing is known.
        halved: Whether the parts are halves, of which one fails.
    """

    culprits: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    halved: bool = False


def judge(rows: Sequence[Row], refusal: Refusal, matcher: Matcher, *, creating: bool) -> Verdict:
    """Tell culprits from the others.

    Args:
        rows: What the call held.
        refusal: Why it was refused.
        matcher: Compares values.
        creating: Whether all of the rows were to be added, so that each needs all that is
            required.
    """
    if len(rows) == 1:
        return Verdict({0: problems_of(refusal)})
    accusations = _accusations(rows, refusal, matcher, creating=creating)
    culprits: dict[int, tuple[Problem, ...]] = {}
    suspects: set[int] = set()
    for accusation in accusations:
        if accusation.certain:
            for index in accusation.carriers:
                culprits[index] = culprits.get(index, ()) + accusation.problems
        else:
            suspects |= accusation.carriers
    suspects -= culprits.keys()
    others = [index for index in range(len(rows)) if index not in culprits]
    cleared = [rows[index] for index in others if index not in suspects]
    suspected = [rows[index] for index in others if index in suspects]
    if not culprits and not (cleared and suspected):
        return halves(rows)
    parts = [Part(cleared), Part(suspected, failing=not culprits)]
    return Verdict(culprits, [part for part in parts if part.rows])


def halves(rows: Sequence[Row]) -> Verdict:
    """Two halves, of which one at least fails."""
    middle = len(rows) // 2
    return Verdict(parts=[Part(rows[:middle]), Part(rows[middle:])], halved=True)


def problems_of(refusal: Refusal) -> tuple[Problem, ...]:
    """Why a record that was sent alone was refused."""
    named = tuple(_problem(error) for failure in refusal.failures for error in failure)
    if named:
        return named
    fields = refusal.absent or tuple(name for name, _ in refusal.criteria)
    return tuple(
        Problem(refusal.error.code, refusal.error.message, name) for name in fields or (None,)
    )


def carriers(rows: Sequence[Row], failure: Sequence[FieldError], matcher: Matcher) -> set[int]:
    """The rows that have every value that the errors of one record name."""
    named = [error for error in failure if error.field]
    if not named:
        return set()
    return {
        index
        for index, row in enumerate(rows)
        if all(_carries(row, error, matcher) for error in named)
    }


@dataclass(frozen=True, slots=True)
class _Accusation:
    carriers: frozenset[int]
    problems: tuple[Problem, ...]
    certain: bool


def _accusations(
    rows: Sequence[Row], refusal: Refusal, matcher: Matcher, *, creating: bool
) -> list[_Accusation]:
    if refusal.failures:
        return _by_failures(rows, refusal, matcher)
    problems = problems_of(refusal)
    if refusal.absent:
        lacking = _lacking(rows, refusal.absent)
        return [_Accusation(lacking, problems, certain=creating or len(lacking) == 1)]
    if refusal.criteria:
        looking = frozenset(
            index
            for index, row in enumerate(rows)
            if all(
                matcher.same(name, row.values.get(name), told) for name, told in refusal.criteria
            )
        )
        names = [name for name, _ in refusal.criteria]
        return [_Accusation(looking, problems, certain=_are_equal(rows, looking, names))]
    return []


def _by_failures(rows: Sequence[Row], refusal: Refusal, matcher: Matcher) -> list[_Accusation]:
    found = []
    for failure, times in Counter(refusal.failures).items():
        carrying = frozenset(carriers(rows, failure, matcher))
        names = [error.field for error in failure if error.field]
        same_for_all = all(
            error.code in _ABOUT_THE_VALUE_ALONE for error in failure
        ) and _are_equal(rows, carrying, names)
        found.append(
            _Accusation(
                carrying,
                tuple(map(_problem, failure)),
                certain=same_for_all or times >= len(carrying),
            )
        )
    return found


def _are_equal(rows: Sequence[Row], indexes: Iterable[int], names: Sequence[str]) -> bool:
    """Whether rows have equal values to the letter: carriers may differ in case and blanks."""
    values = {tuple(str(rows[index].values.get(name)) for name in names) for index in indexes}
    return len(values) == 1


def _carries(row: Row, error: FieldError, matcher: Matcher) -> bool:
    name = error.field or ""
    sent = row.values.get(name)
    if not error.values:
        return sent is None
    return sent is not None and any(matcher.same(name, sent, told) for told in error.values)


def _lacking(rows: Sequence[Row], names: Sequence[str]) -> frozenset[int]:
    return frozenset(
        index
        for index, row in enumerate(rows)
        if any(row.values.get(name) is None for name in names)
    )


def _problem(error: FieldError) -> Problem:
    return Problem(error.code, error.message, error.field)
