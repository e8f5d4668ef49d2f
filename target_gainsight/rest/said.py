"""What a reply says of a single row: that it is written, why it is not, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gainsight_api.errors import RequestError, TooLargeError
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rest.refusals import problems_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gainsight_api.objects.metadata import GainsightObject
    from gainsight_api.objects.records import FieldError, Refusal
    from target_gainsight.rest.verdicts import Verdicts
    from target_gainsight.rows.blocks import Row

_NO_CODE = "RECORD_REJECTED"
"""The code of a failure for which the reply gives none."""
_words = re.compile(r"\w+").findall


@dataclass(frozen=True, slots=True)
class Said:
    """What a reply says of a row.

    Attributes:
        done: Whether it was written.
        problems: Why it was not.
        request_id: Gainsight's id of a call that was refused.
    """

    done: bool = False
    problems: tuple[Problem, ...] = ()
    request_id: str | None = None

    @property
    def is_silent(self) -> bool:
        """Whether the reply says neither."""
        return not self.done and not self.problems


def said_of(verdicts: Verdicts, row: Row, call: Callable[[], Said]) -> Said:
    """Make the call of one row; a refusal is for the row.

    Raises:
        GainsightError: The call failed, and not for its row.
    """
    try:
        said = call()
    except RequestError as exc:
        refused = verdicts.of(exc, alone=True)
        problems = refusal_of_row(refused, row, verdicts.route.object)
        return Said(problems=problems, request_id=refused.request_id)
    except TooLargeError as exc:
        return Said(problems=(verdicts.too_large(row, exc),), request_id=exc.request_id)
    verdicts.taken([row])
    verdicts.history.has_written |= said.done
    return said


def refusal_of_row(refused: Refusal, row: Row, described: GainsightObject) -> tuple[Problem, ...]:
    """Why a row that was sent alone was refused."""
    return _with_fields(problems_of(refused), row, described)


def failure_of_row(
    errors: Iterable[FieldError], row: Row, described: GainsightObject
) -> tuple[Problem, ...]:
    """Why a row was not written, by what the reply says under its name."""
    problems = (Problem(each.code or _NO_CODE, each.message, each.field) for each in errors)
    return _with_fields(problems, row, described)


def _with_fields(
    problems: Iterable[Problem], row: Row, described: GainsightObject
) -> tuple[Problem, ...]:
    """Problems with the field that their text names, where nothing else does."""
    return tuple(
        problem
        if problem.field
        else replace(problem, field=_named(problem.message, row, described))
        for problem in problems
    )


def _named(text: str, row: Row, described: GainsightObject) -> str | None:
    words = _words(text)
    known = (row.values, described.fields)
    return next((word for names in known for word in words if word in names), None)
