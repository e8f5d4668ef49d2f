"""Replies that break off or never come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope, Send

TRANSPORT = "transport"


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
        body = Path(whole.path).read_bytes() if isinstance(whole, FileResponse) else whole.body
        super().__init__(bytes(body), whole.status_code, media_type=whole.media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of the body under the headers of the whole."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        _transport(scope).close()
        await _wait_for_disconnect(receive)


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
