from __future__ import annotations

import csv
import gzip
import io
import tempfile
import tracemalloc
from typing import IO, TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import (
    DataError,
    GainsightError,
    JobFailedError,
    NotFoundError,
    RequestError,
    TransportError,
)
from gainsight_api.filters.build import Condition, Operator
from gainsight_api.jobs.exports import Chunk, Exports, Job, JobStatus
from gainsight_api.jobs.job_states import JobState
from gainsight_api.jobs.paid_jobs import PaidJobs
from gainsight_api.objects.read import Read
from gainsight_api.quota import Budget, QuotaStoreError
from gainsight_sandbox import Effect, ExportEmpty, Fault, JobSettings, Quirks
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.api.conftest import KEY, Connect, MakeTenant, Reply, Server, Time, enveloped, ok
from tests.api.conftest import csv as csv_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_api.calls.session import Session
    from gainsight_api.quota.store import Change


COMPANIES = Read("company", ("Gsid", "Name"), order_by=("Gsid",))
NONE = Read("company", ("Gsid",), where=Condition("Name", Operator.EQ, ("no such",)))
JOB = Job("job-1", "v3/exports/data/job/status/job-1")
CHUNK = Chunk("v3/exports/data/job/job-1/chunk/1/results", 0, 1)


@pytest.fixture
def exports(session: Session) -> Exports:
    return Exports(session)


@pytest.fixture
def file() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


def content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def completed(chunks: object, total: object = 1) -> Reply:
    return ok({"jobStatus": "COMPLETED", "totalRecords": total, "chunkDetails": chunks})


# Submitting.


def test_a_job_is_submitted_as_the_article_shows_it(exports: Exports, server: Server) -> None:
    server.answers(ok({"jobId": "f199", "statusURL": "v3/exports/data/job/status/f199"}))
    job = exports.submit(Read("company", ("Name", "Csm__gr.name"), order_by=("Name",)))
    assert job == Job("f199", "v3/exports/data/job/status/f199")
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v3/exports/data/bulk/company")
    assert request.payload() == {
        "select": ["Name", "Csm__gr.name"],
        "where": None,
        "orderBy": {"Name": "asc"},
        "limit": 1_000_000,
        "offset": 0,
    }


def test_a_submission_is_a_bulk_call_and_all_else_is_not(
    connected: Connect, tenant: MakeTenant, file: IO[bytes]
) -> None:
    session = connected(tenant(rows={"company": 3}).url)
    exports = Exports(session)
    job = exports.submit(COMPANIES)
    exports.fetch(exports.status(job).chunks[0], file)
    assert session.quota.remaining(Budget.BULK).windows[0].used == 1
    assert session.quota.remaining(Budget.SYNC).windows[0].used == 2


def test_without_a_status_url_the_documented_one_is_used(exports: Exports, server: Server) -> None:
    server.answers(ok({"jobId": "f199"}))
    assert exports.submit(COMPANIES) == Job("f199", "v3/exports/data/job/status/f199")


@pytest.mark.parametrize("data", [None, [], "f199", {}, {"jobId": None}, {"jobId": ""}])
def test_a_reply_without_a_job_is_an_error(exports: Exports, server: Server, data: object) -> None:
    server.answers(ok(data))
    with pytest.raises(DataError, match="named no job for the export of company"):
        exports.submit(COMPANIES)


def test_a_job_named_like_the_credential_is_not_shown(exports: Exports, server: Server) -> None:
    server.answers(ok({"jobId": KEY, "statusURL": f"v3/exports/data/job/status/{KEY}"}))
    assert exports.submit(COMPANIES) == Job("***", "v3/exports/data/job/status/***")
    server.answers(ok({"jobStatus": f"So {KEY}"}))
    assert exports.status(JOB).word == "So ***"
    server.answers(ok({"jobStatus": "FAILED", "errorCode": KEY, "internalRequestId": KEY}))
    assert KEY not in str(exports.status(JOB).failure)


