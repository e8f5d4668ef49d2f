"""Exact values and the texts that the store keeps them as.

Every stored text is also the value's plain form in an export CSV: numbers with all their digits,
`true` and `false`, `2022-06-23`, `2022-06-23T09:37:02.000Z`, item ids joined by `;`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation

from gainsight_sandbox.tenant.schema import Family

Value = str | Decimal | bool | date | datetime | list[str] | None
"""What a field holds; a `datetime` is aware, to the millisecond."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
_EPOCH_TEXT = re.compile(r"[+-]?\d{5,}")
_MOMENT_TEXT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


class WrongValueError(ValueError):
    """A value that is not of its field's type."""


def to_stored(family: Family, value: object) -> str | None:
    """The text to keep for a value; raises WrongValueError for one that is not of the family."""
    if value is None:
        return None
    match family:
        case Family.TEXT | Family.PICKLIST:
            return _stored_text(value)
        case Family.NUMBER | Family.AMOUNT:
            return format(parse_number(value), "f")
        case Family.BOOLEAN:
            return parse_boolean(value)
        case Family.DATE:
            return parse_date(value, UTC)
        case Family.DATETIME:
            return parse_datetime(value, UTC)
        case Family.MULTISELECT:
            return _stored_items(value)


def from_stored(family: Family, text: str | None) -> Value:
    """The exact value behind a stored text."""
    if text is None:
        return None
    match family:
        case Family.NUMBER | Family.AMOUNT:
            return Decimal(text)
        case Family.BOOLEAN:
            return text == "true"
        case Family.DATE:
            return date.fromisoformat(text)
        case Family.DATETIME:
            return datetime.fromisoformat(text)
        case Family.MULTISELECT:
            return text.split(";")
        case _:
            return text


def compare_numbers(left: str, right: str) -> int:
    """Order two stored numbers as decimals, not as texts or floats."""
    a, b = Decimal(left), Decimal(right)
    return (a > b) - (a < b)


def parse_number(value: object) -> Decimal:
    """A number with all its digits."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise WrongValueError(f"not an exact number: {value!r}")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise WrongValueError(f"not a number: {value!r}") from error
    if not number.is_finite():
        raise WrongValueError(f"not a finite number: {value!r}")
    return number


def parse_boolean(value: object) -> str:
    """`true` or `false`."""
    folded = str(value).lower()
    if folded in {"true", "false"}:
        return folded
    raise WrongValueError(f"not a boolean: {value!r}")


def parse_date(value: object, zone: tzinfo) -> str:
    """A calendar date; of a moment, the date that it has in `zone`."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return _moment(value, zone).astimezone(zone).date().isoformat()


def parse_datetime(value: object, zone: tzinfo) -> str:
    """A moment in UTC to the millisecond; one without an offset is read in `zone`."""
    return iso(_moment(value, zone))


def iso(moment: datetime) -> str:
    """`2022-06-23T09:37:02.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_seconds(seconds: float) -> datetime:
    """The moment `seconds` after 1970, cut to the millisecond."""
    return EPOCH + int(seconds * 1000) * MILLISECOND


def epoch_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, negative before."""
    return (moment - EPOCH) // MILLISECOND


def _moment(value: object, zone: tzinfo) -> datetime:
    """Read a date-time: aware, ISO, `yyyy-MM-dd HH:mm:ss.S`, or milliseconds since 1970."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, int) and not isinstance(value, bool):
        return EPOCH + value * MILLISECOND
    elif isinstance(value, str):
        if _EPOCH_TEXT.fullmatch(value):
            return EPOCH + int(value) * MILLISECOND
        moment = _parse_iso(value)
    else:
        raise WrongValueError(f"not a date-time: {value!r}")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _parse_iso(text: str) -> datetime:
    if not _MOMENT_TEXT.fullmatch(text):
        # Python takes other forms, too, such as that of weeks.
        raise WrongValueError(f"not a date-time: {text!r}")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongValueError(f"not a date-time: {text!r}") from error


def _stored_text(value: object) -> str:
    if not isinstance(value, str):
        raise WrongValueError(f"not a text: {value!r}")
    return value


def _stored_items(value: object) -> str | None:
    items = value.split(";") if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise WrongValueError(f"not a list of items: {value!r}")
    return ";".join(_stored_text(item) for item in items) or None
