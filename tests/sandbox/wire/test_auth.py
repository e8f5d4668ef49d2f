from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from gainsight_sandbox import Credentials, Quirks, Refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

LIST = "/v1/meta/services/objects/list"
TOKEN = "/v1/users/m2m/oauth/token"


@pytest.mark.parametrize("header", ["accesskey", "AccessKey", "ACCESSKEY"])
def test_the_key_opens_in_any_case_of_its_header(rig: Rig, header: str) -> None:
    sandbox, _ = rig.things(credentials=Credentials(access_key="k-1"))
    assert requests.get(sandbox.url + LIST, headers={header: "k-1"}).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"accesskey": "wrong"}, {"authentication": "k-1"}])
def test_a_wrong_key_is_refused(rig: Rig, headers: dict[str, str]) -> None:
    sandbox, _ = rig.things(credentials=Credentials(access_key="k-1"))
    response = requests.get(sandbox.url + LIST, headers=headers)
    assert response.status_code == 401
    reply = response.json()
    assert reply.pop("requestId")
    assert reply == {
        "result": False,
        "errorCode": "GS_APIG_2401",
        "errorDesc": "Unauthorized",
        "message": "Unauthorized",
    }
    assert sandbox.usage().sync == 0


def test_the_header_and_the_refusal_are_quirks(rig: Rig) -> None:
    quirks = Quirks(auth_header="authentication", auth_refusal=Refusal.BAD_REQUEST)
    sandbox, client = rig.things(credentials=Credentials(access_key="k-1"), quirks=quirks)
    refused = client.get(LIST)
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "GSOBJ_1024")
    allowed = requests.get(sandbox.url + LIST, headers={"Authentication": "k-1"})
    assert allowed.status_code == 200


def test_a_token_opens_for_a_day(rig: Rig) -> None:
    sandbox, _ = rig.things(credentials=Credentials(client_id="me", client_secret="s3"))
    reply = requests.post(
        sandbox.url + TOKEN, auth=("me", "s3"), data={"grant_type": "client_credentials"}
    ).json()
    assert reply["expires_in"] == 86400
    headers = {"Authorization": f"Bearer {reply['access_token']}"}
    assert requests.get(sandbox.url + LIST, headers=headers).status_code == 200
    sandbox.clock.sleep(86400)
    assert requests.get(sandbox.url + LIST, headers=headers).status_code == 401


def test_a_token_needs_no_body(rig: Rig) -> None:
    sandbox, _ = rig.things(credentials=Credentials(client_id="me", client_secret="s3"))
    assert requests.post(sandbox.url + TOKEN, auth=("me", "s3")).json()["access_token"]


def test_no_token_for_strangers(rig: Rig) -> None:
    sandbox, _ = rig.things(credentials=Credentials(client_id="me", client_secret="s3"))
    form = {"grant_type": "client_credentials"}

    def status(auth: tuple[str, str] | None, data: dict[str, str]) -> int:
        return requests.post(sandbox.url + TOKEN, auth=auth, data=data).status_code

    assert status(("me", "no"), form) == 401
    assert status(None, form) == 401
    assert status(("me", "s3"), {"grant_type": "password"}) == 400
    bad = {"Authorization": "Basic €".encode()}
    assert requests.post(sandbox.url + TOKEN, data=form, headers=bad).status_code == 401


def test_a_revoked_token_opens_nothing(rig: Rig) -> None:
    sandbox, _ = rig.things(credentials=Credentials(client_id="me", client_secret="s3"))
    reply = requests.post(
        sandbox.url + TOKEN, auth=("me", "s3"), data={"grant_type": "client_credentials"}
    ).json()
    sandbox.gate.revoke_tokens()
    headers = {"Authorization": f"Bearer {reply['access_token']}"}
    assert requests.get(sandbox.url + LIST, headers=headers).status_code == 401
