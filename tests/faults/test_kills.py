"""Connectors that are killed at instants drawn by lot: a sample, and what its verdict sees."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from faults.kills.page import part
from faults.kills.running import PROGRAMS, TAP, TARGET, Result, Site, Trial, measure, run_trial
from faults.kills.striking import Measured, Pipe
from faults.kills.tenants import INSERTED, JOBS, PAGES
from faults.limits.__main__ import LIMITS
from faults.limits.stage import attempt

if TYPE_CHECKING:
    from pathlib import Path

    from faults.limits.stage import Limit

SEED = 11
"""One that draws a single kill, at a call."""
BY_CALLS = Measured(seconds=3, first_call=1, calls=20, jobs=2)


def test_a_tap_that_is_killed_loses_doubles_and_pays_for_nothing_twice() -> None:
    result = run_trial(Trial(TAP, signal.SIGKILL, SEED), BY_CALLS)
    assert result.flaws == []
    assert result.strikes == 1


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_neither_does_any_program(program: str) -> None:
    whole = measure(program)
    results = [run_trial(Trial(program, signal.SIGTERM, seed), whole) for seed in range(3)]
    assert [flaw for result in results for flaw in result.flaws] == []


@pytest.mark.slow
@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_what_must_come_of_a_limit_comes(limit: Limit) -> None:
    tried = attempt(limit)
    if tried.not_tried:
        pytest.skip(tried.not_tried)
    assert tried.flaws == ()


def test_the_verdict_sees_what_is_lost_changed_and_doubled(tmp_path: Path) -> None:
    site = Site(TARGET, tmp_path, 0.1, 1)
    try:
        assert site.target
        lost = {kind for kind, _ in site.flaws()}
        rows: list[dict[str, Any]] = [{"Name": f"n{n}", "Code__gc": "new"} for n in (1, 1)]
        site.target.tenant.insert(INSERTED, *rows)
        flaws = list(site.flaws())
    finally:
        site.close()
    assert lost == {"lost", "changed"}
    assert ("doubled", f"1 records of {INSERTED}") in flaws


def test_the_verdict_of_a_tap_counts_only_what_a_state_covers(tmp_path: Path) -> None:
    site = Site(TAP, tmp_path, 0.1, 1)
    try:
        ran = Pipe(site.commands(), tmp_path).end()
        lines = ran.out.splitlines(keepends=True)
        first_state = next(n for n, line in enumerate(lines) if '"jobs__gc"' in line)
        ran.out, ran.statuses = "".join(lines[: first_state + 30]), [-9]
        assert list(site.keep(ran)) == []
        assert {kind for kind, _ in site.flaws()} == {"lost"}
        assert not site.complete()
    finally:
        site.close()


def test_the_page_has_a_row_for_each_program_and_signal() -> None:
    trial = Trial(TAP, signal.SIGTERM, 1)
    results = [
        Result(trial, runs=3, strikes=2, slowest_end=0.4),
        Result(trial, runs=2, strikes=1, slowest_end=0.2, flaws=[("lost", f"1 row of {PAGES}")]),
    ]
    page = part(results, seed=1, seconds=60)
    assert "3 kills in 2 trials" in page
    assert "| tap | SIGTERM | 3 | 5 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0.4 s |" in page
    assert f"- tap SIGTERM 1: lost: 1 row of {PAGES}" in page
    assert JOBS not in page
