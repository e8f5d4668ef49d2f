"""Keys that differ in case alone: one record of some tenants, and two of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import ManualClock, Quirks, Sandbox
from target_gainsight.incoming.turns import turns
from tests.target.support import THING, Runner, record, schema, thing

if TYPE_CHECKING:
    from pathlib import Path

GONE = {"_sdc_deleted_at": "2024-01-01T00:00:00Z"}


def test_each_key_that_differs_from_the_last_one_alike_begins_a_turn() -> None:
    keys = ["a", "b", "A", "a", "a", "B", "c", "A"]
    hashes = [ord(key) for key in keys]
    folded = [ord(key.lower()) for key in keys]
    order = [7, 0, 1, 2, 3, 4, 5, 6]  # records do not come in their order
    found = turns(order, [hashes[n] for n in order], [folded[n] for n in order])
    assert found == {2: 1, 3: 2, 4: 2, 5: 1, 7: 3}


@pytest.mark.parametrize("mode", ["rest", "bulk", "auto"])
@pytest.mark.parametrize("folds", [False, True])
@pytest.mark.parametrize("operation", ["update", "upsert"])
def test_what_keys_that_differ_in_case_alone_say_is_done_in_the_order_received(
    tmp_path: Path, mode: str, operation: str, *, folds: bool
) -> None:
    quirks = Quirks(keys_ignore_case=folds, eq_ignores_case=folds)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        names = ["acme"] if folds else ["acme", "ACME"]
        sandbox.tenant.insert(THING, *({"Name": name} for name in names))
        runner = Runner(sandbox, tmp_path)
        runner.loaded(
            schema(),
            record(Name="acme", Code__gc="1", Text__gc="1"),
            record(Name="ACME", Code__gc="2", Text__gc="2", Number__gc=2),
            record(Name="acme", Code__gc="3"),
            operation=operation,
            load_mode=mode,
            bulk_threshold_rows=0,
        )
        rows = runner.rows()
        lower = ("3", "2", 2) if folds else ("3", "1", None)
        assert values_of(rows["acme"]) == lower
        assert folds or values_of(rows["ACME"]) == ("2", "2", 2)


def values_of(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["Code__gc"], row["Text__gc"], row["Number__gc"]


@pytest.mark.parametrize("mode", ["rest", "bulk"])
@pytest.mark.parametrize("folds", [False, True])
def test_a_deletion_by_a_key_in_another_case_keeps_its_place(
    tmp_path: Path, mode: str, *, folds: bool
) -> None:
    quirks = Quirks(keys_ignore_case=folds, eq_ignores_case=folds)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        runner = Runner(sandbox, tmp_path)
        runner.loaded(
            schema(),
            record(Name="acme", Code__gc="1"),
            record(Name="ACME", **GONE),
            record(Name="b", Code__gc="1"),
            record(Name="B", Gsid="1T0" + "9" * 33, Code__gc="2"),
            record(Gsid="1T0" + "9" * 33, **GONE),
            deletes="delete",
            load_mode=mode,
        )
        assert set(runner.rows()) == (set() if folds else {"acme", "b"})


@pytest.mark.parametrize("deletes", ["ignore", "delete"])
def test_each_record_comes_out_once(runner: Runner, deletes: str) -> None:
    output = runner.load(
        schema(),
        record(Name="a"),
        record(Name="A", **GONE),
        record(Name="a", Number__gc="no number"),
        record(Name="A", Company__gc="no Gsid"),
        record(Name="a", **GONE),
        record(),
        deletes=deletes,
        load_mode="rest",
        max_rejects=-1,
    )
    assert output.error is None
    rejected = [each["errors"][0]["code"] for each in runner.letters()]
    assert rejected == ["INVALID_NUMBER", "GSOBJ_1004", "MISSING_KEY"]


@pytest.mark.parametrize("mode", ["rest", "bulk", "auto"])
def test_a_tenant_that_finds_without_case_may_still_match_keys_with_case(
    tmp_path: Path, mode: str
) -> None:
    quirks = Quirks(eq_ignores_case=True, keys_ignore_case=False)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "acme", "Code__gc": "1"}, {"Name": "b"})
        runner = Runner(sandbox, tmp_path)
        runner.loaded(schema(), record(Name="ACME", Code__gc="2"), record(Name="b"), load_mode=mode)
        codes = {name: row["Code__gc"] for name, row in runner.rows().items()}
        assert codes == {"acme": "1", "ACME": "2", "b": None}
