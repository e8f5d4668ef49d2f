"""Calls: to the tenant's own host, paid for first, made again when that may help."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import traceback
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest
import requests

from gainsight_api.calls.auth import AccessKey
from gainsight_api.calls.session import Repeat, Session
from gainsight_api.errors import (
    AuthError,
    ConfigError,
    ForbiddenError,
    GainsightError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    RetriableError,
    ServerError,
    TransportError,
)
from gainsight_api.quota import Budget, Limits, Quota, QuotaExhaustedError, open_store
from gainsight_sandbox import Effect, Fault
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.api.conftest import (
    KEY,
    Connect,
    MakeTenant,
    Reply,
    Server,
    Time,
    csv,
    enveloped,
    ok,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

QUERY = "v1/data/objects/query/company"
SPOKEN = "a record's value 471147114711"
REFUSED = {"result": False, "errorCode": "P_5005", "errorDesc": SPOKEN, "data": None}
PAIR = {"oauth_client_id": "client", "oauth_client_secret": "secret"}
PROGRAMS = ("tap", "target")
FEED = """\
{"type": "SCHEMA", "stream": "company", "schema": {"properties": {"Name": {}}}, \
"key_properties": ["Name"]}
{"type": "RECORD", "stream": "company", "record": {"Name": "Foo"}}
"""
BACK_OFF = [1, 2, 4, 8, 16, 32, 60, 60]


def used(session: Session, budget: Budget = Budget.SYNC) -> int:
    return session.quota.remaining(budget).windows[-1].used


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def bare(root: str, time: Time, http: requests.Session) -> Session:
    """A session over connections of one's own."""
    quota = Quota(open_store("memory"), "key", Limits(), clock=time)
    return Session(root=root, auth=AccessKey(KEY), quota=quota, clock=time, http=http)


