"""Keys that Gainsight's calls cannot match: the target finds the records itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError
from gainsight_sandbox import (
    CallKind,
    DataType,
    Effect,
    Fault,
    Field,
    JobSettings,
    ManualClock,
    Quirks,
    Sandbox,
    custom_object,
)
from tests.api.conftest import Reply
from tests.hostile import Hostile
from tests.target.support import THING, Output, Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.api.conftest import Request


GONE = {"_sdc_deleted_at": "2026-01-01T00:00:00Z"}
BY_COMPANY: dict[str, Any] = {
    "keys": ["Name", "Company__gc"],
    "lookups": {
        "Company__gc": {
            "fields": {"Company_Name__gc": "Name"},
            "objectName": "company",
            "lookupField": "Gsid",
        }
    },
}
MODES: dict[str, dict[str, Any]] = {"rest": {"load_mode": "rest"}, "bulk": {"load_mode": "bulk"}}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of a path."""
    return MODES[request.param]


def things(runner: Runner, *names: str) -> list[tuple[Any, ...]]:
    """The values of the tenant's things, sorted."""
    runner.sandbox.clock.sleep(runner.sandbox.quirks.delete_seconds)
    rows = runner.sandbox.tenant.rows(THING)
    return sorted((tuple(row[name] for name in names) for row in rows), key=repr)


def codes(runner: Runner) -> list[str]:
    return [error["code"] for letter in runner.letters() for error in letter["errors"]]


