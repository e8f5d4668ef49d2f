"""Convert whole columns of values, as `values` converts a single value.

Most columns hold their values in the form in which they are sent, or a few values again and
again. Only where that is not so are values converted one by one.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any

from gainsight_api.objects.canonical import canonical
from gainsight_api.objects.datatypes import Kind
from target_gainsight.rows.values import ConversionError, Digits, Wire

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from target_gainsight.rows.values import Converter

_TEXTS: set[type] = {str, NoneType}
_MOMENTS: set[type] = {str, int, NoneType}
_TYPES: Mapping[Kind, set[type]] = {
    Kind.BOOLEAN: {bool, NoneType},
    Kind.DATE: _MOMENTS,
    Kind.DATETIME: _MOMENTS,
    Kind.NUMBER: {int, Digits, str, NoneType},
    Kind.TEXT: _TEXTS,
}
"""The types of values that may be read as whole columns."""
_NUMBERS: set[type] = {int, Digits, NoneType}
_MOST_DAYS = 20_000
_known_days: set[Wire] = {None}
"""Days in the form in which they are sent, and the null."""


def convert_column(
    values: Sequence[Any], kind: Kind | None, convert: Converter
) -> tuple[Sequence[Wire], Collection[int]]:
    """Convert a column's values; the indexes of those that cannot be converted come with them.

    Args:
        values: The values.
        kind: Their kind; None if they are not read by kind alone.
        convert: Converts one of them.
    """
    types = set(map(type, values))
    if kind and types <= _TYPES[kind]:
        sent = _as_texts(values, types, kind)
        if sent is not None:
            return sent, ()
    if types <= _TEXTS:
        try:
            known = {value: convert(value) for value in set(values)}
        except ConversionError:
            pass
        else:
            return [known[value] for value in values], ()
    return _one_by_one(values, convert)


def _as_texts(values: Sequence[Any], types: set[type], kind: Kind) -> Sequence[Wire] | None:
    """The values of a column whose texts are in known forms; None if they are not."""
    if kind is Kind.BOOLEAN:
        return values
    if kind is Kind.TEXT:
        return [value or None for value in values] if "" in values else values
    if kind is Kind.NUMBER and types <= _NUMBERS:
        return _numbers(values)
    if kind is Kind.DATE and _known_days.issuperset(values):
        return values
    plain = types <= _TEXTS
    given = [value or "" if plain or value is None else str(value) for value in values]
    texts = canonical(kind, given)
    if texts is None:
        return None
    sent = [text or None for text in texts] if "" in texts else texts
    if kind is Kind.DATE:
        _remember(sent)
    return sent


def _numbers(values: Sequence[Any]) -> Sequence[Wire] | None:
    """Numbers of JSON, which need no check; None if one has an exponent."""
    sent = [None if value is None else str(value) for value in values]
    text = "".join(filter(None, sent))
    return None if "e" in text or "E" in text else sent


def _remember(days: Sequence[Wire]) -> None:
    """Days come again and again: to know one again takes a tenth of the time of a check."""
    if len(_known_days) > _MOST_DAYS:
        _known_days.intersection_update({None})
    _known_days.update(days)


def _one_by_one(
    values: Sequence[Any], convert: Converter
) -> tuple[Sequence[Wire], Collection[int]]:
    sent: list[Wire] = []
    unconverted: list[int] = []
    for index, value in enumerate(values):
        try:
            sent.append(convert(value))
        except ConversionError:
            sent.append(None)
            unconverted.append(index)
    return sent, unconverted
