"""What stands in for a tenant on loopback: replies to queries, and slow downloads."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LATENCY = 1.0
BYTES_PER_SECOND = 20_000_000
_BLOCK = 1 << 18


class Tenant(ThreadingHTTPServer):
    """Answers queries with the same pages in turn, then none; and any download with one file.

    Nothing of it is kept in memory: a child's peak memory counts from its parent's.

    Attributes:
        folder: Where the pages are.
        pages: How many of them are given out.
        chunk: What is downloaded.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.pages = 0
        self.chunk = Path()
        self._asked = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def begin(self, pages: int, chunk: Path) -> None:
        """Begin again with the first page."""
        self.pages, self.chunk, self._asked = pages, chunk, 0

    def next_page(self) -> bytes:
        """The next answer."""
        number, self._asked = self._asked, self._asked + 1
        if number >= self.pages:
            return b'{"result":true,"data":{"records":[]}}'
        return (self.folder / f"page-{number}.json").read_bytes()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Tenant

    def do_POST(self) -> None:
        """Answer a query."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.server.next_page()
        self._head("application/json", len(body))
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Send the chunk, after a while and no faster than that."""
        time.sleep(LATENCY)
        with self.server.chunk.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            self._head("text/csv", size)
            began = time.monotonic()
            while block := file.read(_BLOCK):
                self.wfile.write(block)
                ahead = file.tell() / BYTES_PER_SECOND - (time.monotonic() - began)
                time.sleep(max(ahead, 0.0))

    def _head(self, content_type: str, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[Tenant]:
    """A tenant of the folder's pages."""
    server = Tenant(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
