"""Find the rows for which a call was refused, and the calls for the others; `loader` makes them.

A call is refused as a whole. Its errors name fields and values: the rows that have them come into
question. Where that leaves no difference between rows, they are halved, and a half need not be
sent to know that it fails if the other one did not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_gainsight.loading.route import Lookup, Operation
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rest.calls import Call, bisect
from target_gainsight.rows.blocks import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gainsight_api.objects.records import FieldError, Refusal
    from target_gainsight.search.matching import Matcher

_ABOUT_THE_VALUE_ONLY = {
    "GSOBJ_1001",
    "GSOBJ_1002",
    "GSOBJ_1004",
    "GSOBJ_1005",
    "GSOBJ_1006",
    "GSOBJ_1007",
}
"""Codes of errors that every record with that value in that field has."""
_FILLED = "\0 filled by a lookup"
"""Stands for a value that no error quotes."""


@dataclass(slots=True)
class Split:
    """What becomes of the rows of a refused call.

    Attributes:
        rejected: Why rows are rejected, by their index.
        retry: The calls for the other rows, in order.
    """

    rejected: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    retry: list[Call] = field(default_factory=list)


def blame(call: Call, refusal: Refusal, matcher: Matcher, lookups: Sequence[Lookup] = ()) -> Split:
    """Separate the rows that are to blame for a refusal from those that are sent again.

    A row is to blame only by what it has sent itself: a value that the reply names as refused, or
    a required field that it does not send and that nothing else fills. Without such evidence the
    rows are halved.

    Args:
        call: The call that was refused.
        refusal: Why it was refused.
        matcher: Compares values.
        lookups: What fills fields of the rows.
    """
    rows = call.rows
    if len(rows) == 1:
        return Split({0: problems_of(refusal)})
    rejected: dict[int, tuple[Problem, ...]] = {}
    possible: set[int] = set()
    for error in _named_errors(call, refusal, matcher, lookups):
        if error.is_certain:
            for index in error.rows:
                rejected[index] = rejected.get(index, ()) + error.problems
        else:
            possible |= error.rows
    possible -= rejected.keys()
    others = [index for index in range(len(rows)) if index not in rejected]
    unnamed = [rows[index] for index in others if index not in possible]
    named = [rows[index] for index in others if index in possible]
    if not rejected and not (unnamed and named):
        return Split(retry=bisect(call))
    retry = [
        Call(unnamed, call.operation),
        Call(named, call.operation, certain_to_fail=not rejected),
    ]
    return Split(rejected, [each for each in retry if each.rows])


def problems_of(refusal: Refusal) -> tuple[Problem, ...]:
    """Why a record that was sent alone was refused."""
    named = tuple(_problem(error) for failure in refusal.failures for error in failure)
    if named:
        return named
    fields = refusal.absent or tuple(name for name, _ in refusal.criteria)
    return tuple(
        Problem(refusal.error.code, refusal.error.message, name) for name in fields or (None,)
    )


def own_values(rows: Sequence[Row], lookups: Sequence[Lookup]) -> Sequence[Row]:
    """Rows with the values by which they are judged: what a lookup fills is not their own."""
    if not lookups:
        return rows
    return [
        Row(
            row.values
            | {
                lookup.field: _FILLED
                for lookup in lookups
                if any(column in row.values for column in lookup.fields)
            },
            row.sources,
        )
        for row in rows
    ]


def rows_with(rows: Sequence[Row], failure: Sequence[FieldError], matcher: Matcher) -> set[int]:
    """The indexes of the rows that have every value that the errors of one record name."""
    named = [error for error in failure if error.field]
    if not named or not any(error.values or error.null for error in named):
        return set()
    named = [error for error in named if error.values or error.null]
    return {
        index
        for index, row in enumerate(rows)
        if all(_has_value(row, error, matcher) for error in named)
    }


@dataclass(frozen=True, slots=True)
class _NamedError:
    """An error of a refused call.

    Attributes:
        rows: The indexes of the rows that have what it names.
        problems: The error, as a dead letter has it.
        is_certain: Whether each of these rows has it, and not only some of them.
    """

    rows: frozenset[int]
    problems: tuple[Problem, ...]
    is_certain: bool


def says_nothing_of_a_record(refusal: Refusal) -> bool:
    """Whether a refusal names no value, no field and no criterion: it may be about the call."""
    named = any(error.values or error.null for failure in refusal.failures for error in failure)
    return not (named or refusal.absent or refusal.criteria)


def _named_errors(
    call: Call, refusal: Refusal, matcher: Matcher, lookups: Sequence[Lookup]
) -> list[_NamedError]:
    rows = own_values(call.rows, lookups)
    if refusal.failures:
        return _errors_of_records(rows, refusal, matcher)
    problems = problems_of(refusal)
    if refusal.absent:
        lacking = _rows_without(rows, refusal.absent)
        # A row that is added needs all that is required; one that is there already may have it.
        is_certain = call.operation is Operation.INSERT or len(lacking) == 1
        return [_NamedError(lacking, problems, is_certain)]
    if refusal.criteria:
        looking = frozenset(
            index
            for index, row in enumerate(rows)
            if all(
                matcher.is_quoted(name, row.values.get(name), quote)
                for name, quote in refusal.criteria
            )
        )
        names = [name for name, _ in refusal.criteria]
        return [_NamedError(looking, problems, _are_equal(rows, looking, names))]
    return []


def _errors_of_records(
    rows: Sequence[Row], refusal: Refusal, matcher: Matcher
) -> list[_NamedError]:
    found = []
    for failure, times in Counter(refusal.failures).items():
        having = frozenset(rows_with(rows, failure, matcher))
        names = [error.field for error in failure if error.field]
        true_of_all = all(error.code in _ABOUT_THE_VALUE_ONLY for error in failure) and _are_equal(
            rows, having, names
        )
        is_certain = true_of_all or times >= len(having)
        found.append(_NamedError(having, tuple(map(_problem, failure)), is_certain))
    return found


def _are_equal(rows: Sequence[Row], indexes: Iterable[int], names: Sequence[str]) -> bool:
    """Whether rows have equal values to the letter; `rows_with` ignores case and outer blanks."""
    values = {tuple(str(rows[index].values.get(name)) for name in names) for index in indexes}
    return len(values) == 1


def _has_value(row: Row, error: FieldError, matcher: Matcher) -> bool:
    name = error.field or ""
    sent = row.values.get(name)
    if error.null:
        return name in row.values and sent is None
    return sent is not None and any(matcher.is_quoted(name, sent, quote) for quote in error.values)


def _rows_without(rows: Sequence[Row], names: Sequence[str]) -> frozenset[int]:
    return frozenset(
        index
        for index, row in enumerate(rows)
        if any(row.values.get(name) is None for name in names)
    )


def _problem(error: FieldError) -> Problem:
    return Problem(error.code, error.message, error.field)
