from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import JobCalls, Limits, Quirks

if TYPE_CHECKING:
    from gainsight_sandbox import Sandbox
    from tests.sandbox.conftest import Rig

LIST = "/v1/meta/services/objects/list"


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
    assert (refused.status_code, refused.json()["errorCode"]) == (429, "GS_APIG_2404")
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
