"""What stands in for a tenant on loopback: replies to queries, export jobs, and downloads."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LATENCY = 1.0
BYTES_PER_SECOND = 20_000_000
_BLOCK = 1 << 18


class Tenant(ThreadingHTTPServer):
    """Answers queries with the same pages in turn, then none; and any download with one file.

    An export job is done at once, and its chunks are that file, as often as it is to be read.
    Nothing of it is kept in memory: a child's peak memory counts from its parent's.

    Attributes:
        folder: Where the pages are.
        pages: How many of them are given out.
        chunk: What is downloaded.
        repeats: How many chunks an export job has.
        slow: Whether chunks are sent after a while, and slowly.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.pages = 0
        self.chunk = Path()
        self.repeats = 0
        self.slow = False
        self._asked = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def begin(self, pages: int, chunk: Path, repeats: int, *, slow: bool) -> None:
        """Begin again with the first page."""
        self.pages, self.chunk, self.repeats, self.slow = pages, chunk, repeats, slow
        self._asked = 0

    def next_page(self) -> bytes:
        """The next answer."""
        number, self._asked = self._asked, self._asked + 1
        if number >= self.pages:
            return b'{"result":true,"data":{"records":[]}}'
        return (self.folder / f"page-{number}.json").read_bytes()

    def job(self) -> bytes:
        """The status of an export job."""
        rows = rows_of(self.chunk)
        chunks = [
            {"chunkURL": f"{self.url}{path}", "offset": number * rows, "limit": rows}
            for number, path in enumerate(chunk_paths(self.repeats))
        ]
        total = rows * self.repeats
        status = {"jobStatus": "COMPLETED", "totalRecords": total, "chunkDetails": chunks}
        return json.dumps({"result": True, "data": status}).encode()


def chunk_paths(repeats: int) -> list[str]:
    """Where the chunks of an export job are."""
    return [f"/chunk?{number}" for number in range(repeats)]


def rows_of(chunk: Path) -> int:
    """The rows of a chunk, by the name that `Inputs` gives it."""
    return int(chunk.stem.rpartition("-")[2])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Tenant

    def do_POST(self) -> None:
        """Take an export job, or answer a query."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/v3/exports/"):
            self._answer(b'{"result":true,"data":{"jobId":"job"}}')
        else:
            self._answer(self.server.next_page())

    def do_GET(self) -> None:
        """Tell of an export job, or send a chunk."""
        if self.path.startswith("/v3/exports/"):
            self._answer(self.server.job())
            return
        with self.server.chunk.open("rb") as file:
            if self.server.slow:
                self._send_slowly(file)
            else:
                self._head("text/csv", os.fstat(file.fileno()).st_size)
                shutil.copyfileobj(file, self.wfile, _BLOCK)

    def _send_slowly(self, file: IO[bytes]) -> None:
        """Send a chunk after a while, and no faster than that."""
        time.sleep(LATENCY)
        self._head("text/csv", os.fstat(file.fileno()).st_size)
        began = time.monotonic()
        while block := file.read(_BLOCK):
            self.wfile.write(block)
            ahead = file.tell() / BYTES_PER_SECOND - (time.monotonic() - began)
            time.sleep(max(ahead, 0.0))

    def _answer(self, body: bytes) -> None:
        self._head("application/json", len(body))
        self.wfile.write(body)

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
