"""Loading by import jobs, and the choice between them and REST calls."""

from __future__ import annotations

import logging
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError
from gainsight_sandbox import (
    Field,
    Hooks,
    Limits,
    ManualClock,
    Quirks,
    Sandbox,
    custom_object,
)
from tests.target.support import THING, Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from gainsight_sandbox import LoggedRequest

BULK: dict[str, Any] = {"load_mode": "bulk"}


@pytest.mark.parametrize("operation", ["insert", "upsert"])
def test_a_batch_is_loaded_by_one_job(runner: Runner, sandbox: Sandbox, operation: str) -> None:
    output = runner.loaded(
        schema(), *records(300, Code__gc="c{}"), state(1), operation=operation, **BULK
    )
    assert output.states == [1]
    assert len(runner.rows()) == 300
    [job] = sandbox.journal.imports
    assert job.rows == 300
    assert job.file_name == f"{THING}-{job.sha256[:16]}.csv"
    assert sandbox.usage().bulk == 1


def test_update_changes_and_rejects_what_is_not_there(runner: Runner, sandbox: Sandbox) -> None:
    sandbox.tenant.insert(THING, *({"Name": f"n{index}"} for index in range(0, 100, 2)))
    output = runner.load(
        schema(), *records(100, Code__gc="c{}"), operation="update", max_rejects=50, **BULK
    )
    assert output.error is None
    assert [letter["record"]["Name"] for letter in runner.letters()] == [
        f"n{index}" for index in range(1, 100, 2)
    ]


@pytest.mark.parametrize("base", [0, 1, 2])
@pytest.mark.parametrize("setting", ["auto", "fixed"])
def test_errors_find_their_records_whatever_the_first_row_is_called(
    tmp_path: Path, base: int, setting: str
) -> None:
    quirks = Quirks(import_row_base=base)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        runner = Runner(sandbox, tmp_path)
        feed = records(100, Code__gc="c{}")
        for index in (40, 41, 77):
            feed[index]["record"]["Name"] = "x" * 41 + str(index)
        output = runner.load(
            schema(),
            *feed,
            state(1),
            max_rejects=3,
            bulk_row_number_base="auto" if setting == "auto" else str(base),
            **BULK,
        )
        assert output.error is None
        assert output.states == [1]
        assert [letter["record"]["Code__gc"] for letter in runner.letters()] == [
            "c40",
            "c41",
            "c77",
        ]
        assert len(runner.rows()) == 97


@pytest.mark.parametrize("changed", [3, 5, None])
def test_a_row_that_failed_though_it_is_held_puts_no_blame_on_its_neighbours(
    tmp_path: Path, changed: int | None
) -> None:
    """Gainsight holds what it would not take any more, and another user changes a row meanwhile."""

    def change(request: LoggedRequest) -> None:
        if request.path.endswith("/errors"):
            rows = [
                str(row["Gsid"])
                for row in sandbox.tenant.rows(THING)
                if row["Name"] == f"n{changed}"
            ]
            sandbox.tenant.update(THING, rows, {"Code__gc": "y"})

    feed = records(8, Code__gc="c{}")
    feed[4]["record"]["Code__gc"] = "too long"
    codes = custom_object(THING, Field("Name"), Field("Code__gc", length=5))
    hooks = Hooks(before_request=change)
    with Sandbox(empty=True, clock=ManualClock(), objects=[codes], hooks=hooks) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "n4", "Code__gc": "too long"})
        runner = Runner(sandbox, tmp_path)
        output = runner.load(schema(), *feed, state(1), max_rejects=-1, **BULK)
        blamed = [letter["record"]["Name"] for letter in runner.letters()]
    assert (output.states, blamed) == (([1], ["n4"]) if changed is None else ([], []))


def test_a_first_row_number_that_cannot_be_right_fails_the_run(tmp_path: Path) -> None:
    quirks = Quirks(import_row_base=0)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        runner = Runner(sandbox, tmp_path)
        feed = [record(Name="x" * 41), *records(10)]
        output = runner.load(
            schema(), *feed, state(1), max_rejects=-1, bulk_row_number_base=2, **BULK
        )
        assert "bulk_row_number_base" in str(output.error)
        assert not output.states
        assert not runner.letters()


