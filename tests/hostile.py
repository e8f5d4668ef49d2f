"""A tenant that answers some calls in ways of its own, and all others as the sandbox does."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections import Counter
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

from tests.api.conftest import Reply, Request

if TYPE_CHECKING:
    from gainsight_sandbox.sandbox import Sandbox

Answer = "Callable[[Request, int, Callable[[], Reply]], Reply | None]"


class Hostile:
    """Stands before a sandbox.

    Args:
        sandbox: The tenant.
        answer: From a request, how many of its method and path there have been, and the sandbox's
            own reply (to that request, or with another body), to the reply; None for the
            sandbox's.
    """

    def __init__(self, sandbox: Sandbox, answer: Any) -> None:
        self._sandbox = urlsplit(sandbox.url).netloc
        self._answer = answer
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self.requests: list[Request] = []
        handler = type("Handler", (_Handler,), {"hostile": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def count(self, part: str) -> int:
        """Requests whose path has that part."""
        return sum(part in request.path for request in self.requests)

    def reply(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            key = (request.method, request.path.partition("?")[0])
            self._counts[key] += 1
            number = self._counts[key]
        own = partial(self._forwarded, request)  # asked only if it is wanted
        return self._answer(request, number, own) or own()

    def _forwarded(self, request: Request, body: bytes | None = None) -> Reply:
        connection = http.client.HTTPConnection(self._sandbox, timeout=10)
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        headers["accept-encoding"] = "identity"
        sent = request.body if body is None else body
        headers["content-length"] = str(len(sent))
        connection.request(request.method, request.path, sent, headers)
        got = connection.getresponse()
        kept = {name: value for name, value in got.getheaders() if name.lower() not in _HOPS}
        reply = Reply(got.read(), got.status, kept)
        connection.close()
        # Addresses that the tenant names are this one's.
        own = self._sandbox.encode()
        return Reply(reply.body.replace(own, urlsplit(self.url).netloc.encode()), got.status, kept)


_HOPS = {"content-length", "transfer-encoding", "connection", "date", "server"}


class _Handler(BaseHTTPRequestHandler):
    hostile: ClassVar[Hostile]

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        reply = self.hostile.reply(request)
        self.close_connection = True
        if reply.drop:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.measured:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if not reply.drip:
            self.wfile.write(reply.body[: reply.cut])
            return
        with contextlib.suppress(ConnectionError):
            for at in range(len(reply.body)):
                self.wfile.write(reply.body[at : at + 1])
                time.sleep(reply.drip)

    do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - the names http.server looks for
