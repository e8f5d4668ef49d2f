from __future__ import annotations

import hashlib
import socket
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
    ManyMatches,
    Outcome,
    Quirks,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.sandbox.writing import GSID, Writer, as_csv, shop, stored

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


def test_good_rows_are_imported_and_bad_ones_listed(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    job, errors = writer.load(
        as_csv(
            ["Name", "Day__gc", "State__gc"],
            ["a", "2022-06-23", "1I00OPEN"],
            ["b", "210318", "Open"],
            ["", "", ""],
            ["c"],
            ["d", "", ""],
        )
    )
    assert (job["status"], job["totalRecords"], job["processedRecords"]) == ("COMPLETED", 5, 5)
    assert (job["successCount"], job["failureCount"]) == (2, 3)
    assert [(error["rowNumber"], error["fieldName"]) for error in errors] == [
        (2, "Day__gc"),
        (2, "State__gc"),
        (3, "Name"),
        (4, "Name"),
    ]
    assert errors[0]["errorMessage"] == "Date could not be parsed. (Day__gc = 210318)."
    assert [name for (name,) in stored(sandbox, "Name")] == ["a", "d"]


@pytest.mark.parametrize("base", [0, 1, 2])
def test_rows_are_counted_from_0_or_1_or_with_the_header(rig: Rig, base: int) -> None:
    _, writer = shop(rig, quirks=Quirks(import_row_base=base))
    _, errors = writer.load(as_csv(["Name"], ["a"], ["x" * 21]))
    assert [error["rowNumber"] for error in errors] == [base + 1]


def test_an_empty_cell_clears_its_field_and_an_absent_column_leaves_it(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "1", "Number__gc": 1, "Tags__gc": ["1I00OPEN"]})
    rows = as_csv(["Name", "Code__gc", "Tags__gc"], ["a", "", ""])
    job, _ = writer.load(rows, operation="UPDATE", keys="Name")
    assert job["successCount"] == 1
    assert stored(sandbox, "Code__gc", "Tags__gc", "Number__gc") == [(None, None, Decimal(1))]


def test_an_update_fails_the_rows_that_match_nothing(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a"})
    job, errors = writer.load(ROWS, operation="UPDATE", keys="Name")
    assert (job["successCount"], job["failureCount"]) == (1, 1)
    assert [(error["rowNumber"], error["fieldName"]) for error in errors] == [(2, "Name")]
    assert stored(sandbox, "Name", "Number__gc") == [("a", Decimal(1))]


def test_an_upsert_inserts_them_and_of_equal_keys_the_later_row_prevails(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "x"})
    sandbox.clock.sleep(5)
    rows = as_csv(["Name", "Number__gc"], ["a", "1"], ["b", "2"], ["b", "3"])
    job, _ = writer.load(rows, operation="UPSERT", keys="Name")
    assert job["successCount"] == 3
    assert stored(sandbox, "Name", "Number__gc", "Code__gc") == [
        ("a", Decimal(1), "x"),
        ("b", Decimal(3), None),
    ]
    created, modified = stored(sandbox, "CreatedDate", "ModifiedDate")[0]
    assert created != modified


def test_keys_are_checked_row_by_row(rig: Rig) -> None:
    _, writer = shop(rig)
    rows = as_csv(["Name", "Code__gc"], ["a", ""], ["", "1"])
    job, errors = writer.load(rows, operation="UPSERT", keys="Code__gc")
    assert job["successCount"] == 0
    assert [(error["rowNumber"], error["fieldName"]) for error in errors] == [
        (1, "Code__gc"),
        (2, "Name"),
    ]


def test_a_row_that_matches_several_records_fails_or_changes_all(rig: Rig) -> None:
    for choice in ManyMatches:
        sandbox, writer = shop(rig, quirks=Quirks(many_matches=choice))
        writer.insert({"Name": "a"}, {"Name": "a"})
        job, _ = writer.load(ROWS, operation="UPSERT", keys="Name")
        changed = choice is ManyMatches.ALL
        assert job["failureCount"] == (0 if changed else 1)
        expected = Decimal(1) if changed else None
        assert stored(sandbox, "Number__gc")[:2] == [(expected,), (expected,)]


def test_records_are_updated_by_their_gsids(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    gsid = writer.insert({"Name": "a"}).data["records"][0]["Gsid"]
    rows = as_csv(["Gsid", "Name"], [gsid, "b"], [GSID, "c"])
    job, errors = writer.load(rows, operation="UPSERT", keys="Gsid")
    assert (job["successCount"], job["failureCount"]) == (1, 1)
    assert errors[0]["fieldName"] == "Gsid"
    assert stored(sandbox, "Gsid", "Name") == [(gsid, "b")]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (as_csv(["Name", "Nothing__gc"], ["a", "b"]), "Nothing__gc"),
        (as_csv(["Name", "name"], ["a", "b"]), "name"),
        (as_csv(["Name", "Name"], ["a", "b"]), "Name"),
        (as_csv(["Name", "ModifiedDate"], ["a", "2022-06-23"]), "ModifiedDate"),
        (as_csv(["Name", "Gsid"], ["a", GSID]), "Gsid"),
        (as_csv(["Code__gc"], ["a"]), "Name"),
        ("\n", "Name"),
        (b"Name\r\n\xff\r\n", None),
        ('Name\r\na\r\n"b\r\n', None),
        ('Name\r\n"a"b\r\n', None),
    ],
)
def test_a_file_that_makes_no_sense_fails_the_job_and_writes_nothing(
    rig: Rig, content: str | bytes, field: str | None
) -> None:
    sandbox, writer = shop(rig)
    job, errors = writer.load(content)
    assert (job["status"], job["processedRecords"]) == ("FAILED", 0)
    assert len(errors) == 1
    assert errors[0]["fieldName"] == field
    assert "rowNumber" not in errors[0]
    assert sandbox.tenant.count("order__gc") == 0


