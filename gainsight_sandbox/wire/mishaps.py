"""Replies that break off or never come."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

TRANSPORT = "transport"
_PIECES = 10


class DroppedConnection(Response):
    """No reply: the connection breaks."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Break the connection."""
        del send
        _transport(scope).abort()
        await _wait_for_disconnect(receive)


class TruncatedResponse(Response):
    """Half of another reply; then the connection breaks."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole_body(whole), whole.status_code, media_type=whole.media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of the body under the headers of the whole."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        _transport(scope).close()
        await _wait_for_disconnect(receive)


class DrippedResponse(Response):
    """Another reply in pieces, some time apart."""

    def __init__(self, whole: Response, seconds: float) -> None:
        super().__init__(whole_body(whole), whole.status_code, media_type=whole.media_type)
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces, by the machine's own clock."""
        del scope, receive
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        body = bytes(self.body)
        size = -(-len(body) // _PIECES) or 1
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(self._seconds)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def cut_gzip(whole: Response) -> Response:
    """A complete reply of half a gzip."""
    packed = gzip.compress(whole_body(whole))
    return Response(
        packed[: len(packed) // 2],
        whole.status_code,
        headers={"Content-Encoding": "gzip"},
        media_type=whole.media_type,
    )


def fixed(body: str, status: int) -> Response:
    """A reply of that text: a page if it begins like one, else JSON."""
    page = body.lstrip().startswith("<")
    return Response(body, status, media_type="text/html" if page else "application/json")


def whole_body(whole: Response) -> bytes:
    """The bytes of another reply."""
    return Path(whole.path).read_bytes() if isinstance(whole, FileResponse) else bytes(whole.body)


def malformed() -> Response:
    """A complete reply of incomplete JSON."""
    return Response(b'{"result": true, "errorCode": null, "data": {', media_type="application/json")


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["state"][TRANSPORT]
    return transport


async def _wait_for_disconnect(receive: Receive) -> None:
    """Wait until the server notices; before that it would answer in the app's place."""
    while (await receive())["type"] != "http.disconnect":
        pass
