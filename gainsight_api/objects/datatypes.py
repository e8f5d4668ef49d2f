"""Gainsight's data types: what JSON Schema each one has, and how its values are read.

The table is `DATA_TYPES`; a type that is not in it is text. Values come in two forms, as cells of
an export CSV and as JSON values of a query reply, and both are read to the same result.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Kind(StrEnum):
    """How a property is read and written; a property's JSON Schema tells its kind."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "date-time"
    TEXT = "string"


DATA_TYPES: Mapping[str, Kind] = MappingProxyType(
    {
        "NUMBER": Kind.NUMBER,
        "CURRENCY": Kind.NUMBER,
        "PERCENTAGE": Kind.NUMBER,
        "BOOLEAN": Kind.BOOLEAN,
        "DATE": Kind.DATE,
        "DATETIME": Kind.DATETIME,
        "JSONNUMBER": Kind.NUMBER,
        "JSONBOOLEAN": Kind.BOOLEAN,
    }
)

_SCHEMAS: Mapping[Kind, tuple[str, str | None]] = {
    Kind.NUMBER: ("number", None),
    Kind.BOOLEAN: ("boolean", None),
    Kind.DATE: ("string", "date"),
    Kind.DATETIME: ("string", "date-time"),
    Kind.TEXT: ("string", None),
}


def kind_of(data_type: str) -> Kind:
    """The kind of a Gainsight data type; text for all that is not known."""
    return DATA_TYPES.get(data_type.upper(), Kind.TEXT)


def json_schema(kind: Kind, *, nullable: bool) -> dict[str, Any]:
    """The JSON Schema of a property of this kind."""
    json_type, json_format = _SCHEMAS[kind]
    schema: dict[str, Any] = {"type": [json_type, "null"] if nullable else [json_type]}
    if json_format:
        schema["format"] = json_format
    return schema


