"""What the tap says: a summary at the end, however it comes, and progress in plain words."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import GainsightError
from gainsight_sandbox import Effect, Fault
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.tap.support import (
    THING,
    make_tap,
    run,
    select_only,
    status_of_command,
    submissions,
    tenant_of,
    things,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_sandbox import Sandbox

NAME = THING.name


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def summary(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The last summary's lines."""
    own = [record for record in caplog.records if record.name == "tap-gainsight"]
    heads = [n for n, record in enumerate(own) if record.message.startswith("tap-gainsight: ")]
    records = own[heads[-1] :]
    assert {record.levelno for record in records} == {logging.INFO}
    return [record.message for record in records]


def sync(sandbox: Sandbox, *streams: str, **settings: Any) -> None:
    run(select_only(make_tap(sandbox, **settings), *(streams or (NAME,))))


def test_a_run_ends_with_rows_calls_jobs_and_time(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of(things(30), job_seconds=42) as sandbox:
        sync(sandbox, extract_method="bulk", job_poll_interval=1)
        said = summary(caplog)
        used = len(list(sandbox.log)) - submissions(sandbox)
    head, stream, calls, jobs = said
    waited = float(head.split()[3])
    assert 42 <= waited <= 45
    assert head == f"tap-gainsight: done in {waited} s, of which {waited} s waited"
    assert stream == f"  stream {NAME}: 30 rows written"
    assert calls.startswith(f"  {used} calls: ")
    assert calls.endswith(f", {50_000 - used:,} of 50,000 left today")
    assert jobs == "  1 job: 9 of 10 left this hour, 99 of 100 left today"
    assert f"stream {NAME}: waited {waited} s for the job" in caplog.text


def test_one_is_not_said_as_many(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of(things(1)) as sandbox:
        sync(sandbox, extract_method="query")
    assert f"  stream {NAME}: 1 row written" in summary(caplog)
    assert "0 jobs: 10 of 10 left this hour" in summary(caplog)[-1]


def test_both_logs_of_deleted_records_are_one_stream(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of(things(3)) as sandbox:
        sandbox.tenant.delete(NAME, [f"1T01{0:032}"])
        sync(sandbox, "deleted_records", NAME)
        assert "  stream deleted_records: 1 row written" in summary(caplog)


def test_a_failed_run_ends_with_what_it_has_done(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of(things(3)) as sandbox:
        sandbox.faults.add(Fault(Effect.LONG_CHUNK, on=CallKind.EXPORT_CHUNK, count=None))
        with pytest.raises(GainsightError):
            sync(sandbox, "deleted_records", NAME, extract_method="bulk")
    head, *lines = summary(caplog)
    assert head.startswith("tap-gainsight: failed after ")
    assert "  stream deleted_records: 0 rows written" in lines
    assert any(line.startswith(f"  stream {NAME}: ") and "it failed" in line for line in lines)


def test_streams_that_were_not_begun_are_named(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of(things(3)) as sandbox:
        sandbox.tenant.add_object(replace(THING, name="zebra__gc", key_prefix="1T02"), ())
        sandbox.faults.add(Fault(Effect.STATUS, on=CallKind.QUERY, status=401, count=None))
        with pytest.raises(GainsightError):
            sync(sandbox, NAME, "zebra__gc", extract_method="query", max_retries=0)
    lines = summary(caplog)
    assert "  stream zebra__gc: not begun" in lines
    assert f"  stream {NAME}: 0 rows written; it failed" in lines


def test_a_tenant_that_cannot_be_asked_for_its_objects_is_a_failed_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tenant_of(things(3)) as sandbox:
        assert status_of_command(sandbox, tmp_path, access_key="wrong") == 1
    *said, last = (record for record in caplog.records if record.name == "tap-gainsight")
    head, calls, jobs = (record.message for record in said[-3:])
    assert head.startswith("tap-gainsight: failed")
    assert calls.startswith("  1 call: ")
    assert jobs.startswith("  0 jobs: ")
    assert last.levelno == logging.ERROR


@pytest.mark.parametrize("option", ["--discover", "--test"])
def test_what_is_no_sync_has_no_summary(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, option: str
) -> None:
    report = tmp_path / "report.html"
    settings = {"access_key": "wrong", "report_path": str(report)}
    with tenant_of(things(3)) as sandbox:
        assert status_of_command(sandbox, tmp_path, option, **settings) == 1
    assert "failed after" not in caplog.text
    assert not report.exists()


def test_no_rate_is_said_of_less_than_a_second(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of(things(30)) as sandbox:
        sync(sandbox, extract_method="bulk")
    assert f"stream {NAME}: 30 of 30 rows (100%)" in caplog.messages
    assert "rows/s" not in caplog.text


def test_a_rate_counts_no_wait(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of(things(40), chunk_rows=10) as sandbox:
        clock: Any = sandbox.clock
        tap = select_only(make_tap(sandbox, extract_method="bulk", max_rows_per_job=20), NAME)
        stream: Any = tap.streams[NAME]
        blocks = stream.blocks

        def slowly() -> Any:
            for block in blocks():
                clock.advance(2.0)
                yield block
                tap.this_run.clock.sleep(50)

        stream.blocks = slowly
        run(tap)
    said = [line for line in caplog.messages if "rows/s" in line]
    assert len(said) > 1
    assert all(", 5 rows/s" in line for line in said)  # 10 rows each 2 s of work


@pytest.mark.parametrize(
    ("maps", "written"),
    [
        ({NAME: {"__filter__": "Size__gc > 1"}}, 3),
        ({NAME: {"__filter__": "Size__gc > 99"}}, 0),
        ({"copy": {"__source__": NAME}}, 5),
    ],
)
def test_rows_that_no_stream_map_lets_through_are_not_told_as_written(
    caplog: pytest.LogCaptureFixture, maps: dict[str, Any], written: int
) -> None:
    with tenant_of(things(5)) as sandbox:
        sync(sandbox, stream_maps=maps)
    assert f"  stream {NAME}: {written} rows written" in summary(caplog)
