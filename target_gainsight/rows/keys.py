"""Which values of a field are equal: by its data type, however they are written.

All that compares keys or values of fields goes by it: merging (`mapping.RecordMap.key_of`),
deletions, lookups, and `search/matching.py`, which looks for rows among Gainsight's records.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import TYPE_CHECKING, Any

from gainsight_api.objects.datatypes import Kind, from_milliseconds, kind_of, number
from target_gainsight.rows.values import CONVERTERS, ConversionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gainsight_api.objects.metadata import GainsightObject
    from target_gainsight.rows.values import Wire

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""The context of Python's own choice would make numbers equal that differ in their 29th digit."""
_MOMENTS = {Kind.DATE, Kind.DATETIME}
GSID = "Gsid"
"""The field by which Gainsight itself tells records apart."""
Key = tuple[str, ...]
"""The values of a row's key fields, as they are sent."""


def kind_of_field(described: GainsightObject, name: str) -> Kind:
    """The kind of an object's field; text for a field that the object does not have."""
    field = described.fields.get(name)
    return kind_of(field.data_type) if field else Kind.TEXT


def comparable(kind: Kind, value: Any) -> Any:
    """A form of a value that equals that of another one if both mean the same.

    So 200 equals 200.00, and a moment equals itself in another time zone; a value that was sent
    equals the one that is read back. What the kind cannot hold only equals itself.

    Args:
        kind: The kind of the field.
        value: A value, as it came, as it was sent or as it was read.
    """
    if value is None or value in ("", []):
        return None
    try:
        # Only a value that is read back is a number; a day of 1970 is one of few digits.
        is_read = type(value) is int and kind in _MOMENTS
        converted = CONVERTERS[kind](from_milliseconds(value) if is_read else value)
    except (ConversionError, ValueError):
        return value
    if kind is Kind.NUMBER and isinstance(converted, str):
        return number(converted).normalize(EXACT) or Decimal(0)
    if isinstance(value, list):
        return ";".join(map(str, value))
    return converted


def similar(kind: Kind, value: Any) -> Any:
    """As `comparable`, but for case and outer blanks, which a tenant may not keep."""
    form = comparable(kind, value)
    return form.strip().casefold() if isinstance(form, str) else form


def key_as_sent(values: Mapping[str, Wire], names: Sequence[str]) -> Key:
    """The key of a row, by which rows of a batch are merged: the texts that are sent.

    Args:
        values: The row's values, by field; those of all key fields are there.
        names: The key fields.
    """
    return tuple([str(values[name]) for name in names])
