"""One tenant's HTTP session: its host, its credential, its quota, and when to try again."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

import backoff
import msgspec
import requests
import urllib3

from gainsight_api.datatypes import json_decoder
from gainsight_api.errors import (
    AuthError,
    GainsightError,
    RateLimitedError,
    RetriableError,
    ServerError,
    TransportError,
    error_in,
)
from gainsight_api.quota import Budget, Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gainsight_api.auth import AccessKey, OAuth
    from gainsight_api.clock import Clock

logger = logging.getLogger(__name__)

T = TypeVar("T")

_SAFE_PATH = re.compile(r"[!-\[\]-~]+")  # printable ASCII, no blank, no backslash
_BLOCK = 1 << 16
_LONGEST_BACKOFF = 60
_TRIES_TO_REACH = 3  # of a host that has not answered once: more likely a wrong `domain`


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
    http: requests.Session = field(default_factory=requests.Session)
    timeout: float = 300.0
    max_retries: int = 8
    _decoder: msgspec.json.Decoder[Any] = field(default_factory=json_decoder)
    _reached: bool = False

    def get(self, path: str) -> Any:
        """Make a GET call; the result is the envelope's `data`."""
        return self._retrying(lambda: self._json("GET", path), path)

    def post(
        self, path: str, body: Any, *, budget: Budget = Budget.SYNC, repeatable: bool = True
    ) -> Any:
        """Make a POST call with a JSON body; the result is the envelope's `data`.

        Args:
            path: Below the tenant's root.
            body: What is sent as JSON.
            budget: The budget that pays for it.
            repeatable: Whether the call may be made again when the first may have arrived.
        """
        return self._retrying(
            lambda: self._json("POST", path, json=body), path, budget, repeatable=repeatable
        )

    def download(self, path: str, consume: Callable[[Iterator[bytes]], T]) -> T:
        """Fetch a file and hand its blocks, decompressed, to `consume`; from the start if again."""

        def fetch() -> T:
            with self._reply("GET", path, stream=True) as reply:
                if reply.status_code != HTTPStatus.OK or _is_json(reply):
                    self._unwrap(reply)
                    raise ServerError("Gainsight sent JSON in place of a file")
                return consume(_blocks(reply))

        return self._retrying(fetch, path)

    def _json(self, method: str, path: str, **options: Any) -> Any:
        with self._reply(method, path, **options) as reply:
            return self._unwrap(reply)

    def _reply(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            reply = self.http.request(
                method,
                self._url(path),
                auth=self.auth,
                timeout=self.timeout,
                allow_redirects=False,
                **options,
            )
        except requests.RequestException as exc:
            raise _transport_error(exc) from None
        self._reached = True
        if reply.is_redirect:
            reply.close()
            raise GainsightError(
                "Gainsight redirects to another address, which is not followed with a "
                "credential: check `domain`",
                status=reply.status_code,
            )
        return reply

    def _url(self, path: str) -> str:
        """The full URL; a server-given one must be on the tenant's own host."""
        url = urljoin(self.root, path.lstrip("/") if "://" not in path else path)
        if not url.startswith(self.root) or not _SAFE_PATH.fullmatch(url):
            raise GainsightError(
                "Gainsight named an address that is not on the tenant's own host; not followed"
            )
        return url

    def _unwrap(self, reply: requests.Response) -> Any:
        """The `data` of an envelope, or its error raised."""
        try:
            body = self._decoder.decode(reply.content)
        except msgspec.DecodeError:
            body = None
        except requests.RequestException as exc:
            raise _transport_error(exc) from None
        if error := error_in(reply.status_code, body):
            if isinstance(error, RateLimitedError):
                error.retry_after = self._retry_after(reply)
            raise error
        if not isinstance(body, dict):
            raise ServerError("Gainsight answered with what is not JSON", status=reply.status_code)
        return body.get("data")

    def _retry_after(self, reply: requests.Response) -> float | None:
        text = reply.headers.get("Retry-After", "").strip()
        if text.isdecimal():
            return float(text)
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (at - datetime.fromtimestamp(self.clock.now(), UTC)).total_seconds())

    def _retrying(
        self,
        call: Callable[[], T],
        path: str,
        budget: Budget = Budget.SYNC,
        *,
        repeatable: bool = True,
    ) -> T:
        waits = backoff.expo(max_value=_LONGEST_BACKOFF)
        next(waits)
        renewed = False
        tries = 0
        while True:
            taken_at = self.quota.acquire(budget)
            tries += 1
            try:
                return call()
            except AuthError:
                if renewed or not self.auth.renew():
                    raise
                renewed = True
            except RetriableError as exc:
                if isinstance(exc, TransportError) and not exc.may_have_arrived:
                    self.quota.refund(budget, taken_at)
                if tries > self._allowed_retries(exc, repeatable=repeatable):
                    raise
                self._pause(exc, budget, next(waits), f"{path}: try {tries} of {self.max_retries}")

    def _allowed_retries(self, error: RetriableError, *, repeatable: bool) -> int:
        if isinstance(error, RateLimitedError):
            return self.max_retries
        if not repeatable and error.may_have_arrived:
            return 0
        if not self._reached:
            return min(self.max_retries, _TRIES_TO_REACH - 1)
        return self.max_retries

    def _pause(self, error: RetriableError, budget: Budget, wait: float, what: str) -> None:
        """Before the next try: after a 429 the quota knows how long, else some seconds."""
        if isinstance(error, RateLimitedError):
            after = error.retry_after
            self.quota.exhausted(budget, None if after is None else self.clock.now() + after)
            return
        seconds = backoff.full_jitter(wait)
        logger.warning("%s: %s; again in %.1f s", what, error, seconds)
        self.clock.sleep(seconds)


def _is_json(reply: requests.Response) -> bool:
    return "json" in reply.headers.get("Content-Type", "")


def _blocks(reply: requests.Response) -> Iterator[bytes]:
    try:
        yield from reply.iter_content(_BLOCK)
    except requests.RequestException as exc:
        raise _transport_error(exc) from None


def _transport_error(exc: requests.RequestException) -> GainsightError:
    """What a failed connection means, without the text of the exception, which quotes the URL."""
    if isinstance(exc, requests.exceptions.SSLError):
        return GainsightError("the tenant's TLS certificate was not accepted: check `domain`")
    if isinstance(exc, requests.Timeout):
        connected = not isinstance(exc, requests.ConnectTimeout)
        return TransportError("the tenant took too long to answer", may_have_arrived=connected)
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
