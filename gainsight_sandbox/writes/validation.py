"""The values of records to be written, checked as the Error Codes article for them lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.quirk_choices import Decimals, MultiSelectForm
from gainsight_sandbox.tenant.schema import DataType, Family, Field, ObjectSchema
from gainsight_sandbox.tenant.values import parse_boolean, parse_date, parse_datetime, parse_number
from gainsight_sandbox.writes.rules import ErrorCode

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.quirks import Quirks

Parser = Callable[[object], str | None]
"""Turns a value as sent into the text to be stored; raises InvalidValueError."""

_GSID = re.compile(r"[0-9A-Z]{36}")
_EMAIL = re.compile(r"[^@]+@[^@\s]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_STORED_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,29})?")
_MAX_DIGITS = 60
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STORED_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
)
_EPOCH = re.compile(r"-?[0-9]{9,15}")
"""Milliseconds since 1970; `210318`, which is documented as unparseable, has fewer digits."""


class InvalidValueError(ValueError):
    """A value that a field cannot take."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with a field of a record."""

    code: ErrorCode
    message: str
    field: str
    value: object = None

    @property
    def description(self) -> str:
        """As the Relationship APIs article prints it: the message, then field and value."""
        return f"{self.message} ({self.field} = {self.value})."


def value_parser(field: Field, quirks: Quirks) -> Parser:
    """A parser of a field's values, null among them."""
    parse = text_parser(field, quirks)
    required = field.required

    def parse_nullable(value: object) -> str | None:
        stored = None if value is None else parse(value)
        if stored is None and required:
            raise InvalidValueError(ErrorCode.NULL, "Null value for a non-nullable field.")
        return stored

    return parse_nullable


class RecordChecker:
    """Checks records of one object; they may have different fields."""

    def __init__(self, schema: ObjectSchema, keys: tuple[Field, ...], quirks: Quirks) -> None:
        self._schema = schema
        self._keys = keys
        self._fields = {field.name: field for field in schema.fields}
        self._parsers = {field.name: value_parser(field, quirks) for field in schema.fields}

    def check(self, record: Mapping[str, object]) -> tuple[dict[str, str | None], list[FieldError]]:
        """The texts to be stored, and everything that is wrong with the record."""
        stored: dict[str, str | None] = {}
        errors = []
        for name, value in record.items():
            try:
                stored[name] = self._parse(name, value)
            except InvalidValueError as error:
                errors.append(FieldError(error.code, error.message, name, value))
        faulty = {error.field for error in errors}
        errors += [
            missing_key(key) for key in self._keys if key.name not in faulty | _set_fields(stored)
        ]
        return stored, errors

    def _parse(self, name: str, value: object) -> str | None:
        field = self._fields.get(name)
        if field is None:
            raise InvalidValueError(
                ErrorCode.INVALID, f"Invalid field mapping: {self._schema.name} has no such field."
            )
        if not (self._schema.is_writable(field) or field in self._keys):
            raise InvalidValueError(ErrorCode.INVALID, "Invalid field mapping: it is read-only.")
        return self._parsers[name](value)


def missing_key(key: Field) -> FieldError:
    """A record that has no value for a key."""
    if key.data_type == DataType.GSID:
        return FieldError(ErrorCode.BAD_GSID, "GSID is missing or invalid.", key.name)
    return FieldError(ErrorCode.NULL, "Null value for a key field.", key.name)


def many_matches(keys: Sequence[str], values: Sequence[str | None]) -> FieldError:
    """A record whose keys match more than one stored record."""
    return FieldError(
        ErrorCode.BAD_DATA,
        "More than one record matches the keys.",
        ",".join(keys),
        ", ".join(map(str, values)),
    )


def repeated_keys(keys: Sequence[str], values: Sequence[str | None]) -> FieldError:
    """A record whose keys another one of the call has, too."""
    message = "Another record has the same keys."
    return FieldError(ErrorCode.BAD_DATA, message, ",".join(keys), ", ".join(map(str, values)))


def _set_fields(stored: Mapping[str, str | None]) -> set[str]:
    return {name for name, text in stored.items() if text is not None}


def text_parser(field: Field, quirks: Quirks) -> Parser:
    """A parser of a field's values other than null; an empty text may still mean null."""
    match field.family:
        case Family.TEXT:
            return _text_parser(field, quirks)
        case Family.PICKLIST:
            return _item_parser(field, quirks)
        case Family.MULTISELECT:
            return _items_parser(field, quirks)
        case Family.BOOLEAN:
            return _boolean
        case Family.DATE:
            return _date
        case Family.DATETIME:
            return _datetime
        case Family.NUMBER | Family.AMOUNT:
            # Only the percentage has a code of its own.
            percentage = field.data_type == DataType.PERCENTAGE
            code = ErrorCode.BAD_DATA if percentage else ErrorCode.INVALID
            return _number_parser(code, field.decimal_places, quirks.write_decimals)


