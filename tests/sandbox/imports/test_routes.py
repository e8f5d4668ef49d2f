from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import requests

from gainsight_sandbox import (
    Credentials,
    Effect,
    Fault,
    ImportApi,
    JobCalls,
    JobSettings,
    Limits,
    Outcome,
    Quirks,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.sandbox.writing import as_csv, shop, stored

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

ROWS = as_csv(["Name", "Number__gc"], ["a", "1"], ["b", "2"])


def test_a_job_is_pending_then_in_progress_then_completed(rig: Rig) -> None:
    sandbox, writer = shop(rig, jobs=JobSettings(job_seconds=10))
    submitted = writer.submit(ROWS, file_name="orders-1.csv").data
    job_id = submitted["jobId"]
    assert submitted == {
        "jobId": job_id,
        "objectName": "order__gc",
        "operation": "INSERT",
        "status": "PENDING",
        "totalRecords": 0,
        "processedRecords": 0,
        "successCount": 0,
        "failureCount": 0,
        "fileName": "orders-1.csv",
        "createdDate": "2025-06-15T15:06:40.000Z",
        "completedDate": None,
    }
    assert writer.job(job_id)["status"] == "PENDING"
    sandbox.clock.sleep(6)
    assert writer.job(job_id)["status"] == "IN_PROGRESS"
    assert writer.errors(job_id) == []
    sandbox.clock.sleep(6)
    assert writer.job(job_id) == submitted | {
        "status": "COMPLETED",
        "totalRecords": 2,
        "processedRecords": 2,
        "successCount": 2,
        "completedDate": "2025-06-15T15:06:50.000Z",
    }
    assert stored(sandbox, "Name", "Number__gc") == [("a", Decimal(1)), ("b", Decimal(2))]


def test_submissions_use_the_bulk_budget_and_questions_none(rig: Rig) -> None:
    sandbox, writer = shop(rig, limits=Limits(sync_per_minute=0, bulk_per_hour=1))
    job, _ = writer.load(ROWS)
    assert job["status"] == "COMPLETED"
    assert writer.submit(ROWS).status == 429
    assert (sandbox.usage().bulk, sandbox.usage().sync) == (1, 0)
    assert sandbox.tenant.count("order__gc") == 2


def test_questions_may_use_a_budget_too(rig: Rig) -> None:
    quirks = Quirks(job_calls=JobCalls.SYNC)
    sandbox, writer = shop(rig, quirks=quirks, limits=Limits())
    writer.load(ROWS)
    assert (sandbox.usage().bulk, sandbox.usage().sync) == (1, 2)


@pytest.mark.parametrize("oldest_first", [False, True])
def test_jobs_are_listed_in_pages_and_by_status(rig: Rig, oldest_first: bool) -> None:  # noqa: FBT001
    quirks = Quirks(import_list_oldest_first=oldest_first)
    sandbox, writer = shop(rig, quirks=quirks, jobs=JobSettings(job_seconds=10))
    names = [f"{number}.csv" for number in range(27)]
    for name in names[:-1]:
        writer.submit(ROWS, file_name=name)
    sandbox.clock.sleep(10)
    writer.submit(ROWS, file_name=names[-1])
    # The worker is at it still: each job is asked for, which waits for it.
    for job in sandbox.imports.all():
        sandbox.imports.status(job)

    def listed(query: str = "") -> tuple[list[str], int]:
        data = writer.client.get(f"v1/bulk/jobs?{query}").json()["data"]
        return [job["fileName"] for job in data["records"]], data["totalCount"]

    order = names if oldest_first else names[::-1]
    assert listed() == (order[:25], 27)
    assert listed("limit=3&offset=25") == (order[25:], 27)
    assert listed("limit=0") == ([], 27)
    assert listed("status=PENDING") == ([names[-1]], 1)
    assert listed("status=COMPLETED&limit=100")[1] == 26
    for wrong in ("status=DONE", "limit=x", "offset=-1"):
        assert writer.client.get(f"v1/bulk/jobs?{wrong}").status_code == 400


def test_an_unknown_or_forgotten_job_is_not_found(rig: Rig) -> None:
    sandbox, writer = shop(rig, jobs=JobSettings(job_retention=60))
    job_id = writer.submit(ROWS).data["jobId"]
    assert writer.client.get("v1/bulk/jobs/nothing").status_code == 404
    assert writer.client.get(f"v1/bulk/jobs/{job_id}/errors").status_code == 200
    sandbox.clock.sleep(61)
    assert writer.client.get(f"v1/bulk/jobs/{job_id}").status_code == 404
    assert writer.client.get(f"v1/bulk/jobs/{job_id}/errors").status_code == 404
    another = writer.submit(ROWS).data["jobId"]
    sandbox.faults.add(Fault(Effect.JOB_EXPIRED))
    assert writer.client.get(f"v1/bulk/jobs/{another}").status_code == 404


def test_a_job_may_fail_or_hang_on_request_and_writes_nothing(rig: Rig) -> None:
    sandbox, writer = shop(rig, jobs=JobSettings(job_seconds=1))
    sandbox.faults.add(Fault(Effect.JOB_FAILED, code="E_1"), Fault(Effect.JOB_STUCK))
    failing, stuck = (writer.submit(ROWS).data["jobId"] for _ in range(2))
    sandbox.clock.sleep(3600)
    assert writer.job(failing)["status"] == "FAILED"
    assert [error["errorMessage"] for error in writer.errors(failing)] == [
        "The job failed with E_1."
    ]
    assert writer.job(stuck)["status"] == "IN_PROGRESS"
    assert sandbox.tenant.count("order__gc") == 0


def test_a_submission_may_be_taken_though_its_reply_is_lost(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    sandbox.faults.add(Fault(Effect.DROP_AFTER, on=CallKind.IMPORT_SUBMIT, object="order__gc"))
    with pytest.raises(requests.ConnectionError):
        writer.submit(ROWS, file_name="lost.csv")
    (listed,) = writer.client.get("v1/bulk/jobs").json()["data"]["records"]
    assert listed["fileName"] == "lost.csv"
    assert writer.job(listed["jobId"])["successCount"] == 2


def test_the_journal_proves_that_no_file_came_twice(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.load(ROWS, file_name="one.csv")
    writer.load(ROWS, file_name="two.csv", operation="UPSERT", keys="Name")
    digest = hashlib.sha256(ROWS.encode()).hexdigest()
    assert sandbox.journal.imports_by_name() == {"one.csv": 1, "two.csv": 1}
    assert sandbox.journal.imports_by_content() == {digest: 2}
    first, second = sandbox.journal.imports
    assert (first.object, first.rows, first.inserted, first.done) == ("order__gc", 2, 2, True)
    assert (second.operation, second.keys, second.updated) == ("UPSERT", ("Name",), 2)
    assert sandbox.journal.written("order__gc") == {Outcome.INSERTED: 2, Outcome.UPDATED: 2}
    shown = writer.client.get("sandbox/journal").json()["data"]
    assert shown["importsByName"] == {"one.csv": 1, "two.csv": 1}
    assert [job["file_name"] for job in shown["imports"]] == ["one.csv", "two.csv"]


def test_imports_may_have_a_key_of_their_own(rig: Rig) -> None:
    credentials = Credentials(bulk_access_key="bulk")
    _, ordinary = shop(rig, credentials=credentials)
    assert ordinary.submit(ROWS).status == 200
    sandbox, writer = shop(rig, credentials=credentials, quirks=Quirks(bulk_key_for_jobs=True))
    assert writer.submit(ROWS).status == 401
    assert writer.insert({"Name": "a"}).status == 200
    writer.client.session.headers["accesskey"] = "bulk"
    job_id = writer.submit(ROWS).data["jobId"]
    assert writer.job(job_id)["status"] == "COMPLETED"
    assert writer.insert({"Name": "a"}).status == 401
    assert sandbox.tenant.count("order__gc") == 3


def test_the_tenant_has_the_import_apis_it_is_told_to_have(rig: Rig) -> None:
    for api in ImportApi:
        _, writer = shop(rig, quirks=Quirks(import_api=api))
        jobs = writer.client.get("v1/bulk/jobs").status_code
        assert jobs == (404 if api is ImportApi.CONNECTOR else 200)
