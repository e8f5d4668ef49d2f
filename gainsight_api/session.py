"""One tenant's HTTP session: its host, its credential, its quota, and when to try again."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

import backoff
import msgspec
import requests

from gainsight_api.errors import (
    AuthError,
    ForeignAddressError,
    GainsightError,
    RateLimitedError,
    RetriableError,
    ServerError,
    TransportError,
)
from gainsight_api.multipart import FormBody
from gainsight_api.quota import Budget, Quota
from gainsight_api.replies import Reply, answer, http_date, is_document
from gainsight_api.transport import bundle_error, refuse_redirect, transport_error
from gainsight_api.wire import (
    BYTES_PER_SECOND,
    body_blocks,
    http_session,
    lines_of,
    timeouts,
    watched,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from gainsight_api.auth import AccessKey, OAuth
    from gainsight_api.clock import Clock

logger = logging.getLogger(__name__)
T = TypeVar("T")

_SAFE_PATH = re.compile(r"[!-\[\]-~]+")  # printable ASCII, no blank, no backslash
_LONGEST_BACKOFF = 60
_LONGEST_RETRY_AFTER = 3600
_TRIES_AT_A_WALL = 3  # of a credential that something before Gainsight refuses
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
        repaired: Replies so far in which halves of surrogate pairs were read as U+FFFD.
    """

    root: str
    auth: AccessKey | OAuth
    quota: Quota
    clock: Clock
    http: requests.Session = field(default_factory=http_session)
    timeout: float = 300.0
    max_retries: int = 8
    repaired: int = 0
    _reached: bool = False
    _behind: float | None = None

    def tenant_time(self, moment: float) -> float:
        """What the tenant's clock showed, at the latest, when this machine's showed `moment`.

        The `Date` headers of the replies so far tell how far apart the clocks are.
        """
        return moment - (self._behind or 0.0)

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

    def put(self, path: str, body: Any) -> Any:
        """Make a PUT call with a JSON body; the result is the envelope's `data`."""
        return self._retrying(lambda: self._json("PUT", path, body), path)

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
            with self._exchange("GET", path, accept="*/*") as (reply, blocks):
                first = next(blocks, b"")
                if reply.status_code != HTTPStatus.OK or is_document(reply.headers, first):
                    self._unwrap(reply, b"".join((first, *blocks)))
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
        with self._exchange(method, path, size=size, data=body, headers=headers) as (reply, blocks):
            return self._unwrap(reply, b"".join(blocks))

    @contextmanager
    def _exchange(
        self,
        method: str,
        path: str,
        *,
        accept: str = "application/json",
        size: int = 0,
        **sent: Any,
    ) -> Iterator[tuple[requests.Response, Iterator[bytes]]]:
        """A call under way: its reply, and the blocks of its body."""
        sent["headers"] = {"Accept": accept, **sent.get("headers", {})}
        with watched(self.timeout + size / BYTES_PER_SECOND) as watch:
            try:
                reply = self.http.request(
                    method,
                    self._url(path),
                    auth=self.auth,
                    timeout=timeouts(self.timeout),
                    allow_redirects=False,
                    stream=True,
                    **sent,
                )
            except requests.RequestException as exc:
                watch.check()
                raise transport_error(exc) from None
            except OSError as exc:  # so requests says that a CA bundle is missing
                watch.check()
                raise bundle_error() or exc from None
            with reply:
                self._reached = True
                self._note_date(reply)
                refuse_redirect(reply)
                yield reply, body_blocks(reply, watch)

    def _url(self, path: str) -> str:
        """The full URL on the tenant's own host; a server-given one must name no other."""
        root = urlsplit(self.root)
        try:
            named = urlsplit(urljoin(self.root, path if "://" in path else path.lstrip("/")))
        except ValueError:
            named = urlsplit("")
        own = {root.netloc, f"{root.netloc}:443"}
        url = urlunsplit((root.scheme, root.netloc, named.path, named.query, ""))
        if (
            named.scheme != root.scheme
            or named.netloc.lower() not in own
            or not _SAFE_PATH.fullmatch(url)
        ):
            raise ForeignAddressError(
                "Gainsight named an address that is not on the tenant's own host; not followed"
            )
        return url

    def _unwrap(self, reply: requests.Response, body: bytes) -> Any:
        """The `data` of an envelope, or its error raised."""
        read = answer(Reply(reply.status_code, body, reply.headers), self.clock.now())
        self.repaired += read.repaired
        return read.data

    def _note_date(self, reply: requests.Response) -> None:
        sent = http_date(reply.headers.get("Date", ""))
        if sent is not None:
            behind = self.clock.now() - sent
            self._behind = behind if self._behind is None else max(behind, self._behind)

    def _retrying(
        self,
        call: Callable[[], T],
        path: str,
        budget: Budget = Budget.SYNC,
        *,
        repeat: Repeat = Repeat.ALWAYS,
        wait: bool = True,
    ) -> T:
        waits = backoff.expo(max_value=_LONGEST_BACKOFF)
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
        if error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return min(self.max_retries, _TRIES_AT_A_WALL - 1)
        if isinstance(error, TransportError) and not self._reached:
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
        seconds = max(seconds, min(after or 0.0, _LONGEST_RETRY_AFTER))
        logger.warning("%s: %s; again in %.1f s", what, error, seconds)
        self.clock.sleep(seconds)
