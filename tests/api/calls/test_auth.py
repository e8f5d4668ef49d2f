from __future__ import annotations

import base64
import logging
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import requests

from gainsight_api.calls.auth import OAuth
from gainsight_api.calls.session import Repeat, Session
from gainsight_api.errors import AuthError, GainsightError, ServerError, TransportError
from gainsight_api.quota import Budget, Limits, Quota, open_store
from gainsight_sandbox import Effect, Fault, Quirks, Refusal
from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.wire.auth import CLIENT_ID, CLIENT_SECRET
from tests.api.conftest import KEY, Connect, MakeTenant, Reply, Server, Time, enveloped, ok

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gainsight_sandbox import Sandbox

PAIR = {"oauth_client_id": CLIENT_ID, "oauth_client_secret": CLIENT_SECRET}
OBJECTS = "v1/meta/services/objects/list"
TOKEN = enveloped({"access_token": "a-token-471147114711", "expires_in": 86400})


def tokens(sandbox: Sandbox) -> int:
    """How many times a token was asked for."""
    return sum(entry.kind is CallKind.TOKEN for entry in sandbox.log)


# Access keys.


def test_the_key_goes_in_the_accesskey_header(connected: Connect, server: Server) -> None:
    connected(server.url).get("x")
    headers = server.requests[0].headers
    assert headers["accesskey"] == KEY
    assert "authorization" not in headers


def test_the_header_is_a_setting(connected: Connect, tenant: MakeTenant) -> None:
    sandbox = tenant(Quirks(auth_header="authentication"), demo=False)
    assert connected(sandbox.url, auth_header="authentication").get(OBJECTS)
    with pytest.raises(AuthError, match="`auth_header`"):
        connected(sandbox.url).get(OBJECTS)


@pytest.mark.parametrize("refusal", Refusal)
def test_a_wrong_key_is_a_clear_error_after_one_call(
    connected: Connect, tenant: MakeTenant, refusal: Refusal
) -> None:
    sandbox = tenant(Quirks(auth_refusal=refusal), demo=False)
    with pytest.raises(AuthError, match=r"refused the credential: check `access_key`") as caught:
        connected(sandbox.url, access_key="another").get(OBJECTS)
    assert "another" not in str(caught.value)
    assert len(sandbox.log) == 1


# OAuth.


def test_a_token_is_fetched_once_for_all_calls(connected: Connect, tenant: MakeTenant) -> None:
    sandbox = tenant(demo=False)
    session = connected(sandbox.url, **PAIR)
    for _ in range(3):
        assert session.get(OBJECTS)
    assert tokens(sandbox) == 1


def test_the_token_is_asked_for_by_basic_authorization(connected: Connect, server: Server) -> None:
    server.answers(TOKEN, ok("fine"))
    pair = {"oauth_client_id": "id-é", "oauth_client_secret": "secret-ß"}
    assert connected(server.url, **pair).get("x") == "fine"
    asked, call = server.requests
    assert (asked.method, asked.path) == ("POST", "/v1/users/m2m/oauth/token")
    scheme, _, encoded = asked.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "id-é:secret-ß")
    assert asked.body == b"grant_type=client_credentials"
    assert call.headers["authorization"] == "Bearer a-token-471147114711"
    assert "accesskey" not in call.headers


def test_the_pair_is_used_where_there_is_a_key_too(connected: Connect, server: Server) -> None:
    server.answers(TOKEN, ok("fine"))
    connected(server.url, access_key=KEY, **PAIR).get("x")
    assert not [request for request in server.requests if KEY in request.headers.values()]


def test_a_token_is_renewed_before_it_expires(
    connected: Connect, tenant: MakeTenant, time: Time
) -> None:
    sandbox = tenant(demo=False)
    session = connected(sandbox.url, **PAIR)
    session.get(OBJECTS)
    time.advance(86400 - 61)
    session.get(OBJECTS)
    assert tokens(sandbox) == 1
    time.advance(2)
    session.get(OBJECTS)
    assert tokens(sandbox) == 2
    assert 401 not in [entry.status for entry in sandbox.log]


@pytest.mark.parametrize("refusal", Refusal)
def test_a_token_that_is_refused_is_renewed(
    connected: Connect, tenant: MakeTenant, refusal: Refusal
) -> None:
    sandbox = tenant(Quirks(auth_refusal=refusal), demo=False)
    session = connected(sandbox.url, **PAIR)
    session.get(OBJECTS)
    sandbox.gate.revoke_tokens()
    assert session.get(OBJECTS)
    assert tokens(sandbox) == 2


