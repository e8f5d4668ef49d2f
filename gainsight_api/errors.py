"""What can go wrong with a call, and how it is read out of a reply, or out of a failed connection.

Gainsight's own wording (`errorDesc`, `message`) may quote record values and even SQL, so it is
never taken over: an error says what its code stands for, and carries the request id with which
Gainsight's support finds the rest.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
import urllib3

_MEANINGS = {
    "GSOBJ_1001": "a text is longer than its field allows",
    "GSOBJ_1002": "a value does not fit its field",
    "GSOBJ_1003": "the record could not be deleted",
    "GSOBJ_1004": "a Gsid is missing or not valid",
    "GSOBJ_1005": "a date-time could not be read",
    "GSOBJ_1006": "a date could not be read",
    "GSOBJ_1007": "a field that must not be empty is empty",
    "GSOBJ_1008": "a value did not pass validation",
    "GSOBJ_1011": "no record matches",
    "GSOBJ_1012": "a picklist has no such active item",
    "GSOBJ_1023": "there is no such call",
    "GSOBJ_1025": "a required field is missing",
    "GSOBJ_ESS_9104": "no field was selected",
    "GSOBJ_ESS_9150": "the query names a field, an operator or a limit that is not valid",
    "P_5005": "the query names a field that is deleted or does not exist",
    "OBJECT_NOT_FOUND": "there is no such object",
}
_UNAUTHORIZED = {"GS_APIG_2401", "GSOBJ_1024"}
_IP_REFUSED = "GS_APIG_2402"
_RATE_LIMITED = {"GU_2400"}
_NO_DATA = {"GSOBJ_1011", "GSOBJ_1XXX"}
_NOT_FOUND = {"OBJECT_NOT_FOUND"}
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:-]{1,80}").fullmatch


class GainsightError(Exception):
    """A call that did not do what was asked.

    Attributes:
        code: Gainsight's error code, where the reply had one.
        request_id: Gainsight's id of the call, for its support.
        status: The HTTP status, 0 where there was no reply.
        reply: The reply's JSON body, for callers that read details out of it; never for a log.
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        status: int = 0,
    ) -> None:
        self.reason = reason
        self.code = code
        self.request_id = request_id
        self.status = status
        self.reply: Any = None
        notes = [
            *([f"code {code}"] if code else []),
            *([f"HTTP {status}"] if status else []),
            *([f"request {request_id}"] if request_id else []),
        ]
        super().__init__(f"{reason} ({', '.join(notes)})" if notes else reason)


class ConfigError(GainsightError):
    """A setting that cannot be used; the text names it and says what to do."""


class AuthError(GainsightError):
    """The tenant refused the credential."""


class RequestError(GainsightError):
    """The tenant refused the call for what it asked."""


class NotFoundError(RequestError):
    """There is no such object, job or chunk."""


class NoDataError(RequestError):
    """No record matches: an empty result to a read, a missing record to an update."""


class JobFailedError(GainsightError):
    """A bulk job ended as failed."""


class DataError(GainsightError):
    """Data that came are not what was announced, or do not read as their type."""


class RetriableError(GainsightError):
    """A call that may do better when it is made again.

    Attributes:
        may_have_arrived: Whether the tenant may have done what was asked all the same.
        retry_after: Seconds to wait, where the reply said so.
    """

    def __init__(
        self,
        reason: str,
        *,
        may_have_arrived: bool = True,
        retry_after: float | None = None,
        **details: Any,
    ) -> None:
        super().__init__(reason, **details)
        self.may_have_arrived = may_have_arrived
        self.retry_after = retry_after


class TransportError(RetriableError):
    """No reply: the connection failed, or broke off, or took too long."""


class ServerError(RetriableError):
    """The tenant answered with a 5xx status, or with what is not JSON."""


class RateLimitedError(RetriableError):
    """The tenant says that a limit is used up."""

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(reason, may_have_arrived=False, **details)


