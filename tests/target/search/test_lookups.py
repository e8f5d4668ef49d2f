"""Lookups that the target does for import jobs end as those that Gainsight does for REST calls."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import (
    DataType,
    Field,
    ManualClock,
    Sandbox,
    custom_object,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.support.proxy import proxy
from tests.target.support import THING, Runner, record, schema, thing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from gainsight_sandbox import ObjectSchema
    from tests.support.proxy import Call
    from tests.target.support import Output

BUYER = "buyer__gc"
MODES = ("rest", "bulk")


def gsid(number: int) -> str:
    """A Gsid of a buyer; they are in the order of their numbers."""
    return f"1P99{number:032}"


def buyer() -> ObjectSchema:
    return custom_object(
        BUYER,
        Field("Name"),
        Field("City__gc"),
        Field("Size__gc", DataType.NUMBER, decimal_places=2),
        Field("Active__gc", DataType.BOOLEAN),
        Field("Since__gc", DataType.DATE),
        Field("Seen__gc", DataType.DATETIME),
    )


BUYERS: Sequence[Mapping[str, Any]] = (
    {"Gsid": gsid(4), "Name": "Ann", "City__gc": "Oslo", "Size__gc": 5},
    {"Gsid": gsid(3), "Name": "Bob", "City__gc": "Oslo", "Size__gc": 10},
    {"Gsid": gsid(2), "Name": "Bob", "City__gc": "Rome", "Size__gc": 15},
    {"Gsid": gsid(1), "Name": "Eve", "City__gc": None, "Size__gc": None},
)


def lookups(**changes: Any) -> dict[str, Any]:
    lookup = {"fields": {"Company_Name__gc": "Name"}, "objectName": BUYER, "lookupField": "Gsid"}
    return {"Company__gc": lookup | changes}


def queries(sandbox: Sandbox) -> int:
    return sum(call.kind is CallKind.QUERY for call in sandbox.log)


class Loaded:
    """What became of some records by one of the paths."""

    def __init__(self, output: Output, runner: Runner) -> None:
        self.output = output
        self.queries = queries(runner.sandbox)
        self.things = runner.rows()
        self.rows = {name: row["Company__gc"] for name, row in self.things.items()}
        self.letters = [
            (
                letter["record"]["Name"],
                [(error["code"], error["field"]) for error in letter["errors"]],
            )
            for letter in runner.letters()
        ]


def load(
    folder: Path,
    mode: str,
    feed: Iterable[Mapping[str, Any]],
    *,
    buyers: Iterable[Mapping[str, Any]] = BUYERS,
    things: Iterable[Mapping[str, Any]] = (),
    **settings: Any,
) -> Loaded:
    """Load records into a tenant of their own that has these buyers."""
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing(), buyer()]) as sandbox:
        sandbox.tenant.insert(BUYER, *buyers)
        sandbox.tenant.insert(THING, *things)
        runner = Runner(sandbox, folder / mode)
        output = runner.load(schema(), *feed, load_mode=mode, **{"max_rejects": -1, **settings})
        assert output.error is None
        return Loaded(output, runner)


def both(folder: Path, feed: Sequence[Mapping[str, Any]], **settings: Any) -> Loaded:
    """Load records by either path; they must end the same."""
    by_rest, by_job = (load(folder, mode, feed, **settings) for mode in MODES)
    assert by_job.rows == by_rest.rows
    assert by_job.letters == by_rest.letters
    return by_job


def looking(*names: Any, **more: Any) -> list[dict[str, Any]]:
    """Records n0, n1, … that look for buyers of those names."""
    return [
        record(Name=f"n{index}", Company_Name__gc=name, **more) for index, name in enumerate(names)
    ]


FEED = looking("Ann", "Nobody", "Bob", "Nobody", "Eve", None)


@pytest.mark.parametrize("operation", ["insert", "update", "upsert"])
def test_no_match_rejects_the_record_with_error(tmp_path: Path, operation: str) -> None:
    things = [{"Name": f"n{index}"} for index in range(6)] if operation == "update" else []
    done = both(
        tmp_path, FEED, lookups=lookups(onNoMatch="ERROR"), operation=operation, things=things
    )
    kept = {"n0": gsid(4), "n2": gsid(3), "n4": gsid(1)}
    rest = dict.fromkeys(("n1", "n3", "n5")) if operation == "update" else {}
    assert done.rows == kept | rest
    assert done.letters == [
        (name, [("GSOBJ_1008", "Company_Name__gc")]) for name in ("n1", "n3", "n5")
    ]


def test_no_match_leaves_null_with_nullable(tmp_path: Path) -> None:
    things = [{"Name": f"n{index}", "Company__gc": gsid(9)} for index in range(6)]
    done = both(tmp_path, FEED, lookups=lookups(onNoMatch="NULLABLE"), things=things)
    assert done.rows == {
        "n0": gsid(4),
        "n1": None,
        "n2": gsid(3),
        "n3": None,
        "n4": gsid(1),
        "n5": None,
    }
    assert done.letters == []


def test_several_matches_are_the_first_of_them_with_firstmatch(tmp_path: Path) -> None:
    done = both(tmp_path, looking("Bob", "Ann"), lookups=lookups(multiMatchOption="FIRSTMATCH"))
    # The first by Gainsight's own order, which is not that of the Gsids.
    assert done.rows == {"n0": gsid(3), "n1": gsid(4)}


def test_several_matches_reject_the_record_with_markaserror(tmp_path: Path) -> None:
    done = both(
        tmp_path,
        looking("Bob", "Ann", "Bob"),
        lookups=lookups(multiMatchOption="MARKASERROR", onNoMatch="NULLABLE"),
    )
    assert done.rows == {"n1": gsid(4)}
    assert done.letters == [(name, [("GSOBJ_1008", "Company_Name__gc")]) for name in ("n0", "n2")]


def test_a_lookup_by_two_fields_needs_both(tmp_path: Path) -> None:
    feed = [
        record(Name="both", Company_Name__gc="Bob", Code__gc="Rome"),
        record(Name="crossed", Company_Name__gc="Ann", Code__gc="Rome"),
        record(Name="one", Company_Name__gc="Ann"),
        record(Name="null", Company_Name__gc="Eve", Code__gc=None),
        record(Name="neither"),
    ]
    done = both(
        tmp_path, feed, lookups=lookups(fields={"Company_Name__gc": "Name", "Code__gc": "City__gc"})
    )
    assert done.rows == {"both": gsid(2), "neither": None}
    unresolved = [("GSOBJ_1008", "Company_Name__gc"), ("GSOBJ_1008", "Code__gc")]
    assert done.letters == [(name, unresolved) for name in ("crossed", "one", "null")]


@pytest.mark.parametrize(
    ("column", "field", "stored", "same", "other"),
    [
        ("Number__gc", "Size__gc", 10, "10.0", 11),
        ("Code__gc", "Size__gc", "2.5", "2.50", "2.51"),
        ("Active__gc", "Active__gc", True, "true", False),
        ("Day__gc", "Since__gc", date(2024, 5, 6), "2024-05-06", "2024-05-07"),
        (
            "At__gc",
            "Seen__gc",
            datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
            "2024-05-06T09:08:09+02:00",
            "2024-05-06T07:08:09+02:00",
        ),
    ],
)
def test_values_are_found_by_what_they_mean(
    tmp_path: Path, *, column: str, field: str, stored: object, same: Any, other: Any
) -> None:
    feed = [record(Name="same", **{column: same}), record(Name="other", **{column: other})]
    done = both(
        tmp_path,
        feed,
        buyers=[{"Gsid": gsid(1), "Name": "Ann", field: stored}],
        lookups=lookups(fields={column: field}, onNoMatch="NULLABLE"),
    )
    assert done.rows == {"same": gsid(1), "other": None}


@pytest.mark.parametrize("field", ["Size__gc", "Active__gc", "Since__gc", "Seen__gc"])
@pytest.mark.parametrize("on_no_match", ["ERROR", "NULLABLE"])
def test_a_value_that_the_field_cannot_have_matches_nothing(
    tmp_path: Path, field: str, on_no_match: str
) -> None:
    stored: dict[str, object] = {
        "Size__gc": 10,
        "Active__gc": True,
        "Since__gc": date(2024, 5, 6),
        "Seen__gc": datetime(2024, 5, 6, tzinfo=UTC),
    }
    done = both(
        tmp_path,
        looking("many", "10", "true", "2024-05-06"),
        buyers=[{"Gsid": gsid(1), "Name": "Ann", field: stored[field]}],
        lookups=lookups(fields={"Company_Name__gc": field}, onNoMatch=on_no_match),
    )
    assert done.rows["n0"] is None if on_no_match == "NULLABLE" else "n0" not in done.rows
    assert gsid(1) in done.rows.values()


def test_another_field_than_the_gsid_may_be_taken(tmp_path: Path) -> None:
    taken = lookups(lookupField="City__gc")["Company__gc"]
    codes = {}
    for mode in MODES:
        done = load(tmp_path, mode, looking("Ann", "Eve"), lookups={"Code__gc": taken})
        assert done.letters == []
        codes[mode] = {name: row["Code__gc"] for name, row in done.things.items()}
    assert codes["bulk"] == codes["rest"] == {"n0": "Oslo", "n1": None}


def test_lookups_go_by_what_was_sent_not_by_what_another_lookup_found(tmp_path: Path) -> None:
    city = lookups(lookupField="City__gc")["Company__gc"]
    chained = {
        "Code__gc": city,
        **lookups(fields={"Code__gc": "City__gc"}, onNoMatch="NULLABLE"),
    }
    feed = looking("Ann", "Ann", Code__gc="Rome")
    done = both(tmp_path, feed, lookups=chained)
    assert done.rows == {"n0": gsid(2), "n1": gsid(2)}
    assert {row["Code__gc"] for row in done.things.values()} == {"Oslo"}


@pytest.mark.parametrize(
    ("more", "expected"), [({"defaultValue": gsid(7)}, gsid(7)), ({}, None)], ids=["named", "none"]
)
def test_no_match_of_an_import_is_the_default_that_the_setting_names_or_null(
    tmp_path: Path, more: dict[str, Any], expected: str | None
) -> None:
    done = load(tmp_path, "bulk", FEED, lookups=lookups(onNoMatch="DEFAULTVALUE", **more))
    assert done.rows == {
        "n0": gsid(4),
        "n1": expected,
        "n2": gsid(3),
        "n3": expected,
        "n4": gsid(1),
        "n5": expected,
    }
    assert done.letters == []


# Lookups by many different values: the object is read in pages.


def set_page(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Have queries ask for pages of this size."""
    for module in ("by_values", "pages"):
        monkeypatch.setattr(f"target_gainsight.search.{module}.LARGEST_PAGE", size)