def test_a_refused_token_is_renewed_for_a_submission_too(
    connected: Connect, server: Server
) -> None:
    refused = enveloped({"result": False, "errorCode": "GS_APIG_2401"}, 401)
    server.answers(TOKEN, refused, TOKEN, ok("fine"))
    session = connected(server.url, **PAIR)
    assert session.post("x", {}, budget=Budget.BULK, repeat=Repeat.NEVER) == "fine"


def test_a_renewed_token_that_is_refused_again_is_the_end(
    connected: Connect, server: Server
) -> None:
    refused = enveloped({"result": False, "errorCode": "GS_APIG_2401"}, 401)
    server.answers(TOKEN, refused, TOKEN, refused, TOKEN, refused)
    with pytest.raises(AuthError):
        connected(server.url, **PAIR).get("x")
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "reply",
    [
        enveloped({"result": False, "errorCode": "GS_APIG_2401", "errorDesc": "471147114711"}, 401),
        enveloped({"result": False, "errorCode": "GSOBJ_1024", "errorDesc": "471147114711"}, 400),
        enveloped({"error": "invalid_client 471147114711"}, 401),
        enveloped({"result": False, "errorDesc": "471147114711"}),
        enveloped({"access_token": None}),
        enveloped({"access_token": ""}),
        enveloped({"access_token": "two\nlines 471147114711"}),
        enveloped({"access_token": 471147114711}),
        Reply(b"", 404),
        Reply(b"", 302, {"Location": "/login?471147114711"}),
    ],
)
def test_a_bad_pair_is_a_clear_error(connected: Connect, server: Server, reply: Reply) -> None:
    server.answers(reply)
    with pytest.raises(AuthError, match="refused the OAuth pair: check `oauth_") as caught:
        connected(server.url, **PAIR).get("x")
    text = "".join(traceback.format_exception(caught.value))
    assert "471147114711" not in text
    assert CLIENT_SECRET not in text
    assert {request.path for request in server.requests} == {"/v1/users/m2m/oauth/token"}


@pytest.mark.parametrize(
    "reply",
    [enveloped(["471147114711"]), enveloped({}), Reply(b"<html>471147114711</html>"), Reply(b"")],
)
def test_a_reply_that_is_no_token_reply_says_nothing_of_the_pair(
    connected: Connect, server: Server, reply: Reply
) -> None:
    server.answers(reply, TOKEN, ok("fine"))
    assert connected(server.url, **PAIR).get("x") == "fine"
    server.answers(reply)
    with pytest.raises(ServerError, match="gave no OAuth token"):
        connected(server.url, **PAIR).get("x")


def test_a_token_in_an_envelope_is_read(connected: Connect, server: Server) -> None:
    token = {"access_token": "a-token", "expires_in": 3600}
    server.answers(enveloped({"result": True, "data": token}), ok("fine"))
    assert connected(server.url, **PAIR).get("x") == "fine"
    assert server.requests[1].headers["authorization"] == "Bearer a-token"


def test_a_token_call_is_counted(connected: Connect, server: Server) -> None:
    server.answers(TOKEN, ok("fine"))
    session = connected(server.url, **PAIR)
    session.get("x")
    assert session.quota.remaining(Budget.SYNC).left == 98


def test_a_wrong_secret_is_a_clear_error(connected: Connect, tenant: MakeTenant) -> None:
    sandbox = tenant(demo=False)
    with pytest.raises(AuthError, match="`oauth_client_secret`"):
        connected(sandbox.url, oauth_client_id=CLIENT_ID, oauth_client_secret="wrong").get(OBJECTS)


@pytest.mark.parametrize("expires_in", [None, "soon", 0, -5, [1], 30, 60])
def test_a_token_of_little_or_unknown_life_is_used_until_it_is_refused(
    connected: Connect, server: Server, expires_in: object
) -> None:
    token = enveloped({"access_token": "a-token", "expires_in": expires_in})
    refused = enveloped({"result": False, "errorCode": "GS_APIG_2401"}, 401)
    server.answers(token, ok(1), ok(2), refused, token, ok(3))
    session = connected(server.url, **PAIR)
    assert [session.get("x") for _ in range(3)] == [1, 2, 3]
    assert len(server.requests) == 6


