"""The one gate by which replies come in: a reply is Gainsight's, or it says nothing.

Gainsight's are the documented shapes alone: an envelope whose `result` is true or false, the
metadata's error shape (`result: false` and a `title`), a token, a chunk of an export. All else (a
page of a gateway or a proxy, `{}`, bytes that are not UTF-8) says nothing about objects, records or
jobs, under any status: it is a `ServerError`, and the call is made again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec

from gainsight_api.errors import (
    AuthError,
    ForbiddenError,
    GainsightError,
    GatewayError,
    NoDataError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    ServerError,
    TooLargeError,
)
from gainsight_api.objects.datatypes import json_decoder

_MEANINGS = {
    "GSOBJ_1001": "a text is longer than its field allows",
    "GSOBJ_1002": "a value does not fit its field",
    "GSOBJ_1003": "the record could not be deleted",
    "GSOBJ_1004": "a Gsid is missing or not valid",
    "GSOBJ_1005": "a date-time could not be read",
    "GSOBJ_1006": "a date could not be read",
    "GSOBJ_1007": "a field that must not be empty is empty",
    "GSOBJ_1008": "a value did not pass validation",
    "GSOBJ_1009": "the credential has no right to do this",
    "GSOBJ_1011": "no record matches",
    "GSOBJ_1012": "a picklist has no such active item",
    "GSOBJ_1023": "there is no such call",
    "GSOBJ_1025": "a required field is missing",
    "GSOBJ_ESS_9104": "no field was selected",
    "GSOBJ_ESS_9150": "the query names a field, an operator or a limit that is not valid",
    "P_5005": "the query names a field that is deleted or does not exist",
    "COCKPIT_5101": "the request is not valid",
    "COCKPIT_6007": "there is no call to action of this Gsid",
    "COCKPIT_9700": "a field that a call to action must have is missing",
    "GS_TL_10_0206": "a value that an activity must have is missing",
    "GS_TL_10_0207": "there is an activity of this ExternalId already",
    "GS_TL_10_0213": "the record that the activity belongs to was not found",
}
_ABOUT_A_RECORD = ("GSOBJ_PEOPLE", "GSOBJ_VQP", "GSOBJ_VDT", "GSOBJ_VCRUDR", "COCKPIT_", "GS_TL_")
"""How codes begin that are verdicts on a person, a call to action or an activity, not on a call."""
_UNAUTHORIZED = {"GS_APIG_2401", "GSOBJ_1024"}
_ADDRESS_REFUSED = "GS_APIG_2402"
_RATE_LIMITED = {"GU_2400", "GS_APIG_2404"}
_FAULTS = {"GU_1101"}
_GATEWAY = ("GS_APIG_", "GU_")
_NO_DATA = {"GSOBJ_1011", "GSOBJ_1XXX"}
_OBJECT_NOT_FOUND = "OBJECT_NOT_FOUND"
_NO_DATA_SAID = re.compile(
    r"(?i)\s*no (data found for|entity matches the) given criteria(, please re-check.{,15})?\.?\s*"
).fullmatch
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:-]{1,80}").fullmatch
_ESCAPE = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    r"|\\."
)
_REQUEST_ID_HEADERS = ("x-gs-request-id", "x-request-id")
_CREDENTIAL = "check `access_key` (or the OAuth pair), `auth_header` and `domain`"
# Statuses of a call that was certainly not begun with.
_NOT_TAKEN = {HTTPStatus.MISDIRECTED_REQUEST, HTTPStatus.TOO_EARLY}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came over the wire.

    Attributes:
        status: The HTTP status.
        body: The whole body, decompressed.
        headers: By name, in any case.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an envelope holds.

    Attributes:
        data: Its `data`; numbers keep their digits.
        repaired: Whether halves of surrogate pairs were read as U+FFFD.
    """

    data: Any
    repaired: bool = False


def answer(reply: Reply, now: float) -> Answer:
    """Read the envelope of a reply.

    Args:
        reply: The reply.
        now: The present time in seconds since 1970, for a `Retry-After` that is a date.

    Raises:
        GainsightError: The reply is a refusal, a limit, or none of Gainsight's.
    """
    body, repaired, flaw = parsed(reply.body)
    envelope: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    if error := _error(reply, envelope, flaw, now):
        raise error
    return Answer(envelope.get("data"), repaired)


def parsed(body: bytes) -> tuple[Any, bool, str]:
    """Read JSON: the value, whether it had to be repaired, and what is wrong where it is none."""
    try:
        return _decode(body), False, ""
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None, False, "not UTF-8"
    repaired = _ESCAPE.sub(_whole, text)
    try:
        return _decode(repaired.encode()), repaired != text, ""
    except (msgspec.DecodeError, RecursionError):
        return None, False, "not JSON that can be read"


def _decode(body: bytes) -> Any:
    return json_decoder().decode(body)


def _whole(escape: re.Match[str]) -> str:
    """An escape as it is, unless it is half of a surrogate pair."""
    text = escape[0]
    return r"\ufffd" if len(text) == 6 and text[:2] == r"\u" else text  # noqa: PLR2004 - \uXXXX


