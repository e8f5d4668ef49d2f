"""Nobody is rejected for another's fault: records are to blame by what they sent themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import GainsightError
from gainsight_sandbox import CallKind, Effect, Fault, ManualClock, Quirks, Sandbox
from tests.api.conftest import Reply, enveloped
from tests.hostile import Hostile
from tests.target.support import THING, Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.api.conftest import Request

REST: dict[str, Any] = {"load_mode": "rest"}
WRITES = f"/v1/data/objects/{THING}"


def refusal(code: str, desc: str = "Refused.", errors: Any = None) -> Reply:
    data = None if errors is None else {"count": 0, "errors": errors, "records": None}
    return enveloped(
        {"result": False, "errorCode": code, "errorDesc": desc, "requestId": "r", "data": data},
        400,
    )


def refusing(test: Callable[[dict[str, Any]], bool], reply: Reply) -> Callable[..., Reply | None]:
    """Refuses calls that have a record of that kind."""

    def answer(request: Request, _: int, __: object) -> Reply | None:
        writes = request.method in {"POST", "PUT"} and request.path.startswith(WRITES)
        if not writes:
            return None
        rows = json.loads(request.body)["records"]
        return reply if any(map(test, rows)) else None

    return answer


def names(runner: Runner) -> set[str]:
    return {letter["record"]["Name"] for letter in runner.letters()}


def test_a_property_that_a_record_lacks_is_no_null(runner: Runner, sandbox: Sandbox) -> None:
    for name in ("North", "South", "West"):
        sandbox.tenant.insert(THING, {"Name": name, "Code__gc": "old"})
    error = {"errorCode": "GSOBJ_1007", "fieldName": "Code__gc", "invalidValue": [None]}
    bad = refusing(
        lambda row: "Code__gc" in row and row["Code__gc"] is None,
        refusal("GSOBJ_1007", errors=[[error]]),
    )
    feed = [record(Name="North", Code__gc=None), record(Name="South", Number__gc=22)]
    with Hostile(sandbox, bad) as hostile:
        runner.load(
            schema(),
            *feed,
            record(Name="West", Number__gc=33),
            domain=hostile.url,
            operation="update",
            max_rejects=-1,
            **REST,
        )
    assert names(runner) == {"North"}
    assert {runner.rows()[name]["Number__gc"] for name in ("South", "West")} == {22, 33}


@pytest.mark.parametrize(
    "error",
    [
        {"errorCode": "GSOBJ_1001", "fieldName": "Code__gc"},
        {"errorCode": "GSOBJ_1001", "fieldName": "Code__gc", "invalidValue": None},
        {"errorCode": "GSOBJ_1001", "fieldName": "Code__gc", "invalidValue": []},
        {"errorCode": "GSOBJ_1001", "fieldName": "Code__gc", "oldValue": "K-100"},
    ],
)
def test_an_error_without_the_refused_value_accuses_nobody(
    runner: Runner, sandbox: Sandbox, error: dict[str, Any]
) -> None:
    bad = refusing(
        lambda row: row.get("Code__gc") == "K-9999999", refusal("GSOBJ_1001", errors=[[error]])
    )
    feed = [
        record(Name="A", Code__gc="K-9999999"),
        record(Name="B", Code__gc="K-100"),
        record(Name="C"),
        record(Name="D", Code__gc="right"),
    ]
    with Hostile(sandbox, bad) as hostile:
        runner.load(schema(), *feed, domain=hostile.url, max_rejects=-1, **REST)
    assert names(runner) == {"A"}
    assert runner.rows().keys() == {"B", "C", "D"}


def test_a_criterion_that_reads_none_is_no_null(runner: Runner, sandbox: Sandbox) -> None:
    desc = "No CompanyId resolved for lookup information. Criteria: Code__gc = None "
    bad = refusing(lambda row: row.get("Code__gc") == "None", refusal("GSOBJ_1008", desc))
    with Hostile(sandbox, bad) as hostile:
        runner.load(
            schema(),
            record(Name="North", Code__gc="None"),
            record(Name="South", Number__gc=5),
            domain=hostile.url,
            max_rejects=-1,
            **REST,
        )
    assert names(runner) == {"North"}


def test_a_tenant_that_refuses_all_alike_ends_the_run_after_a_few_calls(
    runner: Runner, sandbox: Sandbox
) -> None:
    bad = refusing(lambda _: True, refusal("GSOBJ_1009", "Insufficient privileges"))
    with Hostile(sandbox, bad) as hostile:
        output = runner.load(
            schema(),
            *[record(Name=f"n{n}") for n in range(200)],
            state(1),
            domain=hostile.url,
            **REST,
        )
        calls = sum(
            r.method in {"POST", "PUT"} and r.path.startswith(WRITES) for r in hostile.requests
        )
    assert isinstance(output.error, GainsightError)
    assert "refuses every record" in str(output.error)
    assert calls < 25
    assert output.states == []
    assert runner.letters() == []


def test_refusals_alike_are_counted_over_batches(runner: Runner, sandbox: Sandbox) -> None:
    bad = refusing(lambda _: True, refusal("GSOBJ_1009", "Insufficient privileges"))
    with Hostile(sandbox, bad) as hostile:
        output = runner.load(
            schema(),
            *[record(Name=f"n{n}") for n in range(20)],
            state(1),
            domain=hostile.url,
            batch_size_rows=2,
            max_rejects=-1,
            **REST,
        )
    assert "refuses every record" in str(output.error)
    assert output.states == []


def test_one_odd_record_among_good_ones_is_found_by_halving(
    runner: Runner, sandbox: Sandbox
) -> None:
    bad = refusing(lambda row: row["Name"] == "n7", refusal("GSOBJ_1009"))
    with Hostile(sandbox, bad) as hostile:
        runner.load(
            schema(),
            *[record(Name=f"n{n}") for n in range(50)],
            domain=hostile.url,
            max_rejects=-1,
            **REST,
        )
    assert names(runner) == {"n7"}
    assert len(runner.rows()) == 49


def test_a_tombstone_of_another_tenants_gsid_deletes_by_its_keys(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.tenant.insert(THING, {"Name": "Quarry"})
    foreign = "1T0" + "9" * 33
    gone = record(Gsid=foreign, Name="Quarry", _sdc_deleted_at="2026-01-01T00:00:00Z")
    runner.load(schema(), gone, deletes="delete", **REST)
    sandbox.clock.sleep(2)
    assert "Quarry" not in runner.rows()


def test_a_foreign_gsid_whose_keys_match_several_records_deletes_none(
    runner: Runner, sandbox: Sandbox
) -> None:
    for text in ("one", "two"):
        sandbox.tenant.insert(THING, {"Name": "Quarry", "Text__gc": text})
    foreign = "1T0" + "9" * 33
    gone = record(Gsid=foreign, Name="Quarry", _sdc_deleted_at="2026-01-01T00:00:00Z")
    runner.load(schema(), gone, deletes="delete", max_rejects=-1, **REST)
    assert sandbox.tenant.count(THING) == 2
    (letter,) = runner.letters()
    assert letter["errors"][0]["code"] == "SEVERAL_MATCHES"


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_a_number_is_one_key_however_it_is_spelled(runner: Runner, mode: str) -> None:
    feed = [
        record(
            Name="n",
            Number__gc=float(text) if "." in text or "e" in text else int(text),
            Text__gc=value,
        )
        for text, value in (("1", "a"), ("1.0", "b"), ("1e0", "c"))
    ]
    output = runner.load(
        schema(THING, "Name", "Number__gc", "Text__gc", keys=("Number__gc",)),
        *feed,
        keys=["Number__gc"],
        load_mode=mode,
    )
    assert output.error is None
    rows = list(runner.sandbox.tenant.rows(THING))
    assert [row["Text__gc"] for row in rows] == ["c"]


@pytest.mark.parametrize("mode", ["rest", "bulk", "auto"])
@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_merged_record_that_is_refused_is_taken_apart(
    runner: Runner, sandbox: Sandbox, mode: str, bad: int, *, there: bool
) -> None:
    if there:
        sandbox.tenant.insert(THING, {"Name": "Quarry", "Text__gc": "old"})
    values = [{"Code__gc": "1"}, {"Text__gc": "new"}, {"Code__gc": "3"}]
    values[bad]["Company__gc"] = "nonsense"
    feed = [record(Name="Quarry", **each) for each in values]
    output = runner.load(
        schema(),
        *feed,
        record(Name="other"),
        state(1),
        load_mode=mode,
        bulk_threshold_rows=1,
        max_rejects=-1,
    )
    assert output.error is None
    assert output.states == [1]
    rows = runner.rows()
    assert set(rows) == {"Quarry", "other"}
    sent = {} if not there else {"Text__gc": "old"}
    for index, each in enumerate(values):
        sent |= each if index != bad else {}
    assert {name: rows["Quarry"][name] for name in ("Code__gc", "Text__gc")} == {
        "Code__gc": sent.get("Code__gc"),
        "Text__gc": sent.get("Text__gc"),
    }
    (letter,) = runner.letters()
    assert letter["record"] == feed[bad]["record"]


@pytest.mark.parametrize("everywhere", [False, True])
def test_keys_that_differ_in_case_alone_never_go_in_one_call(
    tmp_path: Path, *, everywhere: bool
) -> None:
    quirks = Quirks(upsert_everywhere=everywhere)
    calls: list[list[str]] = []

    def note(request: Request, _: int, __: object) -> None:
        if request.method in {"POST", "PUT"} and request.path.startswith(WRITES):
            calls.append([row["Name"] for row in json.loads(request.body)["records"]])

    with (
        Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox,
        Hostile(sandbox, note) as hostile,
    ):
        Runner(sandbox, tmp_path).loaded(
            schema(),
            *[record(Name=name) for name in ("Acme", "b", "ACME", "c", "acme", "B")],
            domain=hostile.url,
            **REST,
        )
    assert sum(map(len, calls)) == 6
    for call in calls:
        assert len({name.casefold() for name in call}) == len(call)


def test_a_call_that_is_too_large_is_halved_and_one_record_says_its_size(
    runner: Runner, sandbox: Sandbox
) -> None:
    def too_large(request: Request, _: int, __: object) -> Reply | None:
        writes = request.method in {"POST", "PUT"} and request.path.startswith(WRITES)
        return Reply(b"<html>", 413) if writes and len(request.body) > 500 else None

    feed = [record(Name=f"n{n}", Text__gc="x" * (600 if n == 3 else 30)) for n in range(20)]
    with Hostile(sandbox, too_large) as hostile:
        output = runner.load(
            schema(), *feed, state(1), domain=hostile.url, max_rejects=1, operation="insert", **REST
        )
    assert output.error is None
    assert sandbox.tenant.count(THING) == 19
    (letter,) = runner.letters()
    assert letter["record"]["Name"] == "n3"
    assert letter["errors"][0]["code"] == "TOO_LARGE"
    assert "bytes" in letter["errors"][0]["message"]


@pytest.mark.parametrize("passing", [0, 1])
def test_a_small_record_is_not_to_blame_for_a_413(
    runner: Runner, sandbox: Sandbox, passing: int
) -> None:
    sandbox.faults.add(
        Fault(Effect.STATUS, on=CallKind.INSERT, status=413, count=None, skip=passing)
    )
    output = runner.load(
        schema(), *records(60), state(1), max_rejects=-1, operation="insert", **REST
    )
    assert "it is not for this record" in str(output.error)
    assert runner.letters() == []
    assert output.states == []


def test_what_one_stream_has_written_counts_for_another_into_the_same_object(
    runner: Runner, sandbox: Sandbox
) -> None:
    bad = refusing(lambda row: row["Name"].startswith("bad"), refusal("GSOBJ_1008"))
    into = [{"name": name, "object": THING, "operation": "insert"} for name in ("one", "two")]
    with Hostile(sandbox, bad) as hostile:
        output = runner.load(
            schema("one"),
            record("one", Name="good"),
            schema("two"),
            *[record("two", Name=f"bad{n}") for n in range(8)],
            domain=hostile.url,
            streams=into,
            max_rejects=-1,
            **REST,
        )
    assert output.error is None
    assert len(runner.letters("two")) == 8


def test_a_count_of_fewer_without_keys_rejects_with_what_is_known(
    runner: Runner, sandbox: Sandbox
) -> None:
    def two_of_three(request: Request, _: int, own: Callable[..., Reply]) -> Reply | None:
        if request.method != "POST" or not request.path.startswith(WRITES):
            return None
        rows = json.loads(request.body)["records"]
        own(json.dumps({"records": rows[:2]}).encode())
        return enveloped({"result": True, "data": {"count": 2}})

    with Hostile(sandbox, two_of_three) as hostile:
        output = runner.load(
            schema(keys=()),
            *[record(Name=name) for name in "abc"],
            domain=hostile.url,
            operation="insert",
            max_rejects=-1,
            **REST,
        )
    assert output.error is None
    assert sandbox.tenant.count(THING) == 2
    assert len(runner.letters()) == 3
    assert {
        "wrote 2 of the 3 records of a call, and not which" in letter["errors"][0]["message"]
        for letter in runner.letters()
    } == {True}


GSID = "1T02ABCDEFGHIJKLMNOPQRSTUVWXYZ01234"


@pytest.mark.parametrize(
    "data",
    [
        {"count": 2, "records": [{"Gsid": f"{GSID}5"}, {"Gsid": f"{GSID}6"}]},
        {"count": 2, "records": [{"Gsid": f"{GSID}5"}, {"Gsid": f"{GSID}5"}]},
        {"count": 2, "records": [None, None]},
        {"count": 2, "records": [{}, "a text"]},
        {"count": 7, "records": []},
        {"count": 7},
        {"count": 1, "records": [{"Gsid": f"{GSID}5"}, {"Gsid": f"{GSID}6"}]},
    ],
)
def test_a_count_confirms_no_record_that_is_not_there(
    runner: Runner, sandbox: Sandbox, data: dict[str, Any]
) -> None:
    sandbox.tenant.insert(THING, {"Name": "North"})

    def says(request: Request, _: int, own: Callable[..., Reply]) -> Reply | None:
        if request.method != "PUT" or not request.path.startswith(WRITES):
            return None
        rows = json.loads(request.body)["records"]
        own(json.dumps({"records": [row for row in rows if row["Name"] == "North"]}).encode())
        return enveloped({"result": True, "data": data})

    with Hostile(sandbox, says) as hostile:
        output = runner.load(
            schema(),
            record(Name="North", Number__gc=1),
            record(Name="not there", Number__gc=2),
            domain=hostile.url,
            operation="update",
            max_rejects=-1,
            **REST,
        )
    assert output.error is None
    assert names(runner) == {"not there"}


@pytest.mark.parametrize("status", [302, 304, 415, 422])
def test_what_is_refused_without_a_code_says_the_status(
    runner: Runner, sandbox: Sandbox, status: int
) -> None:
    reply = enveloped({"result": False, "errorCode": None, "errorDesc": "x"}, status)
    refuses = refusing(lambda row: row["Name"] == "bad", reply)
    with Hostile(sandbox, refuses) as hostile:
        output = runner.load(
            schema(),
            record(Name="good"),
            record(Name="bad"),
            domain=hostile.url,
            max_rejects=-1,
            max_retries=0,
            **REST,
        )
    if status < 400:
        assert isinstance(output.error, GainsightError)
        assert not runner.letters()
        return
    assert output.error is None
    (error,) = runner.letters()[0]["errors"]
    assert error["code"] == f"HTTP_{status}"
