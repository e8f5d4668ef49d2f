"""A server in front of a sandbox, which answers some calls by itself or changes their answers."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HOP = {"host", "content-length"}


@dataclass
class Call:
    """A call as it came, and its answer, which a rule may change."""

    method: str
    path: str
    body: bytes
    status: int = 0
    reply: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The answer."""
        return json.loads(self.reply)

    def answer(self, reply: Any, status: int = 200) -> None:
        """Answer by something else."""
        self.reply, self.status = json.dumps(reply).encode(), status


@contextlib.contextmanager
def proxy(
    url: str,
    *,
    before: Callable[[Call], None] = lambda _: None,
    after: Callable[[Call], None] = lambda _: None,
) -> Iterator[str]:
    """Serve before another server; the result is the address.

    Args:
        url: The other server.
        before: Is shown each call; if it answers it, the other server is not asked.
        after: Is shown each answer of the other server, and may change it.
    """

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            call = Call(self.command, self.path, self.rfile.read(length))
            before(call)
            if not call.status:
                sent = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
                there = requests.request(
                    call.method, url + call.path, data=call.body, headers=sent, timeout=30
                )
                call.status, call.reply = there.status_code, there.content
                call.headers["Date"] = there.headers.get("Date", "")
                call.headers["Content-Type"] = there.headers.get("Content-Type", "")
                after(call)
            self.send_response_only(call.status)
            for name, value in {"Content-Type": "application/json", **call.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(call.reply)))
            self.end_headers()
            self.wfile.write(call.reply)

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
