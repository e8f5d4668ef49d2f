"""Work ahead across streams: what it saves, and what it never does."""

from __future__ import annotations

import contextlib
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from gainsight_sandbox import (
    DataType,
    Field,
    Hooks,
    JobSettings,
    Limits,
    LoggedRequest,
    ManualClock,
    ObjectSchema,
    Sandbox,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.tap.support import make_tap, run, select_only, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE = [f"large_{number}__gc" for number in range(8)]
SMALL = [f"few_{number}__gc" for number in range(4)]


def schema(name: str) -> ObjectSchema:
    return ObjectSchema(
        name,
        (
            Field("Gsid", DataType.GSID, read_only=True),
            Field("Name"),
            Field("ModifiedDate", DataType.DATETIME, read_only=True),
        ),
        key_prefix="1T01",
    )


def fill(sandbox: Sandbox, large: int) -> None:
    for name in [*LARGE, *SMALL]:
        sandbox.tenant.add_object(schema(name))
        count = large if name in LARGE else 5
        first = datetime.fromtimestamp(sandbox.clock.now(), UTC) - timedelta(hours=1)
        rows = [
            {"Name": f"row {n}", "ModifiedDate": first + timedelta(seconds=n)} for n in range(count)
        ]
        sandbox.tenant.insert(name, *rows)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(demo=False, clock=ManualClock(), jobs=JobSettings(job_seconds=10)) as running:
        fill(running, large=40)
        yield running


def test_bulk_calls_are_the_jobs_really_needed_and_sync_calls_two_a_stream_and_pages(
    sandbox: Sandbox,
) -> None:
    tap = select_only(make_tap(sandbox, bulk_threshold_rows=20), *LARGE[:2], *SMALL, *LARGE[2:])
    before = sandbox.usage().sync
    output = run(tap)
    assert sum(len(output.records[name]) for name in LARGE) == 8 * 40
    assert sandbox.usage().bulk == len(LARGE)
    assert sandbox.usage().sync - before <= 2 * 12 + 12
    assert sandbox.usage().violations == 0


def test_a_run_that_finds_nothing_new_costs_two_sync_calls_a_stream_and_no_bulk_call(
    sandbox: Sandbox,
) -> None:
    first = sync(sandbox, bulk_threshold_rows=50)
    catalog = make_tap(sandbox).catalog_dict
    for stream in catalog["streams"]:
        stream["metadata"] = [
            {**entry, "metadata": {**entry["metadata"], "selected": True}}
            for entry in stream["metadata"]
        ]
    before = sandbox.usage()
    again = sync(sandbox, state=first.state, catalog=catalog, bulk_threshold_rows=50)
    assert all(len(again.records[name]) == len(first.records[name]) for name in LARGE)
    assert sandbox.usage().bulk == before.bulk
    assert sandbox.usage().sync - before.sync <= 2 * (12 + 1)


def test_eight_large_streams_take_a_third_of_the_time_of_one_after_the_other() -> None:
    def seconds(jobs: int) -> float:
        started = tenant.clock.now()
        tap = make_tap(
            tenant,
            extract_method="bulk",
            max_concurrent_jobs=jobs,
            job_poll_interval=0.5,
            bulk_calls_per_hour=100,
        )
        run(select_only(tap, *LARGE))
        return tenant.clock.now() - started

    with Sandbox(
        demo=False,
        clock=ManualClock(),
        jobs=JobSettings(job_seconds=10),
        limits=Limits(bulk_per_hour=100),
    ) as tenant:
        fill(tenant, large=40)
        one_after_the_other = seconds(1)
        assert one_after_the_other >= 80
        assert seconds(4) <= one_after_the_other / 3


def test_nothing_is_submitted_for_a_stream_that_is_not_selected(sandbox: Sandbox) -> None:
    run(select_only(make_tap(sandbox, extract_method="bulk"), LARGE[3], LARGE[5]))
    submitted = [call.object for call in sandbox.log if call.kind is CallKind.EXPORT_SUBMIT]
    assert submitted == [LARGE[3], LARGE[5]]


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize("job_rows", [10, 100])
def test_no_more_jobs_are_under_way_than_the_setting_says(at_once: int, job_rows: int) -> None:
    seconds = 10
    limits = Limits(bulk_per_hour=100)
    begun: list[float] = []
    with Sandbox(
        demo=False,
        clock=ManualClock(),
        jobs=JobSettings(job_seconds=seconds),
        limits=limits,
        hooks=Hooks(lambda call: begun.append(clock.now()) if submits(call) else None),
    ) as sandbox:
        clock = sandbox.clock
        fill(sandbox, large=40)
        run(
            select_only(
                make_tap(
                    sandbox,
                    extract_method="bulk",
                    max_concurrent_jobs=at_once,
                    max_rows_per_job=job_rows,
                    bulk_calls_per_hour=100,
                ),
                *LARGE,
            )
        )
    assert len(begun) >= len(LARGE)
    for now in begun:
        assert sum(now - seconds < each <= now for each in begun) <= at_once


def submits(call: LoggedRequest) -> bool:
    return call.method == "POST" and "/exports/" in call.path


def test_no_bulk_call_is_spent_before_the_first_record_is_out(sandbox: Sandbox) -> None:
    class StopReadingError(Exception):
        pass

    class FirstRecord(io.StringIO):
        @override
        def write(self, text: str) -> int:
            if '"RECORD"' in text:
                raise StopReadingError
            return super().write(text)

    # A test of the connection reads one record, and leaves.
    tap = select_only(make_tap(sandbox, bulk_threshold_rows=20), *SMALL[:2], *LARGE)
    with contextlib.redirect_stdout(FirstRecord()), contextlib.suppress(StopReadingError):
        tap.sync_all()
    assert sandbox.usage().bulk == 0


def test_what_is_submitted_ahead_is_in_the_state_at_once(sandbox: Sandbox) -> None:
    output = run(select_only(make_tap(sandbox, extract_method="bulk"), *LARGE[:3]))
    first_record = next(n for n, line in enumerate(output.lines) if '"RECORD"' in line)
    states = [line for line in output.lines[:first_record] if '"STATE"' in line]
    assert all(name in states[-1] for name in LARGE[:3])
    assert states[-1].count('"export_job_id":"') == 3


def test_jobs_are_not_submitted_ahead_of_a_quota_that_has_none_left(sandbox: Sandbox) -> None:
    output = run(
        select_only(make_tap(sandbox, bulk_threshold_rows=10, bulk_calls_per_hour=2), *LARGE[:5])
    )
    assert {len(output.records[name]) for name in LARGE[:5]} == {40}
    assert sandbox.usage().bulk == 2


def test_the_bulk_quota_is_waited_for_once_it_is_used_up_and_the_state_written_before(
    sandbox: Sandbox,
) -> None:
    tap = make_tap(sandbox, extract_method="bulk", bulk_calls_per_hour=2)
    started = sandbox.clock.now()
    output = run(select_only(tap, *LARGE[:3]))
    assert {len(output.records[name]) for name in LARGE[:3]} == {40}
    assert sandbox.clock.now() - started <= 3600
    assert sandbox.usage().violations == 0


def test_a_job_gone_before_its_turn_is_submitted_anew() -> None:
    clock = ManualClock()
    with Sandbox(
        demo=False, clock=clock, jobs=JobSettings(job_seconds=10, job_retention=15)
    ) as sandbox:
        fill(sandbox, large=40)
        output = run(select_only(make_tap(sandbox, extract_method="bulk"), *LARGE[:4]))
        assert {len({r["Gsid"] for r in output.records[name]}) for name in LARGE[:4]} == {40}


def test_two_taps_that_share_a_store_never_pass_the_limit_together(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    store = str(tmp_path / "quota.sqlite")
    for _ in range(2):
        run(select_only(make_tap(sandbox, quota_store=store, bulk_threshold_rows=10), *LARGE))
    assert sandbox.usage().bulk == 10
    assert sandbox.usage().violations == 0
