"""Import jobs: both forms of the API, the streamed form body, and odd replies."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.calls.multipart import FormBody
from gainsight_api.connect import connect
from gainsight_api.errors import DataError, RetriableError
from gainsight_api.jobs.import_replies import ImportJob, RowError
from gainsight_api.jobs.imports import ConnectorImports, JobImports, Operation, Upload
from gainsight_api.jobs.job_states import JobState
from gainsight_api.settings import ConnectionSettings
from gainsight_sandbox import DataJob, Effect, Fault, Field, Limits, ManualClock, Sandbox
from gainsight_sandbox import custom_object as custom
from gainsight_sandbox.behaviour.call_kinds import CallKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gainsight_api.calls.session import Session

THING = "thing__gc"


@pytest.fixture
def tenant() -> Iterator[Sandbox]:
    with Sandbox(
        empty=True,
        clock=ManualClock(),
        limits=Limits(bulk_per_hour=1_000, bulk_per_day=1_000),
        objects=[custom(THING, Field("Name", length=5))],
        data_jobs=[DataJob(id="J1", object=THING, operation="UPSERT", keys=("Name",))],
    ) as sandbox:
        yield sandbox


@pytest.fixture
def session(tenant: Sandbox) -> Session:
    config = {
        "domain": tenant.url,
        "access_key": tenant.access_key,
        "quota_store": "memory",
        "bulk_calls_per_hour": 1_000,
        "bulk_calls_per_day": 1_000,
    }
    return connect(ConnectionSettings.from_config(config), clock=tenant.clock)


def upload(folder: Path, content: str = "Name\r\na\r\nb\r\n", name: str = "x.csv") -> Upload:
    path = folder / name
    path.write_text(content, newline="")
    return Upload(object=THING, operation=Operation.UPSERT, keys=("Name",), file=path, job_id="J1")


def finished(imports: JobImports | ConnectorImports, job_id: str) -> ImportJob:
    for _ in range(500):
        job = imports.status(job_id)
        if job.state is not JobState.RUNNING:
            return job
    raise AssertionError("the job does not end")


def test_a_job_is_submitted_found_and_read(
    tenant: Sandbox, session: Session, tmp_path: Path
) -> None:
    imports = JobImports(session)
    sent = upload(tmp_path, "Name\r\na\r\ntoo long\r\n")
    job_id = imports.submit(sent)
    job = finished(imports, job_id)
    assert (job.succeeded, job.failed) == (1, 1)
    assert job.created_at == tenant.clock.now()
    [error] = imports.errors(job_id)
    assert (error.row, error.field) == (2, "Name")
    assert [found.id for found in imports.find(sent, under_way=False)] == [job_id]
    assert imports.find(sent, under_way=True) == []
    assert tenant.usage().bulk == 1


def test_a_job_is_found_among_many(tenant: Sandbox, session: Session, tmp_path: Path) -> None:
    del tenant
    imports = JobImports(session)
    wanted = upload(tmp_path, name="wanted.csv")
    job_id = imports.submit(wanted)
    other = upload(tmp_path, name="other.csv")
    for _ in range(100):
        imports.submit(other)
    assert [job.id for job in imports.find(wanted, under_way=False)] == [job_id]


def test_the_connector_tells_counts_alone(
    tenant: Sandbox, session: Session, tmp_path: Path
) -> None:
    del tenant
    imports = ConnectorImports(session)
    job = finished(imports, imports.submit(upload(tmp_path, "Name\r\na\r\ntoo long\r\n")))
    assert (job.succeeded, job.failed) == (1, 1)
    assert imports.errors(job.id) == []


@pytest.mark.parametrize("effect", [Effect.DROP_BEFORE, Effect.DROP_AFTER])
def test_a_submission_is_never_repeated_by_itself(
    tenant: Sandbox, session: Session, tmp_path: Path, effect: Effect
) -> None:
    tenant.faults.add(Fault(effect, on=CallKind.IMPORT_SUBMIT))
    with pytest.raises(RetriableError) as caught:
        JobImports(session).submit(upload(tmp_path))
    assert caught.value.may_have_arrived
    assert len(tenant.journal.imports) == (effect is Effect.DROP_AFTER)


def test_a_file_is_sent_again_whole_after_a_refusal_for_the_limit(
    tenant: Sandbox, session: Session, tmp_path: Path
) -> None:
    tenant.faults.add(
        Fault(
            Effect.STATUS,
            on=CallKind.IMPORT_SUBMIT,
            status=429,
        )
    )
    imports = JobImports(session)
    job = finished(imports, imports.submit(upload(tmp_path)))
    assert job.succeeded == 2


def test_a_large_file_is_never_whole_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    tracemalloc.start()
    with FormBody({"a": "b"}, path) as body:
        size = 0
        while block := body.read(8_192):
            size += len(block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == len(body)
    assert peak < 1_000_000


@pytest.mark.parametrize("block", [1, 7, 1_000, -1])
def test_a_form_reads_the_same_in_blocks_of_any_size(tmp_path: Path, block: int) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"Name\r\nx\r\n")
    read = b""
    with FormBody({"objectName": "thing"}, path) as body:
        while part := body.read(block):
            read += part
    boundary = body.content_type.partition("boundary=")[2].encode()
    assert len(read) == len(body)
    assert read.count(boundary) == 3
    assert b'name="objectName"\r\n\r\nthing\r\n' in read
    assert b'filename="x.csv"' in read
    assert b"\r\n\r\nName\r\nx\r\n\r\n--" in read


class Replies:
    """A session that has one reply."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply

    def get(self, path: str) -> Any:
        del path
        return self.reply

    def upload(self, path: str, fields: Any, file: Any) -> Any:
        del path, fields, file
        return self.reply

    def hide(self, text: str) -> str:
        return text


@pytest.mark.parametrize(
    ("reply", "state", "counts"),
    [
        ({"jobStatus": "COMPLETED", "success": 3, "failed": 1}, JobState.COMPLETED, (3, 1)),
        ({"Job Status": "completed", "Succeeded Records": "3"}, JobState.COMPLETED, (3, None)),
        ({"status": "INIT"}, JobState.RUNNING, (None, None)),
        ({"status": "anything new"}, JobState.RUNNING, (None, None)),
        ({"status": "FAILED"}, JobState.FAILED, (None, None)),
    ],
)
def test_a_status_is_read_in_every_likely_form(
    reply: Any, state: JobState, counts: tuple[Any, Any]
) -> None:
    job = ConnectorImports(Replies(reply)).status("S1")  # type: ignore[arg-type]
    assert job.state is state
    assert (job.succeeded, job.failed) == counts
    assert job.id == "S1"


@pytest.mark.parametrize("reply", [{"statusId": "S1"}, {"Status ID": "S1"}, "S1"])
def test_a_status_id_is_read_in_every_likely_form(tmp_path: Path, reply: Any) -> None:
    imports = ConnectorImports(Replies(reply))  # type: ignore[arg-type]
    assert imports.submit(upload(tmp_path)) == "S1"


@pytest.mark.parametrize("reply", [None, {}, []])
def test_a_submission_that_names_no_job_is_an_error(tmp_path: Path, reply: Any) -> None:
    for imports in (JobImports(Replies(reply)), ConnectorImports(Replies(reply))):  # type: ignore[arg-type]
        with pytest.raises(DataError):
            imports.submit(upload(tmp_path))


def test_errors_of_the_whole_file_have_no_row() -> None:
    reply = [{"errorMessage": "words", "fieldName": "A"}]
    assert JobImports(Replies(reply)).errors("J") == [  # type: ignore[arg-type]
        RowError(None, "words", "A")
    ]
