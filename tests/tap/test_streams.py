"""Streams: bookmarks, where a run begins, and what is asked for."""

from __future__ import annotations

import copy
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError, GainsightError
from gainsight_sandbox import (
    DataType,
    DateForm,
    Field,
    Hooks,
    LoggedRequest,
    ManualClock,
    NullOrder,
    ObjectSchema,
    Quirks,
    Sandbox,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.tap.support import (
    NOON,
    THING,
    UNLIMITED,
    make_tap,
    run,
    select_only,
    tenant_of,
    things,
    without,
)

if TYPE_CHECKING:
    from tests.tap.support import Output

NAME = THING.name
METHODS = pytest.mark.parametrize("method", ["query", "bulk"])
READS = {
    CallKind.QUERY,
    CallKind.EXPORT_SUBMIT,
}


def extract(sandbox: Sandbox, name: str = NAME, **options: Any) -> Output:
    return run(select_only(make_tap(sandbox, **{**UNLIMITED, **options}), name))


def state_at(value: str | None, key: str | None = "ModifiedDate") -> dict[str, Any]:
    bookmark = {"replication_key": key, "replication_key_value": value}
    return {"bookmarks": {NAME: bookmark}}


def numbers(output: Output, name: str = NAME) -> list[int]:
    return [int(record["Size__gc"]) for record in output.records[name]]


def reads(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The bodies of all that was asked for."""
    return [entry.payload() for entry in sandbox.log if entry.kind in READS]


@METHODS
@pytest.mark.parametrize("form", list(DateForm))
def test_a_bookmark_has_one_form_and_is_the_latest_value_read(method: str, form: DateForm) -> None:
    quirks = Quirks(query_dates=form, csv_dates=form)
    with tenant_of(things(9, apart=1.5), quirks=quirks) as sandbox:
        output = extract(sandbox, extract_method=method)
        bookmark = output.bookmark(NAME)
        assert bookmark["replication_key"] == "ModifiedDate"
        assert bookmark["replication_key_value"] == "2025-06-01T12:00:12.000Z"
        assert set(bookmark) - {"replication_key", "replication_key_value"} == {
            name for name in bookmark if name.startswith("export_")
        }
        assert all(value is None for name, value in bookmark.items() if "export_" in name)


@METHODS
def test_a_bookmark_is_inclusive_by_the_whole_second(method: str) -> None:
    with tenant_of(things(20, apart=0.25)) as sandbox:
        state = state_at("2025-06-01T12:00:03.750Z")
        output = extract(sandbox, state=state, extract_method=method, lookback_seconds=0)
        assert numbers(output) == list(range(12, 20))


@METHODS
def test_an_extract_begins_lookback_seconds_before_its_bookmark(method: str) -> None:
    with tenant_of(things(20)) as sandbox:
        state = state_at("2025-06-01T12:00:15.000Z")
        output = extract(sandbox, state=state, extract_method=method, lookback_seconds=4)
        assert numbers(output) == list(range(11, 20))


@METHODS
@pytest.mark.parametrize(
    "start_date",
    [
        "2025-06-01T12:00:15Z",
        "2025-06-01T12:00:15",
        "2025-06-01 12:00:15",
        "2025-06-01T12:00:15.000000+00:00",
        "2025-06-01T14:00:15+02:00",
    ],
)
def test_the_first_extract_begins_at_start_date(method: str, start_date: str) -> None:
    with tenant_of(things(20)) as sandbox:
        output = extract(sandbox, start_date=start_date, extract_method=method)
        assert numbers(output) == list(range(15, 20))
        # From then on the bookmark tells, if it is later.
        state = state_at("2025-06-01T12:00:18.000Z")
        again = extract(
            sandbox,
            start_date=start_date,
            state=state,
            extract_method=method,
            lookback_seconds=1,
        )
        assert numbers(again) == [17, 18, 19]


def test_a_bookmark_of_another_replication_key_is_none() -> None:
    with tenant_of(things(20)) as sandbox:
        state = state_at("2025-06-01T12:00:15.000Z", "CreatedDate")
        output = extract(sandbox, state=state, lookback_seconds=0)
        assert numbers(output) == list(range(20))
        assert output.bookmark(NAME)["replication_key"] == "ModifiedDate"
        assert output.bookmark(NAME)["replication_key_value"] == "2025-06-01T12:00:19.000Z"


@METHODS
def test_a_bookmark_never_goes_back(method: str) -> None:
    with tenant_of(things(5)) as sandbox:
        state = state_at("2025-06-02T00:00:00.000Z")
        output = extract(sandbox, state=state, extract_method=method, lookback_seconds=10**6)
        assert numbers(output) == list(range(5))
        for written in output.states:
            value = written["bookmarks"][NAME]["replication_key_value"]
            assert value == "2025-06-02T00:00:00.000Z"


@METHODS
@pytest.mark.parametrize("value", ["yesterday", "2025-13-01T00:00:00Z", "5 o'clock"])
def test_a_bookmark_that_is_no_time_is_an_error_that_names_the_stream(
    method: str, value: Any
) -> None:
    with (
        tenant_of(things(5)) as sandbox,
        pytest.raises(ConfigError, match=f"stream {NAME}: its bookmark"),
    ):
        extract(sandbox, state=state_at(value), extract_method=method)


@METHODS
@pytest.mark.parametrize("ahead", [-7200, 0, 7200])
def test_a_bookmark_does_not_pass_the_begin_of_the_extract_by_the_tenants_clock(
    method: str, ahead: int
) -> None:
    start = ManualClock().now()
    tenants, ours = ManualClock(start + ahead), ManualClock(start)
    began = datetime.fromtimestamp(start + ahead, UTC)
    rows = [
        {"Gsid": f"1T01{n}", "Size__gc": n, "ModifiedDate": began + timedelta(seconds=n)}
        for n in range(-3, 10)
    ]

    def pass_time(_: LoggedRequest) -> None:
        tenants.advance(1)
        ours.advance(1)

    with tenant_of(rows, clock=tenants, hooks=Hooks(before_request=pass_time)) as sandbox:
        tap = select_only(make_tap(sandbox, clock=ours, extract_method=method), NAME)
        # Discovery has taken its time; the extract begins now.
        begins = began + timedelta(seconds=ours.now() - start)
        output = run(tap)
    value = datetime.fromisoformat(output.bookmark(NAME)["replication_key_value"])
    # The tenant's clock is known by its replies, so to within the time that one takes.
    assert begins - timedelta(seconds=2) <= value <= begins + timedelta(seconds=1)


@METHODS
def test_rows_without_a_replication_value_come_with_every_run_and_move_no_bookmark(
    method: str,
) -> None:
    for null_order in NullOrder:
        quirks = Quirks(null_order=null_order)
        with tenant_of(things(12, undated=(0, 5, 11)), quirks=quirks) as sandbox:
            options: dict[str, Any] = {
                "extract_method": method,
                "page_rows": 2,
                "lookback_seconds": 0,
            }
            first = extract(sandbox, **options)
            assert sorted(numbers(first)) == list(range(12))
            assert first.bookmark(NAME)["replication_key_value"] == "2025-06-01T12:00:10.000Z"
            again = extract(sandbox, state=first.state, **options)
            assert sorted(numbers(again)) == [0, 5, 10, 11]
            assert again.bookmark(NAME) == first.bookmark(NAME)


@METHODS
def test_only_rows_without_a_replication_value_leave_no_bookmark(method: str) -> None:
    with tenant_of(things(3, undated=range(3))) as sandbox:
        output = extract(sandbox, extract_method=method)
        assert numbers(output) == [0, 1, 2]
        assert output.bookmark(NAME).get("replication_key_value") is None


def full_table(catalog: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(catalog)
    for entry in changed["streams"]:
        entry.pop("replication_method", None)
        for item in entry["metadata"]:
            if item["breadcrumb"] == []:
                item["metadata"]["forced-replication-method"] = "FULL_TABLE"
    return changed


@METHODS
def test_full_table_in_the_catalog_reads_all_each_time(method: str) -> None:
    with tenant_of(things(12)) as sandbox:
        catalog = full_table(make_tap(sandbox).catalog_dict)
        state = state_at("2025-06-01T12:00:10.000Z")
        output = extract(sandbox, state=state, catalog=catalog, extract_method=method, page_rows=5)
        assert numbers(output) == list(range(12))
        assert output.bookmark(NAME)["replication_key_value"] == "2025-06-01T12:00:10.000Z"
        for body in reads(sandbox):
            assert body["orderBy"] == {"Gsid": "asc"}


@METHODS
def test_what_is_deselected_is_not_asked_for_but_for_the_keys(method: str) -> None:
    with tenant_of(things(3)) as sandbox:
        every = ["Gsid", "Name", "Size__gc", "ModifiedDate"]
        catalog = without(make_tap(sandbox).catalog_dict, NAME, *every)
        output = extract(sandbox, catalog=catalog, extract_method=method)
        assert {tuple(body["select"]) for body in reads(sandbox)} == {("Gsid", "ModifiedDate")}
        assert len(output.records[NAME]) == 3
        for record in output.records[NAME]:
            assert record.keys() == {"Gsid", "ModifiedDate"}


@METHODS
def test_the_objects_key_pages_also_where_a_catalog_has_another_key_or_none(method: str) -> None:
    rows = [{**row, "Name": "all alike", "ModifiedDate": NOON} for row in things(60)]
    for keys in (["Name"], []):
        with tenant_of(rows) as sandbox:
            catalog = without(make_tap(sandbox).catalog_dict, NAME, "Gsid")
            entry = next(e for e in catalog["streams"] if e["tap_stream_id"] == NAME)
            entry["key_properties"] = keys
            for item in entry["metadata"]:
                item["metadata"].pop("table-key-properties", None)
            output = extract(
                sandbox, catalog=catalog, extract_method=method, page_rows=7, max_rows_per_job=7
            )
            assert set(numbers(output)) == set(range(60))
            assert {body["offset"] for body in reads(sandbox) if body["limit"] > 1} == {0}


def test_a_key_that_only_a_catalogs_metadata_names_is_a_key() -> None:
    with tenant_of([*things(3), {"Gsid": None, "Size__gc": 9}]) as sandbox:
        catalog = make_tap(sandbox).catalog_dict
        entry = next(e for e in catalog["streams"] if e["tap_stream_id"] == NAME)
        del entry["key_properties"]
        with pytest.raises(Exception, match="has no Gsid, its key"):
            extract(sandbox, catalog=catalog)


def test_with_a_catalog_no_metadata_is_asked_for() -> None:
    with tenant_of(things(3)) as sandbox:
        catalog = make_tap(sandbox).catalog_dict
        before = len(sandbox.log)
        output = extract(sandbox, catalog=catalog)
        assert numbers(output) == [0, 1, 2]
        kinds = [entry.kind for entry in list(sandbox.log)[before:]]
        assert CallKind.METADATA not in kinds


def test_a_stream_that_is_not_selected_is_not_asked_for() -> None:
    other = replace(THING, name="other__gc")
    with tenant_of(things(3)) as sandbox:
        sandbox.tenant.add_object(other, things(3))
        extract(sandbox, "other__gc")
        assert {entry.object for entry in sandbox.log if entry.kind in READS} == {"other__gc"}


def test_a_catalog_without_streams_is_said_to_give_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with tenant_of(things(3)) as sandbox:
        run(make_tap(sandbox, catalog={"streams": []}))
    assert "No stream is selected" in caplog.text


ODD = ObjectSchema(
    "odd__gc",
    (
        Field("id"),
        Field("New__gc", "BRAND_NEW_TYPE"),
        Field("Text__gc", DataType.RICHTEXTAREA),
        Field("ModifiedAt", DataType.DATETIME),
    ),
)


@METHODS
def test_an_unknown_data_type_is_read_as_text(method: str) -> None:
    values = ["007", "null", " 1.50 ", "true", "2022-06-23"]
    rows = [{"id": str(n), "New__gc": value} for n, value in enumerate(values)]
    with tenant_of(rows, schema=ODD) as sandbox:
        output = extract(sandbox, "odd__gc", extract_method=method)
        assert [record["New__gc"] for record in output.records["odd__gc"]] == values
        schema = output.schemas["odd__gc"]
        assert schema["key_properties"] == ["id"]
        assert schema["schema"]["properties"]["New__gc"]["type"] == ["string", "null"]


@METHODS
def test_an_empty_text_is_null_as_in_a_cell(method: str) -> None:
    rows: list[dict[str, Any]] = [{"id": "1", "Text__gc": ""}, {"id": "2", "Text__gc": None}]
    with tenant_of(rows, schema=ODD) as sandbox:
        output = extract(sandbox, "odd__gc", extract_method=method)
        assert [record["Text__gc"] for record in output.records["odd__gc"]] == [None, None]


@pytest.mark.parametrize("fields", [THING.fields[:3], THING.fields[1:], THING.fields[1:3]])
@METHODS
def test_objects_without_a_key_or_a_date_are_read_whole(
    method: str, fields: tuple[Field, ...]
) -> None:
    schema = replace(THING, fields=fields)
    rows = [{field.name: row[field.name] for field in fields} for row in things(23)]
    with tenant_of(rows, schema=schema) as sandbox:
        output = extract(sandbox, extract_method=method, page_rows=5)
        assert sorted(numbers(output)) == list(range(23))
        keyed, dated = schema.key is not None, schema.modified is not None
        assert output.schemas[NAME]["key_properties"] == (["Gsid"] if keyed else [])
        assert ("replication_key_value" in output.bookmark(NAME)) is dated


def test_the_records_are_the_same_by_query_and_by_job() -> None:
    with Sandbox(clock=ManualClock(), rows={"awkward__gc": 300, "company": 60}) as sandbox:
        records = [
            extract(sandbox, name, extract_method=method).lines
            for name in ("awkward__gc", "company")
            for method in ("query", "bulk")
        ]
        kept = [[line for line in lines if '"RECORD"' in line[:40]] for lines in records]
        # Of JSON's numbers, readers do not tell -0 from 0.
        without_time = [
            [line.rsplit('"time_extracted"')[0].replace(":-0,", ":0,") for line in lines]
            for lines in kept
        ]
    assert len(without_time[0]) == 300
    assert without_time[0] == without_time[1]
    assert without_time[2] == without_time[3]


@pytest.mark.parametrize("method", ["query", "bulk", "auto"])
def test_no_log_line_and_no_state_holds_a_value_or_the_key(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{**row, "Name": f"s3cret {row['Size__gc']}"} for row in things(30)]
    with tenant_of(rows, chunk_rows=7) as sandbox, caplog.at_level(logging.DEBUG):
        output = extract(
            sandbox, extract_method=method, page_rows=9, bulk_threshold_rows=12, max_rows_per_job=11
        )
        assert len(output.records[NAME]) == 30
        assert len(caplog.records) > 5
        for text in (caplog.text, json.dumps(output.states)):
            assert "s3cret" not in text
            assert sandbox.access_key not in text


def test_a_tenant_without_parentheses_in_filters_ends_the_stream_with_what_to_do() -> None:
    with tenant_of(things(3), quirks=Quirks(parentheses=False)) as sandbox:
        tap = select_only(make_tap(sandbox, extract_method="query"), NAME)
        with pytest.raises(GainsightError, match="no parentheses in filters, try `extract_method"):
            run(tap)
        bulk = select_only(make_tap(sandbox, extract_method="bulk"), NAME)
        assert len(run(bulk).records[NAME]) == 3
