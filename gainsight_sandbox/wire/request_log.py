"""The log of requests, kept by a middleware so that it knows what went over the wire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gainsight_sandbox.wire.calls import LoggedRequest

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_REQUESTS = 100_000
ENTRY = "sandbox.request"


class RequestLog:
    """Logs each request when it comes, and completes the entry when its reply goes out."""

    def __init__(
        self,
        app: ASGIApp,
        entries: deque[LoggedRequest],
        on_request: Callable[[LoggedRequest], None] | None,
    ) -> None:
        self._app = app
        self._entries = entries
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note its reply's status, size and time."""
        query = scope["query_string"].decode()
        entry = scope[ENTRY] = LoggedRequest(scope["method"], scope["path"], query)
        self._entries.append(entry)
        started = time.perf_counter()

        async def counting_send(message: Message) -> None:
            # Before it is sent, so that whoever has the reply finds it in the log.
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            else:
                entry.size += len(message.get("body", b""))
            entry.milliseconds = (time.perf_counter() - started) * 1000
            await send(message)

        try:
            await self._app(scope, receive, counting_send)
        finally:
            if self._on_request is not None:
                self._on_request(entry)