def _text_parser(field: Field, quirks: Quirks) -> Parser:
    length = field.length
    email = field.data_type == DataType.EMAIL and not quirks.write_any_email
    record_id = field.lookup is not None or field.data_type == DataType.GSID

    def parse(value: object) -> str | None:
        if not isinstance(value, str):
            raise InvalidValueError(ErrorCode.INVALID, "Invalid field value: it is not a text.")
        if length is not None and len(value) > length:
            raise InvalidValueError(
                ErrorCode.TOO_LONG, f"The text is longer than {length} characters."
            )
        if record_id and value and not _GSID.fullmatch(value):
            raise InvalidValueError(ErrorCode.BAD_GSID, "GSID is missing or invalid.")
        if email and value and not _EMAIL.fullmatch(value):
            raise InvalidValueError(ErrorCode.INVALID, "Invalid field value: not an e-mail.")
        return value or None

    return parse


def _item_parser(field: Field, quirks: Quirks) -> Parser:
    items = _items(field, quirks)

    def parse(value: object) -> str:
        item = items.get(value) if isinstance(value, str) else None
        if item is None:
            raise _no_item()
        return item

    return parse


def _items_parser(field: Field, quirks: Quirks) -> Parser:
    items = _items(field, quirks)
    unknown_form = {MultiSelectForm.LIST: str, MultiSelectForm.TEXT: list}.get(
        quirks.write_multiselect
    )

    def parse(value: object) -> str | None:
        if unknown_form is not None and isinstance(value, unknown_form):
            raise _no_item()
        sent = value.split(";") if isinstance(value, str) else value
        if not isinstance(sent, list):
            raise _no_item()
        chosen = [items.get(item) if isinstance(item, str) else None for item in sent]
        if None in chosen:
            raise _no_item()
        return ";".join(filter(None, chosen)) or None

    return parse


def _items(field: Field, quirks: Quirks) -> dict[str, str]:
    """Item ids by the texts that are accepted for them: ids, and labels if the quirk is set."""
    valid = [option for option in field.options if option.active or quirks.write_inactive]
    labels = {option.label: option.value for option in valid if quirks.write_labels}
    return labels | {option.value: option.value for option in valid}


def _no_item() -> InvalidValueError:
    return InvalidValueError(
        ErrorCode.BAD_PICKLIST, "Invalid/Inactive value provided for picklist."
    )


def _boolean(value: object) -> str:
    try:
        return parse_boolean(value)
    except ValueError as error:
        raise InvalidValueError(ErrorCode.BAD_DATA, "Invalid Boolean Value.") from error


def _date(value: object) -> str:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
        return parse_date(_milliseconds(value), UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidValueError(ErrorCode.BAD_DATE, "Date could not be parsed.") from error


def _datetime(value: object) -> str:
    try:
        if isinstance(value, str) and _STORED_MOMENT.fullmatch(value):
            datetime.fromisoformat(value)
            return value
        text = isinstance(value, str) and not _EPOCH.fullmatch(value)
        return parse_datetime(value if text else _milliseconds(value), UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidValueError(ErrorCode.BAD_DATETIME, "DateTime could not be parsed.") from error


def _milliseconds(value: object) -> int:
    """Milliseconds since 1970, as a number or as its digits."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _EPOCH.fullmatch(text):
        raise ValueError("not milliseconds")
    return int(text)


def _number_parser(code: ErrorCode, places: int, decimals: Decimals) -> Parser:
    def parse(value: object) -> str:
        if isinstance(value, str):
            if _STORED_NUMBER.fullmatch(value) and _decimals(value) <= places:
                return value
            if not _NUMBER.fullmatch(value):
                raise InvalidValueError(code, "Invalid number.")
        try:
            number = parse_number(value)
        except ValueError as error:
            raise InvalidValueError(code, "Invalid number.") from error
        if not _fits(number):
            raise InvalidValueError(code, f"The number has more than {_MAX_DIGITS} digits.")
        if decimals is not Decimals.KEEP and _decimals(format(number, "f")) > places:
            if decimals is Decimals.REFUSE:
                raise InvalidValueError(code, f"The number has more than {places} decimals.")
            number = _round_half_up(number, places)
        return format(number, "f")

    return parse


def _decimals(text: str) -> int:
    """How many decimals of a number count."""
    return len(text.partition(".")[2].rstrip("0"))


def _round_half_up(number: Decimal, places: int) -> Decimal:
    """A number of any size with so many decimals."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, Context(prec=_MAX_DIGITS * 2))


def _fits(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return number.adjusted() < _MAX_DIGITS and isinstance(exponent, int) and exponent > -_MAX_DIGITS
