"""Whole columns checked, in one call each, against the form in which their values are written.

Most columns come in the very form in which their values go on, and telling so for all of a column
at once costs a fraction of reading them one by one, as `datatypes` does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gainsight_api.datatypes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAY = (
    r"(?!0000)(?:[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    rf"|{_LEAP_YEAR}-02-29)"
)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}"
# An exponent may be too large for any number, which the reader must say.
_NUMBER = r"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+"


def _all_are(pattern: str) -> Callable[[Sequence[str]], bool]:
    """A check that a column's cells, but the empty ones, match a pattern that has no comma."""
    match = re.compile(f"(?:(?:{pattern})?+,)*+").fullmatch

    def check(cells: Sequence[str]) -> bool:
        joined = ",".join(cells) + ","
        return match(joined) is not None and joined.count(",") == len(cells)

    return check


_CHECKS: Mapping[Kind, Callable[[Sequence[str]], bool]] = {
    Kind.NUMBER: _all_are(_NUMBER),
    Kind.BOOLEAN: {"true", "false", ""}.issuperset,
    Kind.DATE: _all_are(_DAY),
    Kind.DATETIME: _all_are(f"{_DAY}T{_TIME}Z"),
    Kind.TEXT: lambda _: True,
}


def is_canonical(kind: Kind, cells: Sequence[str]) -> bool:
    """Whether every cell is empty, or reads as its kind to just what it says."""
    return _CHECKS[kind](cells)
