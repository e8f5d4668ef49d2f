from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Effect, Fault, ImportApi, JobSettings, Limits, Quirks
from tests.sandbox.writing import Reply, Writer, as_csv, shop, stored

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

IMPORT = "v1.0/admin/connector/job/bulkimport"
ROWS = as_csv(["Name", "Code__gc"], ["a", "1"], ["x" * 21, "2"])


def status(writer: Writer, status_id: str) -> dict[str, Any]:
    data: dict[str, Any] = Reply(writer.client.get(f"{IMPORT}/status/{status_id}")).data
    return data


def test_a_file_goes_to_a_data_job_and_its_status_counts_the_records(rig: Rig) -> None:
    sandbox, writer = shop(rig, jobs=JobSettings(job_seconds=10))
    data_job = sandbox.data_jobs.add("order__gc", "UPSERT", ["Name"])
    status_id = writer.upload(IMPORT, {"jobId": data_job}, ROWS).data["statusId"]
    assert status(writer, status_id)["jobStatus"] == "INIT"
    sandbox.clock.sleep(6)
    assert status(writer, status_id)["jobStatus"] == "IN_PROGRESS"
    sandbox.clock.sleep(6)
    assert status(writer, status_id) == {
        "statusId": status_id,
        "jobStatus": "COMPLETED",
        "count": {"success": 1, "failure": 1},
    }
    assert stored(sandbox, "Name", "Code__gc") == [("a", "1")]
    (entry,) = sandbox.journal.imports
    assert (entry.api, entry.operation, entry.keys) == ("connector", "UPSERT", ("Name",))


def test_the_counts_may_be_flat(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(import_counts_flat=True))
    data_job = sandbox.data_jobs.add("order__gc", "UPSERT", ["Name"])
    status_id = writer.upload(IMPORT, {"jobId": data_job}, ROWS).data["statusId"]
    found = status(writer, status_id)
    assert (found["success"], found["failed"], "count" in found) == (1, 1, False)


def test_a_file_refused_as_a_whole_is_completed_without_a_success(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    data_job = sandbox.data_jobs.add("order__gc", "INSERT", job_id="orders")
    assert data_job == "orders"
    rows = as_csv(["Name", "Nothing__gc"], ["a", "b"])
    status_id = writer.upload(IMPORT, {"jobId": "orders"}, rows).data["statusId"]
    found = status(writer, status_id)
    assert (found["jobStatus"], found["count"]["success"]) == ("COMPLETED", 0)
    assert sandbox.tenant.count("order__gc") == 0


def test_an_empty_file_and_an_unknown_job_are_refused(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    data_job = sandbox.data_jobs.add("order__gc", "INSERT")
    assert writer.upload(IMPORT, {"jobId": data_job}, b"").code == "GS_7571"
    assert writer.upload(IMPORT, {"jobId": "nothing"}, ROWS).code == "GSOBJ_1008"
    assert writer.upload(IMPORT, {}, ROWS).code == "GSOBJ_1008"
    assert writer.client.get(f"{IMPORT}/status/nothing").status_code == 404
    sandbox.faults.add(Fault(Effect.JOB_EXPIRED))
    status_id = writer.upload(IMPORT, {"jobId": data_job}, ROWS).data["statusId"]
    assert writer.client.get(f"{IMPORT}/status/{status_id}").status_code == 404


def test_submissions_use_the_bulk_budget(rig: Rig) -> None:
    sandbox, writer = shop(rig, limits=Limits(sync_per_minute=0, bulk_per_hour=1))
    data_job = sandbox.data_jobs.add("order__gc", "INSERT")
    status_id = writer.upload(IMPORT, {"jobId": data_job}, ROWS).data["statusId"]
    assert status(writer, status_id)["jobStatus"] == "COMPLETED"
    assert writer.upload(IMPORT, {"jobId": data_job}, ROWS).status == 429


@pytest.mark.parametrize(
    ("name", "operation", "keys", "message"),
    [
        ("gsuser", "INSERT", [], "gsuser is not written"),
        ("nothing__gc", "INSERT", [], "no object nothing__gc"),
        ("company", "DELETE", [], "operation is one of"),
        ("company", "UPSERT", [], "Key fields are required"),
        ("company", "UPSERT", ["Nothing"], "has no field Nothing"),
    ],
)
def test_a_data_job_that_makes_no_sense_cannot_be_set_up(
    rig: Rig, name: str, operation: str, keys: list[str], message: str
) -> None:
    sandbox, _ = rig.demo(empty=True)
    with pytest.raises(ValueError, match=message):
        sandbox.data_jobs.add(name, operation, keys)


def test_a_tenant_may_have_the_other_api_alone(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(import_api=ImportApi.JOBS))
    data_job = sandbox.data_jobs.add("order__gc", "INSERT")
    assert writer.upload(IMPORT, {"jobId": data_job}, ROWS).status == 404
