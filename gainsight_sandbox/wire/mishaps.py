"""Replies that break off or never come."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response

from gainsight_sandbox.behaviour.faults import Effect

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from gainsight_sandbox.behaviour.faults import Fault

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
    """A part of another reply; then the connection breaks."""

    def __init__(self, whole: Response, at: float) -> None:
        super().__init__(whole_body(whole), whole.status_code, media_type=whole.media_type)
        self._at = at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a part of the body under the headers of the whole."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        part = _part(bytes(self.body), self._at)
        await send({"type": "http.response.body", "body": part, "more_body": True})
        await self._break(scope, receive)

    async def _break(self, scope: Scope, receive: Receive) -> None:
        _transport(scope).close()
        await _wait_for_disconnect(receive)


class UnmarkedResponse(Response):
    """A part of another reply, without its length: the end of the connection is its end.

    It goes past the server, which would mark the end of each reply that it sends.
    """

    def __init__(self, whole: Response, at: float) -> None:
        super().__init__(whole_body(whole), whole.status_code, media_type=whole.media_type)
        self._at = at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a part of the body, and end the connection in order."""
        del send
        kind = self.headers["content-type"]
        head = f"HTTP/1.1 {self.status_code} \r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n"
        transport = _transport(scope)
        transport.write(head.encode() + _part(bytes(self.body), self._at))
        transport.close()
        await _wait_for_disconnect(receive)


class StalledResponse(TruncatedResponse):
    """A part of another reply, and then silence; at last the connection breaks."""

    def __init__(self, whole: Response, at: float, seconds: float) -> None:
        super().__init__(whole, at)
        self._seconds = seconds

    async def _break(self, scope: Scope, receive: Receive) -> None:
        if not await _left_within(self._seconds, receive):
            await super()._break(scope, receive)


class DrippedResponse(Response):
    """Another reply in pieces, some time apart."""

    def __init__(self, whole: Response, seconds: float) -> None:
        super().__init__(whole_body(whole), whole.status_code, media_type=whole.media_type)
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces, by the machine's own clock."""
        del scope
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        body = bytes(self.body)
        size = -(-len(body) // _PIECES) or 1
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if await _left_within(self._seconds, receive):
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def spoiled(whole: Response, fault: Fault) -> Response:
    """A reply as the fault leaves it; as it is, if the fault is not about replies."""
    match fault.effect:
        case Effect.DROP_AFTER:
            return DroppedConnection()
        case Effect.TRUNCATED:
            return TruncatedResponse(whole, fault.at)
        case Effect.CUT_UNMARKED:
            return UnmarkedResponse(whole, fault.at)
        case Effect.STALL:
            return StalledResponse(whole, fault.at, fault.seconds)
        case Effect.DRIP:
            return DrippedResponse(whole, fault.seconds)
        case Effect.CUT_GZIP:
            return _cut_gzip(whole, fault.at)
        case Effect.MALFORMED:
            return _malformed()
        case _:
            return whole


def _part(body: bytes, share: float) -> bytes:
    return body[: int(len(body) * share)]


def _cut_gzip(whole: Response, at: float) -> Response:
    """A complete reply of a part of a gzip."""
    packed = gzip.compress(whole_body(whole))
    return Response(
        _part(packed, at),
        whole.status_code,
        headers={"Content-Encoding": "gzip"},
        media_type=whole.media_type,
    )


def fixed(body: str, status: int) -> Response:
    """A reply of that text: a page if it begins like one, else JSON."""
    page = body.lstrip().startswith("<")
    return Response(body, status, media_type="text/html" if page else "application/json")


def not_utf8(status: int) -> Response:
    """A reply that would be an envelope, were all its bytes UTF-8."""
    return Response(
        b'{"result": true, "errorCode": null, "data": ["\xff\xfe\xa9"]}',
        status,
        media_type="application/json",
    )


def whole_body(whole: Response) -> bytes:
    """The bytes of another reply."""
    return Path(whole.path).read_bytes() if isinstance(whole, FileResponse) else bytes(whole.body)


def _malformed() -> Response:
    """A complete reply of incomplete JSON."""
    return Response(b'{"result": true, "errorCode": null, "data": {', media_type="application/json")


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["state"][TRANSPORT]
    return transport


async def _wait_for_disconnect(receive: Receive) -> None:
    """Wait until the server notices; before that it would answer in the app's place."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _left_within(seconds: float, receive: Receive) -> bool:
    """Whether the client goes before so much time has passed."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(_wait_for_disconnect(receive), seconds)
        return True
    return False