def last_line(program: str, domain: str, **settings: str) -> str:
    """What the command of the tap, or of the target, says last where it must fail."""
    given = {"domain": domain, "access_key": KEY, "quota_store": "memory", **settings}
    done = subprocess.run(
        [sys.executable, "-m", f"{program}_gainsight", "--config=ENV"],
        env=os.environ
        | {f"{program}_gainsight_{name}".upper(): value for name, value in given.items()},
        input=FEED,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert KEY not in done.stdout + done.stderr
    return done.stderr.splitlines()[-1]


def everything(blocks: Iterator[bytes]) -> bytes:
    return b"".join(blocks)


# What is sent, and what comes back.


def test_a_get_gives_the_data_of_the_envelope(session: Session, server: Server) -> None:
    server.answers(ok({"a": [1]}))
    assert session.get("v1/some/thing?po=company") == {"a": [1]}
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/v1/some/thing?po=company")


def test_a_post_sends_json(session: Session, server: Server) -> None:
    session.post(QUERY, {"select": ["Näme"]})
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", f"/{QUERY}")
    assert request.payload() == {"select": ["Näme"]}
    assert request.headers["content-type"] == "application/json"


def test_numbers_of_a_reply_keep_their_digits(session: Session, server: Server) -> None:
    server.answers(Reply(b'{"result":true,"data":[5600000000.00000,0.00000000]}'))
    assert [str(number) for number in session.get("x")] == ["5600000000.00000", "0.00000000"]


def test_an_envelope_without_data_gives_none(session: Session, server: Server) -> None:
    server.answers(enveloped({"result": True}))
    assert session.get("x") is None


# The host.


@pytest.mark.parametrize("base", ["", "/", "http://127.0.0.1:{own}/", "HTTP://127.0.0.1:{own}/"])
@pytest.mark.parametrize("path", ["v3/job/1?a=b%20c"])
def test_an_address_on_the_tenants_host_is_followed(
    session: Session, server: Server, base: str, path: str
) -> None:
    assert session.get(base.format(own=server.port) + path) == "fine"
    assert server.requests[0].path == "/v3/job/1?a=b%20c"


FOREIGN = [
    "http://127.0.0.1:{foreign}/x",
    "HTTP://127.0.0.1:{foreign}/x",
    "http://localhost:{foreign}/x",
    "http://user@127.0.0.1:{foreign}/x",
    "http://127.0.0.1:{own}@127.0.0.1:{foreign}/x",
    "http://127.0.0.1:{own}\\@127.0.0.1:{foreign}/x",
    "http://127.0.0.1:{foreign}\\@127.0.0.1:{own}/x",
    "http://127.0.0.1:{own}.evil.example/x",
    "http://127.0.0.1:{own}:443:{foreign}/x",
    "http://127.0.0.1.evil.example:{own}/x",
    "http://user@127.0.0.1:{own}/x",
    "http://user:word@127.0.0.1:{own}/x",
    "https://127.0.0.1:{own}/x",
    "http://127.0.0.1/x",
    "ht\ttp://127.0.0.1:{foreign}/x",
    " http://127.0.0.1:{foreign}/x",
    "\thttp://127.0.0.1:{foreign}/x",
    "\t//127.0.0.1:{foreign}/x",
    "http:\\\\127.0.0.1:{foreign}\\x",
    "\\\\127.0.0.1:{foreign}\\x",
    "/\\127.0.0.1:{foreign}/x",
    "//127.0.0.1:{foreign}/x?u=http://y",
    "http://[::1",
    "file:///etc/passwd",
    "ftp://127.0.0.1:{foreign}/x",
    "x y",
    "x\u00e9y",
]


@pytest.mark.parametrize("form", FOREIGN)
def test_an_address_that_is_not_the_tenants_is_not_followed(
    session: Session, server: Server, foreign: Server, form: str
) -> None:
    url = form.format(own=server.port, foreign=foreign.port)
    calls: list[Callable[[], Any]] = [
        lambda: session.get(url),
        lambda: session.post(url, {}),
        lambda: session.download(url, everything),
    ]
    for call in calls:
        with pytest.raises(GainsightError, match="not on the tenant's own host") as caught:
            call()
        assert not isinstance(caught.value, RetriableError)
        assert str(foreign.port) not in str(caught.value)
    assert foreign.requests == server.requests == []


@pytest.mark.parametrize("path", ["//127.0.0.1:{foreign}/x", "///127.0.0.1:{foreign}/x"])
def test_leading_slashes_name_no_other_host(
    session: Session, server: Server, foreign: Server, path: str
) -> None:
    session.get(path.format(foreign=foreign.port))
    assert foreign.requests == []
    assert server.requests[0].path == f"/127.0.0.1:{foreign.port}/x"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(
    session: Session, server: Server, foreign: Server, status: int
) -> None:
    server.answers(Reply(b"", status, {"Location": f"{foreign.url}/x"}))
    calls: list[Callable[[], Any]] = [
        lambda: session.get("x"),
        lambda: session.post("x", {}),
        lambda: session.download("x", everything),
    ]
    for call in calls:
        with pytest.raises(GainsightError, match=r"redirects .* check `domain`") as caught:
            call()
        assert caught.value.status == status
    assert foreign.requests == []
    assert len(server.requests) == 3 * 3


def test_a_redirect_on_the_same_host_is_not_followed_either(
    session: Session, server: Server
) -> None:
    server.answers(Reply(b"", 302, {"Location": "/login"}), ok("fine"))
    assert session.get("x") == "fine"
    assert [request.path for request in server.requests] == ["/x", "/x"]


def test_the_netrc_file_is_not_used(
    server: Server, time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with requests.Session() as http:
        bare(f"{server.url}/", time, http).get("x")
    headers = server.requests[0].headers
    assert headers["accesskey"] == KEY
    assert "authorization" not in headers


def test_plain_http_goes_through_no_proxy(
    server: Server, foreign: Server, connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, foreign.url)
    assert connected(server.url).get("x") == "fine"
    assert foreign.requests == []


# The quota.


def test_each_call_is_paid_for_before_it_is_made(connected: Connect, server: Server) -> None:
    session = connected(server.url, sync_calls_per_day=2, on_quota_exhausted="fail")
    session.get("x")
    session.post("x", {})
    with pytest.raises(QuotaExhaustedError):
        session.get("x")
    with pytest.raises(QuotaExhaustedError):
        session.download("x", everything)
    assert len(server.requests) == 2


def test_a_submission_is_paid_for_by_the_bulk_budget(session: Session) -> None:
    session.post("x", {}, budget=Budget.BULK)
    assert (used(session, Budget.BULK), used(session, Budget.SYNC)) == (1, 0)


@pytest.mark.usefixtures("longest_jitter")
def test_each_try_is_paid_for(session: Session, server: Server) -> None:
    server.answers(Reply(status=500), Reply(drop=True), Reply(b"{"), ok("fine"))
    assert session.get("x") == "fine"
    assert used(session) == len(server.requests) == 4


def test_a_call_that_reached_nobody_is_given_back(connected: Connect) -> None:
    session = connected(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(TransportError):
        session.get("x")
    with pytest.raises(TransportError):
        session.post("x", {}, budget=Budget.BULK, repeat=Repeat.NEVER)
    assert (used(session), used(session, Budget.BULK)) == (0, 0)


def test_a_call_that_may_have_arrived_stays_paid_for(session: Session, server: Server) -> None:
    server.answers(Reply(drop=True))
    with pytest.raises(TransportError):
        session.post("x", {}, budget=Budget.BULK, repeat=Repeat.NEVER)
    assert used(session, Budget.BULK) == 1


# Tries.

PASSING = {
    "500": Reply(status=500),
    "502 with a web page": Reply(b"<html>", 502, {"Content-Type": "text/html"}),
    "503": enveloped({"result": False, "errorCode": None}, 503),
    "504": Reply(status=504),
    "413, though nothing was sent": Reply(status=413),
    "no reply": Reply(drop=True),
    "half of a reply": Reply(b'{"result": true, "data": 1}', cut=9),
    "JSON that breaks off": Reply(b'{"result": true, "data": {'),
    "a web page": Reply(b"<html>sign in</html>", headers={"Content-Type": "text/html"}),
    "an empty body": Reply(b""),
    "no envelope": Reply(b"[]"),
    "broken compression": Reply(b"no gzip", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
@pytest.mark.usefixtures("longest_jitter")
def test_a_fault_that_may_pass_is_tried_again(
    session: Session, server: Server, time: Time, fault: Reply
) -> None:
    server.answers(fault, fault, ok("fine"))
    assert session.get("x") == "fine"
    assert time.sleeps == [1, 2]


@pytest.mark.usefixtures("longest_jitter")
def test_tries_end_after_max_retries(session: Session, server: Server, time: Time) -> None:
    server.answers(Reply(status=500))
    with pytest.raises(ServerError) as caught:
        session.get("x")
    assert caught.value.status == 500
    assert len(server.requests) == 9
    assert time.sleeps == BACK_OFF


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_max_retries_is_a_setting(connected: Connect, server: Server, retries: int) -> None:
    server.answers(Reply(status=500))
    with pytest.raises(ServerError):
        connected(server.url, max_retries=retries).get("x")
    assert len(server.requests) == retries + 1


def test_waits_vary(session: Session, server: Server, time: Time) -> None:
    server.answers(Reply(status=500))
    with pytest.raises(ServerError):
        session.get("x")
    assert all(0 <= wait <= most for wait, most in zip(time.sleeps, BACK_OFF, strict=True))
    assert sum(time.sleeps) < sum(BACK_OFF)


def test_a_pause_is_logged_with_its_reason(
    session: Session, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers(Reply(status=500), ok("fine"))
    session.get("v1/thing")
    (line,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert line.startswith("v1/thing: try 1 of 9: Gainsight failed to answer (HTTP 500); again in")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (enveloped(REFUSED), RequestError),
        (enveloped(REFUSED, 400), RequestError),
        (enveloped(REFUSED, 401), AuthError),
        (enveloped({"result": False}, 403), ForbiddenError),
        (enveloped({"result": False}, 404), NotFoundError),
        (enveloped(REFUSED, 409), RequestError),
    ],
)
def test_a_refusal_is_not_tried_again(
    session: Session, server: Server, time: Time, reply: Reply, kind: type[GainsightError]
) -> None:
    server.answers(reply)
    with pytest.raises(kind):
        session.get("x")
    assert len(server.requests) == 1
    assert time.sleeps == []


def test_a_reply_that_takes_too_long_is_tried_again(
    connected: Connect, server: Server, time: Time
) -> None:
    server.answers(Reply(hang=True), ok("fine"))
    assert connected(server.url, request_timeout=0.1).get("x") == "fine"
    assert len(time.sleeps) == 1


def test_no_more_than_half_a_minute_is_spent_on_a_host_that_does_not_answer(
    connected: Connect, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts: list[object] = []
    send = requests.adapters.HTTPAdapter.send

    def noting(self: Any, request: Any, **options: Any) -> requests.Response:
        timeouts.append(options["timeout"])
        return send(self, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", noting)
    connected(server.url, request_timeout=200).get("x")
    connected(server.url, request_timeout=20).get("x")
    assert timeouts == [(30, 200), (20, 20)]


@pytest.mark.usefixtures("longest_jitter")
def test_a_closed_port_fails_soon_and_names_the_setting(connected: Connect, time: Time) -> None:
    with pytest.raises(TransportError, match="does not take connections: check `domain`"):
        connected(f"http://127.0.0.1:{closed_port()}").get("x")
    assert time.sleeps == [1, 2]


@pytest.mark.usefixtures("longest_jitter")
def test_an_unknown_host_name_fails_soon_and_names_the_setting(
    connected: Connect, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TransportError, match="host name is not known: check `domain`"):
        connected("no-such-tenant").get("x")
    assert time.sleeps == [1, 2]


@pytest.mark.usefixtures("longest_jitter")
def test_https_on_a_plain_port_fails_soon_and_names_the_setting(
    connected: Connect, server: Server, time: Time
) -> None:
    with pytest.raises(TransportError, match="secure connection failed: check `domain`"):
        connected(f"https://127.0.0.1:{server.port}").get("x")
    assert time.sleeps == [1, 2]


@pytest.mark.usefixtures("longest_jitter")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("settings", [{}, PAIR], ids=["key", "oauth"])
def test_a_host_that_takes_connections_and_never_answers_fails_soon(
    connected: Connect, time: Time, scheme: str, settings: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        domain = f"{scheme}://127.0.0.1:{hole.getsockname()[1]}"
        with pytest.raises(TransportError) as caught:
            connected(domain, request_timeout=0.1, **settings).get("x")
    assert str(caught.value) == "the tenant took too long to answer: see `request_timeout`"
    assert time.sleeps == [1, 2]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_host_that_never_answers_ends_a_command_in_one_line(program: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        domain = f"http://127.0.0.1:{hole.getsockname()[1]}"
        line = last_line(program, domain, request_timeout="0.1", max_retries="0")
    assert line.endswith("the tenant took too long to answer: see `request_timeout`")


@pytest.mark.usefixtures("longest_jitter")
def test_a_host_that_answered_once_is_waited_for(
    connected: Connect, server: Server, time: Time
) -> None:
    session = connected(server.url)
    session.get("x")
    server.stop()
    with pytest.raises(TransportError):
        session.get("x")
    assert time.sleeps == BACK_OFF


# Certificates and proxies, which the environment names.


@dataclass(frozen=True)
class Certified:
    """A server with a certificate that nobody else has signed."""

    url: str
    certificate: Path


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    openssl = shutil.which("openssl") or pytest.skip("there is no openssl")
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    asked = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    asked += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run([openssl, "req", *asked], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server()
    server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
    with server.answers(ok("fine")):
        yield Certified(f"https://127.0.0.1:{server.port}", certificate)


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Names a CA bundle in the environment."""
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    return lambda path: monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))


@pytest.mark.parametrize("settings", [{}, PAIR], ids=["key", "oauth"])
def test_a_certificate_that_nobody_trusts_is_not_accepted(
    connected: Connect,
    time: Time,
    certified: Certified,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(GainsightError, match="certificate was not accepted") as caught:
        connected(certified.url, **settings).get("x")
    assert not isinstance(caught.value, RetriableError)
    assert time.sleeps == []


def test_a_certificate_is_accepted_by_the_bundle_that_the_environment_names(
    connected: Connect, certified: Certified, bundle: Callable[[object], None]
) -> None:
    bundle(certified.certificate)
    assert connected(certified.url).get("x") == "fine"


@pytest.mark.parametrize("settings", [{}, PAIR], ids=["key", "oauth"])
@pytest.mark.parametrize("text", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nx"])
def test_a_bundle_that_cannot_be_used_is_named(
    connected: Connect,
    server: Server,
    tmp_path: Path,
    bundle: Callable[[object], None],
    *,
    text: str | None,
    settings: dict[str, str],
) -> None:
    path = tmp_path / "bundle-471147114711.pem"
    if text is not None:
        path.write_text(text)
    bundle(path)
    with pytest.raises(ConfigError, match="variable REQUESTS_CA_BUNDLE") as caught:
        connected(f"https://127.0.0.1:{server.port}", max_retries=0, **settings).get("x")
    assert "471147114711" not in str(caught.value)


def test_a_bundle_is_named_by_the_variable_that_names_it(
    connected: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigError, match="variable CURL_CA_BUNDLE"):
        connected("acme").get("x")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("text", [None, "no certificate"], ids=["missing", "empty"])
def test_a_bundle_that_cannot_be_used_ends_a_command_in_one_line(
    server: Server,
    tmp_path: Path,
    bundle: Callable[[object], None],
    *,
    program: str,
    text: str | None,
) -> None:
    path = tmp_path / "bundle.pem"
    if text is not None:
        path.write_text(text)
    bundle(path)
    line = last_line(program, f"https://127.0.0.1:{server.port}")
    assert "the environment variable REQUESTS_CA_BUNDLE names no usable file" in line


def test_plain_http_needs_no_bundle(
    connected: Connect, server: Server, tmp_path: Path, bundle: Callable[[object], None]
) -> None:
    bundle(tmp_path / "missing.pem")
    assert connected(server.url).get("x") == "fine"


@pytest.mark.parametrize("settings", [{}, PAIR], ids=["key", "oauth"])
def test_a_file_that_cannot_be_read_is_not_the_bundles_fault(
    connected: Connect, server: Server, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", full)
    with pytest.raises(OSError, match="No space left"):
        connected(server.url, **settings).get("x")


@pytest.mark.usefixtures("longest_jitter")
def test_a_proxy_that_takes_no_connection_is_named(
    connected: Connect, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_proxy(monkeypatch, f"http://127.0.0.1:{closed_port()}")
    session = connected("acme")
    with pytest.raises(TransportError, match="variable HTTPS_PROXY"):
        session.get("x")
    assert time.sleeps == [1, 2]
    assert used(session) == 0


@pytest.mark.parametrize(
    "proxy", ["http://::x", "user:pass word@471147114711", "ftp://127.0.0.1:1"]
)
def test_a_proxy_that_is_none_is_named(
    connected: Connect, time: Time, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    use_proxy(monkeypatch, proxy)
    with pytest.raises(ConfigError, match="variable HTTPS_PROXY") as caught:
        connected("acme").get("x")
    assert "471147114711" not in str(caught.value)
    assert time.sleeps == []


def use_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in ("no_proxy", "NO_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", url)


@pytest.mark.parametrize("fault", [Effect.DROP_AFTER, Effect.TRUNCATED, Effect.MALFORMED])
def test_a_submission_whose_reply_is_lost_is_not_repeated(
    connected: Connect, tenant: MakeTenant, fault: Effect
) -> None:
    sandbox = tenant(rows={"company": 5})
    sandbox.faults.add(Fault(fault))
    body: dict[str, Any] = {
        "select": ["Gsid"],
        "where": None,
        "orderBy": {},
        "limit": 1,
        "offset": 0,
    }
    with pytest.raises(RetriableError) as caught:
        connected(sandbox.url).post(
            "v3/exports/data/bulk/company", body, budget=Budget.BULK, repeat=Repeat.NEVER
        )
    assert caught.value.may_have_arrived
    assert sandbox.usage().bulk == 1
    assert len(sandbox.log) == 1


def test_a_submission_that_reached_nobody_is_repeated(connected: Connect, time: Time) -> None:
    session = connected(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(TransportError):
        session.post("x", {}, budget=Budget.BULK, repeat=Repeat.NEVER)
    assert len(time.sleeps) == 2


def test_a_submission_that_failed_in_the_server_is_not_repeated(
    session: Session, server: Server
) -> None:
    server.answers(Reply(status=503, headers={"Retry-After": "1"}))
    with pytest.raises(ServerError) as caught:
        session.post("x", {}, budget=Budget.BULK, repeat=Repeat.NEVER)
    assert caught.value.may_have_arrived
    assert len(server.requests) == 1


def test_a_submission_that_timed_out_is_not_repeated(connected: Connect, server: Server) -> None:
    server.answers(Reply(hang=True))
    with pytest.raises(TransportError, match="too long") as caught:
        connected(server.url, request_timeout=0.1).post("x", {}, repeat=Repeat.NEVER)
    assert caught.value.may_have_arrived
    assert len(server.requests) == 1


def test_a_submission_that_was_refused_for_its_rate_is_repeated(
    session: Session, server: Server
) -> None:
    server.answers(Reply(status=429), ok("fine"))
    assert session.post("x", {}, budget=Budget.BULK, repeat=Repeat.NEVER) == "fine"
    assert used(session, Budget.BULK) == 2


# Waits that the server asks for.


@pytest.mark.usefixtures("longest_jitter")
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_when_the_rate_limit_is_used_up(
    session: Session, server: Server, time: Time, form: str
) -> None:
    text = "25" if form == "seconds" else formatdate(time.now() + 25, usegmt=True)
    server.answers(Reply(status=429, headers={"Retry-After": text}), ok("fine"))
    assert session.get("x") == "fine"
    assert time.sleeps == [25]


@pytest.mark.usefixtures("longest_jitter")
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_when_the_server_is_down(
    session: Session, server: Server, time: Time, form: str
) -> None:
    text = "25" if form == "seconds" else formatdate(time.now() + 25, usegmt=True)
    server.answers(Reply(status=503, headers={"Retry-After": text}), ok("fine"))
    assert session.get("x") == "fine"
    assert time.sleeps == [25]


@pytest.mark.usefixtures("longest_jitter")
def test_no_server_has_a_call_wait_for_more_than_an_hour(
    session: Session, server: Server, time: Time
) -> None:
    server.answers(Reply(status=503, headers={"Retry-After": "9" * 400}), ok("fine"))
    session.get("x")
    assert time.sleeps == [3600]


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "1.5", "Mon, 99 Foo 2024 99:99:99 GMT"])
def test_without_a_usable_retry_after_the_window_is_waited_out(
    session: Session, server: Server, time: Time, text: str | None
) -> None:
    headers = {} if text is None else {"Retry-After": text}
    server.answers(Reply(status=429, headers=headers), ok("fine"))
    assert session.get("x") == "fine"
    assert time.now() % 60 == 0
    assert sum(time.sleeps) <= 60


@pytest.mark.usefixtures("longest_jitter")
@pytest.mark.parametrize("text", ["0", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_time_that_has_come_already_is_not_an_end_of_all_waiting(
    connected: Connect, server: Server, time: Time, text: str
) -> None:
    server.answers(Reply(status=429, headers={"Retry-After": text}))
    with pytest.raises(RateLimitedError):
        connected(server.url, max_retries=3).get("x")
    assert time.sleeps == [1, 2, 4]


def test_after_a_429_nobody_calls_before_its_time(
    session: Session, server: Server, time: Time
) -> None:
    server.answers(Reply(status=429, headers={"Retry-After": "40"}), ok("fine"))
    refused_at = time.now()
    waits: list[float] = []
    session.quota.before_wait = lambda: waits.append(session.quota.next_at(Budget.SYNC))
    session.get("x")
    assert waits == [refused_at + 40]


def test_a_refused_rate_is_tried_again_as_often_as_any_fault(
    connected: Connect, server: Server
) -> None:
    server.answers(Reply(status=429, headers={"Retry-After": "5"}))
    with pytest.raises(RateLimitedError):
        connected(server.url, max_retries=2).get("x")
    assert len(server.requests) == 3


def test_a_429_fails_at_once_where_the_quota_shall(connected: Connect, server: Server) -> None:
    server.answers(Reply(status=429))
    with pytest.raises(QuotaExhaustedError):
        connected(server.url, on_quota_exhausted="fail").get("x")
    assert len(server.requests) == 1


def test_a_tenant_whose_windows_are_full_is_waited_for(
    connected: Connect, tenant: MakeTenant, time: Time
) -> None:
    sandbox = tenant()
    sandbox.faults.add(
        Fault(
            Effect.STATUS,
            on=CallKind.METADATA,
            status=429,
            retry_after="17",
        )
    )
    started = time.now()
    assert connected(sandbox.url).get("v1/meta/services/objects/list")
    assert 17 <= time.now() - started <= 18


# Files.


def test_a_download_is_handed_over_in_blocks(session: Session, server: Server) -> None:
    server.answers(csv(bytes(200_000)))
    sizes = session.download("x", lambda blocks: [len(block) for block in blocks])
    assert sum(sizes) == 200_000
    assert max(sizes) <= 1 << 16


def test_a_download_that_breaks_off_is_fetched_again_from_its_start(
    session: Session, server: Server
) -> None:
    body = bytes(range(256)) * 1000
    server.answers(Reply(body, headers={"Content-Type": "text/csv"}, cut=90_000), csv(body))
    seen: list[bytes] = []
    session.download("x", lambda blocks: seen.append(b"".join(blocks)))
    assert seen == [body]
    assert used(session) == len(server.requests) == 2


@pytest.mark.parametrize("content_type", ["application/json", "text/html; charset=utf-8"])
def test_what_comes_in_place_of_a_file_is_not_taken_for_one(
    connected: Connect, server: Server, content_type: str
) -> None:
    server.answers(Reply(b'{"result": true, "data": 1}', headers={"Content-Type": content_type}))
    seen: list[bytes] = []
    with pytest.raises(ServerError):
        connected(server.url, max_retries=0).download("x", seen.extend)
    assert seen == []


def test_a_refusal_in_place_of_a_file_is_read(session: Session, server: Server) -> None:
    server.answers(enveloped(REFUSED))
    with pytest.raises(RequestError) as caught:
        session.download("x", everything)
    assert caught.value.code == "P_5005"


def test_a_fault_of_the_consumer_is_its_own(session: Session, server: Server) -> None:
    server.answers(csv(b"Gsid\n"))

    def full(blocks: Iterator[bytes]) -> None:
        next(blocks)
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        session.download("x", full)
    assert len(server.requests) == 1


# Discretion.

ANSWERS = {
    **PASSING,
    "a refusal": enveloped(REFUSED, 400),
    "a refused credential": enveloped({**REFUSED, "errorCode": "GS_APIG_2401"}, 401),
    "a spoken code": enveloped({**REFUSED, "errorCode": SPOKEN, "requestId": SPOKEN}),
    "a web page of values": Reply(f"<html>{SPOKEN}</html>".encode()),
    "JSON of values that breaks off": Reply(f'{{"data": "{SPOKEN}'.encode()),
    "half of the values": Reply(f'{{"data": "{SPOKEN}"}}'.encode(), cut=30),
    "a file of values": csv(SPOKEN.encode()),
    "a redirect": Reply(status=302, headers={"Location": f"http://x.example/{SPOKEN}"}),
    "success": ok(SPOKEN),
}


@pytest.mark.usefixtures("longest_jitter")  # whose digits are not taken for the value's
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_neither_credential_nor_body_is_said_anywhere(
    connected: Connect, server: Server, caplog: pytest.LogCaptureFixture, answer: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers(answer)
    session = connected(server.url, max_retries=1)
    said = [repr(session), repr(session.auth), repr(session.quota)]
    calls: list[Callable[[], Any]] = [
        lambda: session.get("x"),
        lambda: session.post("x", {"value": SPOKEN}),
        lambda: session.download("x", lambda blocks: sum(map(len, blocks))),
    ]
    for call in calls:
        try:
            call()
        except GainsightError as exc:
            said += [str(exc), repr(exc), *traceback.format_exception(exc)]
    said += [caplog.text, *(repr(record.args) for record in caplog.records)]
    assert caplog.records
    assert not [text for text in said if KEY in text or "471147114711" in text]
    # Nor what requests and urllib3 say of it, which quotes whole addresses.
    assert not [text for text in said if "requests.exceptions" in text or "with url" in text]


def test_a_refusal_keeps_the_values_that_a_short_key_happens_to_be_part_of(
    server: Server, connected: Connect
) -> None:
    session = connected(server.url, access_key="key")
    body = {"result": False, "errorCode": "GSOBJ_1008", "data": {"errors": ["monkey"]}}
    server.answers(enveloped(body, 400))
    with pytest.raises(RequestError) as caught:
        session.get("v1/anything")
    assert caught.value.reply["data"] == {"errors": ["monkey"]}


def test_an_error_does_not_show_a_credential_that_the_reply_holds(
    server: Server, connected: Connect
) -> None:
    body = {"result": False, "errorCode": KEY, "requestId": KEY, "data": None}
    server.answers(enveloped(body, 400))
    with pytest.raises(RequestError) as caught:
        connected(server.url).get("v1/anything")
    assert KEY not in str(caught.value)
