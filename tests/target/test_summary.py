"""What the target says: a summary at the end, however it comes, and progress in plain words."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import JobSettings, ManualClock, Sandbox
from target_gainsight.outcomes.problems import Problem
from target_gainsight.outcomes.tally import Reasons, RejectsError
from tests.target.support import THING, Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from pathlib import Path

HEAD = schema(THING, "Name", "Code__gc", "Number__gc", "Day__gc")
DELETED = "2026-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def summary(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The last summary's lines."""
    own = [record for record in caplog.records if record.name == "target-gainsight"]
    heads = [n for n, record in enumerate(own) if record.message.startswith("target-gainsight: ")]
    lines = own[heads[-1] :]
    assert {line.levelno for line in lines} == {logging.INFO}
    return [line.message for line in lines]


def test_a_run_ends_with_what_became_of_the_records(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    feed = [record(Name="b", Number__gc="SECRET"), record(Name="c", Day__gc="SECRET")]
    gone = record(Name="d", _sdc_deleted_at=DELETED)
    runner.loaded(HEAD, *records(1), *feed, gone, state(1), max_rejects=-1)
    head, stream, calls, jobs = summary(caplog)
    assert head.startswith("target-gainsight: done in ")
    assert stream == (
        f"  stream {THING}: 1 row loaded into {THING}, 1 marked as deleted and ignored, 2 rejected:"
        f" INVALID_NUMBER Number__gc 1 (line 1), INVALID_DATE Day__gc 1 (line 2)"
        f" of {runner.rejects}/{THING}.jsonl"
    )
    used = len(list(runner.sandbox.log))
    assert calls.startswith(f"  {used} calls: ")
    assert jobs == "  0 jobs: 10 of 10 left this hour, 100 of 100 left today"
    assert "SECRET" not in caplog.text


def test_a_stream_without_records_has_its_line(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    runner.loaded(HEAD)
    assert f"  stream {THING}: 0 rows loaded into {THING}" in summary(caplog)


def test_jobs_are_counted_and_their_waits_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slow = Sandbox(empty=True, clock=ManualClock(), objects=[thing()], jobs=JobSettings(42))
    with slow as sandbox:
        Runner(sandbox, tmp_path).loaded(HEAD, *records(20), state(1), load_mode="bulk")
    said = summary(caplog)
    assert 42 <= float(said[0].split(" of which ")[1].split()[0]) < 46
    assert said[-1] == "  1 job: 9 of 10 left this hour, 99 of 100 left today"
    assert f"stream {THING}: submitted import job" in caplog.text
    assert f"stream {THING}: waited 4" in caplog.text


@pytest.mark.parametrize("max_rejects", [0, 1])
def test_a_run_that_fails_for_its_rejects_says_them_first(
    runner: Runner, caplog: pytest.LogCaptureFixture, max_rejects: int
) -> None:
    feed = [record(Name=f"b{n}", Number__gc="x") for n in range(2)]
    output = runner.load(HEAD, *records(3), *feed, max_rejects=max_rejects)
    assert isinstance(output.error, RejectsError)
    head, stream, *_ = summary(caplog)
    assert head.startswith("target-gainsight: failed after ")
    assert "3 rows loaded" in stream
    assert "2 rejected: INVALID_NUMBER Number__gc 2 (lines 1, 2)" in stream


def test_a_run_that_fails_at_its_start_says_what_it_used(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    assert runner.load(HEAD, access_key="wrong").error
    head, calls, jobs = summary(caplog)
    assert head.startswith("target-gainsight: failed after ")
    assert calls.startswith("  1 call: ")
    assert jobs.startswith("  0 jobs: ")


def test_codes_and_fields_of_the_tenant_make_no_lines() -> None:
    reasons = Reasons()
    reasons.add(THING, Problem("GS\n1", "", "Na\x1bme"))
    assert reasons.of(THING).isprintable()


def test_lines_about_a_stream_name_it(runner: Runner, caplog: pytest.LogCaptureFixture) -> None:
    runner.sandbox.tenant.add_object(thing("other__gc"))
    head: dict[str, Any] = schema("other__gc", "Name", "nowhere")
    runner.loaded(HEAD, *records(3), head, *records(3, "other__gc"), load_mode="bulk")
    names = (THING, "other__gc")
    for line in caplog.records:
        if line.name.startswith(("target-gainsight.", "target_gainsight")):
            assert line.message.startswith(tuple(f"stream {name}: " for name in names))
