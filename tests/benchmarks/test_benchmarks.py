"""The benchmarks compare programs that do the same, and tell what was reached."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from benchmarks import calls, check, data
from benchmarks.cases import BATCH_PAIR, BATCHES, GROWTH, MANY, MEMORY, PAIRS, PEERS
from benchmarks.inputs import Inputs
from benchmarks.measured.loaders import Loaders
from benchmarks.measured.servers import serving
from benchmarks.measuring import Cost
from benchmarks.plan import Scope, pipes, plan
from benchmarks.running import Runner
from benchmarks.tables.goals import goals
from benchmarks.tables.report import report
from benchmarks.tables.results import Results
from benchmarks.tables.whole_runs import short
from tests.e2e.support import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ROWS = 998_000
ALL = Scope(runs=1)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with serving(tmp_path) as tenant, ExitStack() as servers:
        yield Runner(Inputs(tmp_path), tenant, Loaders(tmp_path, servers), tmp_path)


@pytest.mark.slow
def test_taps_and_targets_that_are_compared_write_the_same_rows(runner: Runner) -> None:
    batches = {rate.program for rate in BATCHES}
    check.check(runner, {"tap", "sdk", "http", "sdk-http", *batches}, rows=1_000)
    streams = {case.program for case in MANY}
    check.check(runner, {"target:bulk", "sdk-target:csv", *streams}, rows=1_000)


@pytest.mark.slow
def test_all_pipes_into_a_loader_write_the_same_rows(runner: Runner) -> None:
    pytest.importorskip("target_postgres", reason="the group `loaders` is not installed")
    check.check(runner, {"http", *(case.program for case in pipes())}, rows=500)


@pytest.mark.slow
def test_the_calls_of_both_taps_are_counted() -> None:
    ours, other = calls.prices(SMALL)
    objects = 1 + len(SMALL)  # at least: the lists, and a page of each
    for price in (ours, other):
        assert price.full[0] > objects
        assert price.idle[0] > objects
    assert other.full[1] == other.idle[1] == 0


def test_rows_that_differ_are_told(tmp_path: Path) -> None:
    rows = list(data.rows(3))
    changed = [*rows[:2], [rows[2][0], "another text", *rows[2][2:]]]
    places = {tmp_path / "one.csv": rows, tmp_path / "other.csv": changed}
    for place, wanted in places.items():
        with place.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([list(data.KINDS), *wanted])
    one, other = map(str, places)
    check.main("3", one, one)
    with pytest.raises(SystemExit, match="do not hold the same rows"):
        check.main("3", one, other)
    with pytest.raises(SystemExit, match="holds 3 rows, not 4"):
        check.main("4", one, one)


def measured(
    seconds: Mapping[str, float],
    peaks: Mapping[tuple[str, int], float],
    scope: Scope = ALL,
) -> Results:
    """Results in which programs take so long, beside a second of start; others take 100 s."""
    results = Results(ROWS, ROWS)
    for program, rows in plan(scope, results):
        took = 1 + (seconds.get(program, 100.0) if rows else 0.0)
        peak = peaks.get((program, rows), 90.0)
        results.costs[program, rows] = [Cost(took, took, peak)]
    return results


def verdicts(results: Results) -> dict[str, str]:
    lines = [line.strip("| ").split(" | ") for line in goals(results, ALL)]
    return {cells[0]: cells[-1] for cells in lines if len(cells) > 3}


def test_a_table_tells_for_each_goal_whether_it_was_reached() -> None:
    found = verdicts(measured({}, {}))
    with_aims = [pair for pair in [*PAIRS, BATCH_PAIR] if pair.aim and pair.ours != BATCH_PAIR.ours]
    assert {found[pair.title] for pair in with_aims} == {"missed"}
    assert found["BATCH files, parquet written, rows/s of one core"] == "missed"
    assert found["target: 500 interleaved streams against one, the processor"] == "aim reached"
    assert found["target: 500 interleaved streams, peak memory"] == "reached"


def test_a_goal_that_is_just_reached_or_missed_is_told_so() -> None:
    many, few = (5 * ROWS, ROWS)
    tap = MEMORY[0]
    flat = verdicts(measured({"tap": 100 / 12, "batch:parquet": ROWS / 180_001}, {}))
    assert flat[next(pair.title for pair in PAIRS if pair.ours == "tap")] == "reached"
    assert flat["BATCH files, parquet written, rows/s of one core"] == "aim reached"
    growing = verdicts(measured({"many:500": 201}, {("tap", few): 60, ("tap", many): 80}))
    assert growing["target: 500 interleaved streams against one, the processor"] == "missed"
    assert growing[f"peak memory of the tap, {short(tap)}: {few:,} and {many:,} rows"] == "missed"


TITLES = [
    case.title for table in (PAIRS, PEERS, BATCHES, pipes(), MANY, MEMORY, GROWTH) for case in table
]


@pytest.mark.parametrize("title", TITLES)
def test_each_case_can_be_measured_alone(title: str) -> None:
    scope = Scope(runs=1, only=title)
    text = "\n".join(report(measured({}, {}, scope), scope, ()))
    assert title.partition(": ")[2] in text
