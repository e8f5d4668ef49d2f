"""Single calls to a tenant: to its own host or nowhere, by no redirect, and within their time."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from requests.structures import CaseInsensitiveDict

from gainsight_api.calls.bodies import body_blocks
from gainsight_api.calls.domain import url_on
from gainsight_api.calls.replies import Reply, answer, http_date
from gainsight_api.calls.transport import bundle_error, refuse_redirect, transport_error
from gainsight_api.calls.wire import BYTES_PER_SECOND, timeouts, watched
from gainsight_api.errors import GainsightError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_api.calls.auth import AccessKey, OAuth
    from gainsight_api.clock import Clock

_SHORTEST_SECRET = 8
"""Characters of a credential that is hidden: a shorter one may stand anywhere by chance."""


@dataclass(slots=True, kw_only=True)
class Host:
    """A tenant's host, call by call; every failure is an error of `gainsight_api.errors`.

    Attributes:
        root: The tenant's root URL, from `base_url`.
        auth: The credential.
        clock: Time.
        http: The connections.
        timeout: Seconds for one call.
        reached: Whether the host has ever answered.
        behind: Seconds by which the tenant's clock is behind this machine's, at most; None as long
            as no reply has a date.
        repaired: Replies so far in which halves of surrogate pairs were read as U+FFFD.
    """

    root: str
    auth: AccessKey | OAuth
    clock: Clock
    http: requests.Session
    timeout: float
    reached: bool = False
    behind: float | None = None
    repaired: int = 0

    @contextmanager
    def exchange(
        self,
        method: str,
        path: str,
        *,
        accept: str = "application/json",
        size: int = 0,
        **sent: Any,
    ) -> Iterator[tuple[requests.Response, Iterator[bytes]]]:
        """A call under way: its reply, which may be an error, and the blocks of its body.

        Args:
            method: The HTTP method.
            path: Below the tenant's root, or a full URL on its host.
            accept: What the reply may be, as a media type.
            size: Bytes of the body that is sent, where they are so many that they need time.
            **sent: What is sent, as `requests` takes it: `data`, `headers`.
        """
        sent["headers"] = {"Accept": accept, **sent.get("headers", {})}
        with watched(self.timeout + size / BYTES_PER_SECOND) as watch:
            try:
                reply = self.http.request(
                    method,
                    url_on(self.root, path),
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
                self.reached = True
                self._note_date(reply)
                refuse_redirect(reply)
                yield reply, body_blocks(reply, watch)

    def data(self, reply: requests.Response, body: bytes) -> Any:
        """The `data` of a reply's envelope, or its error raised."""
        now = self.clock.now()
        try:
            read = answer(Reply(reply.status_code, body, reply.headers), now)
        except GainsightError as exc:
            if self.hide(str(exc)) == str(exc):
                raise  # with the reply as it is, whose values tell which record is to blame
            shown = {name: self.hide(value) for name, value in reply.headers.items()}
            text = self.hide(body.decode("latin-1")).encode("latin-1")
            answer(Reply(reply.status_code, text, CaseInsensitiveDict(shown)), now)
            raise
        self.repaired += read.repaired
        return read.data

    def hide(self, text: str) -> str:
        """What a tenant says, fit for a log: without the credential, should it hold it."""
        for secret in self.auth.secrets():
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text

    def _note_date(self, reply: requests.Response) -> None:
        sent = http_date(reply.headers.get("Date", ""))
        if sent is not None:
            behind = self.clock.now() - sent
            self.behind = behind if self.behind is None else max(behind, self.behind)
