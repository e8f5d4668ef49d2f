"""One tenant's session: its calls, what pays for them, and when one is made again."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import backoff
import msgspec

from gainsight_api.calls.bodies import lines_of, whole
from gainsight_api.calls.host import Host
from gainsight_api.calls.multipart import FormBody
from gainsight_api.calls.replies import is_document
from gainsight_api.calls.wire import http_session
from gainsight_api.errors import (
    AuthError,
    GainsightError,
    RateLimitedError,
    RetriableError,
    ServerError,
    TooLargeError,
    TransportError,
)
from gainsight_api.quota import Budget, Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import requests

    from gainsight_api.calls.auth import AccessKey, OAuth
    from gainsight_api.clock import Clock

logger = logging.getLogger(__name__)
T = TypeVar("T")

_MAX_BACKOFF_SECONDS = 60
_MAX_RETRY_AFTER_SECONDS = 3600
_TRIES_AT_A_WALL = 3  # of what something before Gainsight refuses, or sends elsewhere
_TRIES_TO_REACH = 3  # of a host that has not answered once: more likely a wrong `domain`


class Repeat(Enum):
    """Whether a call is made again that may have arrived, and may do harm if it comes twice."""

    ALWAYS = "always"
    UNLESS_TAKEN = "after a 503, which says that it was not taken"
    NEVER = "never"


@dataclass(slots=True, kw_only=True)
class Session:
    """Calls to one tenant.

    Every call asks the quota first, goes to the tenant's own host or nowhere, follows no
    redirect, and is made again after a fault that may pass, up to `max_retries` times.

    Attributes:
        root: The tenant's root URL, from `base_url`.
        auth: The credential.
        quota: What calls may still be made.
        clock: Time.
        http: The connections.
        timeout: Seconds for one call.
        max_retries: Further tries of one call.
    """

    root: str
    auth: AccessKey | OAuth
    quota: Quota
    clock: Clock
    http: requests.Session = field(default_factory=http_session)
    timeout: float = 300.0
    max_retries: int = 8
    _host: Host = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._host = Host(
            root=self.root, auth=self.auth, clock=self.clock, http=self.http, timeout=self.timeout
        )

    @property
    def repaired(self) -> int:
        """Replies so far in which halves of surrogate pairs were read as U+FFFD."""
        return self._host.repaired

    @property
    def clock_ahead(self) -> float | None:
        """Seconds by which this machine's clock is ahead of the tenant's, a call's length included.

        None as long as no reply has told the tenant's time.
        """
        return self._host.behind

    def tenant_time(self, moment: float) -> float:
        """What the tenant's clock showed, at the latest, when this machine's showed `moment`.

        The `Date` headers of the replies so far tell how far apart the clocks are.
        """
        return moment - (self._host.behind or 0.0)

    def hide(self, text: str) -> str:
        """What a tenant says, fit for a log or a state: without the credential."""
        return self._host.hide(text)

    def get(self, path: str) -> Any:
        """Make a GET call; the result is the envelope's `data`."""
        return self._retrying(lambda: self._json("GET", path), path)

    def post(
        self,
        path: str,
        body: Any,
        *,
        budget: Budget = Budget.SYNC,
        repeat: Repeat = Repeat.ALWAYS,
        wait: bool = True,
    ) -> Any:
        """Make a POST call with a JSON body; the result is the envelope's `data`.

        Args:
            path: Below the tenant's root.
            body: What is sent as JSON.
            budget: The budget that pays for it.
            repeat: Whether the call may be made again when the first may have arrived.
            wait: Whether to wait for the next window if no call is left.
        """
        return self._retrying(
            lambda: self._json("POST", path, body), path, budget, repeat=repeat, wait=wait
        )

    def put(self, path: str, body: Any, *, budget: Budget = Budget.SYNC) -> Any:
        """Make a PUT call with a JSON body; the result is the envelope's `data`."""
        return self._retrying(lambda: self._json("PUT", path, body), path, budget)

    def delete(self, path: str) -> Any:
        """Make a DELETE call; the result is the envelope's `data`."""
        return self._retrying(lambda: self._json("DELETE", path), path)

    def upload(self, path: str, fields: Mapping[str, str], file: Path) -> Any:
        """Submit a bulk job with a file, streamed from disk; the result is the envelope's `data`.

        Args:
            path: Below the tenant's root.
            fields: The form's other fields.
            file: What is sent, under its own name.

        Raises:
            RetriableError: The file may have arrived (`may_have_arrived`); it is not sent again.
        """

        def send() -> Any:
            with FormBody(fields, file) as body:
                return self._called("POST", path, body, body.content_type, len(body))

        return self._retrying(send, path, Budget.BULK, repeat=Repeat.NEVER)

    def download(self, path: str, consume: Callable[[Iterator[bytes]], T]) -> T:
        """Fetch a file and hand its blocks, decompressed, to `consume`; from the start if again."""

        def fetch() -> T:
            with self._host.exchange("GET", path, accept="*/*") as (reply, blocks):
                first = next(blocks, b"")
                if reply.status_code != HTTPStatus.OK or is_document(reply.headers, first):
                    self._unasked(reply, whole(chain((first,), blocks)))
                    raise ServerError(
                        "Gainsight sent an envelope in place of a file", status=reply.status_code
                    )
                return consume(lines_of(reply, chain((first,), blocks)))

        return self._retrying(fetch, path)

    def _json(self, method: str, path: str, body: Any = None) -> Any:
        """A call, perhaps with a JSON body; None is no body."""
        encoded = None if body is None else msgspec.json.encode(body)
        return self._called(method, path, encoded, None if body is None else "application/json")

    def _called(
        self, method: str, path: str, body: Any, content_type: str | None, size: int = 0
    ) -> Any:
        headers = {"Content-Type": content_type} if content_type else {}
        with self._host.exchange(method, path, size=size, data=body, headers=headers) as (
            reply,
            blocks,
        ):
            content = whole(blocks)
            if body is None:
                return self._unasked(reply, content)
            return self._host.data(reply, content)

    def _unasked(self, reply: requests.Response, content: bytes) -> Any:
        """What a reply says to a call without a body, which cannot be too large."""
        try:
            return self._host.data(reply, content)
        except TooLargeError as exc:
            raise ServerError(
                "a call that has no body was refused as too large",
                code=exc.code,
                request_id=exc.request_id,
                status=exc.status,
            ) from None

    def _retrying(
        self,
        call: Callable[[], T],
        path: str,
        budget: Budget = Budget.SYNC,
        *,
        repeat: Repeat = Repeat.ALWAYS,
        wait: bool = True,
    ) -> T:
        waits = backoff.expo(max_value=_MAX_BACKOFF_SECONDS)
        next(waits)
        renewed = False
        tries = 0
        while True:
            taken_at = self.quota.acquire(budget, wait=wait)
            tries += 1
            try:
                return self._attempt(call, budget)
            except AuthError:
                if renewed or not self.auth.renew():
                    raise
                renewed = True
            except RetriableError as exc:
                if not exc.may_have_arrived and not isinstance(exc, RateLimitedError):
                    self.quota.refund(budget, taken_at)
                retries = self._allowed_retries(exc, repeat)
                if tries > retries:
                    raise
                if exc.status == HTTPStatus.UNAUTHORIZED:
                    self.auth.renew()
                self._pause(exc, budget, next(waits), f"{path}: try {tries} of {retries + 1}")

    def _attempt(self, call: Callable[[], T], budget: Budget) -> T:
        """Make a call; any reply but a limit's shows that the limit let it through."""
        try:
            result = call()
        except GainsightError as exc:
            if exc.status and not isinstance(exc, RateLimitedError):
                self.quota.let_through(budget)
            raise
        self.quota.let_through(budget)
        return result

    def _allowed_retries(self, error: RetriableError, repeat: Repeat) -> int:
        if isinstance(error, RateLimitedError):
            return self.max_retries
        if error.may_have_arrived and repeat is not Repeat.ALWAYS:
            refused = error.status == HTTPStatus.SERVICE_UNAVAILABLE
            return self.max_retries if refused and repeat is Repeat.UNLESS_TAKEN else 0
        redirects = HTTPStatus.MULTIPLE_CHOICES <= error.status < HTTPStatus.BAD_REQUEST
        if redirects or error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return min(self.max_retries, _TRIES_AT_A_WALL - 1)
        if isinstance(error, TransportError) and not self._host.reached:
            return min(self.max_retries, _TRIES_TO_REACH - 1)
        return self.max_retries

    def _pause(self, error: RetriableError, budget: Budget, wait: float, what: str) -> None:
        """Before the next try: after a 429 the quota knows how long, else some seconds."""
        seconds, after = backoff.full_jitter(wait), error.retry_after
        if isinstance(error, RateLimitedError):
            # A time that has come already, by clocks that differ, must not mean no wait at all.
            until = None if after is None else self.clock.now() + max(after, seconds)
            self.quota.exhausted(budget, until)
            return
        seconds = max(seconds, min(after or 0.0, _MAX_RETRY_AFTER_SECONDS))
        logger.warning("%s: %s; again in %.1f s", what, error, seconds)
        self.clock.sleep(seconds)