def test_property_sets_go_in_files_of_their_own(runner: Runner, sandbox: Sandbox) -> None:
    sandbox.tenant.insert(
        THING, {"Name": "a", "Code__gc": "kept"}, {"Name": "b", "Text__gc": "kept"}
    )
    runner.loaded(
        schema(), record(Name="a", Text__gc="new"), record(Name="b", Code__gc="new"), **BULK
    )
    rows = runner.rows()
    assert (rows["a"]["Code__gc"], rows["a"]["Text__gc"]) == ("kept", "new")
    assert (rows["b"]["Code__gc"], rows["b"]["Text__gc"]) == ("new", "kept")
    assert len(sandbox.journal.imports) == 2


@pytest.mark.parametrize("null_handling", ["send", "omit"])
def test_nulls_clear_fields_or_leave_them(
    runner: Runner, sandbox: Sandbox, null_handling: str
) -> None:
    sandbox.tenant.insert(THING, {"Name": "n0", "Code__gc": "a", "Text__gc": "b"})
    runner.loaded(
        schema(), record(Name="n0", Code__gc=None, Text__gc=""), null_handling=null_handling, **BULK
    )
    row = runner.rows()["n0"]
    expected = (None, None) if null_handling == "send" else ("a", "b")
    assert (row["Code__gc"], row["Text__gc"]) == expected


def test_large_files_are_split(runner: Runner, sandbox: Sandbox) -> None:
    runner.loaded(schema(), *records(300, Code__gc="c{}"), max_bulk_bytes=1_000, **BULK)
    assert len(runner.rows()) == 300
    assert all(job.size <= 1_000 for job in sandbox.journal.imports)
    assert len(sandbox.journal.imports) <= 5


def test_auto_goes_by_rest_up_to_the_threshold(runner: Runner, sandbox: Sandbox) -> None:
    runner.loaded(schema(), *records(100), bulk_threshold_rows=100)
    assert sandbox.usage().bulk == 0
    runner.loaded(schema(), *records(101), bulk_threshold_rows=100)
    assert sandbox.usage().bulk == 1
    assert len(runner.rows()) == 101


def test_auto_sends_sets_of_fields_that_few_rows_have_by_rest(
    runner: Runner, sandbox: Sandbox
) -> None:
    few = [record(Name=f"f{index}", Text__gc="few") for index in range(7)]
    runner.loaded(schema(), *records(101, Code__gc="c"), *few, bulk_threshold_rows=100)
    assert sandbox.usage().bulk == 1
    assert len(runner.rows()) == 108


def test_auto_goes_by_rest_when_the_bulk_quota_is_used_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    limits = Limits(bulk_per_hour=1)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], limits=limits) as sandbox:
        runner = Runner(sandbox, tmp_path)
        runner.loaded(
            schema(),
            *records(300),
            batch_size_rows=150,
            bulk_threshold_rows=100,
            bulk_calls_per_hour=1,
        )
        assert len(runner.rows()) == 300
        assert sandbox.usage().bulk == 1
        assert sandbox.usage().violations == 0
    assert "the bulk quota is used up; by 4 REST calls instead" in caplog.text


def test_auto_waits_for_the_bulk_quota_where_rest_would_take_too_long(tmp_path: Path) -> None:
    clock = ManualClock()
    with Sandbox(empty=True, clock=clock, objects=[thing()]) as sandbox:
        runner = Runner(sandbox, tmp_path)
        begun = clock.now()
        runner.loaded(
            schema(),
            *records(300),
            batch_size_rows=150,
            bulk_threshold_rows=100,
            bulk_calls_per_hour=1,
            rest_batch_size=10,
            sync_calls_per_day=12,
        )
        assert sandbox.usage().bulk >= 1
        assert len(sandbox.journal.imports) == 2
        assert clock.now() - begun > 60


