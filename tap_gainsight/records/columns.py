"""Whole columns of values, read as `gainsight_api.objects.datatypes` reads one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_api.objects.canonical import canonical
from gainsight_api.objects.datatypes import READERS, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_column(kind: Kind, cells: Sequence[str]) -> Sequence[str]:
    """The cells' values as JSON writes them, without its quotes; what is empty stays so.

    Raises:
        ValueError: A cell does not read as its kind.
    """
    values = canonical(kind, cells)
    if values is not None:
        return values
    read = READERS[kind]
    known = {cell: _text(read(cell)) if cell else "" for cell in set(cells)}
    return [known[cell] for cell in cells]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
