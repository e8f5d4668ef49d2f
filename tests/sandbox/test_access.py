from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from gainsight_sandbox import Credentials, JobCalls, Limits, Quirks, Refusal

if TYPE_CHECKING:
    from gainsight_sandbox import Sandbox
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
    assert response.json()["errorCode"] == "GS_APIG_2401"
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


def used(sandbox: Sandbox) -> tuple[int, int, int]:
    usage = sandbox.usage()
    return usage.sync, usage.bulk, usage.violations


def test_a_full_minute_refuses_until_the_next(rig: Rig) -> None:
    limits = Limits(sync_per_minute=2)
    sandbox, client = rig.things(limits=limits, quirks=Quirks(retry_after=True))
    statuses = [client.get(LIST).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = client.get(LIST)
    # The clock stands at second 40 of its minute.
    assert refused.headers["retry-after"] == "20"
    assert refused.headers["x-ratelimit-limit"] == "2"
    assert refused.json()["result"] is False
    sandbox.clock.sleep(19)
    assert client.get(LIST).status_code == 429
    sandbox.clock.sleep(1)
    assert client.get(LIST).status_code == 200
    assert used(sandbox) == (3, 0, 3)
    assert sandbox.usage().sync_this_minute == 1
    assert sandbox.usage().sync_this_day == 3


def test_a_full_day_refuses_until_the_next(rig: Rig) -> None:
    sandbox, client = rig.things({}, limits=Limits(bulk_per_day=1))
    assert client.submit("thing__gc", ["Gsid"]).status_code == 200
    sandbox.clock.sleep(3600)
    refused = client.submit("thing__gc", ["Gsid"])
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers
    sandbox.clock.sleep(86400)
    assert client.submit("thing__gc", ["Gsid"]).status_code == 200


def test_windows_may_be_out_of_step(rig: Rig) -> None:
    sandbox, client = rig.things(limits=Limits(sync_per_minute=1, phase_seconds=45))
    assert client.get(LIST).status_code == 200
    sandbox.clock.sleep(4)
    assert client.get(LIST).status_code == 429
    sandbox.clock.sleep(1)
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize(
    ("calls", "expected"),
    [(JobCalls.NONE, (1, 1)), (JobCalls.SYNC, (3, 1)), (JobCalls.BULK, (1, 3))],
)
def test_only_submissions_are_bulk_calls_by_default(
    rig: Rig, calls: JobCalls, expected: tuple[int, int]
) -> None:
    sandbox, client = rig.things({"Gsid": "a"}, quirks=Quirks(job_calls=calls))
    client.get(LIST)
    client.export("thing__gc", ["Gsid"])
    assert used(sandbox)[:2] == expected
    assert sandbox.usage().bulk_this_hour == expected[1]
