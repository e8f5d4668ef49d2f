"""Any input, tenant and settings: the tenant and the dead letters are what the rules say."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from gainsight_sandbox import Limits, ManualClock, Sandbox
from target_gainsight.bulk.row_numbers import UnknownBaseError
from target_gainsight.target import TargetGainsight
from tests.target.generated import Case, cases
from tests.target.reference import Reference
from tests.target.spelled import OBJECTS, PARENT
from tests.target.support import THING, Runner, config_for, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_gainsight.loading.stream_load import StreamLoad

MANY = 10**6
NO_LIMITS: dict[str, Any] = {
    "sync_calls_per_minute": MANY,
    "sync_calls_per_day": MANY,
    "bulk_calls_per_hour": MANY,
    "bulk_calls_per_day": MANY,
}
OWN = {"CreatedDate", "ModifiedDate", "CreatedBy", "ModifiedBy"}
FIELDS = {
    schema.name: {
        each.name: each.required for each in schema.fields if each.name not in {*OWN, "Gsid"}
    }
    for schema in OBJECTS
}
NEW = "a Gsid that the tenant has given"


class Run:
    """A run of the target, and which batches it made: in what order they go is its own choice."""

    def __init__(self, sandbox: Sandbox, case: Case, folder: Path) -> None:
        self.drains: list[tuple[str, int]] = []
        drains = self.drains

        class NotedTarget(TargetGainsight):
            clock = sandbox.clock

            def _drain(self, plan: Iterable[tuple[StreamLoad, int]]) -> None:
                def noted() -> Iterator[tuple[StreamLoad, int]]:
                    for load, up_to in plan:
                        drains.append((load.route.stream, min(up_to, load.last_received)))
                        yield load, up_to

                super()._drain(noted())

        own = {**case.settings, **NO_LIMITS, "max_rejects": -1, "rejects_path": str(folder)}
        self.output = run(NotedTarget(config=config_for(sandbox, **own)), *case.messages)


def expected(case: Case, drains: Iterable[tuple[str, int]]) -> Reference:
    tables = {
        name: [dict.fromkeys(FIELDS[name]) | row for row in rows]
        for name, rows in case.seeds.items()
    }
    model = Reference(tables, FIELDS, case.quirks.keys_ignore_case, case.quirks.many_matches)
    waiting = list(case.sent)
    for stream, up_to in drains:
        batch = [each for each in waiting if each.stream == stream and each.number <= up_to]
        waiting = [each for each in waiting if each not in batch]
        into = case.streams[stream]
        assert len(batch) <= (case.settings["batch_size_rows"] or MANY)
        parents = [each for each in waiting if into.lookup and each.stream == PARENT]
        assert all(each.number > up_to for each in parents)
        model.load(into, batch)
    assert waiting == []
    return model


def plain(rows: Iterable[dict[str, Any]], gsids: dict[Any, Any]) -> Counter[str]:
    """Records in a form that can be compared.

    Args:
        rows: The records.
        gsids: What to have in place of some Gsids.
    """

    def form(name: str, value: Any) -> Any:
        if name in {"Gsid", "Parent__gc"}:
            return gsids.get(value, value)
        return value.normalize() + 0 if isinstance(value, Decimal) else value

    return Counter(
        repr([(name, form(name, row[name])) for name in sorted(row) if name not in OWN])
        for row in rows
    )


def check(case: Case) -> None:
    with (
        TemporaryDirectory() as folder,
        Sandbox(
            demo=False,
            clock=ManualClock(),
            objects=OBJECTS,
            quirks=case.quirks,
            limits=Limits(MANY, MANY, MANY, MANY),
        ) as sandbox,
    ):
        for name, rows in case.seeds.items():
            if rows:
                sandbox.tenant.insert(name, *rows)
        sandbox.faults.add(*case.faults)
        runner = Runner(sandbox, Path(folder))
        done = Run(sandbox, case, runner.rejects)
        if isinstance(done.output.error, UnknownBaseError):
            return
        if done.output.error:
            raise done.output.error
        assert done.output.states[-1] == len(case.sent)
        model = expected(case, done.drains)
        check_tables(case, model, sandbox)
        check_letters(case, model, runner)


def check_tables(case: Case, model: Reference, sandbox: Sandbox) -> None:
    sandbox.clock.sleep(case.quirks.delete_seconds)
    seeded = {row["Gsid"] for rows in case.seeds.values() for row in rows}
    made: dict[Any, Any] = {
        row["Gsid"]: NEW for row in model.tables[THING] if row["Gsid"] not in seeded
    }
    for row in sandbox.tenant.rows(PARENT):
        made |= {} if row["Gsid"] in seeded else {row["Gsid"]: ("new", row["Name"])}
    for row in sandbox.tenant.rows(THING):
        made |= {} if row["Gsid"] in seeded else {row["Gsid"]: NEW}
    for name, rows in model.tables.items():
        found, right = plain(sandbox.tenant.rows(name), made), plain(rows, made)
        assert found == right, f"too much: {found - right}, too little: {right - found}"


def check_letters(case: Case, model: Reference, runner: Runner) -> None:
    letters = [each for stream in case.streams for each in runner.letters(stream)]
    errors = {each["record"]["_sdc_sequence"]: each["errors"] for each in letters}
    assert len(letters) == len(errors)
    assert errors.keys() == model.letters.keys(), f"{errors}, and not {model.letters}"
    for number, found in errors.items():
        right = model.letters[number]
        assert all(any(fits(error, *each) for each in right) for error in found), f"{found} {right}"


def fits(error: dict[str, Any], code: str, name: str) -> bool:
    """Whether an error of a letter says so; those of import jobs may leave code or field open."""
    return error["code"] in {code, "IMPORT_ROW_REJECTED"} and (error["field"] or name) == name


@given(cases())
@settings(max_examples=30)
def test_the_tenant_and_the_letters_are_what_the_rules_say(case: Case) -> None:
    check(case)


@pytest.mark.slow
@given(cases())
@settings(max_examples=500)
def test_so_they_are_over_many_more_inputs(case: Case) -> None:
    check(case)
