"""One tenant's HTTP session: its host, its credential, its quota, and when to try again."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

import backoff
import msgspec
import requests

from gainsight_api.auth import timeouts
from gainsight_api.datatypes import json_decoder
from gainsight_api.errors import (
    AuthError,
    GainsightError,
    RateLimitedError,
    RetriableError,
    ServerError,
    TransportError,
    bundle_error,
    error_in,
    transport_error,
)
from gainsight_api.multipart import FormBody
from gainsight_api.quota import Budget, Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from gainsight_api.auth import AccessKey, OAuth
    from gainsight_api.clock import Clock

logger = logging.getLogger(__name__)

T = TypeVar("T")

_SAFE_PATH = re.compile(r"[!-\[\]-~]+")  # printable ASCII, no blank, no backslash
_BLOCK = 1 << 16
_LONGEST_BACKOFF = 60
_LONGEST_RETRY_AFTER = 3600
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
        repeatable: bool = True,
        wait: bool = True,
    ) -> Any:
        """Make a POST call with a JSON body; the result is the envelope's `data`.

        Args:
            path: Below the tenant's root.
            body: What is sent as JSON.
            budget: The budget that pays for it.
            repeatable: Whether the call may be made again when the first may have arrived.
            wait: Whether to wait for the next window if no call is left.
        """
        return self._retrying(
            lambda: self._json("POST", path, body), path, budget, repeatable=repeatable, wait=wait
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
                return self._called("POST", path, body, body.content_type)

        return self._retrying(send, path, Budget.BULK, repeatable=False)

    def download(self, path: str, consume: Callable[[Iterator[bytes]], T]) -> T:
        """Fetch a file and hand its blocks, decompressed, to `consume`; from the start if again."""

        def fetch() -> T:
            with self._reply("GET", path, stream=True) as reply:
                if reply.status_code != HTTPStatus.OK or not _is_file(reply):
                    self._unwrap(reply)
                    raise ServerError("Gainsight sent JSON in place of a file")
                return consume(_blocks(reply))

        return self._retrying(fetch, path)

    def _json(self, method: str, path: str, body: Any = None) -> Any:
        """A call, perhaps with a JSON body; None is no body."""
        encoded = None if body is None else msgspec.json.encode(body)
        return self._called(method, path, encoded, None if body is None else "application/json")

    def _called(self, method: str, path: str, body: Any, content_type: str | None) -> Any:
        headers = {"Content-Type": content_type} if content_type else None
        with self._reply(method, path, data=body, headers=headers) as reply:
            return self._unwrap(reply)

    def _reply(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            reply = self.http.request(
                method,
                self._url(path),
                auth=self.auth,
                timeout=timeouts(self.timeout),
                allow_redirects=False,
                **options,
            )
        except requests.RequestException as exc:
            raise transport_error(exc) from None
        except OSError as exc:  # so requests says that a CA bundle is missing
            raise bundle_error() or exc from None
        self._reached = True
        self._note_date(reply)
        if reply.is_redirect:
            reply.close()
            raise GainsightError(
                "Gainsight redirects to another address, which is not followed with a "
                "credential: check `domain`",
                status=reply.status_code,
            )
        return reply

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
            raise transport_error(exc) from None
        if error := error_in(reply.status_code, body):
            error.reply = body
            if isinstance(error, RetriableError):
                error.retry_after = self._retry_after(reply)
            raise error
        if not isinstance(body, dict):
            raise ServerError("Gainsight answered with what is not JSON", status=reply.status_code)
        return body.get("data")

    def _note_date(self, reply: requests.Response) -> None:
        sent = _http_date(reply.headers.get("Date", ""))
        if sent is not None:
            behind = self.clock.now() - sent
            self._behind = behind if self._behind is None else max(behind, self._behind)

    def _retry_after(self, reply: requests.Response) -> float | None:
        text = reply.headers.get("Retry-After", "").strip()
        if text.isdecimal():
            return float(text)
        at = _http_date(text)
        return None if at is None else max(0.0, at - self.clock.now())

    def _retrying(
        self,
        call: Callable[[], T],
        path: str,
        budget: Budget = Budget.SYNC,
        *,
        repeatable: bool = True,
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
                return call()
            except AuthError:
                if renewed or not self.auth.renew():
                    raise
                renewed = True
            except RetriableError as exc:
                if not exc.may_have_arrived and not isinstance(exc, RateLimitedError):
                    self.quota.refund(budget, taken_at)
                retries = self._allowed_retries(exc, repeatable=repeatable)
                if tries > retries:
                    raise
                self._pause(exc, budget, next(waits), f"{path}: try {tries} of {retries + 1}")

    def _allowed_retries(self, error: RetriableError, *, repeatable: bool) -> int:
        if isinstance(error, RateLimitedError):
            return self.max_retries
        if not repeatable and error.may_have_arrived:
            return 0
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


def _http_date(text: str) -> float | None:
    """Seconds since 1970 of a date in a header; None where there is none."""
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _is_file(reply: requests.Response) -> bool:
    content_type = reply.headers.get("Content-Type", "").lower()
    return "json" not in content_type and "html" not in content_type


def _blocks(reply: requests.Response) -> Iterator[bytes]:
    try:
        yield from reply.iter_content(_BLOCK)
    except requests.RequestException as exc:
        raise transport_error(exc) from None
