from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import AuthError, ConfigError, GainsightError, JobFailedError
from gainsight_sandbox import (
    DataJob,
    Effect,
    Fault,
    Limits,
    ManualClock,
    Quirks,
    Sandbox,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.sandbox import CLIENT_ID, CLIENT_SECRET
from tests.target.support import THING, Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    assert not output.states


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
    [("bulk", "gsuser", "import jobs cannot write"), ("rest", "big__gc", "high-volume")],
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


def test_high_volume_objects_go_by_job_in_auto(tmp_path: Path) -> None:
    objects = [thing("big__gc", high_volume=True)]
    with Sandbox(empty=True, clock=ManualClock(), objects=objects) as sandbox:
        Runner(sandbox, tmp_path).loaded(schema("big__gc"), *records(3, "big__gc"))
        assert sandbox.tenant.count("big__gc") == 3
        assert sandbox.usage().bulk == 1


def test_imports_may_have_an_access_key_of_their_own(tmp_path: Path) -> None:
    with Sandbox(
        empty=True, clock=ManualClock(), objects=[thing()], bulk_access_key="import-key"
    ) as sandbox:
        runner = Runner(sandbox, tmp_path)
        runner.loaded(schema(), *records(3), bulk_access_key="import-key", **BULK)
        assert len(runner.rows()) == 3


def test_imports_may_have_an_access_key_of_their_own_beside_oauth(tmp_path: Path) -> None:
    pair = {"oauth_client_id": CLIENT_ID, "oauth_client_secret": CLIENT_SECRET}
    lookup = {
        "Company__gc": {
            "fields": {"Company_Name__gc": "Name"},
            "objectName": "company",
            "lookupField": "Gsid",
        }
    }
    with Sandbox(
        empty=True, clock=ManualClock(), objects=[thing()], bulk_access_key="import-key"
    ) as sandbox:
        [apple] = sandbox.tenant.insert("company", {"Name": "Apple"})
        runner = Runner(sandbox, tmp_path)
        feed = [
            schema(),
            *records(3, Company_Name__gc="Apple"),
            record(Name="bad", Company_Name__gc="Apple", Colour__gc="1I00OLD"),
        ]
        settings = {"access_key": None, "lookups": lookup, "max_rejects": 1, **pair, **BULK}
        output = runner.load(*feed, bulk_access_key="import-key", **settings)
        assert output.error is None
        assert [row["Company__gc"] for row in runner.rows().values()] == [apple] * 3
        assert len(runner.letters()) == 1
        statuses = {(request.kind, request.status) for request in sandbox.log}
        assert {status for _, status in statuses} == {200}
        assert {
            CallKind.TOKEN,
            CallKind.METADATA,
            CallKind.QUERY,
        } < {kind for kind, _ in statuses}
        assert sum(request.kind is CallKind.TOKEN for request in sandbox.log) == 1

        wrong = runner.load(*feed, bulk_access_key="wrong-key-4711", **settings)
        assert isinstance(wrong.error, AuthError)
        assert "4711" not in str(wrong.error) + wrong.stderr


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


CONNECTOR: dict[str, Any] = {"bulk_import_api": "connector"}


def connector_streams(**settings: Any) -> dict[str, Any]:
    return {"streams": [{"name": THING, "bulk_job_id": "J1", **settings}], **CONNECTOR}


@pytest.fixture
def connector(tmp_path: Path) -> Iterator[Runner]:
    jobs = [DataJob(id="J1", object=THING, operation="UPSERT", keys=("Name",))]
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], data_jobs=jobs) as tenant:
        yield Runner(tenant, tmp_path / "rejects")


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


def test_the_connector_needs_the_id_of_a_job(connector: Runner) -> None:
    output = connector.load(schema(), *records(3), load_mode="bulk", **CONNECTOR)
    assert "bulk_job_id" in str(output.error)