def many(names: int, twice: int) -> list[dict[str, Any]]:
    """Buyers b0, b1, … in the reverse order of their Gsids, then the first ones once more."""
    all_names = [f"b{index % names}" for index in range(names + twice)]
    return [{"Gsid": gsid(len(all_names) - at), "Name": name} for at, name in enumerate(all_names)]


@pytest.mark.parametrize(
    ("names", "page", "calls", "by_value"),
    [
        (
            490,
            200,
            3 + 1 + 1,
            1,
        ),  # three pages and an empty one; then what is there twice, by value
        (900, 220, 4 + 4, 4),  # more pages than calls by value would be; then all by value
    ],
    ids=["all", "some"],
)
@pytest.mark.parametrize("on_several", ["FIRSTMATCH", "MARKASERROR"])
def test_an_object_read_in_pages_gives_what_calls_by_value_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    on_several: str,
    names: int,
    page: int,
    calls: int,
    by_value: int,
) -> None:
    set_page(monkeypatch, page)
    buyers = many(names, twice=100)
    wanted = [f"b{index}" for index in range(40, 500)]
    done = both(
        tmp_path,
        looking(*wanted),
        buyers=buyers,
        operation="insert",
        lookups=lookups(multiMatchOption=on_several),
    )
    first = {str(each["Name"]): each["Gsid"] for each in reversed(buyers)}
    if on_several == "MARKASERROR":
        for index in range(100):
            del first[f"b{index}"]
    assert done.rows == {
        f"n{index}": first[name] for index, name in enumerate(wanted) if name in first
    }
    assert len(done.rows) + len(done.letters) == len(wanted)
    # A second match may stand on the next page, which is empty.
    assert done.queries == calls + (by_value if on_several == "MARKASERROR" else 0)