class GoneStore:
    """A store that answers once, and is gone."""

    def __init__(self) -> None:
        self._answers = iter([None])

    def update(self, key: str, change: Change[Any]) -> Any:
        del key
        for document in self._answers:
            return change(document)[0]
        raise QuotaStoreError("quota_store: gone")

    def close(self) -> None: ...


def test_a_job_is_not_lost_with_the_store_that_was_to_remember_it(
    session: Session, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers(ok({"jobId": "f199"}))
    paid = PaidJobs(GoneStore(), "key", session.clock, 60.0)
    job = Exports(session, paid).submit(COMPANIES)
    assert job.id == "f199"
    (warning,) = (each.getMessage() for each in caplog.records)
    assert "export job f199 is under way, but not remembered: quota_store: gone" in warning


@pytest.mark.parametrize("as_200", [False, True])
def test_a_malformed_request_is_refused_by_its_code(
    connected: Connect, tenant: MakeTenant, *, as_200: bool
) -> None:
    exports = Exports(connected(tenant(Quirks(errors_as_200=as_200), rows={"company": 3}).url))
    with pytest.raises(RequestError) as caught:
        exports.submit(Read("company", ("NoSuchField",)))
    assert caught.value.code == "GSOBJ_ESS_9150"
    with pytest.raises(RequestError) as caught:
        exports.submit(Read("company", ()))
    assert caught.value.code == "GSOBJ_ESS_9104"


def test_a_submission_whose_reply_was_lost_is_not_made_twice(
    connected: Connect, tenant: MakeTenant
) -> None:
    sandbox = tenant(rows={"company": 3})
    sandbox.faults.add(Fault(Effect.DROP_AFTER))
    with pytest.raises(TransportError) as caught:
        Exports(connected(sandbox.url)).submit(COMPANIES)
    assert caught.value.may_have_arrived
    assert sandbox.usage().bulk == 1


# A job's life.


def test_a_job_runs_and_is_completed(
    connected: Connect, tenant: MakeTenant, time: Time, file: IO[bytes]
) -> None:
    sandbox = tenant(rows={"company": 25}, jobs=JobSettings(job_seconds=60, chunk_rows=10))
    exports = Exports(connected(sandbox.url))
    job = exports.submit(COMPANIES)
    assert exports.status(job) == JobStatus(JobState.RUNNING)
    time.advance(60)
    status = exports.status(job)
    assert status.state is JobState.COMPLETED
    assert status.rows == 25
    assert [(chunk.offset, chunk.rows) for chunk in status.chunks] == [(0, 10), (10, 10), (20, 5)]
    rows = []
    for chunk in status.chunks:
        exports.fetch(chunk, file)
        header, *cells = csv.reader(io.StringIO(content(file).decode()))
        assert header == ["Gsid", "Name"]
        rows += cells
    expected = [[row["Gsid"], row["Name"]] for row in sandbox.tenant.rows("company")]
    assert rows == sorted(expected)


@pytest.mark.parametrize("text", ["IN_PROGRESS", "in progress", "Submitted", "QUEUED"])
def test_a_job_that_is_under_way_is_known_by_several_words(
    exports: Exports, server: Server, text: str
) -> None:
    server.answers(ok({"jobId": "job-1", "jobStatus": text}))
    assert exports.status(JOB).state is JobState.RUNNING


@pytest.mark.parametrize("text", ["NOT_STARTED", "UNHEARD_OF", "", None, 5])
def test_an_unknown_status_is_no_end(exports: Exports, server: Server, text: object) -> None:
    server.answers(ok({"jobId": "job-1", "jobStatus": text}))
    status = exports.status(JOB)
    assert status.state is JobState.UNKNOWN
    assert status.word == str(text or "")


@pytest.mark.parametrize("text", ["SUCCESS", "Succeeded", "done"])
def test_a_job_that_has_succeeded_is_known_by_several_words(
    exports: Exports, server: Server, text: str
) -> None:
    server.answers(ok({"jobId": "job-1", "jobStatus": text, "totalRecords": 0}))
    assert exports.status(JOB).state is JobState.COMPLETED


@pytest.mark.parametrize("text", ["ERROR", "Cancelled", "CANCELED", "EXPIRED"])
def test_a_job_that_has_ended_otherwise_has_failed(
    exports: Exports, server: Server, text: str
) -> None:
    server.answers(ok({"jobId": "job-1", "jobStatus": text}))
    assert exports.status(JOB).state is JobState.FAILED


@pytest.mark.parametrize("text", ["COMPLETED", "completed", "Completed"])
def test_a_status_is_read_in_any_case(exports: Exports, server: Server, text: str) -> None:
    server.answers(ok({"jobStatus": text, "totalRecords": 0, "chunkDetails": []}))
    assert exports.status(JOB) == JobStatus(JobState.COMPLETED, rows=0)


@pytest.mark.parametrize("text", ["FAILED", "ABORTED"])
def test_a_failed_job_says_why_without_gainsights_wording(
    exports: Exports, server: Server, text: str
) -> None:
    server.answers(
        ok(
            {
                "jobId": "job-1",
                "jobStatus": text,
                "errorDesc": "a value 471147114711",
                "errorCode": "GSOBJ_ESS_9150",
                "internalRequestId": "85f84db8",
            }
        )
    )
    status = exports.status(JOB)
    assert status.state is JobState.FAILED
    assert isinstance(status.failure, JobFailedError)
    assert str(status.failure) == (
        "export job job-1 failed (code GSOBJ_ESS_9150, request 85f84db8)"
    )


@pytest.mark.parametrize("odd", [None, "a value 471147114711", 471147114711, ["471147114711"]])
def test_a_failed_job_may_say_anything(exports: Exports, server: Server, odd: object) -> None:
    server.answers(ok({"jobStatus": "FAILED", "errorCode": odd, "internalRequestId": odd}))
    assert str(exports.status(JOB).failure) == "export job job-1 failed"


def test_a_job_that_fails_late_is_a_failed_job(connected: Connect, tenant: MakeTenant) -> None:
    sandbox = tenant(Quirks(export_late_errors=True), rows={"company": 3})
    exports = Exports(connected(sandbox.url))
    status = exports.status(exports.submit(Read("company", ("NoSuchField",))))
    assert status.failure is not None
    assert status.failure.code == "GSOBJ_ESS_9150"


@pytest.mark.parametrize("data", [None, [], "COMPLETED"])
def test_a_status_without_a_job_is_an_error(exports: Exports, server: Server, data: object) -> None:
    server.answers(ok(data))
    with pytest.raises(DataError, match="says nothing of export job job-1"):
        exports.status(JOB)


# Chunks.


def test_chunks_come_in_the_order_of_their_rows(exports: Exports, server: Server) -> None:
    server.answers(
        completed(
            [
                {"chunkURL": "c", "offset": 20_000, "limit": 8_954},
                {"chunkURL": "b", "offset": "10000", "limit": "10000"},
                {"chunkURL": "a", "offset": 0, "limit": 10_000, "more": None},
            ],
            28_954,
        )
    )
    status = exports.status(JOB)
    assert status.rows == 28_954
    assert status.chunks == (
        Chunk("a", 0, 10_000),
        Chunk("b", 10_000, 10_000),
        Chunk("c", 20_000, 8_954),
    )


def test_chunks_without_numbers_stay_in_their_order(exports: Exports, server: Server) -> None:
    server.answers(completed([{"chunkURL": "a"}, {"chunkURL": "b", "limit": -1}], total=None))
    assert exports.status(JOB) == JobStatus(
        JobState.COMPLETED, None, (Chunk("a", 0, None), Chunk("b", 0, None))
    )


@pytest.mark.parametrize(
    "chunks",
    [{"chunkURL": "a"}, "a", 5, [None], ["a"], [{}], [{"chunkURL": None}], [{"offset": 0}]],
)
def test_chunks_that_cannot_be_fetched_are_an_error(
    exports: Exports, server: Server, chunks: object
) -> None:
    server.answers(completed(chunks))
    with pytest.raises(DataError, match=r"chunk.* of export job job-1"):
        exports.status(JOB)


@pytest.mark.parametrize("empty", ExportEmpty)
def test_an_export_of_nothing_has_no_rows_however_it_is_said(
    connected: Connect, tenant: MakeTenant, file: IO[bytes], empty: ExportEmpty
) -> None:
    exports = Exports(connected(tenant(Quirks(export_empty=empty), rows={"company": 3}).url))
    status = exports.status(exports.submit(NONE))
    assert (status.state, status.rows) == (JobState.COMPLETED, 0)
    assert sum(chunk.rows or 0 for chunk in status.chunks) == 0
    for chunk in status.chunks:
        exports.fetch(chunk, file)
        assert content(file) == b'"Gsid"\n'


@pytest.mark.parametrize(
    "data", [{}, {"chunkDetails": None}, {"chunkDetails": []}, {"totalRecords": 0}]
)
def test_a_completed_job_need_not_list_chunks(
    exports: Exports, server: Server, data: dict[str, Any]
) -> None:
    server.answers(ok({"jobStatus": "COMPLETED", **data}))
    status = exports.status(JOB)
    assert (status.state, status.chunks) == (JobState.COMPLETED, ())
    assert not status.rows


@pytest.mark.parametrize("form", ["{path}", "/{path}", "{url}/{path}"])
def test_an_address_on_the_tenants_host_is_followed_in_every_form(
    exports: Exports, server: Server, file: IO[bytes], form: str
) -> None:
    status_url = form.format(path="v3/status/1", url=server.url)
    chunk_url = form.format(path="v3/chunk/1", url=server.url)
    server.answers(
        ok({"jobId": "1", "statusURL": status_url}),
        completed([{"chunkURL": chunk_url, "offset": 0, "limit": 1}]),
        csv_reply(b'"Gsid"\n"1"\n'),
    )
    status = exports.status(exports.submit(COMPANIES))
    exports.fetch(status.chunks[0], file)
    assert content(file) == b'"Gsid"\n"1"\n'
    assert [request.path for request in server.requests[1:]] == ["/v3/status/1", "/v3/chunk/1"]


@pytest.mark.parametrize(
    "on",
    [
        CallKind.EXPORT_SUBMIT,
        CallKind.EXPORT_STATUS,
    ],
)
def test_an_address_elsewhere_is_not_followed(
    connected: Connect,
    tenant: MakeTenant,
    foreign: Server,
    file: IO[bytes],
    on: CallKind,
) -> None:
    sandbox = tenant(rows={"company": 3})
    sandbox.faults.add(Fault(Effect.FOREIGN_URL, on=on, location=foreign.url))
    exports = Exports(connected(sandbox.url))
    job = exports.submit(COMPANIES)
    with pytest.raises(GainsightError, match="not on the tenant's own host"):
        exports.fetch(exports.status(job).chunks[0], file)
    assert foreign.requests == []


# Fetching.


def test_compression_is_asked_for_and_undone(
    exports: Exports, server: Server, file: IO[bytes]
) -> None:
    body = b'"Gsid"\n' + b'"1P02"\n' * 50_000
    server.answers(csv_reply(gzip.compress(body), **{"Content-Encoding": "gzip"}))
    exports.fetch(CHUNK, file)
    assert content(file) == body
    assert "gzip" in server.requests[0].headers["accept-encoding"]


def test_a_compressed_chunk_that_breaks_off_is_fetched_again(
    exports: Exports, server: Server, file: IO[bytes]
) -> None:
    body = b'"Gsid"\n' + b'"1P02"\n' * 50_000
    whole = gzip.compress(body)
    encoded = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    server.answers(Reply(whole, 200, encoded, cut=len(whole) // 2), Reply(whole, 200, encoded))
    exports.fetch(CHUNK, file)
    assert content(file) == body


def test_a_download_that_breaks_off_leaves_nothing_behind(
    exports: Exports, server: Server, file: IO[bytes]
) -> None:
    body = b'"Gsid"\n"1"\n'
    long = bytes(300_000)
    server.answers(
        Reply(long, headers={"Content-Type": "text/csv"}, cut=200_000),
        Reply(drop=True),
        Reply(status=503),
        csv_reply(body),
    )
    exports.fetch(CHUNK, file)
    assert content(file) == body
    assert len(server.requests) == 4


def test_a_broken_download_of_the_tenant_is_fetched_again(
    connected: Connect, tenant: MakeTenant, file: IO[bytes]
) -> None:
    sandbox = tenant(rows={"company": 500})
    sandbox.faults.add(
        Fault(
            Effect.TRUNCATED,
            on=CallKind.EXPORT_CHUNK,
            count=2,
        )
    )
    exports = Exports(connected(sandbox.url))
    (chunk,) = exports.status(exports.submit(COMPANIES)).chunks
    exports.fetch(chunk, file)
    assert len(content(file).splitlines()) == 501


def test_a_large_chunk_takes_no_more_memory_than_a_small_one(
    exports: Exports, server: Server, file: IO[bytes]
) -> None:
    server.answers(csv_reply(bytes(1 << 20)), Reply(bytes(1 << 20), times=100))
    exports.fetch(CHUNK, file)
    tracemalloc.start()
    try:
        exports.fetch(CHUNK, file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert file.tell() == 100 << 20
    assert peak < 2 << 20


# What is gone.

GONE = [
    enveloped({"result": False}, 404),
    enveloped({"result": False}, 410),
    enveloped({"result": False, "errorCode": "GSOBJ_1011"}, 404),
    enveloped({"result": False, "errorCode": "GSOBJ_1011"}, 400),
    enveloped({"result": False, "errorCode": "GSOBJ_1011"}),
    enveloped({"result": False, "title": "OBJECT_NOT_FOUND"}, 404),
]


@pytest.mark.parametrize("reply", GONE)
def test_a_job_that_is_gone_is_not_found(exports: Exports, server: Server, reply: Reply) -> None:
    server.answers(reply)
    with pytest.raises(NotFoundError):
        exports.status(JOB)


@pytest.mark.parametrize("reply", GONE)
def test_a_chunk_that_is_gone_is_not_found(
    exports: Exports, server: Server, file: IO[bytes], reply: Reply
) -> None:
    server.answers(reply)
    with pytest.raises(NotFoundError):
        exports.fetch(CHUNK, file)


def test_the_tenants_jobs_expire(connected: Connect, tenant: MakeTenant, time: Time) -> None:
    sandbox = tenant(rows={"company": 3}, jobs=JobSettings(job_retention=3600))
    exports = Exports(connected(sandbox.url))
    job = exports.submit(COMPANIES)
    exports.status(job)
    time.advance(3601)
    with pytest.raises(NotFoundError, match=f"export job {job.id}"):
        exports.status(job)


def test_the_tenants_chunks_expire(connected: Connect, tenant: MakeTenant, file: IO[bytes]) -> None:
    sandbox = tenant(rows={"company": 3})
    sandbox.faults.add(Fault(Effect.CHUNK_EXPIRED))
    exports = Exports(connected(sandbox.url))
    (chunk,) = exports.status(exports.submit(COMPANIES)).chunks
    with pytest.raises(NotFoundError, match="part of the export"):
        exports.fetch(chunk, file)


def test_a_full_bulk_budget_is_waited_for(
    connected: Connect, tenant: MakeTenant, time: Time
) -> None:
    sandbox = tenant(rows={"company": 3})
    exports = Exports(connected(sandbox.url))
    for _ in range(11):
        exports.submit(COMPANIES)
    assert sandbox.usage().violations == 0
    assert time.now() % 3600 < 60


def test_a_bulk_budget_that_others_used_up_is_waited_for(
    connected: Connect, tenant: MakeTenant, time: Time
) -> None:
    sandbox = tenant(rows={"company": 3})
    for _ in range(10):
        Exports(connected(sandbox.url)).submit(COMPANIES)
    assert Exports(connected(sandbox.url)).submit(COMPANIES)
    assert sandbox.usage().violations == 1
    assert time.now() % 3600 < 60
