"""Replies to writes that say of each record by its name what became of it.

No article shows one whole, so all forms in which they have been seen are read: maps by name, lists
of maps of one entry each, and lists of objects with a `referenceId`; a failure that is a text (with
or without `CODE: `), an object, or a list of those.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gainsight_api.calls.replies import identifier, is_of_the_gateway
from gainsight_api.errors import GatewayError, RequestError
from gainsight_api.objects.records import FieldError, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_CODED = re.compile(r"\s*([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_[0-9]+)\s*:\s*(.*)", re.DOTALL).fullmatch
_NAME = "referenceId"
_OF_A_FAILURE = {_NAME, "errorMessage", "errorCode"}


@dataclass(frozen=True, slots=True)
class PartialReply:
    """What a reply says of the records of a call; it may be silent on some.

    Attributes:
        confirmed: The names of records that were written, each with what the reply says of it.
        failures: By name, why records were not written.
        refused: Whether the call was refused as a whole, on account of the failures.
        request_id: Gainsight's id of a call that was refused.
    """

    confirmed: Mapping[str, Any]
    failures: Mapping[str, tuple[FieldError, ...]]
    refused: bool = False
    request_id: str | None = None

    @property
    def nothing_written(self) -> bool:
        """Whether no record was written; what a refusal names as done may be done or not."""
        return self.refused and not self.confirmed


def partial_reply(names: Collection[str], call: Callable[[], Any]) -> PartialReply:
    """Make a call and read its reply.

    Args:
        names: The names of its records. If a call of one record is refused, its failures are of
            that one, whatever they are named.
        call: Makes the call, and returns the `data` of its reply.

    Raises:
        RequestError: The call was refused, and the reply names no record.
        GatewayError: A failure is the gateway's, which says nothing about the record.
    """
    try:
        return _read(call())
    except RequestError as exc:
        refused = exc.reply if isinstance(exc.reply, Mapping) else {}
        reply = _read(refused.get("data"))
        if not reply.failures:
            raise
        failures = reply.failures
        if len(names) == 1 and not failures.keys() & names:
            errors = [error for some in failures.values() for error in some]
            failures = dict.fromkeys(
                names, tuple(replace(each, code=each.code or exc.code) for each in errors)
            )
        known = refusal(exc).request_id
        return PartialReply(reply.confirmed, failures, refused=True, request_id=known)


def _read(data: Any) -> PartialReply:
    parts = data if isinstance(data, Mapping) else {}
    failed = (*_named(parts.get("failures")), *_named(parts.get("failure")))
    failures: dict[str, tuple[FieldError, ...]] = defaultdict(tuple)
    for name, entry in failed:
        failures[name] += tuple(_errors(entry))
    for errors in failures.values():
        for error in errors:
            if is_of_the_gateway(error.code):
                raise GatewayError("Gainsight's gateway refused a record", code=error.code)
    done = {
        name: said
        for name, said in _named(parts.get("success"))
        if said and name not in failures  # a name without an id beside it says nothing
    }
    return PartialReply(done, dict(failures))


def _named(part: object) -> Iterator[tuple[str, Any]]:
    """The entries of a map, or of a list of maps; the name is empty where an object has none."""
    if isinstance(part, Mapping) and part.keys() & _OF_A_FAILURE:
        said = {name: value for name, value in part.items() if name != _NAME and value}
        yield str(part.get(_NAME, "")), said
    elif isinstance(part, Mapping):
        yield from part.items()
    elif isinstance(part, list):
        for item in part:
            yield from _named(item)


def _errors(entry: object) -> Iterator[FieldError]:
    """The errors of a record, at least one."""
    if isinstance(entry, list) and entry:
        for item in entry:
            yield from _errors(item)
    elif isinstance(entry, Mapping):
        found = _error(str(entry.get("errorMessage") or entry.get("message") or ""))
        code = identifier(entry.get("errorCode"))
        yield FieldError(code, found.message) if code else found
    else:
        yield _error(entry if isinstance(entry, str) else "")


def _error(text: str) -> FieldError:
    match = _CODED(text)
    return FieldError(match[1], match[2]) if match else FieldError(None, text)