KINDS: dict[str, tuple[list[str], dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # the keys; what the tenant holds; its key as a record has it; a key that is not there
    "date": (
        ["Day__gc"],
        {"Day__gc": "2024-02-03"},
        {"Day__gc": 1706918400000},
        {"Day__gc": "2024-02-04"},
    ),
    "day of 1970": (
        ["Name", "Day__gc"],
        {"Day__gc": "1970-02-03"},
        {"Day__gc": "1970-02-03T00:00:00Z"},
        {"Day__gc": "1970-02-04"},
    ),
    "date-time": (
        ["Name", "At__gc"],
        {"At__gc": "2024-02-03T04:05:06Z"},
        {"At__gc": "2024-02-02T23:05:06-05:00"},
        {"At__gc": "2024-02-03T04:05:07Z"},
    ),
    "four keys": (
        ["Name", "Code__gc", "Number__gc", "Company_Name__gc"],
        {"Code__gc": "c", "Number__gc": "1.50", "Company_Name__gc": "x"},
        {"Code__gc": "c", "Number__gc": 1.5, "Company_Name__gc": "x"},
        {"Code__gc": "c", "Number__gc": 1.5, "Company_Name__gc": "y"},
    ),
    "boolean": (
        ["Name", "Active__gc"],
        {"Active__gc": True},
        {"Active__gc": "true"},
        {"Active__gc": 0},
    ),
    "picklist": (
        ["Name", "Colour__gc"],
        {"Colour__gc": "1I00RED"},
        {"Colour__gc": "Red"},
        {"Colour__gc": "Blue"},
    ),
    "percentage": (
        ["Name", "Rate__gc"],
        {"Rate__gc": "12.50"},
        {"Rate__gc": "12.5"},
        {"Rate__gc": "12.51"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_found_by_keys_of_any_kind(
    runner: Runner, mode: dict[str, Any], kind: str
) -> None:
    keys, held, same, other = KINDS[kind]
    settings: dict[str, Any] = {"keys": keys, "max_rejects": -1, "deletes": "delete", **mode}
    runner.sandbox.tenant.insert(THING, {"Name": "a", "Text__gc": "old", **held})
    feed = [record(Name="a", Text__gc="1", **same), record(Name="a", Text__gc="2", **other)]
    runner.loaded(schema(), *feed, operation="update", **settings)
    assert things(runner, "Text__gc") == [("1",)]
    assert [(error["code"], error["field"]) for error in runner.letters()[0]["errors"]] == [
        ("GSOBJ_1011", ",".join(keys))
    ]
    feed[0]["record"]["Text__gc"] = "3"
    output = runner.loaded(schema(), *feed, state(1), **settings)
    assert output.states == [1]
    assert things(runner, "Text__gc") == [("2",), ("3",)]
    runner.loaded(schema(), record(Name="a", **same, **GONE), **settings)
    assert things(runner, "Text__gc") == [("2",)]
    assert len(runner.letters()) == 1


def companies(runner: Runner, *names: str) -> dict[str, str]:
    gsids = runner.sandbox.tenant.insert("company", *({"Name": name} for name in names))
    return dict(zip(names, gsids, strict=True))


def of(company: str | None, name: str = "a", **values: Any) -> dict[str, Any]:
    return record(Name=name, Company_Name__gc=company, **values)


def test_a_key_that_a_lookup_fills(runner: Runner, mode: dict[str, Any]) -> None:
    gsid = companies(runner, "Acme", "Bolt")
    runner.sandbox.tenant.insert(
        THING,
        {"Name": "a", "Company__gc": gsid["Acme"], "Code__gc": "old", "Text__gc": "kept"},
        {"Name": "b", "Company__gc": gsid["Acme"], "Code__gc": "other"},
    )
    output = runner.load(
        schema(),
        of("Acme", Code__gc="new"),
        of("Bolt", Code__gc="added"),
        of("Nobody", Code__gc="x"),
        of("Acme", Code__gc="newer"),
        state(1),
        max_rejects=-1,
        **BY_COMPANY,
        **mode,
    )
    assert output.error is None
    assert output.states == [1]
    assert things(runner, "Name", "Company__gc", "Code__gc", "Text__gc") == sorted(
        [
            ("a", gsid["Acme"], "newer", "kept"),
            ("a", gsid["Bolt"], "added", None),
            ("b", gsid["Acme"], "other", None),
        ],
        key=repr,
    )
    assert codes(runner) == ["GSOBJ_1008"]


def test_a_key_that_a_lookup_does_not_find_is_missing(runner: Runner, mode: dict[str, Any]) -> None:
    companies(runner, "Acme")
    lookup = {**BY_COMPANY["lookups"]["Company__gc"], "onNoMatch": "NULLABLE"}
    output = runner.load(
        schema(),
        of("Acme"),
        of("Nobody"),
        of(None),
        of(None),
        record(Name="a"),
        keys=["Name", "Company__gc"],
        lookups={"Company__gc": lookup},
        max_rejects=-1,
        **mode,
    )
    assert output.error is None
    assert len(things(runner, "Name")) == 1
    assert codes(runner) == ["MISSING_KEY"] * 4
    said = runner.letters()[-1]["errors"][0]["message"]
    assert "nor in Company_Name__gc, by which `lookups` fill it" in said


@pytest.mark.parametrize("null_handling", ["send", "omit"])
def test_a_tombstone_whose_key_is_null_is_rejected(
    runner: Runner, mode: dict[str, Any], null_handling: str
) -> None:
    lookup = {**BY_COMPANY["lookups"]["Company__gc"], "onNoMatch": "NULLABLE"}
    output = runner.load(
        schema(),
        of(None, **GONE),
        keys=["Company__gc"],
        lookups={"Company__gc": lookup},
        deletes="delete",
        null_handling=null_handling,
        max_rejects=-1,
        **mode,
    )
    assert output.error is None
    assert codes(runner) == ["MISSING_KEY"]


def test_two_names_of_one_company_are_one_key(runner: Runner, mode: dict[str, Any]) -> None:
    gsid = companies(runner, "Acme")
    runner.loaded(
        schema(),
        of("Acme", Code__gc="1", Text__gc="1"),
        record(Name="a", Company__gc=gsid["Acme"], Code__gc="2"),
        of("Acme", "b", Code__gc="1"),
        record(Name="b", Company__gc=gsid["Acme"], Code__gc="2", Text__gc="2"),
        of("Acme", "b", Code__gc="3"),
        **BY_COMPANY,
        **mode,
    )
    assert things(runner, "Name", "Code__gc", "Text__gc") == [("a", "2", "1"), ("b", "3", "2")]


def test_a_record_is_deleted_by_a_key_that_a_lookup_fills(
    runner: Runner, mode: dict[str, Any]
) -> None:
    gsid = companies(runner, "Acme", "Bolt")
    runner.sandbox.tenant.insert(
        THING,
        {"Name": "a", "Company__gc": gsid["Acme"]},
        {"Name": "a", "Company__gc": gsid["Bolt"]},
    )
    output = runner.load(
        schema(),
        of("Acme", **GONE),
        of("Nobody", **GONE),
        deletes="delete",
        max_rejects=-1,
        **BY_COMPANY,
        **mode,
    )
    assert output.error is None
    assert things(runner, "Company__gc") == [(gsid["Bolt"],)]
    assert codes(runner) == ["GSOBJ_1008"]


def test_a_record_that_is_deleted_and_made_again_is_there(
    runner: Runner, mode: dict[str, Any]
) -> None:
    gsid = companies(runner, "Acme")
    (old,) = runner.sandbox.tenant.insert(
        THING, {"Name": "a", "Company__gc": gsid["Acme"], "Code__gc": "old"}
    )
    runner.loaded(
        schema(),
        of("Acme", **GONE),
        of("Acme", Code__gc="new"),
        deletes="delete",
        batch_size_rows=1,
        **BY_COMPANY,
        **mode,
    )
    ((name, code, new),) = things(runner, "Name", "Code__gc", "Gsid")
    assert (name, code) == ("a", "new")
    assert new != old


def test_a_tombstone_that_names_the_company_otherwise_keeps_its_place(
    runner: Runner, mode: dict[str, Any]
) -> None:
    gsid = companies(runner, "Acme")
    runner.loaded(
        schema(),
        of("Acme", Code__gc="1"),
        record(Name="a", Company__gc=gsid["Acme"], **GONE),
        of("Acme", "b", Code__gc="1"),
        record(Name="b", Company__gc=gsid["Acme"], **GONE),
        of("Acme", "b", Text__gc="2"),
        deletes="delete",
        **BY_COMPANY,
        **mode,
    )
    assert things(runner, "Name", "Code__gc", "Text__gc") == [("b", None, "2")]


def test_several_records_of_one_key_reject_the_record(runner: Runner, mode: dict[str, Any]) -> None:
    twice = {"Name": "a", "Day__gc": "2024-02-03", "Code__gc": "old"}
    runner.sandbox.tenant.insert(THING, twice, twice)
    output = runner.load(
        schema(),
        record(Name="a", Day__gc="2024-02-03", Code__gc="new"),
        record(Name="a", Day__gc="2024-02-03", **GONE),
        record(Name="b", Day__gc="2024-02-03", Code__gc="new"),
        keys=["Name", "Day__gc"],
        max_rejects=-1,
        deletes="delete",
        batch_size_rows=1,
        **mode,
    )
    assert output.error is None
    assert codes(runner) == ["SEVERAL_MATCHES"] * 2
    assert things(runner, "Name", "Code__gc") == [("a", "old"), ("a", "old"), ("b", "new")]


@pytest.fixture
def caseless(tmp_path: Path) -> Iterator[Runner]:
    """A tenant that takes upper and lower case as equal."""
    quirks = Quirks(eq_ignores_case=True, keys_ignore_case=True)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        yield Runner(sandbox, tmp_path / "rejects")


def test_keys_that_differ_in_case_alone_are_compared_as_the_tenant_does(
    caseless: Runner, runner: Runner, mode: dict[str, Any]
) -> None:
    feed = [
        record(Name="Ann", Active__gc=True, Code__gc="1"),
        record(Name="ann", Active__gc=True, Code__gc="2"),
        record(Name="Bob", Active__gc=True, Code__gc="1"),
    ]
    for each in (caseless, runner):
        each.loaded(schema(), *feed, keys=["Name", "Active__gc"], **mode)
        each.loaded(schema(), *feed, keys=["Name", "Active__gc"], **mode)
    assert things(caseless, "Name", "Code__gc") == [("Ann", "2"), ("Bob", "1")]
    assert things(runner, "Name", "Code__gc") == [("Ann", "1"), ("Bob", "1"), ("ann", "2")]


def test_a_lookup_by_key_that_differs_in_case(caseless: Runner, mode: dict[str, Any]) -> None:
    gsid = companies(caseless, "Acme")
    caseless.loaded(
        schema(),
        of("Acme", Code__gc="1"),
        of("ACME", Code__gc="2"),
        record(Name="a", Company__gc=gsid["Acme"], Code__gc="3"),
        **BY_COMPANY,
        **mode,
    )
    assert things(caseless, "Name", "Code__gc") == [("a", "3")]


def test_a_record_that_has_its_key_alone(runner: Runner, mode: dict[str, Any]) -> None:
    runner.sandbox.tenant.insert(THING, {"Name": "a", "Active__gc": True, "Code__gc": "kept"})
    output = runner.loaded(
        schema(),
        record(Name="a", Active__gc=True),
        record(Name="b", Active__gc=True),
        state(1),
        keys=["Name", "Active__gc"],
        **mode,
    )
    assert output.states == [1]
    assert things(runner, "Name", "Code__gc") == [("a", "kept"), ("b", None)]


def test_what_the_run_has_added_is_found(runner: Runner, mode: dict[str, Any]) -> None:
    feed = [record(Name="a", Day__gc="2024-02-03", Code__gc=f"c{index}") for index in range(3)]
    runner.loaded(schema(), *feed, keys=["Name", "Day__gc"], batch_size_rows=1, **mode)
    assert things(runner, "Code__gc") == [("c2",)]


def test_a_relationship_is_known_by_its_name_and_its_company(
    runner: Runner, mode: dict[str, Any]
) -> None:
    gsid = companies(runner, "Acme", "Bolt")
    names = ("Name", "company", "TypeId")
    settings: dict[str, Any] = {
        "keys": ["Name", "CompanyId"],
        "lookups": {
            "CompanyId": {
                "fields": {"company": "Name"},
                "objectName": "company",
                "lookupField": "Gsid",
            }
        },
        **mode,
    }
    (kind,) = runner.sandbox.tenant.insert("relationship_type", {"Name": "Project"})
    feed = [record("relationship", Name="One", company=company, TypeId=kind) for company in gsid]
    for _ in range(2):
        runner.loaded(schema("relationship", *names), *feed, **settings)
    rows = list(runner.sandbox.tenant.rows("relationship"))
    assert sorted(str(row["CompanyId"]) for row in rows) == sorted(gsid.values())


def test_a_key_that_is_looked_up_in_the_object_itself(tmp_path: Path, mode: dict[str, Any]) -> None:
    node = custom_object(
        "node__gc",
        Field("Name"),
        Field("Up__gc"),
        Field("Parent__gc", DataType.LOOKUP, lookup="node__gc"),
    )
    lookup = {"fields": {"Up__gc": "Name"}, "objectName": "node__gc", "lookupField": "Gsid"}
    with Sandbox(empty=True, clock=ManualClock(), objects=[node]) as sandbox:
        (root,) = sandbox.tenant.insert("node__gc", {"Name": "root"})
        runner = Runner(sandbox, tmp_path)
        feed = [
            record("node__gc", Name=name, Up__gc=up)
            for name, up in [("a", "root"), ("b", "a"), ("c", "b"), ("a", "root"), ("b", "a")]
        ]
        for _ in range(2):
            runner.loaded(
                schema("node__gc", "Name", "Up__gc"),
                *feed,
                keys=["Name", "Parent__gc"],
                lookups={"Parent__gc": lookup},
                **mode,
            )
        rows = {str(row["Gsid"]): row for row in sandbox.tenant.rows("node__gc")}
    assert len(rows) == 4
    parents = {
        row["Name"]: rows[str(row["Parent__gc"])]["Name"]
        for row in rows.values()
        if row["Gsid"] != root
    }
    assert parents == {"a": "root", "b": "a", "c": "b"}


@pytest.mark.parametrize("base", [0, 1, 2])
def test_rows_that_either_job_refuses_are_known(tmp_path: Path, base: int) -> None:
    quirks = Quirks(import_row_base=base)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(
            THING, *({"Name": f"n{index}", "Active__gc": True} for index in range(0, 60, 2))
        )
        runner = Runner(sandbox, tmp_path)
        feed = records(60, Active__gc=True, Text__gc="t")
        bad = (7, 20, 21, 58)
        for index in bad:
            feed[index]["record"]["Number__gc"] = "9" * 70
        output = runner.load(
            schema(),
            *feed,
            keys=["Name", "Active__gc"],
            null_handling="send",
            max_rejects=-1,
            **MODES["bulk"],
        )
        assert output.error is None
        names = sorted(str(letter["record"]["Name"]) for letter in runner.letters())
        assert names == sorted(f"n{index}" for index in bad)
        done = [row["Name"] for row in sandbox.tenant.rows(THING) if row["Text__gc"] == "t"]
        assert len(done) == 56


def test_records_that_were_merged_are_judged_alone(runner: Runner, mode: dict[str, Any]) -> None:
    gsid = companies(runner, "Acme")
    output = runner.load(
        schema(),
        of("Acme", Code__gc="1"),
        record(Name="a", Company__gc=gsid["Acme"], Text__gc="2"),
        of("Acme", Colour__gc="1I00BLUE", Number__gc="9" * 70),
        max_rejects=-1,
        **BY_COMPANY,
        **mode,
    )
    assert output.error is None
    assert things(runner, "Code__gc", "Text__gc", "Colour__gc") == [("1", "2", None)]
    assert len(runner.letters()) == 1


def test_many_records_go_by_few_calls(runner: Runner) -> None:
    feed = records(120, Active__gc=True, Code__gc="c{}")
    settings: dict[str, Any] = {"keys": ["Name", "Active__gc"], **MODES["rest"]}
    runner.sandbox.tenant.insert(
        THING, *({"Name": f"n{index}", "Active__gc": True} for index in range(60))
    )
    runner.loaded(schema(), *feed, **settings)
    assert sorted(
        (call.operation.value.lower(), len(call.outcomes)) for call in runner.sandbox.journal.calls
    ) == [("insert", 10), ("insert", 50), ("update", 10), ("update", 50)]
    assert len(things(runner, "Name")) == 120


def test_few_of_a_large_batch_go_by_rest(runner: Runner) -> None:
    feed = records(120, Active__gc=True, Code__gc="c{}")
    runner.sandbox.tenant.insert(THING, {"Name": "n7", "Active__gc": True})
    runner.loaded(schema(), *feed, keys=["Name", "Active__gc"], bulk_threshold_rows=100)
    [job] = runner.sandbox.journal.imports
    assert (job.operation.value.lower(), job.rows) == ("insert", 119)
    assert things(runner, "Code__gc") == sorted((f"c{index}",) for index in range(120))


def test_what_a_killed_run_is_still_adding_is_waited_for(tmp_path: Path) -> None:
    with Sandbox(
        empty=True, clock=ManualClock(), objects=[thing()], jobs=JobSettings(job_seconds=100)
    ) as sandbox:
        runner = Runner(sandbox, tmp_path)
        settings: dict[str, Any] = {"keys": ["Name", "Active__gc"], **MODES["bulk"]}
        feed = records(20, Active__gc=True, Code__gc="c{}")
        output = runner.load(schema(), *feed, job_timeout=30, **settings)
        assert "job_timeout" in str(output.error)
        before = len(sandbox.log)
        runner.loaded(schema(), *feed, record(Name="more", Active__gc=True), **settings)
        kinds = [call.kind for call in list(sandbox.log)[before:]]
        asked = [at for at, kind in enumerate(kinds) if kind is CallKind.IMPORT_STATUS]
        submitted = kinds.index(CallKind.IMPORT_SUBMIT)
        assert max(at for at in asked if at < submitted) < kinds.index(CallKind.QUERY)
        assert sandbox.tenant.count(THING) == 21


def test_what_was_added_before_and_is_gone_is_added_again(runner: Runner) -> None:
    settings: dict[str, Any] = {"keys": ["Name", "Active__gc"], **MODES["bulk"]}
    feed = records(20, Active__gc=True)
    for _ in range(2):
        runner.loaded(schema(), *feed, **settings)
        assert runner.sandbox.tenant.count(THING) == 20
        gsids = [str(row["Gsid"]) for row in runner.sandbox.tenant.rows(THING)]
        runner.sandbox.tenant.delete(THING, gsids)


@pytest.mark.parametrize("effect", [Effect.DROP_AFTER, Effect.DROP_BEFORE])
@pytest.mark.parametrize("operation", ["upsert", "insert"])
def test_an_insert_without_answer_is_not_doubled(
    runner: Runner, operation: str, effect: Effect
) -> None:
    companies(runner, "Acme", "Bolt")
    runner.sandbox.faults.add(Fault(effect, on=CallKind.INSERT))
    feed = [of(company, f"n{n}", Code__gc="x") for n in range(60) for company in ("Acme", "Bolt")]
    runner.loaded(schema(), *feed, operation=operation, **BY_COMPANY, **MODES["rest"])
    found = things(runner, "Name", "Company_Name__gc")
    assert len(found) == len(set(found)) == 120


def test_an_insert_without_answer_whose_record_differs_is_written_as_an_update(
    runner: Runner,
) -> None:
    # Somebody else changes the record between the lost answer and the look for it.
    def change(request: Request, number: int, own: Callable[..., Reply]) -> Reply | None:
        if request.method != "POST" or request.path != f"/v1/data/objects/{THING}" or number > 1:
            return None
        own()
        (row,) = runner.sandbox.tenant.rows(THING)
        runner.sandbox.tenant.update(THING, str(row["Gsid"]), {"Code__gc": "changed"})
        return Reply(b"", drop=True)

    with Hostile(runner.sandbox, change) as hostile:
        runner.loaded(
            schema(),
            record(Name="a", Day__gc="2024-02-03", Code__gc="sent"),
            keys=["Name", "Day__gc"],
            domain=hostile.url,
            **MODES["rest"],
        )
    assert things(runner, "Name", "Code__gc") == [("a", "sent")]


@pytest.mark.parametrize("load_mode", ["rest", "bulk"])
def test_a_dry_run_counts_what_a_run_then_does(runner: Runner, load_mode: str) -> None:
    gsid = companies(runner, "Acme", "Bolt")
    runner.sandbox.tenant.insert(THING, {"Name": "n1", "Company__gc": gsid["Acme"]})
    feed = [of("Acme", f"n{n}", Code__gc="x") for n in range(80)]
    messages = [schema(), *feed, of("Nobody"), of("Bolt", "n1"), state(1)]
    settings = {**BY_COMPANY, "load_mode": load_mode, "max_rejects": -1}
    plan = runner.loaded(*messages, dry_run=True, **settings)
    assert not runner.sandbox.journal.calls
    assert not runner.sandbox.journal.imports
    before = len(runner.sandbox.log)
    runner.loaded(*messages, **settings)
    calls = sum(
        call.kind in {CallKind.QUERY, CallKind.INSERT, CallKind.UPDATE}
        for call in list(runner.sandbox.log)[before:]
    )
    jobs = len(runner.sandbox.journal.imports)
    assert _planned(plan, r"(\d+) calls") == calls
    assert _planned(plan, r"(\d+) jobs") == jobs
    rows = {"rest": "81 rows by REST", "bulk": "81 rows by import"}[load_mode]
    assert rows in plan.stderr
    assert "1 reject foreseen (GSOBJ_1008" in plan.stderr
    assert "not checked" not in plan.stderr


@pytest.mark.parametrize("load_mode", ["rest", "bulk"])
def test_a_dry_run_foresees_no_reject_for_what_the_run_itself_loads(
    runner: Runner, load_mode: str
) -> None:
    companies(runner, "Acme")
    plan = runner.loaded(
        schema(),
        schema("company", "Name"),
        of("Acme"),
        of("Bolt"),
        of("Bolt", Code__gc="again"),
        of(None, "b"),
        record("company", Name="Bolt"),
        dry_run=True,
        streams=[
            {"name": THING, **BY_COMPANY, "load_mode": load_mode},
            {"name": "company", "keys": ["Name"]},
        ],
    )
    way = {"rest": "REST", "bulk": "import"}[load_mode]
    assert f"2 rows by {way}" in plan.stderr
    assert "1 reject foreseen (GSOBJ_1008" in plan.stderr
    assert "not checked: lookups of what this run loads" in plan.stderr
    assert len(list(runner.sandbox.tenant.rows("company"))) == 1


def _planned(output: Output, pattern: str) -> int:
    found = re.search(pattern, output.stderr)
    assert found
    return int(found[1])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"keys": ["Name", "Colours__gc"]}, "the key Colours__gc is a multi-select"),
        (
            {
                "keys": ["Name", "Day__gc"],
                "load_mode": "bulk",
                "bulk_import_api": "connector",
                "streams": [{"name": THING, "bulk_job_id": "j"}],
            },
            "the target itself matches records by Name, Day__gc",
        ),
    ],
)
def test_keys_that_cannot_be_matched_are_refused(
    runner: Runner, settings: Mapping[str, Any], words: str
) -> None:
    output = runner.load(schema(), record(Name="a"), **settings)
    assert isinstance(output.error, ConfigError)
    assert words in str(output.error)
    assert not runner.sandbox.journal.calls


def test_with_a_job_of_an_admin_such_keys_go_by_rest(runner: Runner) -> None:
    runner.loaded(
        schema(),
        *records(20, Active__gc=True),
        keys=["Name", "Active__gc"],
        bulk_import_api="connector",
        bulk_threshold_rows=10,
        streams=[{"name": THING, "bulk_job_id": "j"}],
    )
    assert len(things(runner, "Name")) == 20
