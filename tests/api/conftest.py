"""What the client's tests share: a clock that never waits, a tenant, a server of any replies."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import pytest

from gainsight_api.connect import connect
from gainsight_api.errors import ConfigError
from gainsight_api.settings import ConnectionSettings
from gainsight_sandbox import Credentials, ManualClock, Quirks, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gainsight_api.calls.session import Session

KEY = "the-access-key-of-these-tests"
GOOD: Mapping[str, Any] = {"domain": "acme", "access_key": "hidden", "quota_store": "memory"}


class Time(ManualClock):
    """A clock that moves only when somebody sleeps, and remembers for how long."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        super().sleep(seconds)


@dataclass(frozen=True)
class Reply:
    """What a server answers.

    Its body is sent `times` over; with `cut` it is announced in full, and so much of it is sent.
    With `drip` it comes byte by byte, so many seconds apart; unless `measured` its length is not
    said.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    times: int = 1
    drop: bool = False
    hang: bool = False
    drip: float = 0.0
    measured: bool = True


def ok(data: Any) -> Reply:
    """The envelope of success."""
    return enveloped({"result": True, "requestId": "request-1", "data": data})


def enveloped(payload: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON reply."""
    return Reply(
        json.dumps(payload).encode(), status, {"Content-Type": "application/json", **headers}
    )


def csv(body: bytes, **headers: str) -> Reply:
    """A chunk."""
    return Reply(body, headers={"Content-Type": "text/csv; charset=utf-8", **headers})


@dataclass(frozen=True)
class Request:
    """What came to a server."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def payload(self) -> Any:
        return json.loads(self.body)


class Server:
    """A server that answers what it is told, in turn and then the last for good."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._replies: deque[Reply] = deque()
        self.released = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._http.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def answers(self, *replies: Reply) -> Self:
        """Answer so from now on."""
        self._replies = deque(replies)
        return self

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take no more connections."""
        if self._thread.is_alive():
            self.released.set()
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()

    def answer(self, request: Request) -> Reply:
        """What is answered to a request."""
        self.requests.append(request)
        reply = self._replies[0]
        if len(self._replies) > 1:
            self._replies.popleft()
        if reply.hang:
            self.released.wait(10)
        return reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        return type("Handler", (_Handler,), {"answers": self})


class _Handler(BaseHTTPRequestHandler):
    """Sends what its server says."""

    answers: ClassVar[Server]

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        reply = self.answers.answer(request)
        self.close_connection = True
        if reply.drop:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.measured:
            self.send_header("Content-Length", str(len(reply.body) * reply.times))
        self.end_headers()
        if reply.drip:
            self.drip(reply)
            return
        for _ in range(reply.times):
            self.wfile.write(reply.body[: reply.cut])

    def drip(self, reply: Reply) -> None:
        for at in range(len(reply.body)):
            self.wfile.write(reply.body[at : at + 1])
            if self.answers.released.wait(reply.drip):
                return

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for
    do_PUT = do_GET  # noqa: N815
    do_DELETE = do_GET  # noqa: N815


class Connect(Protocol):
    """Makes a session with a tenant, that is closed after the test."""

    def __call__(self, domain: str, **settings: Any) -> Session: ...


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def connected(time: Time) -> Iterator[Connect]:
    sessions: list[Session] = []

    def connected(domain: str, **settings: Any) -> Session:
        config = {"domain": domain, "quota_store": "memory", "request_timeout": 10, **settings}
        if "oauth_client_id" not in config:
            config.setdefault("access_key", KEY)
        sessions.append(connect(ConnectionSettings.from_config(config), clock=time))
        return sessions[-1]

    yield connected
    for session in sessions:
        session.http.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server.answers(ok("fine"))


@pytest.fixture
def foreign() -> Iterator[Server]:
    """A server that is not the tenant's."""
    with Server() as server:
        yield server.answers(ok("stolen"))


@pytest.fixture
def session(server: Server, connected: Connect) -> Session:
    """A session with the server of any replies."""
    return connected(server.url)


def refused(settings: dict[str, Any]) -> str:
    """The text of the error that settings raise."""
    with pytest.raises(ConfigError) as caught:
        connect(ConnectionSettings.from_config(settings))
    text = str(caught.value)
    assert "hidden" not in text
    assert "\n" not in text
    return text


class MakeTenant(Protocol):
    """Starts a sandbox that ends with the test."""

    def __call__(self, quirks: Quirks | None = None, **options: Any) -> Sandbox: ...


@pytest.fixture
def tenant(time: Time) -> Iterator[MakeTenant]:
    with contextlib.ExitStack() as running:

        def tenant(quirks: Quirks | None = None, **options: Any) -> Sandbox:
            sandbox = Sandbox(
                clock=time, quirks=quirks, credentials=Credentials(access_key=KEY), **options
            )
            return running.enter_context(sandbox)

        yield tenant


@pytest.fixture
def longest_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every random wait is as long as it may be."""
    longest: Callable[[float, float], float] = lambda _, high: high  # noqa: E731 - a stub
    monkeypatch.setattr("random.uniform", longest)
