"""Writes of a few records a call: insert, update, upsert, delete (article "Relationship APIs").

A call is all or nothing: if one record does not pass, none is written, and the error's reply says
more or less exactly why. `refusal` reads out of it what there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gainsight_api.calls.replies import count
from gainsight_api.calls.session import Repeat
from gainsight_api.errors import (
    DataError,
    ForbiddenError,
    GainsightError,
    NoDataError,
    NotFoundError,
    RequestError,
)

if TYPE_CHECKING:
    from gainsight_api.calls.session import Session

LARGEST_CALL = 50
"""Records that a call takes (article "API Documentation Overview")."""
MOST_KEYS = 3
"""Fields by which an update may find its records."""
KEY_TYPES = frozenset({"STRING", "GSID", "NUMBER", "EMAIL"})
"""The data types that these fields may have."""
NO_MATCH = "GSOBJ_1011"
WRONG_API = "GSOBJ_1023"
UPSERTABLE = frozenset({"relationship"})
"""Objects that have an upsert call of their own; no article shows it for another."""

_NULL_REFUSED = "GSOBJ_1007"
_MAX_MESSAGE_CHARACTERS = 500
_ABSENT = re.compile(r"columns are absent\W*\[([^\]]*)\]", re.IGNORECASE)
_INITIATED = re.compile(r"\binitiated for 0*[1-9]\d* records?\b", re.IGNORECASE).search
_CRITERIA = re.compile(r"Criteria:\s*(.*)", re.IGNORECASE | re.DOTALL)
_CRITERION = re.compile(r"(?<!\w)(\w+) = ")
_BETWEEN = re.compile(r"(?:,|&&|\bAND)\Z")
_NOT_ABOUT_DATA = {WRONG_API, "P_5005"}

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with a value.

    Attributes:
        code: Gainsight's error code, where it gave one.
        message: Gainsight's words, which may quote the record: for a dead letter, never a log.
        field: The field, where it is named.
        values: The refused value as Gainsight names it, in every form it does; never the one that
            it holds (`oldValue`).
        null: Whether the value is refused for being null.
    """

    code: str | None
    message: str
    field: str | None = None
    values: tuple[str, ...] = ()
    null: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call was refused, as far as its reply tells.

    Attributes:
        error: The error of the call as a whole.
        request_id: Gainsight's id of the call.
        failures: The errors of single records; which records, only their values tell.
        absent: Required fields that some record lacks.
        criteria: Field and value of a lookup that found nothing.
    """

    error: FieldError
    request_id: str | None
    failures: tuple[tuple[FieldError, ...], ...] = ()
    absent: tuple[str, ...] = ()
    criteria: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WriteReply:
    """What a write says it has done.

    Attributes:
        count: How many records were written, where it says so.
        records: The records written, whole, in any order; empty where an entry is no record.
        failures: The errors of records that were left out.
    """

    count: int | None
    records: tuple[Record, ...]
    failures: tuple[tuple[FieldError, ...], ...]


class Records:
    """The write calls of one tenant.

    Each takes at most `LARGEST_CALL` records, and raises RequestError where the call is refused:
    nothing has been written then.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def insert(
        self, object_name: str, records: Sequence[Record], lookups: Any = None
    ) -> WriteReply:
        """Add records.

        Raises:
            RetriableError: They may have been added (`may_have_arrived`); not sent again, since
                that could add them twice.
        """
        return _reply(
            self._session.post(_path(object_name), _body(records, lookups), repeat=Repeat.NEVER)
        )

    def update(
        self, object_name: str, keys: Sequence[str], records: Sequence[Record], lookups: Any = None
    ) -> WriteReply:
        """Change the records that are found by the key fields; each must be there."""
        path = f"{_path(object_name)}?keys={_keys(keys)}"
        return _reply(self._session.put(path, _body(records, lookups)))

    def upsert(
        self, object_name: str, keys: Sequence[str], records: Sequence[Record], lookups: Any = None
    ) -> WriteReply:
        """Change what is found by the key fields, and add what is not; see `UPSERTABLE`."""
        path = f"{_path(object_name)}/upsert?keys={_keys(keys)}"
        return _reply(self._session.put(path, _body(records, lookups)))

    def delete(self, object_name: str, gsid: str) -> bool | None:
        """Delete a record, some time soon.

        Returns:
            Whether the deletion is initiated; False if Gainsight has no such record, and None if
            its reply does not tell.
        """
        try:
            said = self._session.delete(f"{_path(object_name)}/{quote(gsid, safe='')}")
        except RequestError as exc:
            if exc.code == NO_MATCH or isinstance(exc, NoDataError):
                return False
            raise
        return True if isinstance(said, str) and _INITIATED(said) else None


