"""With `unchanged: skip`, what Gainsight already holds with equal values is not written."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from gainsight_api.errors import ConfigError
from gainsight_sandbox import (
    CallKind,
    DataType,
    DateForm,
    Decimals,
    Field,
    ManualClock,
    ManyMatches,
    MultiSelect,
    QueryNull,
    QueryShape,
    Quirks,
    Sandbox,
    custom_object,
)
from tests.target.reference import Refused, Unsendable
from tests.target.spelled import NOTHING, OBJECTS, values
from tests.target.support import THING, Output, Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SKIP: dict[str, Any] = {"unchanged": "skip"}
DELETED = "2026-01-01T00:00:00Z"
ALL = ("Name", "Code__gc", "Number__gc", "Company_Name__gc")


def kinds(sandbox: Sandbox) -> list[CallKind]:
    """The calls since this was asked last, but for those of the metadata."""
    found: list[CallKind] = [
        entry.kind for entry in sandbox.log if entry.kind is not CallKind.METADATA
    ]
    sandbox.log.clear()
    return found


def written(runner: Runner, *messages: Any, **settings: Any) -> set[Any]:
    """The names of the records that a load with `skip` writes; all records come out."""
    runner.sandbox.clock.sleep(10)
    before = {row["Gsid"]: row["ModifiedDate"] for row in runner.sandbox.tenant.rows(THING)}
    runner.loaded(*messages, state(1), **SKIP | settings)
    return {
        row["Name"]
        for row in runner.sandbox.tenant.rows(THING)
        if row["ModifiedDate"] != before.get(row["Gsid"])
    }


@pytest.fixture(params=["rest", "bulk", "auto"])
def load_mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("count", [20, 700], ids=["by key", "in pages"])
def test_only_what_differs_is_written(runner: Runner, load_mode: str, count: int) -> None:
    settings = {"load_mode": load_mode, "bulk_threshold_rows": 10}
    runner.loaded(schema(), *records(count, Code__gc="{}"), **settings)
    feed = records(count + 5, Code__gc="{}")
    feed[7]["record"]["Code__gc"] = "other"
    new = {f"n{number}" for number in range(count, count + 5)}
    assert written(runner, schema(), *feed, **settings) == {"n7", *new}
    kinds(runner.sandbox)
    assert written(runner, schema(), *feed, **settings) == set()
    assert {*kinds(runner.sandbox)} == {CallKind.QUERY}


def test_without_the_setting_all_is_written(runner: Runner) -> None:
    runner.loaded(schema(), *records(3))
    assert written(runner, schema(), *records(3), unchanged=None) == {"n0", "n1", "n2"}


def test_an_entry_of_streams_has_its_own(runner: Runner) -> None:
    runner.loaded(schema(), *records(3))
    streams = [{"name": THING, "unchanged": "send"}]
    assert len(written(runner, schema(), *records(3), streams=streams)) == 3
    streams = [{"name": THING, "unchanged": "skip"}]
    assert not written(runner, schema(), *records(3), streams=streams, unchanged="send")


def test_an_insert_is_refused_with_all_other_mistakes(runner: Runner) -> None:
    output = runner.load(schema(), operation="insert", fields={"Code__gc": "nowhere"}, **SKIP)
    assert isinstance(output.error, ConfigError)
    assert "`unchanged: skip` does not go with `operation: insert`" in str(output.error)
    assert "'nowhere'" in str(output.error)
    assert CallKind.QUERY not in kinds(runner.sandbox)


def test_they_count_as_loaded_and_are_said(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    runner.loaded(schema(), *records(5))
    output = runner.loaded(schema(), *records(6), state(1), **SKIP)
    assert output.states == [1]
    assert f"stream {THING}: 6 rows loaded into {THING}, 5 unchanged" in caplog.text
    assert f"6 records loaded into {THING}, 5 of them unchanged, 0 rejected" in caplog.text


@pytest.mark.parametrize("threshold", [0, 100], ids=["bulk", "rest"])
def test_a_dry_run_says_how_many_would_be_skipped(runner: Runner, threshold: int) -> None:
    runner.loaded(schema(), *records(5))
    kinds(runner.sandbox)
    settings = SKIP | {"dry_run": True, "bulk_threshold_rows": threshold}
    output = runner.loaded(schema(), *records(7), **settings)
    assert "5 records unchanged and skipped" in output.stderr
    assert ("2 rows by import" if threshold == 0 else "2 rows by REST") in output.stderr
    assert {*kinds(runner.sandbox)} == {CallKind.QUERY}


def test_records_are_merged_before_they_are_compared(runner: Runner) -> None:
    runner.loaded(schema(), record(Name="a", Code__gc="1"), record(Name="b", Code__gc="1"))
    back = [record(Name="a", Code__gc="2"), record(Name="a", Code__gc="1")]
    forth = [record(Name="b", Code__gc="1"), record(Name="b", Code__gc="2")]
    assert written(runner, schema(), *back, *forth) == {"b"}


def test_each_batch_is_compared_with_what_the_one_before_has_written(runner: Runner) -> None:
    runner.loaded(schema(), record(Name="a", Code__gc="1"))
    feed = [record(Name="a", Code__gc=code) for code in ("2", "1", "1", "3")]
    kinds(runner.sandbox)
    written(runner, schema(), *feed, batch_size_rows=1)
    assert kinds(runner.sandbox).count(CallKind.UPDATE) == 3
    assert runner.rows()["a"]["Code__gc"] == "3"


def test_what_has_been_deleted_is_written_anew(runner: Runner) -> None:
    runner.loaded(schema(), record(Name="a", Code__gc="1"))
    gone = record(Name="a", _sdc_deleted_at=DELETED)
    again = record(Name="a", Code__gc="1")
    for size in (1, None):
        runner.loaded(schema(), gone, again, deletes="delete", batch_size_rows=size, **SKIP)
        assert runner.rows()["a"]["Code__gc"] == "1"


def test_a_key_that_differs_in_case_is_a_difference(tmp_path: Path) -> None:
    quirks = Quirks(eq_ignores_case=True, keys_ignore_case=True)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        runner = Runner(sandbox, tmp_path)
        runner.loaded(schema(), record(Name="A", Code__gc="1"), record(Name="b", Code__gc="1"))
        feed = [record(Name="a", Code__gc="1"), record(Name="b", Code__gc="1")]
        assert written(runner, schema(), *feed) == {"A"}


@pytest.mark.parametrize("count", [5, 600], ids=["by key", "in pages"])
def test_what_several_records_have_the_key_of_is_sent(tmp_path: Path, count: int) -> None:
    quirks = Quirks(many_matches=ManyMatches.ALL)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        rows = [{"Name": f"n{n}", "Code__gc": "1"} for n in range(count)]
        sandbox.tenant.insert(THING, *rows, {"Name": "n2", "Code__gc": "other"}, rows[3])
        runner = Runner(sandbox, tmp_path)
        assert written(runner, schema(), *records(count, Code__gc="1")) == {"n2", "n3"}


def test_a_key_that_the_tenant_may_take_for_two_records_is_sent(tmp_path: Path) -> None:
    quirks = Quirks(eq_ignores_case=True, keys_ignore_case=True, many_matches=ManyMatches.FIRST)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "A"}, {"Name": "a"}, {"Name": "b"})
        feed = [record(Name="a"), record(Name="b")]
        assert written(Runner(sandbox, tmp_path), schema(), *feed) == {"A"}


LOOKUPS = {
    "Company__gc": {
        "fields": {"Company_Name__gc": "Name"},
        "objectName": "company",
        "lookupField": "Gsid",
    }
}


def test_what_gainsight_itself_looks_up_is_always_sent(runner: Runner) -> None:
    runner.sandbox.tenant.insert("company", {"Name": "Acme"})
    feed = [record(Name="a", Company_Name__gc="Acme"), record(Name="b", Code__gc="1")]
    for mode, sent in ("rest", {"a"}), ("bulk", set[str]()):
        settings: dict[str, Any] = {"lookups": LOOKUPS, "load_mode": mode}
        runner.loaded(schema(THING, *ALL), *feed, **settings)
        assert written(runner, schema(THING, *ALL), *feed, **settings) == sent


def test_what_the_target_looks_up_is_compared(runner: Runner, load_mode: str) -> None:
    runner.sandbox.tenant.insert("company", {"Name": "Acme"}, {"Name": "Bolt"})
    settings: dict[str, Any] = {"lookups": LOOKUPS, "load_mode": load_mode}
    settings |= {"keys": ["Code__gc", "Company__gc"], "bulk_threshold_rows": 1}
    feed = [record(Name=name, Code__gc="1", Company_Name__gc=name) for name in ("Acme", "Bolt")]
    runner.loaded(schema(THING, *ALL), *feed, **settings)
    assert written(runner, schema(THING, *ALL), *feed, **settings) == set()
    feed[1]["record"]["Name"] = "Bolts"
    assert written(runner, schema(THING, *ALL), *feed, **settings) == {"Bolts"}


def test_all_is_sent_of_an_object_that_cannot_be_read(
    runner: Runner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.loaded(schema(), *records(3))
    monkeypatch.setattr(
        "target_gainsight.search.sought.Sought.fields", property(lambda _: ("Name", "nowhere"))
    )
    assert written(runner, schema(), *records(3)) == {"n0", "n1", "n2"}
    assert caplog.text.count("cannot be read, so that all of its records are sent") == 1


TENANTS = {
    "usual": Quirks(),
    "lists": Quirks(
        query_shape=QueryShape.LIST,
        query_dates=DateForm.ISO,
        query_null=QueryNull.EMPTY,
        query_null_dates=QueryNull.NULL,
        query_multiselect=MultiSelect.LIST,
    ),
    "small pages": Quirks(query_page_records=40, eq_ignores_case=True),
}


def spellings(quirks: Quirks) -> dict[str, list[Any]]:
    """Values of each field that can be written, in all spellings."""
    return {
        name: [
            spelled
            for spelled, meaning in [*some, *NOTHING]
            if not isinstance(meaning, Unsendable | Refused)
        ]
        for name, some in values(quirks).items()
        if name != "Name"
    }


@pytest.mark.parametrize("load_mode", ["rest", "bulk"])
@pytest.mark.parametrize(
    "tenant", ["usual", "lists", pytest.param("small pages", marks=pytest.mark.slow)]
)
def test_what_is_skipped_is_just_what_a_write_would_not_change(
    tmp_path: Path, tenant: str, load_mode: str
) -> None:
    quirks = TENANTS[tenant]
    pairs = [
        (f"{name[:3]}{number}", name, one, other)
        for name, some in spellings(quirks).items()
        for number, (one, other) in enumerate(product(some, some))
    ]
    head = schema(THING, *(each.name for each in OBJECTS[1].fields))
    first = [line(Name=key, **{name: one}) for key, name, one, _ in pairs]
    second = [line(Name=key, **{name: other}) for key, name, _, other in pairs]
    found: list[dict[Any, Any]] = []
    for skipped in (False, True):
        with Sandbox(demo=False, clock=ManualClock(), objects=OBJECTS, quirks=quirks) as sandbox:
            runner = Runner(sandbox, tmp_path)
            loaded(runner, head, first, load_mode=load_mode)
            found += [contents(runner)] if not skipped else []
            if skipped:
                changed = written(runner, head, *second, load_mode=load_mode)
            else:
                loaded(runner, head, second, load_mode=load_mode)
            found.append(contents(runner))
    before, sent, skipping = found
    assert sent == skipping
    assert changed == {name for name in before if before[name] != sent[name]}


def line(**values: Any) -> str:
    return msgspec.json.encode(record(**values)).decode()


def loaded(runner: Runner, head: Any, feed: Iterable[Any], **settings: Any) -> Output:
    return runner.loaded(head, *feed, **settings)


def contents(runner: Runner) -> dict[Any, Any]:
    own = {"Gsid", "CreatedDate", "ModifiedDate", "CreatedBy", "ModifiedBy"}
    return {
        name: {field: value for field, value in row.items() if field not in own}
        for name, row in runner.rows().items()
    }


@pytest.mark.parametrize("decimals", [Decimals.ROUND, Decimals.KEEP])
def test_numbers_are_equal_as_a_tenant_may_keep_them(tmp_path: Path, decimals: Decimals) -> None:
    number = Field("Number__gc", DataType.NUMBER, decimal_places=2)
    kept = custom_object(THING, Field("Name"), number)
    quirks = Quirks(write_decimals=decimals)
    with Sandbox(empty=True, clock=ManualClock(), objects=[kept], quirks=quirks) as sandbox:
        runner = Runner(sandbox, tmp_path)
        head, one = schema(THING, "Name", "Number__gc"), record(Name="a", Number__gc="1.005")
        runner.loaded(head, one)
        assert written(runner, head, one) == set()
        assert written(runner, head, record(Name="a", Number__gc="1.004")) == {"a"}


@pytest.mark.slow
def test_few_calls_find_the_few_of_many_that_differ(tmp_path: Path) -> None:
    companies, differing = 20_000, 200
    with Sandbox(empty=True, clock=ManualClock()) as sandbox:
        rows = ({"Name": f"n{n}", "Employees": n} for n in range(companies))
        sandbox.tenant.insert("company", *rows)
        runner = Runner(sandbox, tmp_path)
        head = schema("company", "Name", "Employees")
        feed = [
            record("company", Name=f"n{n}", Employees=n + (n % (companies // differing) == 0))
            for n in range(companies)
        ]
        runner.loaded(head, *feed, **SKIP)
        calls = kinds(sandbox)
        assert len(calls) <= 10
        assert sum(len(call.outcomes) for call in sandbox.journal.calls) == differing
        assert not sandbox.journal.imports
        sandbox.journal.clear()
        runner.loaded(head, *feed, **SKIP)
        assert {*kinds(sandbox)} == {CallKind.QUERY}
        assert not sandbox.journal.calls
