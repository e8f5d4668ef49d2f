"""Nobody is rejected for another's fault: records are to blame by what they sent themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import GainsightError
from tests.api.conftest import Reply, enveloped
from tests.hostile import Hostile
from tests.target.support import THING, Runner, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from gainsight_sandbox import Sandbox
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