def _error(
    reply: Reply, envelope: Mapping[str, Any], flaw: str, now: float
) -> GainsightError | None:
    is_envelope = isinstance(envelope.get("result"), bool)
    code = identifier(envelope.get("errorCode"))
    if is_envelope:
        code = code or identifier(envelope.get("title"))
    elif not is_of_the_gateway(code):
        code = None
    details: dict[str, Any] = {
        "code": code,
        "request_id": _request_id(reply, envelope),
        "status": reply.status,
        "reply": envelope or None,
    }
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS or code in _RATE_LIMITED:
        after = _retry_after(reply, now)
        return RateLimitedError("Gainsight's rate limit is used up", retry_after=after, **details)
    if reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLargeError("the call is larger than Gainsight takes", **details)
    if not is_envelope and code is None:
        return _no_answer(reply, envelope, flaw or "no envelope of Gainsight's", details, now)
    if reply.status < HTTPStatus.BAD_REQUEST and envelope.get("result") is True:
        if code and not envelope.get("data"):
            flaw = "a success that has an error code and nothing else"
            return _no_answer(reply, envelope, flaw, details, now)
        return None
    return _refusal(reply, envelope, details, now)


def _no_answer(
    reply: Reply, envelope: Mapping[str, Any], flaw: str, details: dict[str, Any], now: float
) -> ServerError:
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        reason = "Gainsight failed to answer"
    elif reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        reason = (
            f"the tenant's host refused the call, in words that are not Gainsight's: {_CREDENTIAL}"
        )
    else:
        kind = identifier(media_type(reply.headers).replace("/", ":")) or "untyped"
        size = f"{len(reply.body):,} bytes of {kind.replace(':', '/')}"
        reason = f"what came is {'JSON, but ' if envelope else ''}{flaw} ({size})"
    arrived = reply.status not in _NOT_TAKEN
    return ServerError(
        reason, may_have_arrived=arrived, retry_after=_retry_after(reply, now), **details
    )


def _refusal(
    reply: Reply, envelope: Mapping[str, Any], details: dict[str, Any], now: float
) -> GainsightError:
    """The error of an envelope that has one."""
    code = details["code"]
    if error := _beyond_the_call(reply, details, now):
        return error
    said = (envelope.get("errorDesc"), envelope.get("message"))
    if code in _NO_DATA or any(isinstance(text, str) and _NO_DATA_SAID(text) for text in said):
        return NoDataError("no record matches", **details)
    if code == _OBJECT_NOT_FOUND:
        return NotFoundError("there is no such object", **details)
    if code in _MEANINGS:
        return RequestError(_MEANINGS[code], **details)
    return _by_status(reply.status, details)


def _beyond_the_call(reply: Reply, details: dict[str, Any], now: float) -> GainsightError | None:
    """The error of a refusal that says nothing about what the call asked."""
    code, status = details["code"], reply.status
    unauthorized = status == HTTPStatus.UNAUTHORIZED and not is_about_a_record(code)
    if code in _UNAUTHORIZED or unauthorized:
        return AuthError(f"Gainsight refused the credential: {_CREDENTIAL}", **details)
    if code == _ADDRESS_REFUSED:
        return AuthError(
            "Gainsight refuses this machine's IP address: have it added to the tenant's allow-list",
            **details,
        )
    redirects = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    if redirects or code in _FAULTS or status in {HTTPStatus.REQUEST_TIMEOUT, *_NOT_TAKEN}:
        return _failed(reply, details, now)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _failed(reply, details, now)
    if is_of_the_gateway(code):
        return GatewayError("Gainsight's gateway refused the call: check `domain`", **details)
    return None


def _failed(reply: Reply, details: dict[str, Any], now: float) -> ServerError:
    return ServerError(
        "Gainsight failed to answer",
        may_have_arrived=reply.status not in _NOT_TAKEN,
        retry_after=_retry_after(reply, now),
        **details,
    )


def is_about_a_record(code: str | None) -> bool:
    """Whether a code is a verdict on a person, a call to action or an activity by itself."""
    return code is not None and code.startswith(_ABOUT_A_RECORD)


def is_of_the_gateway(code: str | None) -> bool:
    """Whether a code is one of the gateway's, which say nothing about what was asked."""
    return code is not None and code.startswith(_GATEWAY)


def _by_status(status: int, details: dict[str, Any]) -> RequestError:
    if is_about_a_record(details["code"]):
        return RequestError("Gainsight refused the record", **details)
    if status == HTTPStatus.FORBIDDEN:
        return ForbiddenError(
            "Gainsight refused access: check the rights of the credential (`access_key` or the "
            "OAuth pair)",
            **details,
        )
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return NotFoundError("Gainsight knows nothing at this address", **details)
    return RequestError("Gainsight refused the call", **details)


def identifier(value: object) -> str | None:
    """A code or an id out of a reply; None for a longer text, which may be anything."""
    return value if isinstance(value, str) and _IDENTIFIER(value) else None


def count(value: object) -> int | None:
    """A count out of a reply, as a whole number or its digits; None for all else."""
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else None


def printable(text: str) -> str:
    """A name that a server gave, fit for one line of a log."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:200])


def media_type(headers: Mapping[str, str]) -> str:
    """The media type that a reply is labelled with, without its parameters."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def is_document(headers: Mapping[str, str], first: bytes) -> bool:
    """Whether JSON or a page came in place of a file: by its label, and by how it begins."""
    labelled = media_type(headers).endswith(("json", "html"))
    return labelled and first.lstrip()[:1] in {b"{", b"[", b"<", b""}


def http_date(text: str) -> float | None:
    """Seconds since 1970 of a date in a header; None where there is none."""
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _request_id(reply: Reply, envelope: Mapping[str, Any]) -> str | None:
    named = (reply.headers.get(name) for name in _REQUEST_ID_HEADERS)
    ids = map(identifier, (envelope.get("requestId"), *named))
    return next((text for text in ids if text), None)


def _retry_after(reply: Reply, now: float) -> float | None:
    text = reply.headers.get("Retry-After", "").strip()
    if text.isdecimal() and text.isascii():
        return float(text)
    at = http_date(text)
    return None if at is None else max(0.0, at - now)
