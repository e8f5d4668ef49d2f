"""Import jobs: each file is imported once, whatever happens to its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import GainsightError, JobFailedError
from gainsight_sandbox import (
    Credentials,
    DataJob,
    Effect,
    Fault,
    ImportApi,
    ManualClock,
    Quirks,
    Sandbox,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.wire.auth import CLIENT_ID, CLIENT_SECRET
from tests.target.support import THING, Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


BULK: dict[str, Any] = {"load_mode": "bulk"}


def test_the_same_content_again_has_another_name(runner: Runner, sandbox: Sandbox) -> None:
    feed = records(5)
    runner.loaded(schema(), *feed, *feed, batch_size_rows=5, operation="insert", **BULK)
    names = [job.file_name for job in sandbox.journal.imports]
    assert names[1] == names[0].replace(".csv", "-2.csv")
    assert sandbox.tenant.count(THING) == 10


@pytest.mark.parametrize("effect", [Effect.DROP_AFTER, Effect.MALFORMED, Effect.TRUNCATED])
def test_a_submission_without_answer_is_found_by_its_file_name(
    runner: Runner, sandbox: Sandbox, effect: Effect
) -> None:
    sandbox.faults.add(Fault(effect, on=CallKind.IMPORT_SUBMIT))
    output = runner.loaded(schema(), *records(20), state(1), operation="insert", **BULK)
    assert output.states == [1]
    assert sandbox.tenant.count(THING) == 20
    assert len(sandbox.journal.imports) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Effect.DROP_BEFORE, on=CallKind.IMPORT_SUBMIT),
        Fault(
            Effect.STATUS,
            on=CallKind.IMPORT_SUBMIT,
            status=502,
        ),
        Fault(
            Effect.STATUS,
            on=CallKind.IMPORT_SUBMIT,
            status=429,
        ),
    ],
)
def test_a_submission_that_did_not_arrive_is_made_again(
    runner: Runner, sandbox: Sandbox, fault: Fault
) -> None:
    sandbox.faults.add(fault)
    runner.loaded(schema(), *records(20), operation="insert", **BULK)
    assert sandbox.tenant.count(THING) == 20
    assert len(sandbox.journal.imports) == 1


def test_a_job_that_fails_as_a_whole_fails_the_run(runner: Runner, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Effect.JOB_FAILED, on=CallKind.IMPORT_SUBMIT))
    output = runner.load(schema(), *records(20), state(1), max_rejects=-1, **BULK)
    assert isinstance(output.error, JobFailedError)
    assert not output.states
    assert not runner.letters()


def test_a_rerun_waits_for_the_job_that_is_still_under_way(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(Effect.JOB_STUCK, on=CallKind.IMPORT_SUBMIT))
    for _ in range(2):
        output = runner.load(schema(), *records(20), state(1), job_timeout=30, **BULK)
        assert "job_timeout" in str(output.error)
        assert not output.states
    assert len(sandbox.journal.imports) == 1


def test_a_rerun_of_an_insert_takes_the_completed_job(runner: Runner, sandbox: Sandbox) -> None:
    for _ in range(2):
        runner.loaded(schema(), *records(20), operation="insert", **BULK)
    assert sandbox.tenant.count(THING) == 20
    sandbox.clock.sleep(7300)
    runner.loaded(schema(), *records(20), operation="insert", **BULK)
    assert sandbox.tenant.count(THING) == 40


def test_a_status_that_is_lost_fails_the_run(runner: Runner, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Effect.JOB_EXPIRED, on=CallKind.IMPORT_STATUS))
    output = runner.load(schema(), *records(20), state(1), **BULK)
    assert isinstance(output.error, GainsightError)
    assert "whether it was done cannot be told" in str(output.error)
    assert not output.states


def test_the_import_jobs_of_all_take_the_ordinary_key(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    runner.loaded(schema(), *records(3), bulk_access_key="import-key", **BULK)
    assert len(runner.rows()) == 3
    assert "`bulk_access_key` is not used" in caplog.text


CONNECTOR: dict[str, Any] = {"bulk_import_api": "connector"}


def connector_streams(**settings: Any) -> dict[str, Any]:
    return {"streams": [{"name": THING, "bulk_job_id": "J1", **settings}], **CONNECTOR}


@pytest.fixture
def connector(tmp_path: Path) -> Iterator[Runner]:
    jobs = [DataJob(id="J1", object=THING, operation="UPSERT", keys=("Name",))]
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], data_jobs=jobs) as tenant:
        yield Runner(tenant, tmp_path / "rejects")


@pytest.mark.parametrize("oauth", [False, True])
def test_a_connection_may_have_an_access_key_of_its_own(tmp_path: Path, *, oauth: bool) -> None:
    pair = {"oauth_client_id": CLIENT_ID, "oauth_client_secret": CLIENT_SECRET, "access_key": None}
    lookup = {
        "Company__gc": {
            "fields": {"Company_Name__gc": "Name"},
            "objectName": "company",
            "lookupField": "Gsid",
        }
    }
    with Sandbox(
        empty=True,
        clock=ManualClock(),
        objects=[thing()],
        data_jobs=[DataJob(id="J1", object=THING, operation="UPSERT", keys=("Name",))],
        credentials=Credentials(bulk_access_key="import-key"),
    ) as sandbox:
        [apple] = sandbox.tenant.insert("company", {"Name": "Apple"})
        runner = Runner(sandbox, tmp_path)
        runner.loaded(
            schema(),
            *records(3, Company_Name__gc="Apple"),
            bulk_access_key="import-key",
            **connector_streams(load_mode="bulk", lookups=lookup),
            **(pair if oauth else {}),
        )
        assert [row["Company__gc"] for row in runner.rows().values()] == [apple] * 3
        assert {request.status for request in sandbox.log} == {200}
        tokens = sum(request.kind is CallKind.TOKEN for request in sandbox.log)
        assert tokens == int(oauth)


def test_the_connector_loads_by_the_job_that_an_admin_has_set_up(connector: Runner) -> None:
    output = connector.loaded(
        schema(), *records(30), state(1), **connector_streams(load_mode="bulk")
    )
    assert output.states == [1]
    assert len(connector.rows()) == 30


def test_failures_that_the_connector_does_not_name_fail_the_run(connector: Runner) -> None:
    output = connector.load(
        schema(),
        *records(30),
        record(Name="x" * 41),
        state(1),
        max_rejects=-1,
        **connector_streams(load_mode="bulk"),
    )
    assert "1 failed" in str(output.error)
    assert not output.states
    assert not connector.letters()


def test_a_lost_submission_to_the_connector_fails_the_run(connector: Runner) -> None:
    connector.sandbox.faults.add(Fault(Effect.DROP_AFTER, on=CallKind.IMPORT_SUBMIT))
    output = connector.load(schema(), *records(30), state(1), **connector_streams(load_mode="bulk"))
    assert "cannot be told" in str(output.error)
    assert not output.states
    assert len(connector.sandbox.journal.imports) == 1


@pytest.mark.parametrize(
    "quirks", [Quirks(import_api=ImportApi.CONNECTOR), Quirks(bulk_key_for_jobs=True)]
)
def test_a_tenant_that_refuses_calls_about_import_jobs_alone_is_told_with_their_settings(
    tmp_path: Path, quirks: Quirks
) -> None:
    credentials = Credentials(bulk_access_key="import-key")
    with Sandbox(
        empty=True, clock=ManualClock(), objects=[thing()], credentials=credentials, quirks=quirks
    ) as sandbox:
        output = Runner(sandbox, tmp_path).load(schema(), *records(3), state(1), **BULK)
    assert "check `bulk_import_api` and `bulk_access_key`" in str(output.error)
    assert not output.states


def test_the_connector_needs_the_id_of_a_job(connector: Runner) -> None:
    output = connector.load(schema(), *records(3), load_mode="bulk", **CONNECTOR)
    assert "bulk_job_id" in str(output.error)