@pytest.mark.parametrize("on_several", ["FIRSTMATCH", "MARKASERROR"])
def test_a_value_that_fills_a_page_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_several: str
) -> None:
    set_page(monkeypatch, 20)
    names = ["Many"] * 25 + ["Two", "One", "Two"] + [f"b{index}" for index in range(30)]
    buyers = [{"Gsid": gsid(99 - at), "Name": name} for at, name in enumerate(names)]
    feed = looking(*dict.fromkeys(names), "Nobody")
    done = both(
        tmp_path,
        feed,
        buyers=buyers,
        operation="insert",
        lookups=lookups(multiMatchOption=on_several),
    )
    several = [] if on_several == "FIRSTMATCH" else ["n0", "n1"]
    assert [name for name, _ in done.letters] == [*several, f"n{len(feed) - 1}"]
    assert done.rows["n2"] == gsid(99 - 26)


def test_what_was_found_is_not_asked_for_again(runner: Runner, sandbox: Sandbox) -> None:
    sandbox.tenant.insert("company", {"Name": "Apple"})
    feed = [record(Name=f"n{at}", Company_Name__gc="Apple") for at in range(40)]
    by_company = lookups(objectName="company")
    runner.loaded(schema(), *feed, lookups=by_company, load_mode="bulk", batch_size_rows=10)
    assert len(sandbox.journal.imports) == 4
    assert queries(sandbox) == 1


