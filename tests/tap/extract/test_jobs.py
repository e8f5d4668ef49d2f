"""Export jobs under way: asked after, waited for, fetched ahead, left to the next run."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import GainsightError
from gainsight_sandbox import Effect, Fault, Hooks, LoggedRequest, ManualClock
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tap_gainsight.extract.jobs import JobTimeoutError
from tests.tap.support import (
    THING,
    UNLIMITED,
    calls,
    make_tap,
    run,
    select_only,
    submissions,
    tenant_of,
    things,
)

if TYPE_CHECKING:
    from gainsight_sandbox import Sandbox
    from tap_gainsight.tap import TapGainsight
    from tests.tap.support import Output

NAME = THING.name


class NotingClock(ManualClock):
    """Notes how long it was slept."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        super().sleep(seconds)


def bulk_tap(sandbox: Sandbox, **options: Any) -> TapGainsight:
    given = {"extract_method": "bulk", **UNLIMITED, **options}
    return select_only(make_tap(sandbox, **given), NAME)


def test_a_job_is_asked_after_ever_less_often_but_each_minute_at_least() -> None:
    clock = NotingClock()
    with tenant_of(things(3), clock=clock, job_seconds=900) as sandbox:
        run(bulk_tap(sandbox, job_poll_interval=5))
        assert clock.slept[0] == 5
        assert clock.slept == sorted(clock.slept)
        assert max(clock.slept) == 60
        assert calls(sandbox, CallKind.EXPORT_STATUS) == len(clock.slept) + 1 < 35


def test_chunks_that_the_disk_does_not_take_are_an_error_that_names_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tenant_of(things(3)) as sandbox:
        with monkeypatch.context() as patch:
            patch.setattr("tempfile.TemporaryFile", partial(Path("/dev/full").open, "r+b"))
            with pytest.raises(GainsightError, match="TMPDIR") as caught:
                run(bulk_tap(sandbox))
        state = caught.value.output.state  # type: ignore[attr-defined]
        assert len(run(bulk_tap(sandbox, state=state)).records[NAME]) == 3
        assert submissions(sandbox) == 1


def test_a_job_that_is_done_at_once_is_not_waited_for() -> None:
    clock = NotingClock()
    with tenant_of(things(3), clock=clock) as sandbox:
        run(bulk_tap(sandbox, job_poll_interval=5))
        assert clock.slept == []


def timed_out(sandbox: Sandbox, **options: Any) -> Output:
    with pytest.raises(JobTimeoutError) as caught:
        run(bulk_tap(sandbox, **options))
    assert "`job_timeout`" in str(caught.value)
    assert NAME in str(caught.value)
    output: Output = caught.value.output  # type: ignore[attr-defined]
    return output


def test_a_job_that_outlives_its_timeout_is_left_to_the_next_run() -> None:
    clock = NotingClock()
    with tenant_of(things(25), clock=clock, job_seconds=500, chunk_rows=10) as sandbox:
        output = timed_out(sandbox, job_timeout=100)
        assert sum(clock.slept) == 100
        bookmark = output.bookmark(NAME)
        assert bookmark["export_job_id"]
        assert bookmark["export_chunks_done"] == 0
        clock.advance(500)
        again = run(bulk_tap(sandbox, state=output.state))
        assert [record["Name"] for record in again.records[NAME]] == [
            f"thing {n}" for n in range(25)
        ]
        assert submissions(sandbox) == 1
        assert again.bookmark(NAME)["export_job_id"] is None


def test_a_job_that_never_ends_is_left_again_and_again_and_never_paid_for_twice() -> None:
    with tenant_of(things(25)) as sandbox:
        sandbox.faults.add(Fault(Effect.JOB_STUCK))
        state = None
        for _ in range(3):
            state = timed_out(sandbox, job_timeout=100, state=state).state
        assert submissions(sandbox) == 1


class Gate:
    """Lets a test wait until so many chunks have been asked for."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()

    def __call__(self, request: LoggedRequest) -> None:
        if request.kind is CallKind.EXPORT_CHUNK:
            with self._changed:
                self.count += 1
                self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.count >= count, timeout=10)


def test_two_chunks_are_fetched_ahead_and_not_more() -> None:
    gate = Gate()
    with tenant_of(things(100), chunk_rows=10, hooks=Hooks(on_request=gate)) as sandbox:
        stream = bulk_tap(sandbox).streams[NAME]
        records = stream.get_records(None)
        for number, _ in enumerate(records):
            chunk, row = divmod(number, 10)
            if row == 0:
                gate.wait_for(min(chunk + 3, 10))
                for _ in range(3):  # as if the reader took its time
                    stream._wiring.session.get("v1/meta/services/objects/list")  # type: ignore[attr-defined]
            assert gate.count <= min(chunk + 3, 10)
        assert gate.count == 10


def test_a_run_that_ends_early_leaves_no_file_and_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with tenant_of(things(100), chunk_rows=10) as sandbox:
        records = bulk_tap(sandbox).streams[NAME].get_records(None)
        assert isinstance(records, type(_ for _ in ()))
        next(records)
        records.close()
        for thread in set(threading.enumerate()) - before:
            if thread.name.startswith("chunk"):
                thread.join(10)
                assert not thread.is_alive()


def test_an_error_of_a_chunk_fetched_ahead_comes_in_its_turn() -> None:
    with tenant_of(things(50), chunk_rows=10) as sandbox:
        sandbox.faults.add(
            Fault(
                Effect.REDIRECT,
                on=CallKind.EXPORT_CHUNK,
                count=None,
                skip=3,  # three are asked for at once, and the fourth when the first one is written
            )
        )
        with pytest.raises(Exception, match="redirects") as caught:
            run(bulk_tap(sandbox))
        output: Output = caught.value.output  # type: ignore[attr-defined]
        # Those that are fetched at the same time may ask after it.
        assert len(output.records[NAME]) in {10, 20, 30, 40}


@pytest.mark.parametrize(
    "on",
    [
        CallKind.EXPORT_SUBMIT,
        CallKind.EXPORT_STATUS,
    ],
)
def test_an_address_on_another_host_is_not_followed(
    on: CallKind,
) -> None:
    with tenant_of(things(5)) as sandbox:
        sandbox.faults.add(Fault(Effect.FOREIGN_URL, on=on))
        with pytest.raises(Exception, match="own host"):
            run(bulk_tap(sandbox))


def test_a_list_that_names_a_chunk_twice_is_asked_for_again() -> None:
    with tenant_of(things(25), chunk_rows=10) as sandbox:
        sandbox.faults.add(Fault(Effect.REPEATED_CHUNK))
        output = run(bulk_tap(sandbox))
        assert [record["Name"] for record in output.records[NAME]] == [
            f"thing {n}" for n in range(25)
        ]
        assert submissions(sandbox) == 1
