"""Deletions and rows made of a batch leave the tenant as its records, one by one, would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.objects.metadata import Field
from target_gainsight.incoming import merge
from target_gainsight.incoming.batch import slices
from target_gainsight.incoming.merge import Merger
from target_gainsight.loading.route import Operation
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rows.mapping import RecordMap
from tests.target.support import batch_of, route_of

if TYPE_CHECKING:
    import pytest

FIELDS = {
    "Gsid": Field("Gsid", "Gsid", "GSID", createable=False, updateable=False),
    **{name: Field(name, name, "STRING") for name in ("Name", "A", "B")},
    "N": Field("N", "N", "NUMBER"),
}
SETTINGS: dict[str, Any] = {"keys": ["Name"], "deletes": "delete"}
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


def merger(operation: Operation) -> Merger:
    route = route_of(FIELDS, operation=operation.value, **SETTINGS)
    return Merger(
        RecordMap(route, lambda _: ()),
        merges=operation is not Operation.INSERT,
        deletes=route.delete,
    )


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
    for work in merger(Operation.UPSERT).works(batch, range(len(batch))):
        for deletion in work.deletions:
            held.pop(str(deletion.values["Name"]), None)
            out += [*deletion.sources, *deletion.takes_back]
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
    for work in merger(Operation.INSERT).works(batch, range(len(batch))):
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
    for indexes in slices(range(len(batch)), size):
        for work in merger(Operation.UPSERT).works(batch, indexes):
            first, second = list(work.rows), list(work.rows)
            assert first == second
            assert len(work.rejections) == len({tuple(r.sources) for r in work.rejections})


def test_an_unsendable_record_is_rejected_for_its_problems() -> None:
    batch = batch_of([{"Name": "x"}])
    problem = Problem("INVALID_VALUE", "words")
    batch.extend([b'{"Name":"NaN"}'], range(2, 3), (problem,))
    [work] = merger(Operation.UPSERT).works(batch, range(2))
    assert [row.sources for row in work.rows] == [[0]]
    assert [(each.sources, each.problems) for each in work.rejections] == [([1], (problem,))]
    assert batch.raw(1) == b'{"Name":"NaN"}'


def test_keys_of_the_same_hash_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "hash", lambda _: 7, raising=False)
    batch = batch_of([{"Name": name, "A": name} for name in "xyxz"])
    [work] = merger(Operation.UPSERT).works(batch, range(4))
    assert sorted((row.values["Name"], tuple(row.sources)) for row in work.rows) == [
        ("x", (0, 2)),
        ("y", (1,)),
        ("z", (3,)),
    ]