def test_an_upsert_without_required_columns_updates_all_the_same(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "1"})
    rows = as_csv(["Code__gc", "Number__gc"], ["1", "1"], ["2", "2"])
    job, errors = writer.load(rows, operation="UPSERT", keys="Code__gc")
    assert (job["successCount"], job["failureCount"]) == (1, 1)
    assert errors[0]["fieldName"] == "Name"
    assert stored(sandbox, "Number__gc") == [(Decimal(1),)]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"objectName": "nothing__gc"}, "GSOBJ_1008"),
        ({"objectName": ""}, "GSOBJ_1008"),
        ({"objectName": "gsuser"}, "GSOBJ_1023"),
        ({"objectName": "company_person"}, "GSOBJ_1023"),
        ({"operation": "insert"}, "GSOBJ_1008"),
        ({"operation": "DELETE"}, "GSOBJ_1008"),
        ({"operation": "UPSERT"}, "GSOBJ_1008"),
        ({"operation": "UPDATE", "keyFields": "Day__gc"}, "GSOBJ_1008"),
        ({"operation": "UPDATE", "keyFields": "Nothing__gc"}, "GSOBJ_1002"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(rig: Rig, form: dict[str, str], code: str) -> None:
    sandbox, writer = shop(rig)
    complete = {"objectName": "order__gc", "operation": "INSERT", **form}
    if form.get("objectName") in {"gsuser", "company_person"}:
        sandbox, client = rig.demo(empty=True)
        writer = Writer(client)
    reply = writer.upload("v1/bulk/jobs", complete, ROWS)
    assert reply.status == 400
    assert reply.code == code
    assert not sandbox.journal.imports


def test_a_file_must_be_there_and_neither_empty_nor_too_large(rig: Rig) -> None:
    _, writer = shop(rig, quirks=Quirks(import_max_bytes=len(ROWS)))
    form = {"objectName": "order__gc", "operation": "INSERT"}
    url = f"{writer.client.url}/v1/bulk/jobs"
    assert writer.submit(ROWS).status == 200
    assert writer.submit(ROWS + " ").code == "GSOBJ_1008"
    assert writer.submit(b"").code == "GS_7571"
    for response in (
        writer.client.session.post(url, data=form),
        writer.client.session.post(url, json=form),
        writer.client.session.post(url),
        writer.client.session.post(
            url, data=b"broken", headers={"Content-Type": "multipart/form-data; boundary=x"}
        ),
    ):
        assert response.status_code == 400


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


def test_an_upload_that_breaks_off_is_as_if_it_had_not_begun(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    head = (
        "POST /v1/bulk/jobs HTTP/1.1\r\nHost: x\r\n"
        f"accesskey: {sandbox.access_key}\r\nContent-Length: 1000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nName\r\n'
    )
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
    assert writer.client.get("v1/bulk/jobs").json()["data"]["totalCount"] == 0
    assert not sandbox.journal.imports


def test_a_cell_may_be_long(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    text = '"x"\r\n' * 40_000
    job, _ = writer.load(as_csv(["Name", "Long__gc"], ["a", text]))
    assert job["successCount"] == 1
    assert stored(sandbox, "Long__gc") == [(text,)]


def test_high_volume_objects_are_imported(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.load(as_csv(["Name"], ["a"]), name="event__gc")
    assert stored(sandbox, "Name", name="event__gc") == [("a",)]


def test_imports_may_have_a_key_of_their_own(rig: Rig) -> None:
    sandbox, writer = shop(rig, credentials=Credentials(bulk_access_key="bulk"))
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


def test_many_rows_are_imported_and_found_by_their_key(rig: Rig) -> None:
    sandbox, writer = shop(rig, jobs=JobSettings(job_seconds=0))
    names = ["Name", "Code__gc", "Number__gc", "Moment__gc"]
    rows = ([f"n{n}", f"c{n}", n, "2024-01-02T03:04:05.000Z"] for n in range(20_000))
    job_id = writer.submit(as_csv(names, *rows), operation="UPSERT", keys="Code__gc").data["jobId"]
    while writer.job(job_id)["status"] != "COMPLETED":
        pass
    assert writer.job(job_id)["successCount"] == 20_000
    assert sandbox.tenant.count("order__gc") == 20_000
    assert writer.update("Code__gc", {"Code__gc": "c19999", "Paid__gc": True}).data["count"] == 1
