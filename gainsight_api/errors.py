"""What can go wrong with a call.

```
GainsightError              a call that did not do what was asked
├── ConfigError             a setting that cannot be used
│   └── QuotaStoreError     … for `quota_store`; in gainsight_api.quota
├── AuthError               the credential is refused
├── ForeignAddressError     the tenant named an address that is not its own
├── GatewayError            the gateway refuses the call, whatever it asks
├── TooLargeError           the call is larger than the tenant takes
├── RequestError            a verdict: the tenant refuses what was asked
│   ├── ForbiddenError      … for lack of a right
│   ├── NotFoundError       … for there is no such object, job or chunk
│   └── NoDataError         … for no record matches
├── QuotaExhaustedError     no call is left by our own count; in gainsight_api.quota
├── JobFailedError          a bulk job ended as failed
├── DataError               data that are not what was announced
└── RetriableError          the call may do better when it is made again
    ├── TransportError      no reply
    ├── ServerError         a 5xx status, or a reply that is not Gainsight's
    └── RateLimitedError    a limit is used up
```

Gainsight's own wording (`errorDesc`, `message`) may quote record values and even SQL, so it is
never taken over: an error says what its code stands for, and carries the request id with which
Gainsight's support finds the rest. Only a `RequestError` says anything about an object or a record.
"""

from __future__ import annotations

from typing import Any


class GainsightError(Exception):
    """A call that did not do what was asked.

    Attributes:
        reason: What went wrong, without code and ids.
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
        reply: Any = None,
    ) -> None:
        self.reason = reason
        self.code = code
        self.request_id = request_id
        self.status = status
        self.reply = reply
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


class ForeignAddressError(GainsightError):
    """The tenant named an address that is not on its own host; it was not followed."""


class GatewayError(GainsightError):
    """The gateway before Gainsight refused the call; this says nothing about what it asked."""


class TooLargeError(GainsightError):
    """The call is larger than the tenant takes (HTTP 413); nothing of it was done."""


class RequestError(GainsightError):
    """The tenant refused the call for what it asked."""


class ForbiddenError(RequestError):
    """The credential is good, and has no right to what was asked."""


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
    """The tenant answered with a 5xx status, or with what is no reply of Gainsight's."""


class RateLimitedError(RetriableError):
    """The tenant says that a limit is used up."""

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(reason, may_have_arrived=False, **details)