def kind_in(schema: Mapping[str, Any]) -> Kind:
    """The kind of a property, read back from its JSON Schema, as a catalog holds it."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if "number" in types or "integer" in types:
        return Kind.NUMBER
    if "boolean" in types:
        return Kind.BOOLEAN
    return {"date": Kind.DATE, "date-time": Kind.DATETIME}.get(schema.get("format", ""), Kind.TEXT)


class Number(Decimal):
    """A number that prints with exactly the digits it came with.

    A `Decimal` alone does not: `0.00000000` would print as `0E-8`.
    """

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, literal: str) -> Self:
        """Read a number as JSON writes it."""
        try:
            number = super().__new__(cls, literal)
        except InvalidOperation:  # an exponent of more digits than any number has
            raise ValueError from None
        number.literal = literal
        return number

    def __str__(self) -> str:
        return self.literal


_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
# Without going back: there are as many ways to cut a text of digits in two as it has digits.
_LOOSE_NUMBER = re.compile(
    r"([+-]?)(?=\.?[0-9])0*+([0-9]*+)\.?([0-9]*+)((?:[eE][+-]?[0-9]++)?)"
).fullmatch
_TRUE_FALSE = {"true": True, "1": True, "false": False, "0": False}
# Other whole numbers are compact dates, seconds or years: to guess would make wrong dates of them.
_MILLISECONDS = re.compile(r"-?[0-9]{11,13}|0").fullmatch
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,]([0-9]{1,9}))?"
    r"\s?(?:([Zz])|([+-](?:[01][0-9]|2[0-3])):?([0-5][0-9])?)?"
).fullmatch
_EPOCH = date(1970, 1, 1).toordinal()


def number(text: str) -> Number:
    """Read a number, keeping its digits; `+5`, `.5` and `007` become what JSON can say.

    Raises:
        ValueError: It is not a number, or not a finite one.
    """
    if _JSON_NUMBER(text):
        return Number(text)
    match = _LOOSE_NUMBER(text)
    if not match:
        raise ValueError
    sign, whole, fraction, exponent = match.groups()
    literal = f"{'-' if sign == '-' else ''}{whole or '0'}{'.' + fraction if fraction else ''}"
    return Number(literal + exponent)


def boolean(text: str) -> bool:
    """Read true or false in any case, 1 or 0.

    Raises:
        ValueError: It is none of them.
    """
    try:
        return _TRUE_FALSE[text.lower()]
    except KeyError:
        raise ValueError from None


def timestamp(text: str) -> str:
    """Read a date-time in any of Gainsight's forms; the result is UTC, with milliseconds.

    The forms are ISO 8601 (without a zone it is UTC), milliseconds since 1970, and
    `yyyy-MM-dd HH:mm:ss.S`; a date alone is its midnight.

    Raises:
        ValueError: It is none of them, or not a time of the years 1 to 9999.
    """
    if match := _TIMESTAMP(text):
        day, minutes, seconds, fraction, _, hours_off, minutes_off = match.groups()
        moment = datetime.fromisoformat(f"{day}T{minutes}{seconds or ':00'}")
        if hours_off:
            sign = -1 if hours_off[0] == "-" else 1
            off = int(hours_off[1:]) * 60 + int(minutes_off or 0)
            moment = _shifted(moment, timedelta(minutes=-sign * off))
        return f"{moment.isoformat()}.{(fraction or '')[:3]:0<3}Z"
    if _MILLISECONDS(text):
        return from_milliseconds(int(text))
    if _DATE(text):
        return f"{date.fromisoformat(text).isoformat()}T00:00:00.000Z"
    raise ValueError


def day(text: str) -> str:
    """Read a date in any of Gainsight's forms: `2022-06-23`, or one of a date-time.

    A date-time's date is the one that is written, whatever its zone; milliseconds since 1970 are
    read as UTC.

    Raises:
        ValueError: It is none of them.
    """
    if _DATE(text):
        return date.fromisoformat(text).isoformat()
    if _TIMESTAMP(text):
        timestamp(text)
        return text[:10]
    if _MILLISECONDS(text):
        return from_milliseconds(int(text))[:10]
    raise ValueError


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        raise ValueError from None


def from_milliseconds(milliseconds: int) -> str:
    """Milliseconds since 1970 as a date-time in UTC.

    Raises:
        ValueError: It is not a time of the years 1 to 9999.
    """
    days, milliseconds = divmod(milliseconds, 86_400_000)
    minute, milliseconds = divmod(milliseconds, 60_000)
    try:
        day = _day_after_epoch(days)
    except (ValueError, OverflowError):
        raise ValueError from None
    seconds = f"{milliseconds:05}"
    return f"{day}T{_time_of(minute)}:{seconds[:2]}.{seconds[2:]}Z"


# A column has its times in some thousands of days and minutes, and formatting takes most of it.
@lru_cache(maxsize=4096)
def _day_after_epoch(days: int) -> str:
    return date.fromordinal(_EPOCH + days).isoformat()


@lru_cache(maxsize=1440)
def _time_of(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def verbatim(text: str) -> str:
    """Text as it came."""
    return text


READERS: Mapping[Kind, Callable[[str], Any]] = MappingProxyType(
    {
        Kind.NUMBER: number,
        Kind.BOOLEAN: boolean,
        Kind.DATE: day,
        Kind.DATETIME: timestamp,
        Kind.TEXT: verbatim,
    }
)
"""How a cell that is not empty is read, by kind; each raises ValueError if it does not read."""


def as_text(value: Any, *, items: bool = False) -> str:
    """A JSON value as the text that a CSV cell would hold.

    Args:
        value: What a reply has; null, and a list of nothing, are empty texts.
        items: Whether it is a multi-select, whose items are joined by `;`; another list is JSON.

    Raises:
        RecursionError: It is nested too deep.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == []:
        return ""
    if items and isinstance(value, list):
        return ";".join(as_text(item) for item in value)
    if isinstance(value, list | dict):
        return msgspec.json.encode(value, enc_hook=_raw).decode()
    return str(value)


def _raw(number: Number) -> msgspec.Raw:
    return msgspec.Raw(str(number).encode())


def json_decoder() -> msgspec.json.Decoder[Any]:
    """A decoder that keeps every digit of every number."""
    return msgspec.json.Decoder(float_hook=Number)
