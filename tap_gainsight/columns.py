"""Whole columns of values, read as `gainsight_api.datatypes` reads one value.

Most columns come in the very form in which their values are written, so a column is first held,
in one call, against that form. Only where it is not in it are its values read one by one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gainsight_api.datatypes import READERS, Kind

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


_CANONICAL: Mapping[Kind, Callable[[Sequence[str]], bool]] = {
    Kind.NUMBER: _all_are(_NUMBER),
    Kind.BOOLEAN: {"true", "false", ""}.issuperset,
    Kind.DATE: _all_are(_DAY),
    Kind.DATETIME: _all_are(f"{_DAY}T{_TIME}Z"),
    Kind.TEXT: lambda _: True,
}


def read_column(kind: Kind, cells: Sequence[str]) -> Sequence[str]:
    """The cells' values as JSON writes them, without its quotes; what is empty stays so.

    Raises:
        ValueError: A cell does not read as its kind.
    """
    if _CANONICAL[kind](cells):
        return cells
    read = READERS[kind]
    known = {cell: _text(read(cell)) if cell else "" for cell in set(cells)}
    return [known[cell] for cell in cells]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
