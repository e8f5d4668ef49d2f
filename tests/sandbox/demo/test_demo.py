from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import DataType, Sandbox
from gainsight_sandbox.demo.awkward import TEXTS
from tests.sandbox.client import NOW, SMALL, Client, clock

if TYPE_CHECKING:
    from collections.abc import Iterator
if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

THEN = datetime.fromtimestamp(NOW, UTC)


@pytest.fixture(scope="module")
def demo() -> Iterator[Sandbox]:
    with Sandbox(rows=SMALL, clock=clock()) as sandbox:
        yield sandbox


def test_the_same_seed_gives_the_same_tenant(demo: Sandbox) -> None:
    with (
        Sandbox(rows=SMALL, clock=clock()) as same,
        Sandbox(rows=SMALL, clock=clock(), seed=2) as other,
    ):
        for name in ("company", "activity_timeline", "usage_event__gc", "awkward__gc"):
            rows = list(demo.tenant.rows(name))
            assert list(same.tenant.rows(name)) == rows
            assert list(other.tenant.rows(name)) != rows


def test_every_data_type_is_there(demo: Sandbox) -> None:
    used = {field.data_type for schema in demo.tenant.schemas.values() for field in schema.fields}
    assert used >= set(DataType)
    assert len(demo.tenant.schema("usage_event__gc").fields) == 25


def test_gsids_are_the_prefix_and_the_id(demo: Sandbox) -> None:
    for name, schema in demo.tenant.schemas.items():
        if schema.key is None:
            continue
        keys = [str(row[schema.key]) for row in demo.tenant.rows(name)]
        assert len(set(keys)) == len(keys)
        for key in keys:
            assert re.fullmatch(r"[0-9A-Z]{36}", key)
            assert key.startswith(str(schema.key_prefix or "1"))


def test_lookups_lead_to_records(demo: Sandbox) -> None:
    for name, schema in demo.tenant.schemas.items():
        for field in schema.fields:
            if field.lookup is None:
                continue
            targets = {row["Gsid"] for row in demo.tenant.rows(field.lookup)}
            values = {row[field.name] for row in demo.tenant.rows(name)}
            assert values <= targets | {None}


def test_dates_lie_in_the_last_months(demo: Sandbox) -> None:
    for name in ("company", "activity_timeline", "nps_survey_response", "usage_event__gc"):
        schema = demo.tenant.schema(name)
        modified = [row[str(schema.modified)] for row in demo.tenant.rows(name)]
        dates = sorted(date for date in modified if isinstance(date, datetime))
        assert len(dates) == len(modified)
        assert THEN - timedelta(days=181) < dates[0] < THEN - timedelta(days=120)
        assert THEN - timedelta(days=30) < dates[-1] <= THEN


def test_odd_objects_lack_what_others_have(demo: Sandbox) -> None:
    def of(name: str) -> tuple[str | None, str | None]:
        schema = demo.tenant.schema(name)
        return schema.key, schema.modified

    assert of("company") == ("Gsid", "ModifiedDate")
    assert of("activity_timeline") == ("Gsid", "LastModifiedDate")
    assert of("nps_survey_response") == ("Gsid", "ModifiedAt")
    assert of("account_scorecard_history") == ("Id", "ModifiedDate")
    assert of("email_logs") == (None, None)
    assert demo.tenant.schema("email_logs").key_prefix is None


def shown(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return "" if value is None else str(value)


def test_awkward_values_are_all_there_and_come_by_csv(demo: Sandbox) -> None:
    rows = list(demo.tenant.rows("awkward__gc"))
    assert {row["Text__gc"] for row in rows} == set(TEXTS)
    assert max(len(str(row["Long_Text__gc"])) for row in rows) == 30_000
    assert 20 < sum(row["ModifiedDate"] is None for row in rows) < 100
    numbers = {shown(row["Number__gc"]) for row in rows}
    assert {"9007199254740993", "-0.000000001", "-0", "1.100000000"} <= numbers
    names = ["Gsid", "Text__gc", "Number__gc", "Long_Text__gc"]
    with Client(demo) as client:
        exported = client.export("awkward__gc", names)
        queried = client.records("awkward__gc", names)
    for row, cells, record in zip(rows, exported, queried, strict=True):
        assert cells == [shown(row[name]) for name in names]
        number = record.pop("Number__gc")
        assert (None if number is None else Decimal(number)) == row["Number__gc"]
        assert record == {name: row[name] for name in record}


def test_a_bulk_update_gave_many_records_one_second() -> None:
    with Sandbox(rows={"awkward__gc": 700}, clock=clock()) as sandbox:
        dates = [row["ModifiedDate"] for row in sandbox.tenant.rows("awkward__gc")]
    assert dates.count(THEN.replace(microsecond=0) - timedelta(days=30)) == 370


def test_usage_events_vary(demo: Sandbox) -> None:
    rows = list(demo.tenant.rows("usage_event__gc"))
    for name in ("Event_Name__gc", "City__gc", "Device__gc", "Is_Trial__gc", "Comment__gc"):
        values = [str(row[name]) for row in rows]
        assert 1 < len(set(values)) < 10
        assert any(a != b for a, b in pairwise(values))
    assert all(str(row["Page_Url__gc"]).startswith("https://") for row in rows)


def test_unknown_objects_are_named() -> None:
    with pytest.raises(ValueError, match="'compny'"):
        Sandbox(rows={"compny": 3})
    with pytest.raises(ValueError, match="no rows"):
        Sandbox(rows={"company": 3}, demo=False)


def test_deletions_of_late_are_logged(demo: Sandbox) -> None:
    entries = list(demo.tenant.rows("record_delete_log"))
    assert len(entries) == 25
    for entry in entries:
        there = {row["Gsid"] for row in demo.tenant.rows(str(entry["ObjectName"]))}
        assert entry["RecordId"] not in there


def test_an_empty_tenant_has_the_demo_objects_and_reference_data(rig: Rig) -> None:
    full, _ = rig.demo(rows={"company": 3})
    empty, client = rig.demo(empty=True, rows={"company": 2})
    assert empty.tenant.schemas.keys() == full.tenant.schemas.keys()
    assert {name: count for name, count in empty.tenant.counts().items() if count} == {
        "company": 2,
        "gsuser": 60,
        "relationship_type": 4,
    }
    assert len(client.records("company", ["Name"])) == 2
