"""A quota store that answers no more: a job that is paid for is not paid for once more."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from gainsight_api.quota import servers
from gainsight_api.quota.store import QuotaStoreError
from gainsight_api.quota.stores import open_store
from gainsight_sandbox import Hooks, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.e2e.support import environment
from tests.tap.support import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_sandbox import LoggedRequest


class HangingServer:
    """Stands before a server, until it hangs: then it takes what is sent, and answers nothing.

    Attributes:
        port: Where it listens.
        asked: Set once something has come that gets no answer.
    """

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._hangs = False
        self.port = self._listener.getsockname()[1]
        self.asked = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """How it is reached."""
        user = self._url.netloc.rpartition("@")[0]
        return f"{self._url.scheme}://{user}@127.0.0.1:{self.port}{self._url.path}"

    def hang(self) -> None:
        self._hangs = True

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = self._connected()
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _connected(self) -> socket.socket:
        if self._url.hostname:
            return socket.create_connection((self._url.hostname, self._url.port or 0))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{parse_qs(self._url.query)['host'][0]}/.s.PGSQL.5432")
        return server

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(65536):
                if self._hangs:
                    self.asked.set()
                else:
                    target.sendall(data)


@pytest.fixture(params=["redis", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[HangingServer]:
    server = HangingServer(request.getfixturevalue(f"{request.param}_url"))
    yield server
    server.close()


def test_a_store_that_answers_no_more_is_an_error(
    store: HangingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(servers, "_LOCKED_SECONDS", 0)
    opened = open_store(store.url)
    store.hang()
    with pytest.raises(QuotaStoreError, match="cannot be used"):
        opened.update("key", lambda _: (None, b"document"))


def test_a_job_that_a_hanging_store_does_not_note_is_in_the_last_state(
    store: HangingServer,
) -> None:
    def hang(call: LoggedRequest) -> None:
        if call.kind is CallKind.EXPORT_SUBMIT:
            store.hang()

    with Sandbox(rows={"company": 60}, hooks=Hooks(before_request=hang)) as sandbox:
        tap = subprocess.Popen(
            [sys.executable, "-m", "tap_gainsight", "--config=ENV"],
            env=environment(
                sandbox, quota_store=store.url, extract_method="bulk", objects='["company"]'
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert store.asked.wait(30)
        tap.send_signal(signal.SIGTERM)
        lines = tap.communicate(timeout=30)[0].splitlines()
        assert tap.returncode == 128 + signal.SIGTERM
        state = next(m["value"] for m in map(json.loads, reversed(lines)) if m["type"] == "STATE")
        rest = sync(sandbox, state=state, extract_method="bulk", objects=["company"])
        assert len({record["Gsid"] for record in rest.records["company"]}) == 60
        assert sandbox.usage().bulk == 1