def test_the_secret_follows_no_redirect(
    connected: Connect, server: Server, foreign: Server
) -> None:
    server.answers(Reply(b"", 307, {"Location": f"{foreign.url}/v1/users/m2m/oauth/token"}))
    with pytest.raises(GainsightError):
        connected(server.url, **PAIR).get("x")
    assert foreign.requests == []


def test_the_netrc_file_does_not_take_the_pairs_place(
    server: Server, time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers(TOKEN, ok("fine"))
    quota = Quota(open_store("memory"), "key", Limits(), clock=time)
    root = f"{server.url}/"
    with requests.Session() as http:
        auth = OAuth("id", "secret", root=root, http=http, quota=quota, clock=time, timeout=10)
        Session(root=root, auth=auth, quota=quota, clock=time, http=http).get("x")
    encoded = server.requests[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(encoded) == b"id:secret"


@pytest.mark.parametrize(
    "effect", [Effect.DROP_BEFORE, Effect.DROP_AFTER, Effect.TRUNCATED, Effect.STATUS]
)
def test_a_token_call_that_fails_is_made_again(
    connected: Connect, tenant: MakeTenant, effect: Effect
) -> None:
    sandbox = tenant(demo=False)
    sandbox.faults.add(Fault(effect, on=CallKind.TOKEN, count=2))
    assert connected(sandbox.url, **PAIR).get(OBJECTS)
    assert tokens(sandbox) == 3


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(status=503), Reply(status=429)])
def test_a_failed_token_call_costs_nothing_and_loses_no_submission(
    connected: Connect, server: Server, reply: Reply
) -> None:
    server.answers(reply, reply, TOKEN, ok("fine"))
    session = connected(server.url, **PAIR)
    assert session.post("x", {}, budget=Budget.BULK, repeat=Repeat.NEVER) == "fine"
    assert session.quota.remaining(Budget.BULK).windows[0].used == 1


def test_a_token_server_that_stays_down_is_a_server_error(
    connected: Connect, server: Server
) -> None:
    server.answers(Reply(status=503))
    with pytest.raises(ServerError, match="no OAuth token") as caught:
        connected(server.url, max_retries=5, **PAIR).get("x")
    assert not caught.value.may_have_arrived
    assert len(server.requests) == 6


def test_a_closed_port_names_the_setting_with_oauth_too(connected: Connect, server: Server) -> None:
    server.stop()
    with pytest.raises(TransportError, match="check `domain`"):
        connected(server.url, **PAIR).get("x")


def test_no_more_than_half_a_minute_is_spent_on_a_token_server_that_does_not_answer(
    connected: Connect, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts: list[object] = []
    send = requests.adapters.HTTPAdapter.send

    def noting(self: Any, request: Any, **options: Any) -> requests.Response:
        timeouts.append(options["timeout"])
        return send(self, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", noting)
    server.answers(TOKEN, ok("fine"))
    connected(server.url, request_timeout=200, **PAIR).get("x")
    assert timeouts == [(30, 200)] * 2


def test_threads_share_one_token(connected: Connect, tenant: MakeTenant) -> None:
    sandbox = tenant(demo=False)
    session = connected(sandbox.url, **PAIR)
    threads = [threading.Thread(target=session.get, args=(OBJECTS,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tokens(sandbox) == 1


def test_neither_secret_nor_token_is_said_anywhere(
    connected: Connect, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session = connected(server.url, max_retries=1, **PAIR)
    said = []
    answers: list[tuple[Reply, ...]] = [
        (TOKEN, Reply(status=500)),
        (Reply(status=500),),
        (Reply(b'{"access_token": "a-token-471147114711'),),
        (enveloped({"access_token": "a-token-471147114711\n"}),),
        (Reply(drop=True),),
    ]
    for answer in answers:
        session.auth.renew()
        server.answers(*answer)
        call: Callable[[], Any] = lambda: session.get("x")  # noqa: E731
        with pytest.raises(GainsightError) as caught:
            call()
        said += [repr(caught.value), *traceback.format_exception(caught.value)]
    said += [repr(session), repr(session.auth), caplog.text]
    assert caplog.records
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    for secret in (CLIENT_SECRET, basic, "a-token-471147114711"):
        assert not [text for text in said if secret in text]
