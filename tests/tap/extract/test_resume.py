"""A run that is killed anywhere, and the next one with the last state that was printed."""

from __future__ import annotations

import contextlib
import copy
import io
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Effect, Fault, Sandbox
from tests.tap.support import (
    THING,
    UNLIMITED,
    Output,
    make_tap,
    select_only,
    submissions,
    tenant_of,
    things,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_gainsight.tap import TapGainsight

NAME = THING.name
ROWS = 50
FULL = replace(THING, fields=THING.fields[:3])
SCENARIOS: dict[str, dict[str, Any]] = {
    "one job": {"extract_method": "bulk"},
    "jobs by key range": {"extract_method": "bulk", "max_rows_per_job": 21},
    "auto": {
        "extract_method": "auto",
        "bulk_threshold_rows": 12,
        "page_rows": 5,
        "max_rows_per_job": 20,
    },
    "query": {"extract_method": "query", "page_rows": 7},
}


class Killed(BaseException):
    """The end of a process."""


@dataclass
class Pipe(io.StringIO):
    """Standard output that takes so many lines, and the next one by half."""

    lines: int | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def write(self, text: str) -> int:
        if self.lines is not None:
            self.lines -= text.count("\n")
            if self.lines < 0:
                super().write(text[: len(text) // 2])
                raise Killed
        return super().write(text)


@dataclass
class Attempt:
    """A run: what it printed, and whether it was killed."""

    output: Output
    killed: bool
    requests: int


@dataclass
class Runs:
    """One run after the other, each with the state that the ones before it left."""

    sandbox: Sandbox
    options: dict[str, Any]
    state: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    known_jobs: set[str] = field(default_factory=set)

    def __call__(
        self, *, lines: int | None = None, requests: int | None = None, **options: Any
    ) -> Attempt:
        """Run, but no further than to so many lines or requests."""
        given = {**UNLIMITED, **self.options, **options, "state": copy.deepcopy(self.state)}
        tap = select_only(make_tap(self.sandbox, **given), NAME)
        made = self._count(tap, requests)
        pipe = Pipe(lines=lines)
        killed = False
        with contextlib.redirect_stdout(pipe):
            try:
                tap.sync_all()
            except Killed:
                killed = True
        output = Output(pipe.getvalue().split("\n")[:-1])
        self.records += output.records[NAME]
        for state in output.states:
            self._look_at(state["bookmarks"][NAME])
        if output.states:
            self.state = merged(self.state, output.state)
        return Attempt(output, killed, made[0])

    def _count(self, tap: TapGainsight, requests: int | None) -> list[int]:
        send, made = tap.wiring.session.http.send, [0]

        def counted(*args: Any, **options: Any) -> Any:
            if requests is not None and made[0] >= requests:
                raise Killed
            made[0] += 1
            return send(*args, **options)

        tap.wiring.session.http.send = counted  # type: ignore[method-assign]
        return made

    def _look_at(self, bookmark: dict[str, Any]) -> None:
        """A state's scalars are flat, and none of them has a fraction."""
        for name, value in bookmark.items():
            assert value is None or type(value) in {str, int}, name
        if bookmark.get("export_job_id"):
            self.known_jobs.add(bookmark["export_job_id"])

    def jobs_without_a_state(self) -> int:
        """Jobs that were paid for in the moment of a kill, so that no state names them."""
        return submissions(self.sandbox) - len(self.known_jobs)

    def assert_whole(self) -> None:
        tenant = {str(row["Gsid"]): row["Name"] for row in self.sandbox.tenant.rows(NAME)}
        assert {record["Gsid"]: record["Name"] for record in self.records} == tenant
        bookmark = self.state["bookmarks"][NAME]
        left = {key: bookmark[key] for key in bookmark if key.startswith("export_")}
        assert left == dict.fromkeys(left)


def merged(old: Any, new: Any) -> Any:
    """As Meltano merges states: deeply; what is null stays null, what has gone stays as it was."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return copy.deepcopy(new)
    return {
        **old,
        **{name: merged(old.get(name), value) for name, value in new.items()},
    }


@contextlib.contextmanager
def tenant(*, incremental: bool = True, **options: Any) -> Iterator[Sandbox]:
    schema = THING if incremental else FULL
    rows = [
        {known.name: row[known.name] for known in schema.fields}
        for row in things(ROWS, apart=0.4, undated=range(0, ROWS, 9))
    ]
    given = {"chunk_rows": 6, **options}
    with tenant_of(rows, schema=schema, **given) as sandbox:
        yield sandbox


def undisturbed(options: dict[str, Any], *, incremental: bool) -> tuple[Attempt, int]:
    """A run that nothing happens to, and how many jobs it takes."""
    with tenant(incremental=incremental) as sandbox:
        runs = Runs(sandbox, options)
        attempt = runs()
        runs.assert_whole()
        assert not runs.jobs_without_a_state()
        return attempt, submissions(sandbox)


def check_kills(name: str, *, incremental: bool, sample: int | None) -> None:
    """Kill at lines and at requests, each time followed by a run with the last state."""
    options = SCENARIOS[name]
    whole, jobs = undisturbed(options, incremental=incremental)
    # The state after the last record is the extract's end; a run after that is another extract.
    last = max(n for n, line in enumerate(whole.output.lines) if '"RECORD"' in line[:40])
    points = [("lines", n) for n in range(min(last + 2, len(whole.output.lines)))]
    points += [("requests", n) for n in range(whole.requests)]
    if sample is not None:
        points = random.Random(name).sample(points, min(sample, len(points)))
    for unit, number in points:
        with tenant(incremental=incremental) as sandbox:
            runs = Runs(sandbox, options)
            assert runs(**{unit: number}).killed
            lost = runs.jobs_without_a_state()
            assert lost <= (unit == "lines")
            assert not runs().killed
            runs.assert_whole()
            assert submissions(sandbox) == jobs + lost, (unit, number)


@pytest.mark.parametrize("incremental", [True, False])
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_run_killed_anywhere_costs_no_row_and_no_further_job(
    name: str, *, incremental: bool
) -> None:
    check_kills(name, incremental=incremental, sample=8)


@pytest.mark.slow
@pytest.mark.parametrize("incremental", [True, False])
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_same_at_every_line_and_every_request(name: str, *, incremental: bool) -> None:
    check_kills(name, incremental=incremental, sample=None)


@pytest.mark.parametrize("name", ["one job", "jobs by key range", "auto"])
def test_runs_that_are_killed_again_and_again_come_to_their_end(name: str) -> None:
    _, jobs = undisturbed(SCENARIOS[name], incremental=True)
    chance = random.Random(name)
    with tenant() as sandbox:
        runs = Runs(sandbox, SCENARIOS[name])
        for _ in range(100):
            if not runs(lines=chance.randint(10, 25)).killed:
                break
        runs.assert_whole()
        assert submissions(sandbox) == jobs + runs.jobs_without_a_state()


def test_only_the_chunks_that_are_missing_are_fetched_again() -> None:
    with tenant() as sandbox:
        runs = Runs(sandbox, SCENARIOS["one job"])
        runs(lines=2 + 6 + 1 + 6 + 1 + 3)  # schema and state, two chunks and their states, a half
        assert runs.state["bookmarks"][NAME]["export_chunks_done"] == 2
        before = len(runs.records)
        runs()
        assert len(runs.records) == before + ROWS - 12
        runs.assert_whole()


@pytest.mark.parametrize("name", ["one job", "jobs by key range"])
@pytest.mark.parametrize("lines", [2, 9, 17, 30, 45])
def test_a_job_that_expired_between_two_runs_costs_one_more_and_no_row(
    name: str, lines: int
) -> None:
    _, jobs = undisturbed(SCENARIOS[name], incremental=True)
    with tenant(job_retention=3600) as sandbox:
        runs = Runs(sandbox, SCENARIOS[name])
        assert runs(lines=lines).killed
        sandbox.clock.sleep(7200)
        before = submissions(sandbox)
        assert not runs().killed
        runs.assert_whole()
        assert submissions(sandbox) <= jobs + 1
        assert submissions(sandbox) > before


def test_a_new_job_after_an_expired_one_has_a_second_try_as_any_other() -> None:
    with tenant(job_retention=3600) as sandbox:
        runs = Runs(sandbox, SCENARIOS["one job"])
        runs(lines=12)
        sandbox.clock.sleep(7200)
        sandbox.faults.add(Fault(Effect.JOB_FAILED, code="INTERNAL_1"))
        runs()
        runs.assert_whole()
        assert submissions(sandbox) == 3


def test_a_job_that_expired_after_its_last_chunk_was_read_needs_no_other() -> None:
    with tenant(job_retention=3600) as sandbox:
        runs = Runs(sandbox, SCENARIOS["one job"])
        whole = len(undisturbed(SCENARIOS["one job"], incremental=True)[0].output.lines)
        for lines in range(whole - 1, 0, -1):  # to just after the last chunk's state
            attempt = runs(lines=lines)
            if attempt.output.bookmark(NAME)["export_job_id"]:
                break
            runs.state = {}
        assert runs.state["bookmarks"][NAME]["export_chunks_done"] == 9
        sandbox.clock.sleep(7200)
        before = submissions(sandbox)
        runs()
        runs.assert_whole()
        assert submissions(sandbox) == before


@pytest.mark.parametrize("lines", [2, 9, 17, 30, 45])
def test_another_selection_leaves_the_export_and_reads_what_it_had_not_read(lines: int) -> None:
    with tenant() as sandbox:
        runs = Runs(sandbox, SCENARIOS["one job"])
        runs(lines=lines)
        again = runs(catalog=without(make_tap(sandbox).catalog_dict, NAME, "Size__gc"))
        assert all("Size__gc" not in record for record in again.output.records[NAME])
        runs.assert_whole()


def test_another_size_of_jobs_leaves_the_export_too() -> None:
    # A job of 20 rows that gives 20 is not known to be the last; one of 50 would be.
    with tenant() as sandbox:
        runs = Runs(sandbox, {"extract_method": "bulk", "max_rows_per_job": 20})
        runs(lines=12)
        runs(max_rows_per_job=50)
        runs.assert_whole()


def test_another_method_goes_on_with_the_job_that_is_paid_for() -> None:
    with tenant() as sandbox:
        runs = Runs(sandbox, SCENARIOS["one job"])
        runs(lines=12)
        runs(extract_method="query")
        runs.assert_whole()
        assert submissions(sandbox) == 1


@pytest.mark.parametrize("value", ["{", "[]", '{"second":5}', 5])
@pytest.mark.parametrize("name", ["export_position", "export_seen"])
def test_a_state_that_cannot_be_read_begins_anew(name: str, value: Any) -> None:
    with tenant() as sandbox:
        runs = Runs(sandbox, SCENARIOS["one job"])
        runs(lines=12)
        runs.state["bookmarks"][NAME][name] = value
        runs.state["bookmarks"][NAME]["replication_key_value"] = None
        runs()
        runs.assert_whole()


@pytest.mark.parametrize("name", ["one job", "jobs by key range", "auto"])
@pytest.mark.parametrize("lines", [5, 20, 40])
def test_what_changed_while_an_export_lay_still_comes_with_the_run_after_it(
    name: str, lines: int
) -> None:
    chance = random.Random(f"{name} {lines}")
    with tenant() as sandbox:
        runs = Runs(sandbox, {**SCENARIOS[name], "lookback_seconds": 0})
        runs(lines=lines)
        sandbox.clock.sleep(100)
        keys = [str(row["Gsid"]) for row in sandbox.tenant.rows(NAME)]
        for key in chance.sample(keys, 20):
            sandbox.tenant.update(NAME, key, {"Name": f"changed {key}"})
        sandbox.tenant.insert(NAME, {"Name": "new"})
        runs()
        runs()
        runs.assert_whole()


def test_a_full_refresh_leaves_no_old_export_in_a_merged_state() -> None:
    with tenant() as sandbox:
        runs = Runs(sandbox, SCENARIOS["one job"])
        runs(lines=12)
        old, runs.state = runs.state, {}
        runs(extract_method="query")
        runs.state = merged(old, runs.state)
        runs.assert_whole()
