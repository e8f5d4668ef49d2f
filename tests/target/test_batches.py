from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.metadata import Field, GainsightObject
from target_gainsight.incoming.batch import Batch, slices
from target_gainsight.incoming.merge import Planner
from target_gainsight.problems import Problem
from target_gainsight.route import Operation, route, settings_for
from target_gainsight.rows.mapping import RecordMap

FIELDS = {
    "Gsid": Field("Gsid", "Gsid", "GSID", createable=False, updateable=False),
    **{name: Field(name, name, "STRING") for name in ("Name", "A", "B")},
    "N": Field("N", "N", "NUMBER"),
}
OPTIONS: dict[str, Any] = {
    "streams": [],
    "operation": "upsert",
    "keys": ["Name"],
    "fields": None,
    "lookups": None,
    "load_mode": "auto",
    "null_handling": "send",
    "deletes": "delete",
}
RECORDS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "Name": st.sampled_from(["x", "y", "z"]),
            "A": st.sampled_from([None, "1", "2"]),
            "B": st.sampled_from(["1", "2"]),
            "N": st.sampled_from([1, "no number"]),
            "_sdc_deleted_at": st.sampled_from([None, "2024-01-01"]),
        },
    ),
    max_size=15,
)


def planner(operation: Operation, **options: Any) -> Planner:
    settings = settings_for("thing", {**OPTIONS, "operation": operation.value, **options})
    way = route("thing", (), settings, GainsightObject("thing", "Thing", FIELDS), connector=False)
    return Planner(
        RecordMap(way, lambda _: ()), merges=operation is not Operation.INSERT, deletes=way.delete
    )


def batch_of(records: list[dict[str, Any]]) -> Batch:
    batch = Batch()
    for number, record in enumerate(records, 1):
        batch.extend([json.dumps(record).encode()], range(number, number + 1))
    return batch


def fits(record: dict[str, Any]) -> bool:
    return bool(record.get("Name")) and record.get("N") != "no number"


def one_by_one(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a tenant would hold after upserts and deletions, one after the other."""
    held: dict[str, dict[str, Any]] = {}
    for record in records:
        if record.get("_sdc_deleted_at"):
            held.pop(record.get("Name", ""), None)
        elif fits(record):
            values = {name: value for name, value in record.items() if name[0] != "_"}
            if "N" in values:
                values["N"] = str(values["N"])
            held.setdefault(record["Name"], {}).update(values)
    return held


@given(RECORDS)
def test_merged_records_leave_the_tenant_as_single_ones_would(
    records: list[dict[str, Any]],
) -> None:
    batch = batch_of(records)
    held: dict[str, dict[str, Any]] = {}
    out: list[int] = []
    for work in planner(Operation.UPSERT).works(batch, range(len(batch))):
        for deletion in work.deletions:
            held.pop(str(deletion.values["Name"]), None)
            out += deletion.sources
        rows = list(work.rows)
        assert len({row.values["Name"] for row in rows}) == len(rows)
        for row in rows:
            held.setdefault(str(row.values["Name"]), {}).update(row.values)
            out += row.sources
        out += [source for rejection in work.rejections for source in rejection.sources]
    assert held == one_by_one(records)
    assert sorted(out) == list(range(len(records)))


@given(RECORDS)
def test_inserts_keep_every_record_and_their_order(records: list[dict[str, Any]]) -> None:
    batch = batch_of(records)
    out: list[int] = []
    for work in planner(Operation.INSERT).works(batch, range(len(batch))):
        assert not work.deletions or not any(work.rows)
        found = [source for deletion in work.deletions for source in deletion.sources]
        found += [source for row in work.rows for source in row.sources]
        assert not out or not found or min(found) > max(out)
        out += found
    rejected = len(records) - len(out)
    assert rejected == sum(
        not (record.get("Name") if record.get("_sdc_deleted_at") else fits(record))
        for record in records
    )


@given(RECORDS, st.integers(1, 5))
def test_rows_can_be_walked_through_twice(records: list[dict[str, Any]], size: int) -> None:
    batch = batch_of(records)
    for places in slices(range(len(batch)), size):
        for work in planner(Operation.UPSERT).works(batch, places):
            first, second = list(work.rows), list(work.rows)
            assert first == second
            assert len(work.rejections) == len({tuple(r.sources) for r in work.rejections})


@given(st.integers(0, 50), st.integers(1, 20))
def test_slices_cover_a_batch_once(size: int, rows: int) -> None:
    covered = [place for part in slices(range(size), rows) for place in part]
    assert covered == list(range(size))


def test_a_spoiled_record_is_rejected_for_its_problems() -> None:
    batch = batch_of([{"Name": "x"}])
    problem = Problem("INVALID_VALUE", "words")
    batch.extend([b'{"Name":"NaN"}'], range(2, 3), (problem,))
    [work] = planner(Operation.UPSERT).works(batch, range(2))
    assert [row.sources for row in work.rows] == [[0]]
    assert [(each.sources, each.problems) for each in work.rejections] == [([1], (problem,))]
    assert batch.raw(1) == b'{"Name":"NaN"}'


def test_a_large_batch_is_read_back_from_disk() -> None:
    batch = Batch()
    big = "x" * 1_000_000
    for number in range(20):
        record = json.dumps({"Name": f"{number}", "A": big}).encode()
        batch.extend([record], range(number, number + 1))
    blocks = [block for [block] in batch.records(range(20))]
    found = [row.values["Name"] for block in blocks for row in block]
    assert found == [f"{number}" for number in range(20)]
    assert max(map(len, blocks)) == 4
    batch.close()