@pytest.mark.parametrize("others", [("ann",), ("Ann ",), ("ann", "Ann ", "Bob")])
def test_a_value_that_differs_in_case_or_blanks_alone_takes_no_other_with_it(
    tmp_path: Path, others: tuple[str, ...]
) -> None:
    done = both(tmp_path, looking("Ann", *others), lookups=lookups())
    assert done.rows["n0"] == gsid(4)


NODE = "node__gc"


def test_what_the_run_itself_has_loaded_is_found(tmp_path: Path) -> None:
    feed = [
        schema(),
        *looking("Late", "Late"),
        schema(BUYER, "Name"),
        record(BUYER, Name="Late"),
        record(BUYER, Name="Other"),
        *({**each, "record": {**each["record"], "Name": f"r{at}"}} for at, each in FEED_LATE),
    ]
    found = {}
    for mode in MODES:
        with Sandbox(empty=True, clock=ManualClock(), objects=[thing(), buyer()]) as sandbox:
            runner = Runner(sandbox, tmp_path / mode)
            settings = {"lookups": lookups(onNoMatch="NULLABLE"), "load_mode": mode}
            entry = {"name": THING, **settings}
            runner.loaded(*feed, streams=[entry], load_mode=mode, batch_size_rows=2)
            linked = {name: bool(row["Company__gc"]) for name, row in runner.rows().items()}
            found[mode] = [linked["r0"], linked["r1"]]
    assert found["bulk"] == found["rest"] == [True, True]


FEED_LATE = list(enumerate(looking("Late", "Late")))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("batch", [2, 100])
@pytest.mark.parametrize(
    ("name", "on_no_match"), [(NODE, "NULLABLE"), (NODE.capitalize(), "NULLABLE"), (NODE, "ERROR")]
)
def test_an_object_that_looks_in_itself_finds_parents_that_came_before(
    tmp_path: Path, name: str, on_no_match: str, batch: int, mode: str
) -> None:
    node = custom_object(
        NODE, Field("Name"), Field("Up__gc"), Field("Parent__gc", DataType.LOOKUP, lookup=NODE)
    )
    parent = {"fields": {"Up__gc": "Name"}, "objectName": name, "lookupField": "Gsid"}
    feed = [record(NODE, Name="top")]
    feed += [record(NODE, Name=f"c{at}", Up__gc="top") for at in range(4)]
    feed += [record(NODE, Name="grandchild", Up__gc="c1")]
    with Sandbox(empty=True, clock=ManualClock(), objects=[node]) as sandbox:
        runner = Runner(sandbox, tmp_path)
        runner.loaded(
            schema(NODE, "Name", "Up__gc"),
            *feed,
            lookups={"Parent__gc": {**parent, "onNoMatch": on_no_match}},
            load_mode=mode,
            batch_size_rows=batch,
        )
        rows = runner.rows(NODE)
    assert {rows[f"c{at}"]["Parent__gc"] for at in range(4)} == {rows["top"]["Gsid"]}
    assert rows["grandchild"]["Parent__gc"] == rows["c1"]["Gsid"]


@pytest.mark.parametrize("mode", MODES)
def test_who_looks_for_a_merged_record_that_is_refused_finds_its_good_parts(
    tmp_path: Path, mode: str
) -> None:
    node = custom_object(
        NODE, Field("Name"), Field("Up__gc"), Field("Parent__gc", DataType.LOOKUP, lookup=NODE)
    )
    parent = {"fields": {"Up__gc": "Name"}, "objectName": NODE, "lookupField": "Gsid"}
    with Sandbox(empty=True, clock=ManualClock(), objects=[node]) as sandbox:
        runner = Runner(sandbox, tmp_path)
        runner.loaded(
            schema(NODE, "Name", "Up__gc"),
            record(NODE, Name="a"),
            record(NODE, Name="b", Up__gc="a"),
            record(NODE, Name="a", Up__gc="b"),
            lookups={"Parent__gc": parent},
            load_mode=mode,
        )
        rows = runner.rows(NODE)
    assert rows["b"]["Parent__gc"] == rows["a"]["Gsid"]
    assert rows["a"]["Parent__gc"] == rows["b"]["Gsid"]


