"""Convert a Singer value to what is sent for its field, or say why that cannot be done.

The result is what both paths send: a text, true or false, or None for null. Numbers are sent as
texts, as the samples of the article "Relationship APIs" do, so that no digit is lost on the way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_api.objects.datatypes import Kind, Number, boolean, day, kind_of, number, timestamp

if TYPE_CHECKING:
    from gainsight_api.objects.metadata import Field, Option

PICKLIST = "PICKLIST"
MULTISELECT = "MULTISELECTDROPDOWNLIST"
_MAX_DIGITS = 400
_MOST_LABELS = 12
_DIGITS_ALONE = re.compile(r"[+-]?[0-9]+").fullmatch
_MILLISECONDS = re.compile(r"-?[0-9]{11,13}|0").fullmatch
"""Fewer digits may as well be a compact date, a year, seconds, or a spreadsheet's day number."""

Wire = str | bool | None
"""A value as it is sent."""

Converter = Callable[[Any], Wire]
"""Converts a value; raises ConversionError if it cannot be."""


class Digits(str):
    """A number that is not a whole one, with the digits that it has in a JSON text."""

    __slots__ = ()


class ConversionError(Exception):
    """A value that its field cannot hold; the message is for the dead letter alone.

    Attributes:
        code: What is wrong, as the dead letter has it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def converter(field: Field, options: Sequence[Option] = ()) -> Converter:
    """Choose the converter of a field.

    Args:
        field: The field.
        options: The items of a picklist; without them its values go out as they are.
    """
    if options and field.data_type == PICKLIST:
        return partial(_one_item, Items(options))
    if options and field.data_type == MULTISELECT:
        return partial(_several_items, Items(options))
    return CONVERTERS[kind_of(field.data_type)]


def text(value: Any) -> Wire:
    """Convert a value to text: numbers by their digits, arrays and objects as JSON."""
    if isinstance(value, str):
        return str(value) or None
    return _plain(value) if value is not None else None


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return as_json(value)
    return str(value)


def as_json(value: Any) -> str:
    """Write a value as JSON text that keeps the digits of numbers.

    Raises:
        ConversionError: It holds NaN or an infinity.
    """
    if isinstance(value, dict):
        items = (f"{as_json(str(name))}:{as_json(item)}" for name, item in value.items())
        return f"{{{','.join(items)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(as_json, value))}]"
    if isinstance(value, Number | Digits):
        return str(value)
    if isinstance(value, Decimal | float):
        if not math.isfinite(value):
            raise ConversionError("INVALID_VALUE", "the record holds what JSON cannot say")
        return str(value)
    return msgspec.json.encode(value).decode()


def _number(value: Any) -> Wire:
    if value is None or value == "":
        return None
    if type(value) is int:
        return str(value)
    if not isinstance(value, str | Number):
        raise ConversionError("INVALID_NUMBER", "the value is not a number")
    try:
        read = value if isinstance(value, Number) else number(value.strip())
    except ValueError:
        raise ConversionError("INVALID_NUMBER", "the value is not a number") from None
    literal = read.literal
    return literal if "e" not in literal and "E" not in literal else _expanded(read)


def _expanded(value: Number) -> str:
    """Write out a number that has an exponent, which a CSV reader may not know."""
    if abs(value.adjusted()) > _MAX_DIGITS:
        raise ConversionError(
            "INVALID_NUMBER", "the number is too large, or too small, to be written out"
        )
    return format(value, "f")


def _boolean(value: Any) -> Wire:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int | Decimal | float):
        try:
            return boolean(_without_fraction(value))
        except ValueError:
            pass
    raise ConversionError("INVALID_BOOLEAN", "the value is neither true nor false")


def _moment(read: Callable[[str], str], code: str, what: str, value: Any) -> Wire:
    if value is None or value == "":
        return None
    if isinstance(value, str | int | Decimal | float) and not isinstance(value, bool):
        try:
            written = _without_fraction(value)
            if not _DIGITS_ALONE(written) or _MILLISECONDS(written):
                return read(written)
        except ValueError:
            pass
    raise ConversionError(code, f"the value is not a {what}")


def _without_fraction(value: str | float | Decimal) -> str:
    """A value as text; a number such as 1.0, as nullable columns have it, as the whole one it is.

    Raises:
        ValueError: It is not a finite number.
    """
    if isinstance(value, Digits | float):
        value = number(str(value))
    if isinstance(value, Decimal) and abs(value.adjusted()) < _MAX_DIGITS:
        return str(int(value)) if value == int(value) else format(value, "f")
    return str(value).strip()


CONVERTERS: Mapping[Kind, Converter] = {
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: partial(_moment, day, "INVALID_DATE", "date"),
    Kind.DATETIME: partial(_moment, timestamp, "INVALID_DATETIME", "date-time"),
    Kind.TEXT: text,
}
"""What converts the values of a field that is no picklist, by the kind of its data type."""


class Items:
    """The items of a picklist, by id and by label."""

    def __init__(self, options: Sequence[Option]) -> None:
        self.labels = {option.id: option.label for option in options if option.active}
        self.by_label: dict[str, str | None] = {}
        for option in options:
            if option.active and option.label:
                again = option.label in self.by_label
                self.by_label[option.label] = None if again else option.id

    def id_of(self, value: str) -> str:
        """The id of an item, by its id or its label.

        Raises:
            ConversionError: There is no such active item, or there are several.
        """
        if value in self.labels:
            return value
        found = self.by_label.get(value, "")
        if found:
            return found
        if found is None:
            raise ConversionError(
                "AMBIGUOUS_PICKLIST", "several active items have this label: give the id"
            )
        raise ConversionError("INVALID_PICKLIST", self._unknown(value))

    def label_of(self, value: str) -> str:
        """The label of an item, by its id or its label; upper and lower case may differ.

        Raises:
            ConversionError: There is no such active item.
        """
        if value in self.by_label:
            return value
        folded = value.strip().casefold()
        alike = [label for label in self.by_label if label.casefold() == folded]
        if value in self.labels:
            alike = [self.labels[value]]
        if len(alike) == 1:
            return alike[0]
        raise ConversionError("INVALID_PICKLIST", self._unknown(value))

    def _unknown(self, value: str) -> str:
        labels = ", ".join(map(repr, list(self.by_label)[:_MOST_LABELS]))
        more = len(self.by_label) - _MOST_LABELS
        and_more = f" and {more} more" if more > 0 else ""
        return f"the picklist has no active item {value!r}; it has {labels or 'none'}{and_more}"


def _one_item(items: Items, value: Any) -> Wire:
    written = text(value)
    return items.id_of(written) if isinstance(written, str) else None


def _several_items(items: Items, value: Any) -> Wire:
    """Convert a list of items, or items joined by `;`; a label may itself hold a semicolon."""
    if isinstance(value, list):
        given = [_plain(item) for item in value if item is not None]
    else:
        written = text(value)
        if not isinstance(written, str):
            return None
        try:
            return items.id_of(written)
        except ConversionError:
            given = [part.strip() for part in written.split(";") if part.strip()]
    return ";".join(dict.fromkeys(map(items.id_of, given))) or None
