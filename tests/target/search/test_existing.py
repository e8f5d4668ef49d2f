"""An upsert into an object without such a call finds out what is there by few queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import CallKind, ManualClock, Quirks, Sandbox
from tests.support.proxy import proxy
from tests.target.support import THING, Runner, records, schema, thing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.proxy import Call


def queries(sandbox: Sandbox) -> int:
    return [entry.kind for entry in sandbox.log].count(CallKind.QUERY)


@pytest.mark.parametrize(
    ("held", "calls"),
    [
        pytest.param(0, 1, id="none is there"),
        pytest.param(300, 2, id="some are there"),
        pytest.param(1_000, 1, id="all are there"),
        pytest.param(6_000, 2, id="all are there among others"),
    ],
)
def test_many_records_are_looked_for_in_pages(runner: Runner, held: int, calls: int) -> None:
    runner.sandbox.tenant.insert(THING, *({"Name": f"n{n}"} for n in range(held)))
    runner.loaded(schema(), *records(1_000, Code__gc="x"), load_mode="rest")
    assert queries(runner.sandbox) == calls
    rows = runner.rows()
    assert len(rows) == max(held, 1_000)
    assert all(rows[f"n{n}"]["Code__gc"] == "x" for n in range(1_000))


def test_pages_of_a_large_object_are_given_up_once_they_cost_as_much(tmp_path: Path) -> None:
    quirks = Quirks(query_page_records=100)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(THING, *({"Name": f"m{n}"} for n in range(1_500)))
        sandbox.tenant.insert(THING, *({"Name": f"n{n}"} for n in range(0, 600, 2)))
        runner = Runner(sandbox, tmp_path)
        runner.loaded(schema(), *records(600, Code__gc="x"), load_mode="rest")
        by_value = 2 * 4
        assert queries(sandbox) == 4 + by_value
        assert len(runner.rows()) == 2_100
        sandbox.log.clear()
        runner.loaded(schema(), *records(600, Code__gc="y"), load_mode="rest")
        assert len(runner.rows()) == 2_100


def test_what_a_query_shows_under_names_in_another_case_is_there(
    runner: Runner, sandbox: Sandbox
) -> None:
    def after(call: Call) -> None:
        if "/query/" in call.path:
            reply = call.json
            reply["data"]["records"] = [
                {name.lower(): value for name, value in record.items()}
                for record in reply["data"]["records"]
            ]
            call.answer(reply)

    sandbox.tenant.insert(THING, *({"Name": f"n{n}"} for n in range(5)))
    with proxy(sandbox.url, after=after) as url:
        runner.loaded(schema(), *records(8, Code__gc="x"), domain=url, load_mode="rest")
    assert sandbox.tenant.count(THING) == 8
    assert {row["Code__gc"] for row in runner.rows().values()} == {"x"}


@pytest.mark.parametrize("count", [8, 300])
def test_a_record_that_shows_nothing_of_its_keys_is_not_taken_for_another_one(
    runner: Runner, sandbox: Sandbox, count: int
) -> None:
    def after(call: Call) -> None:
        if "/query/" in call.path:
            reply = call.json
            for record in reply["data"]["records"]:
                del record["Name"]
            call.answer(reply)

    sandbox.tenant.insert(THING, *({"Name": f"n{n}"} for n in range(5)))
    with proxy(sandbox.url, after=after) as url:
        output = runner.load(schema(), *records(count, Code__gc="x"), domain=url, load_mode="rest")
    assert "lacks Name" in str(output.error)
    assert sandbox.tenant.count(THING) == 5


def test_records_that_differ_in_case_are_what_the_tenant_takes_them_for(tmp_path: Path) -> None:
    quirks = Quirks(eq_ignores_case=True, keys_ignore_case=True)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(THING, *({"Name": f"N{n}"} for n in range(500)))
        runner = Runner(sandbox, tmp_path)
        runner.loaded(schema(), *records(500, Code__gc="x"), load_mode="rest")
        assert {row["Code__gc"] for row in runner.rows().values()} == {"x"}
        assert len(runner.rows()) == 500
