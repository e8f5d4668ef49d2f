"""The HTTP server, in a thread of its own, on this machine's loopback address."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from gainsight_sandbox.wire.mishaps import TRANSPORT

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
_START_SECONDS = 10
_STOP_SECONDS = 1


class _Protocol(H11Protocol):
    """Lets the application break its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, TRANSPORT: transport}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """Has an event for when it is ready, and stops at once, not at uvicorn's next tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is open; uvicorn's own way sleeps for a tenth of a second at least."""
        del sockets
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(list(self.server_state.tasks), timeout=_STOP_SECONDS)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        # The transports close in the loop's next round.
        await asyncio.sleep(0)

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)


class HttpServer:
    """Serves an application from `start` to `stop`."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        options: dict[str, Any] = {
            "http": _Protocol,
            "ws": "none",
            "lifespan": "off",
            "log_config": None,
            "access_log": False,
            "date_header": False,
            # Longer than a client pauses between two questions about a job.
            "timeout_keep_alive": 75,
        }
        self._server = _Server(uvicorn.Config(app, **options))
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [self._socket]},
            name="gainsight-sandbox",
            daemon=True,
        )

    def start(self) -> None:
        """Serve."""
        self._thread.start()
        if not self._server.ready.wait(_START_SECONDS):
            raise RuntimeError("the sandbox's server did not start")

    def stop(self) -> None:
        """Close all connections and the socket."""
        if self._thread.is_alive():
            self._server.stop()
            self._thread.join()
        self._socket.close()


def _listen(port: int) -> socket.socket:
    # asyncio switches Nagle's delays off only for a socket that names its protocol.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