def test_bulk_fails_at_once_if_so_asked(runner: Runner) -> None:
    output = runner.load(
        schema(),
        *records(20),
        state(1),
        *records(20),
        batch_size_rows=20,
        bulk_calls_per_hour=1,
        on_quota_exhausted="fail",
        operation="insert",
        **BULK,
    )
    assert "bulk call" in str(output.error)
    assert output.states == [1]


@pytest.mark.parametrize(
    ("mode", "name", "words"),
    [
        ("bulk", "gsuser", "import jobs cannot write"),
        ("rest", "big__gc", "high-volume"),
        ("rest", "relationship_type", "REST calls cannot write"),
    ],
)
def test_what_a_path_cannot_write_is_refused_at_the_start(
    tmp_path: Path, mode: str, name: str, words: str
) -> None:
    objects = [thing("big__gc", high_volume=True)]
    with Sandbox(empty=True, clock=ManualClock(), objects=objects) as sandbox:
        output = Runner(sandbox, tmp_path).load(
            schema(name, "Name"), *records(3, name), load_mode=mode
        )
        assert isinstance(output.error, ConfigError)
        assert words in str(output.error)
        assert name in str(output.error)


@pytest.mark.parametrize("name", ["big__gc", "relationship_type"])
def test_what_rest_calls_cannot_write_goes_by_job_in_auto(tmp_path: Path, name: str) -> None:
    objects = [thing("big__gc", high_volume=True)]
    with Sandbox(empty=True, clock=ManualClock(), objects=objects) as sandbox:
        before = sandbox.tenant.count(name)
        Runner(sandbox, tmp_path).loaded(schema(name, "Name"), *records(3, name))
        assert sandbox.tenant.count(name) == before + 3
        assert sandbox.usage().bulk == 1


def test_rows_of_no_field_are_added_by_job_as_by_rest(runner: Runner, sandbox: Sandbox) -> None:
    sandbox.tenant.add_object(custom_object("free__gc", Field("Code__gc"), Field("Gone__gc")))
    feed = [record("free__gc"), record("free__gc", Code__gc="x"), record("free__gc")]
    for mode in ("rest", "bulk"):
        runner.loaded(
            schema("free__gc", "Code__gc", keys=()), *feed, operation="insert", load_mode=mode
        )
    codes = [row["Code__gc"] for row in sandbox.tenant.rows("free__gc")]
    assert sorted(map(str, codes)) == [*["None"] * 4, "x", "x"]


AWKWARD = [
    'quo"ted',
    "comma, and; semicolon",
    "line\nfeed",
    "carriage\r\nreturn",
    "lone\rcarriage",
    " blanks at both ends ",
    "NA",
    "null",
    "007",
    "=1+1",
    "ünïcödé 中文 😀",
    "tab\there",
    "'",
    "\\",
    "-",
]


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_awkward_texts_arrive_unchanged(runner: Runner, mode: str) -> None:
    feed = [record(Name=f"n{index}", Text__gc=text) for index, text in enumerate(AWKWARD)]
    runner.loaded(schema(), *feed, load_mode=mode)
    rows = runner.rows()
    assert [rows[f"n{index}"]["Text__gc"] for index in range(len(AWKWARD))] == AWKWARD


def test_many_sets_of_properties_need_few_open_files_and_are_warned_of(
    runner: Runner, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["Code__gc", "Number__gc", "Rate__gc", "Text__gc", "Company_Name__gc", "Active__gc"]
    feed = [
        record(Name=f"n{n}", **{name: 1 if n >> at & 1 else None for at, name in enumerate(names)})  # type: ignore[arg-type]
        for n in range(64)
    ]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    there = sum(1 for _ in Path("/dev/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (there + 40, hard))
    try:
        runner.loaded(
            schema(THING, "Name", *names),
            *feed,
            null_handling="omit",
            bulk_calls_per_hour=100,
            **BULK,
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(runner.rows()) == 64
    assert "64 import jobs" in caplog.text
    assert len(sandbox.journal.imports) == 64