def is_about_data(error: RequestError) -> bool:
    """Whether a refused write is one of these records' fault, so that others may do better."""
    return (
        not isinstance(error, NotFoundError | ForbiddenError) and error.code not in _NOT_ABOUT_DATA
    )


def refusal(error: GainsightError) -> Refusal:
    """What an error's reply tells of its reasons."""
    envelope = error.reply if isinstance(error.reply, Mapping) else {}
    data = envelope.get("data")
    said = [envelope.get(name) for name in ("errorDesc", "message")]
    texts = [text for text in said if isinstance(text, str) and text]
    # Where there is no code, the status is what Gainsight's support can go by.
    by_status = f"HTTP_{error.status}" if error.status >= HTTPStatus.BAD_REQUEST else None
    return Refusal(
        error=FieldError(
            error.code or by_status, _shortened("; ".join(dict.fromkeys(texts)) or error.reason)
        ),
        request_id=error.request_id,
        failures=_failures(data.get("errors") if isinstance(data, Mapping) else None),
        absent=tuple(name for text in texts for name in _absent(text)),
        criteria=tuple(pair for text in texts for pair in _criteria(text)),
    )


def _path(object_name: str) -> str:
    return f"v1/data/objects/{quote(object_name, safe='')}"


def _keys(keys: Sequence[str]) -> str:
    return ",".join(quote(key, safe="") for key in keys)


def _body(records: Sequence[Record], lookups: Any) -> dict[str, Any]:
    return {"records": list(records), **({"lookups": lookups} if lookups else {})}


def _reply(data: Any) -> WriteReply:
    if isinstance(data, list):
        data = {"records": data}
    if not isinstance(data, Mapping):
        raise DataError("Gainsight's reply to a write does not say what was written")
    records = data.get("records") or ()
    return WriteReply(
        count=count(data.get("count")),
        records=tuple(record if isinstance(record, Mapping) else {} for record in records),
        failures=_failures(data.get("errors")),
    )


def _failures(errors: object) -> tuple[tuple[FieldError, ...], ...]:
    """One tuple of errors for each record, from one or two levels of lists."""
    return tuple(filter(None, map(_field_errors, _entries(errors))))


def _entries(errors: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(errors, Mapping):
        yield errors
    elif isinstance(errors, list):
        for item in errors:
            yield from _entries(item)


def _field_errors(entry: Mapping[str, Any]) -> tuple[FieldError, ...]:
    nested = entry.get("errors")
    if not isinstance(nested, list):
        return (_field_error(entry, ()),)
    shared = _values(entry.get("parsedValue"))
    return tuple(_field_error(item, shared) for item in nested if isinstance(item, Mapping))


def _field_error(item: Mapping[str, Any], shared: tuple[str, ...]) -> FieldError:
    code, field = item.get("errorCode"), item.get("fieldName")
    values = tuple(dict.fromkeys(_values(item.get("invalidValue")) + shared))
    return FieldError(
        code=str(code) if code else None,
        message=_shortened(str(item.get("errorMessage") or "")),
        field=str(field) if field else None,
        values=values,
        # Elsewhere a null says that the value is not told.
        null=item.get("invalidValue") == [None] or (code == _NULL_REFUSED and not any(values)),
    )


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(text for item in value for text in _values(item))
    if value is None or isinstance(value, Mapping):
        return ()
    return (str(value).lower() if isinstance(value, bool) else str(value),)


def _absent(text: str) -> list[str]:
    match = _ABSENT.search(text)
    return [name.strip() for name in match[1].split(",") if name.strip()] if match else []


def _criteria(text: str) -> list[tuple[str, str]]:
    match = _CRITERIA.search(text)
    if not match:
        return []
    # What is captured stands between what is not: name, value, name, value.
    _, *parts = _CRITERION.split(match[1])
    names, values = parts[::2], parts[1::2]
    ends = [_BETWEEN.sub("", value.rstrip()).rstrip() for value in values[:-1]]
    return [*zip(names, [*ends, *(value.rstrip() for value in values[-1:])], strict=True)]


def _shortened(text: str) -> str:
    return (
        text if len(text) <= _MAX_MESSAGE_CHARACTERS else f"{text[: _MAX_MESSAGE_CHARACTERS - 1]}…"
    )