def without_case(call: Call) -> None:
    """Query as a tenant does that compares without case: here, one name."""
    if call.method == "POST" and "query" in call.path:
        call.body = call.body.replace(b'"acme"', b'"Acme"')


@pytest.mark.parametrize(("there", "found"), [(("Acme",), "Acme"), (("acme", "Acme"), "acme")])
def test_case_counts_as_the_tenant_compares_and_an_exact_match_first(
    tmp_path: Path, there: tuple[str, ...], found: str
) -> None:
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing(), buyer()]) as sandbox:
        ids = sandbox.tenant.insert(BUYER, *({"Name": name} for name in there))
        runner = Runner(sandbox, tmp_path)
        before = without_case if len(there) == 1 else (lambda _: None)
        with proxy(sandbox.url, before=before) as url:
            runner.loaded(
                schema(), *looking("acme"), lookups=lookups(), load_mode="bulk", domain=url
            )
        assert runner.rows()["n0"]["Company__gc"] == dict(zip(there, ids, strict=True))[found]


def test_short_pages_of_a_lookup_are_read_on(tmp_path: Path) -> None:
    def before(call: Call) -> None:
        if call.method == "POST" and "query" in call.path:
            asked = json.loads(call.body)
            call.body = json.dumps({**asked, "limit": 50}).encode()

    names = [f"b{at}" for at in range(140)]
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing(), buyer()]) as sandbox:
        sandbox.tenant.insert(BUYER, *({"Name": name} for name in names))
        runner = Runner(sandbox, tmp_path)
        with proxy(sandbox.url, before=before) as url:
            runner.loaded(
                schema(),
                *looking(*names),
                lookups=lookups(onNoMatch="NULLABLE"),
                load_mode="bulk",
                domain=url,
            )
        assert all(row["Company__gc"] for row in runner.rows().values())


def test_a_lookup_may_go_by_a_property_that_is_no_field(tmp_path: Path) -> None:
    by_property = lookups(fields={"buyer": "Name"})
    for mode in MODES:
        with Sandbox(empty=True, clock=ManualClock(), objects=[thing(), buyer()]) as sandbox:
            sandbox.tenant.insert(BUYER, *BUYERS)
            runner = Runner(sandbox, tmp_path / mode)
            feed = [record(Name="n0", buyer="Ann"), record(Name="n1", buyer="Nobody")]
            runner.load(
                schema(THING, "Name", "buyer"),
                *feed,
                lookups=by_property,
                load_mode=mode,
                max_rejects=-1,
            )
            assert {name: row["Company__gc"] for name, row in runner.rows().items()} == {
                "n0": gsid(4)
            }
            [letter] = runner.letters()
            assert letter["errors"][0]["code"] == "GSOBJ_1008"


def test_properties_that_the_stream_lacks_are_named_at_its_schema(runner: Runner) -> None:
    output = runner.load(
        schema(THING, "Name", "buyer"),
        record(Name="n0", buyer="Ann"),
        lookups=lookups(fields={"bayer": "Name"}, objectName="company"),
        fields={"cod": "Code__gc"},
    )
    said = str(output.error)
    assert "'bayer' (`lookups` of Company__gc)" in said
    assert "'cod' (`fields` to Code__gc)" in said
    assert not runner.rows()


def test_a_mapped_property_that_the_stream_lacks_is_warned_of(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    runner.loaded(schema(), record(Name="n0"), fields={"cod": "Text__gc"})
    assert "no property 'cod' (`fields` to Text__gc)" in caplog.text


def test_a_property_whose_field_another_one_fills_is_named_as_such(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    runner.loaded(
        schema(THING, "Name", "code", "Code__gc"),
        record(Name="n0", code="a", Code__gc="b"),
        fields={"code": "Code__gc"},
    )
    assert "fills the field Code__gc from code" in caplog.text
    assert "has no such field" not in caplog.text
    assert runner.rows()["n0"]["Code__gc"] == "a"
