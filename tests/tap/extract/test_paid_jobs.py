"""Jobs that were paid for by a run which left no state behind."""

from __future__ import annotations

import signal
import sqlite3
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.jobs.paid_jobs import PaidJob, PaidJobs
from gainsight_api.quota import QuotaStoreError
from gainsight_sandbox import Effect, Fault, Hooks, JobSettings, ManualClock, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tap_gainsight.tap import TapGainsight
from tests.tap.support import make_tap, run, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gainsight_api.objects.read import Read
    from gainsight_sandbox import LoggedRequest


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(
        rows={"company": 60}, clock=ManualClock(), jobs=JobSettings(chunk_rows=20)
    ) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    return {
        "quota_store": str(tmp_path / "quota.sqlite"),
        "objects": ["company"],
        "extract_method": "bulk",
        "max_retries": 0,
    }


def killed(
    sandbox: Sandbox,
    settings: dict[str, Any],
    on: CallKind,
    skip: int = 0,
) -> None:
    sandbox.faults.add(Fault(Effect.STATUS, on=on, skip=skip, count=1))
    with pytest.raises(Exception, match="failed to answer"):
        run(make_tap(sandbox, **settings))


@pytest.mark.parametrize(("on", "skip"), [("export-status", 0), ("export-chunk", 1)])
def test_a_run_without_state_takes_the_job_that_a_killed_one_left(
    sandbox: Sandbox, settings: dict[str, Any], on: str, skip: int
) -> None:
    killed(sandbox, settings, CallKind(on), skip)
    output = sync(sandbox, **settings)
    assert len({record["Gsid"] for record in output.records["company"]}) == 60
    assert sandbox.usage().bulk == 1


def test_a_job_that_the_store_could_not_remember_is_in_the_state(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gainsight_api.quota.stores.TIMEOUT_SECONDS", 0.1)
    locks: list[sqlite3.Connection] = []

    def lock(request: LoggedRequest) -> None:
        if request.kind is CallKind.EXPORT_SUBMIT:
            locks.append(sqlite3.connect(settings["quota_store"], check_same_thread=False))
            locks[0].execute("BEGIN EXCLUSIVE")

    hooks = Hooks(before_request=lock)
    with Sandbox(rows={"company": 60}, clock=ManualClock(), hooks=hooks) as sandbox:
        with pytest.raises(QuotaStoreError, match="locked") as caught:
            sync(sandbox, **settings)
        locks.pop().close()
        monkeypatch.setattr("gainsight_api.quota.stores.TIMEOUT_SECONDS", 30)
        state = caught.value.output.state  # type: ignore[attr-defined]
        assert len(sync(sandbox, state=state, **settings).records["company"]) == 60
        assert sandbox.usage().bulk == 1


def test_a_job_is_noted_in_the_store_before_a_reader_can_hold_it_up(
    sandbox: Sandbox, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []
    note = PaidJobs.note

    def watched(paid: PaidJobs, read: Read, job: PaidJob) -> None:
        printed.append(sys.stdout.getvalue())  # type: ignore[union-attr]
        note(paid, read, job)

    monkeypatch.setattr(PaidJobs, "note", watched)
    assert any('"export_job_id":"' in line for line in sync(sandbox, **settings).lines)
    assert len(printed) == 1
    assert '"export_job_id":"' not in printed[0]


def test_a_job_submitted_ahead_that_the_store_does_not_note_is_in_a_stopped_runs_state(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = threading.Event()
    ended = threading.Event()
    note, work_ahead = PaidJobs.note, TapGainsight._work_ahead

    def hanging(paid: PaidJobs, read: Read, job: PaidJob) -> None:
        if read.object == "person":
            submitted.set()
            ended.wait(30)
        note(paid, read, job)

    def stopped(tap: TapGainsight) -> None:
        work_ahead(tap)
        assert submitted.wait(30)
        tap._handle_termination(signal.SIGTERM, None)

    monkeypatch.setattr(PaidJobs, "note", hanging)
    monkeypatch.setattr(TapGainsight, "_work_ahead", stopped)
    settings = {**settings, "objects": ["company", "person"], "quota_store": "memory"}
    with Sandbox(rows={"company": 60, "person": 60}, clock=ManualClock()) as sandbox:
        with pytest.raises(SystemExit) as caught:
            sync(sandbox, **settings)
        ended.set()
        monkeypatch.undo()
        state = caught.value.output.state  # type: ignore[attr-defined]
        assert state["bookmarks"]["person"]["export_job_id"]
        again = sync(sandbox, state=state, **settings)
        assert [len(again.records[name]) for name in ("company", "person")] == [60, 60]
        assert sandbox.usage().bulk == 2


def test_what_changed_since_that_job_comes_with_the_next_run(
    sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    killed(sandbox, settings, CallKind.EXPORT_STATUS)
    sandbox.clock.sleep(600)
    changed = sandbox.tenant.touch("company", 5)
    sandbox.clock.sleep(600)
    state = sync(sandbox, **settings).state
    again = sync(sandbox, state=state, **{**settings, "lookback_seconds": 0})
    assert set(changed) <= {record["Gsid"] for record in again.records["company"]}


def test_a_job_that_was_read_is_not_taken_again(sandbox: Sandbox, settings: dict[str, Any]) -> None:
    sync(sandbox, **settings)
    sync(sandbox, **settings)
    assert sandbox.usage().bulk == 2


def test_a_job_is_not_taken_for_another_selection(
    sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    killed(sandbox, settings, CallKind.EXPORT_STATUS)
    sync(sandbox, **{**settings, "streams": [{"object": "company", "fields": ["Name"]}]})
    assert sandbox.usage().bulk == 2


def test_a_job_is_remembered_no_longer_than_a_job_may_take(
    sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    killed(
        sandbox,
        {**settings, "job_timeout": 100},
        CallKind.EXPORT_STATUS,
    )
    sandbox.clock.sleep(101)
    sync(sandbox, **{**settings, "job_timeout": 100})
    assert sandbox.usage().bulk == 2


def test_a_job_that_is_gone_is_submitted_anew(sandbox: Sandbox, settings: dict[str, Any]) -> None:
    killed(sandbox, settings, CallKind.EXPORT_STATUS)
    sandbox.faults.add(Fault(Effect.JOB_EXPIRED, on=CallKind.EXPORT_STATUS))
    output = sync(sandbox, **settings)
    assert len({record["Gsid"] for record in output.records["company"]}) == 60
    assert sandbox.usage().bulk == 2