def error_in(status: int, body: object) -> GainsightError | None:
    """Read the error out of a reply, or None if there is none.

    Args:
        status: The HTTP status.
        body: The parsed JSON body, None where it was not JSON.

    Every documented form is known: `result: false` with HTTP 200, authorization failures that
    come as HTTP 400, and metadata errors that have a `title` instead of an `errorCode`. A failed
    job is no failed call: `gainsight_api.exports` looks at its `jobStatus`.
    """
    envelope: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    if status < HTTPStatus.BAD_REQUEST and envelope.get("result", True) is not False:
        return None
    code = identifier(envelope.get("errorCode")) or identifier(envelope.get("title"))
    details: dict[str, Any] = {
        "code": code,
        "request_id": identifier(envelope.get("requestId")),
        "status": status,
    }
    known = _by_code(code, details)
    return known or _by_status(status, details)


def identifier(value: object) -> str | None:
    """A code or an id out of a reply; None for a longer text, which may be anything."""
    return value if isinstance(value, str) and _IDENTIFIER(value) else None


def transport_error(exc: requests.RequestException) -> GainsightError:
    """What a failed connection means, without the text of the exception, which quotes the URL."""
    if isinstance(exc, requests.ConnectTimeout):
        return TransportError(
            "the tenant's host does not answer: check `domain`", may_have_arrived=False
        )
    if isinstance(exc, requests.Timeout):
        return TransportError("the tenant took too long to answer: see `request_timeout`")
    if isinstance(exc, requests.exceptions.SSLError):
        return _tls_error(exc)
    if isinstance(exc, requests.exceptions.ProxyError):
        return TransportError(
            "the proxy does not take the connection: check the environment variable HTTPS_PROXY",
            may_have_arrived=False,
        )
    if isinstance(exc, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        # Ours have been looked at, so it is the proxy's.
        return ConfigError("the environment variable HTTPS_PROXY names no proxy that can be used")
    reason = getattr(exc.args[0] if exc.args else None, "reason", None)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return TransportError(
            "the tenant's host name is not known: check `domain`", may_have_arrived=False
        )
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return TransportError(
            "the tenant's host does not take connections: check `domain`", may_have_arrived=False
        )
    return TransportError("the connection broke off")


def _tls_error(exc: requests.exceptions.SSLError) -> GainsightError:
    if "CERTIFICATE_VERIFY_FAILED" in str(exc):
        return GainsightError("the tenant's TLS certificate was not accepted: check `domain`")
    return bundle_error() or TransportError("the secure connection failed: check `domain`")


def bundle_error() -> ConfigError | None:
    """What is wrong with the CA bundle that requests takes from the environment, if anything."""
    name = next((name for name in _BUNDLES if os.environ.get(name)), None)
    if name is None:
        return None
    path = os.environ[name]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ValueError):
        return ConfigError(
            f"the environment variable {name} names no usable file of certificates: "
            "correct it, or unset it"
        )
    return None


def _by_code(code: str | None, details: dict[str, Any]) -> GainsightError | None:
    if code in _UNAUTHORIZED:
        return AuthError(
            "Gainsight refused the credential: check `access_key` (or the OAuth pair) and "
            "`auth_header`",
            **details,
        )
    if code == _IP_REFUSED:
        return AuthError(
            "Gainsight refuses this machine's IP address: have it added to the tenant's allow-list",
            **details,
        )
    if code in _RATE_LIMITED:
        return RateLimitedError("Gainsight's rate limit is used up", **details)
    if code in _NO_DATA:
        return NoDataError("no record matches", **details)
    if code in _NOT_FOUND:
        return NotFoundError("there is no such object", **details)
    if code in _MEANINGS:
        return RequestError(_MEANINGS[code], **details)
    return None


def _by_status(status: int, details: dict[str, Any]) -> GainsightError:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return AuthError(
            "Gainsight refused the credential: check `access_key` (or the OAuth pair), "
            "`auth_header` and `domain`",
            **details,
        )
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return NotFoundError("Gainsight knows nothing at this address", **details)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimitedError("Gainsight's rate limit is used up", **details)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError("Gainsight failed to answer", **details)
    return RequestError("Gainsight refused the call", **details)
