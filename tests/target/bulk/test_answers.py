"""Import jobs whose answers are not as in the documents' samples."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.objects.datatypes import timestamp
from gainsight_sandbox import Effect, Fault
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.support.proxy import proxy
from tests.target.support import THING, Runner, record, records, schema, state

if TYPE_CHECKING:
    from gainsight_sandbox import Sandbox
    from tests.support.proxy import Call

BULK: dict[str, Any] = {"load_mode": "bulk"}
JOBS = "/v1/bulk/jobs"


def errors_of(row: int, message: str, field: str | None = None) -> Any:
    """A rule: the errors of a job name this row in this way."""

    def after(call: Call) -> None:
        if call.path.endswith("/errors"):
            error = {"rowNumber": row, "errorMessage": message, "fieldName": field}
            call.answer(call.json | {"data": {"records": [error]}})

    return after


@pytest.mark.parametrize("base", [0, 1, 2])
def test_a_number_in_a_message_is_not_taken_for_a_value(
    runner: Runner, sandbox: Sandbox, base: int
) -> None:
    feed = [record(Name=f"n{n}", Number__gc=n + 1) for n in range(30)]
    feed[12]["record"]["Colour__gc"] = "1I00OLD"
    for message in feed:
        message["record"].setdefault("Colour__gc", None)
    rule = errors_of(12 + base, f"Line {12 + base}: duplicate record.")
    with proxy(sandbox.url, after=rule) as url:
        output = runner.load(
            schema(THING, "Name", "Number__gc", "Colour__gc"),
            *feed,
            state(1),
            domain=url,
            max_rejects=-1,
            **BULK,
        )
    assert output.error is None
    assert [letter["record"]["Name"] for letter in runner.letters()] == ["n12"]


def test_the_code_of_a_failed_row_is_never_null(runner: Runner, sandbox: Sandbox) -> None:
    feed = [*records(9), record(Name="x" * 41)]
    for message, code in (("GSOBJ_1007: too long", "GSOBJ_1007"), ("odd", "IMPORT_ROW_REJECTED")):
        with proxy(sandbox.url, after=errors_of(10, message)) as url:
            runner.load(schema(), *feed, domain=url, max_rejects=-1, bulk_row_number_base=1, **BULK)
        assert runner.letters()[-1]["errors"][0]["code"] == code


def test_a_failed_row_beside_a_very_long_cell_is_found(runner: Runner) -> None:
    feed = [record(Name=f"n{n}", Text__gc="x" * 140_000) for n in range(3)]
    feed.append(record(Name="y" * 41, Text__gc="short"))
    output = runner.load(schema(THING, "Name", "Text__gc"), *feed, max_rejects=-1, **BULK)
    assert output.error is None
    assert [letter["record"]["Text__gc"] for letter in runner.letters()] == ["short"]


def test_the_job_of_an_unanswered_submission_is_found_by_the_tenants_clock(
    runner: Runner, sandbox: Sandbox
) -> None:
    behind = timedelta(minutes=10)

    def after(call: Call) -> None:
        date = parsedate_to_datetime(call.headers["Date"]) - behind
        call.headers["Date"] = format_datetime(date, usegmt=True)
        if call.path.startswith(f"{JOBS}?"):
            reply = call.json
            for job in reply["data"]["records"]:
                created = datetime.fromisoformat(timestamp(str(job["createdDate"]))) - behind
                job["createdDate"] = created.isoformat()
            call.answer(reply)

    with proxy(sandbox.url, after=after) as url:
        sandbox.faults.add(Fault(Effect.DROP_AFTER, on=CallKind.IMPORT_SUBMIT))
        runner.load(schema(), *records(5), domain=url, operation="insert", **BULK)
    assert sandbox.tenant.count(THING) == 5


def test_a_job_list_that_heeds_no_offset_is_read_once(runner: Runner, sandbox: Sandbox) -> None:
    asked: list[str] = []

    def before(call: Call) -> None:
        if call.method == "GET" and call.path.startswith(f"{JOBS}?"):
            asked.append(call.path)
            jobs = [{"jobId": f"j{n}", "status": "COMPLETED"} for n in range(100)]
            call.answer({"result": True, "data": {"records": jobs}})

    with proxy(sandbox.url, before=before) as url:
        runner.loaded(schema(), *records(5), domain=url, **BULK)
    assert len(asked) <= 4


def test_a_failed_job_is_named_if_its_errors_cannot_be_read(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(Effect.JOB_FAILED, on=CallKind.IMPORT_SUBMIT))

    def before(call: Call) -> None:
        if call.path.endswith("/errors"):
            refusal = {"result": False, "errorCode": "GSOBJ_1018", "errorDesc": "No", "data": None}
            call.answer(refusal, 404)

    with proxy(sandbox.url, before=before) as url:
        output = runner.load(schema(), *records(5), state(1), domain=url, **BULK)
    said = str(output.error)
    assert "failed as a whole" in said
    assert re.search(r"import job \S+ of ", said)
    assert "errors could not be read" in said


def refusing(wanted: str, method: str = "GET", status: int = 404) -> Any:
    """A rule: calls whose address ends so, but for its query, are refused."""

    def before(call: Call) -> None:
        if call.method == method and call.path.partition("?")[0].endswith(wanted):
            refusal = {"result": False, "errorCode": "GSOBJ_1018", "errorDesc": "No", "data": None}
            call.answer(refusal, status)

    return before


def test_a_completed_job_is_named_if_its_errors_cannot_be_read(
    runner: Runner, sandbox: Sandbox
) -> None:
    with proxy(sandbox.url, before=refusing("/errors")) as url:
        feed = [*records(5), record(Name="x" * 41), state(1)]
        output = runner.load(schema(), *feed, domain=url, max_rejects=-1, **BULK)
    said = str(output.error)
    assert re.search(r"import job \S+ of thing__gc-", said)
    assert "1 of its 6 rows" in said
    assert not output.states
    assert not runner.letters()


@pytest.mark.parametrize("lost", [True, False])
def test_a_list_of_jobs_that_is_refused_is_not_the_import(
    runner: Runner, sandbox: Sandbox, *, lost: bool
) -> None:
    submitted: list[Call] = []

    def before(call: Call) -> None:
        if submitted or not lost:
            refusing(JOBS, status=400)(call)

    def after(call: Call) -> None:
        if call.method == "POST" and call.path == JOBS:
            submitted.append(call)
            call.answer({}, 502)

    with proxy(sandbox.url, before=before, after=after) as url:
        output = runner.load(schema(), *records(5), state(1), domain=url, **BULK)
    said = str(output.error)
    assert "list of import jobs" in said
    assert "refused the import" not in said
    assert len(submitted) == lost
    assert not output.states


def test_a_list_that_heeds_no_status_passes_no_earlier_job_off_as_this_one(
    runner: Runner, sandbox: Sandbox
) -> None:
    def before(call: Call) -> None:
        call.path = re.sub("&status=[A-Z_]+", "", call.path)

    with proxy(sandbox.url, before=before) as url:
        for code in ("first", "second", "first"):
            runner.loaded(schema(), *records(5, Code__gc=code), domain=url, **BULK)
    assert {row["Code__gc"] for row in runner.rows().values()} == {"first"}


def test_a_refused_submission_names_stream_and_keys(runner: Runner, sandbox: Sandbox) -> None:
    def before(call: Call) -> None:
        if call.method == "POST" and call.path == JOBS:
            refusal = {"result": False, "errorCode": "GSOBJ_1002", "errorDesc": "x", "data": None}
            call.answer(refusal, 400)

    with proxy(sandbox.url, before=before) as url:
        output = runner.load(schema(), *records(5), state(1), domain=url, **BULK)
    said = str(output.error)
    assert f"stream {THING}" in said
    assert "keys Name" in said
    assert "refused the import" in said
    assert not output.states


def test_a_line_break_in_a_job_id_forges_no_line(runner: Runner, sandbox: Sandbox) -> None:
    def before(call: Call) -> None:
        if call.method == "POST" and call.path == JOBS:
            call.answer({"result": True, "data": {"jobId": "x\n2026 | ERROR | forged"}})
        elif call.path.startswith(f"{JOBS}/"):
            call.answer({"result": True, "data": {"jobId": "x\ny", "status": "FAILED"}})

    with proxy(sandbox.url, before=before) as url:
        output = runner.load(schema(), *records(5), domain=url, **BULK)
    assert "\n" not in str(output.error)
    assert "\n2026" not in output.stderr


@pytest.mark.parametrize(
    "counts",
    [
        {"count": {"success": 5, "failure": 0}},
        {"result": {"Success Count": "5", "Failure Count": "0"}},
        {"successCount": 5, "failureCount": 0},
    ],
)
def test_counts_of_a_connector_job_are_read_nested_or_flat(
    runner: Runner, sandbox: Sandbox, counts: dict[str, Any]
) -> None:
    def before(call: Call) -> None:
        if "bulkimport/status/" in call.path:
            call.answer({"result": True, "data": {"jobStatus": "COMPLETED", **counts}})
        elif call.path.endswith("/bulkimport"):
            call.answer({"result": True, "data": {"statusId": "s1"}})

    entry = {"name": THING, "bulk_job_id": "j", "load_mode": "bulk"}
    with proxy(sandbox.url, before=before) as url:
        output = runner.load(
            schema(),
            *records(5),
            state(1),
            domain=url,
            streams=[entry],
            bulk_import_api="connector",
        )
    assert output.error is None
    assert output.states == [1]
