"""Streams of a user's own: fields, lookup paths, filters, keys, labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError, ServerError
from gainsight_sandbox import (
    DataType,
    Effect,
    Fault,
    Field,
    JobSettings,
    NotNull,
    ObjectSchema,
    Option,
    Quirks,
    Sandbox,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.api.conftest import enveloped
from tests.hostile import Hostile
from tests.tap.support import NO_LIMITS, THING, make_tap, run, select_only, sync, tenant_of, things

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.api.conftest import Reply, Request
    from tests.tap.support import Output

METHODS = pytest.mark.parametrize("method", ["query", "bulk"])
BY_NAME = {
    "conditions": [{"name": "Name", "alias": "X", "operator": "CONTAINS", "value": ["a"]}],
    "expression": "X",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    rows = {"company": 80, "relationship": 60, "gsuser": 20}
    with Sandbox(rows=rows, limits=NO_LIMITS) as running:
        yield running


def entry(**settings: Any) -> dict[str, Any]:
    return {"streams": [{"object": "company", "name": "mine", **settings}], "objects": ["company"]}


def refused(sandbox: Sandbox, **settings: Any) -> str:
    before = len(sandbox.log)
    with pytest.raises(ConfigError) as caught:
        make_tap(sandbox, **entry(**settings))
    assert {call.kind for call in list(sandbox.log)[before:]} <= {CallKind.METADATA}
    return str(caught.value)


@METHODS
def test_a_stream_has_the_fields_that_it_names_and_always_its_keys(
    sandbox: Sandbox, method: str
) -> None:
    output = sync(sandbox, extract_method=method, **entry(fields=["Name", "Csm__gr.Name"]))
    users = {user["Gsid"]: user["Name"] for user in sandbox.tenant.rows("gsuser")}
    rows = {row["Gsid"]: row for row in sandbox.tenant.rows("company")}
    assert len(output.records["mine"]) == len(rows)
    for record in output.records["mine"]:
        row = rows[record["Gsid"]]
        assert record.keys() == {"Name", "Csm__gr__Name", "Gsid", "ModifiedDate"}
        assert record["Csm__gr__Name"] == (users[row["Csm"]] if row["Csm"] else None)
    assert output.schemas["mine"]["key_properties"] == ["Gsid"]
    assert output.records["company"]


def test_an_entry_with_an_objects_own_name_configures_that_objects_stream(
    sandbox: Sandbox,
) -> None:
    output = sync(sandbox, streams=[{"object": "company", "fields": ["Name"]}], objects=["company"])
    assert output.records.keys() == {"company", "deleted_records"}
    assert output.records["company"][0].keys() == {"Name", "Gsid", "ModifiedDate"}


def test_an_entry_adds_an_object_that_the_list_of_objects_leaves_out(sandbox: Sandbox) -> None:
    output = sync(sandbox, streams=[{"object": "gsuser"}], objects=["company"])
    assert len(output.records["gsuser"]) == 20


@METHODS
def test_a_filter_holds_for_every_page_beside_the_tap_s_own_conditions(
    sandbox: Sandbox, method: str
) -> None:
    output = (
        sync(
            sandbox,
            page_rows=7,
            max_rows_per_job=9,
            bulk_calls_per_hour=1000,
            extract_method=method,
            **entry(
                filter={
                    "conditions": [
                        {"name": "Name", "alias": "one", "operator": "CONTAINS", "value": ["a"]},
                        {"name": "Name", "alias": "two", "operator": "STARTS_WITH", "value": ["B"]},
                    ],
                    "expression": "one OR two",
                }
            ),
        )
        if method == "query"
        else sync(sandbox, extract_method=method, **entry(filter=BY_NAME))
    )
    names = [str(row["Name"]) for row in sandbox.tenant.rows("company")]
    wanted = [n for n in names if "a" in n.lower() or (method == "query" and n.startswith("B"))]
    assert 0 < len(wanted) < len(names)
    assert sorted(r["Name"] for r in output.records["mine"]) == sorted(wanted)


@METHODS
@pytest.mark.parametrize("written", ["IS_NOT_NULL", "IS_NOT_NUL"])
@pytest.mark.parametrize("understood", [NotNull.PRINTED, NotNull.CORRECT])
def test_is_not_null_is_sent_in_the_spelling_that_works(
    method: str, written: str, understood: NotNull
) -> None:
    quirks = Quirks(not_null_operator=understood)
    condition = {"name": "Csm", "alias": "A", "operator": written}
    with Sandbox(rows={"company": 30}, quirks=quirks) as sandbox:
        output = sync(sandbox, extract_method=method, **entry(filter={"conditions": [condition]}))
        rows = list(sandbox.tenant.rows("company"))
        assert len(output.records["mine"]) == sum(row["Csm"] is not None for row in rows)
        assert sandbox.usage().bulk == (2 if method == "bulk" else 0)


def test_a_filter_on_a_lookup_path_is_sent_as_it_is(sandbox: Sandbox) -> None:
    name = next(str(user["Name"]) for user in sandbox.tenant.rows("gsuser"))
    condition = {"name": "Csm__gr.Name", "alias": "A", "operator": "EQ", "value": [name]}
    output = sync(sandbox, **entry(filter={"conditions": [condition]}))
    users = {user["Gsid"] for user in sandbox.tenant.rows("gsuser") if user["Name"] == name}
    wanted = [row["Gsid"] for row in sandbox.tenant.rows("company") if row["Csm"] in users]
    assert {record["Gsid"] for record in output.records["mine"]} == set(wanted)


@pytest.mark.parametrize(
    ("field", "operator", "says"),
    [
        ("IsActive", "GT", "BOOLEAN has EQ, NE"),
        ("ModifiedDate", "CONTAINS", "DATETIME has EQ"),
        ("Arr", "IN", "CURRENCY has EQ"),
        ("Name", "LIKE", "STRING has EQ"),
    ],
)
def test_an_operator_that_the_data_type_does_not_have_is_refused_before_a_call_is_spent(
    field: str, operator: str, says: str
) -> None:
    with Sandbox(rows={"company": 3}) as sandbox:
        types = {f.name: f.data_type for f in sandbox.tenant.schema("company").fields}
        wanted = {"IsActive": DataType.BOOLEAN, "Arr": DataType.CURRENCY}
        if field in wanted:
            field = next(name for name, kind in types.items() if kind == wanted[field])
        condition = {"name": field, "alias": "A", "operator": operator, "value": ["1"]}
        text = refused(sandbox, filter={"conditions": [condition]})
        assert "stream mine" in text
        assert f"field {field}" in text
        assert repr(operator) in text
        assert says in text


def test_with_a_catalog_a_filter_is_checked_too_and_nothing_is_described(sandbox: Sandbox) -> None:
    catalog = make_tap(sandbox, **entry()).catalog_dict
    before = len(sandbox.log)
    condition = {"name": "ModifiedDate", "alias": "A", "operator": "CONTAINS", "value": ["1"]}
    with pytest.raises(ConfigError, match="DATETIME has EQ"):
        sync(sandbox, catalog=catalog, **entry(filter={"conditions": [condition]}))
    assert len(sandbox.log) == before


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"fields": ["Nmae"]}, "no field 'Nmae'"),
        ({"fields": ["Csm__gr.Nmae"]}, "no field 'Csm__gr.Nmae'"),
        ({"object": "compnay"}, "'compnay' does not exist"),
        ({"replication_key": "Name"}, "no DATETIME"),
        ({"primary_keys": ["Nmae"]}, "no field 'Nmae'"),
        ({"filter": {**BY_NAME, "expression": "X AND"}}, "expression"),
        ({"filter": {**BY_NAME, "expression": "X OR Y"}}, "names Y"),
    ],
)
def test_what_the_tenant_does_not_have_is_named(
    sandbox: Sandbox, settings: dict[str, Any], says: str
) -> None:
    text = refused(sandbox, **settings)
    assert "`streams`" in text
    assert says in text


def test_two_entries_of_one_name_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ConfigError, match="twice"):
        make_tap(sandbox, streams=[{"object": "company"}, {"object": "company"}])


def test_primary_keys_and_replication_key_take_precedence_over_discovery(sandbox: Sandbox) -> None:
    output = sync(sandbox, **entry(primary_keys=["Name"], replication_key="CreatedDate"))
    assert output.schemas["mine"]["key_properties"] == ["Name"]
    assert output.bookmark("mine")["replication_key"] == "CreatedDate"
    assert len(output.records["mine"]) == 80


def test_an_entry_s_own_extract_method_is_used() -> None:
    with Sandbox(rows={"company": 3}) as fresh:
        sync(fresh, **entry(extract_method="bulk"))
        assert fresh.usage().bulk == 1


@METHODS
def test_lookup_names_stand_beside_every_lookup(sandbox: Sandbox, method: str) -> None:
    output = sync(sandbox, objects=["company"], include_lookup_names=True, extract_method=method)
    users = {user["Gsid"]: user for user in sandbox.tenant.rows("gsuser")}
    rows = {row["Gsid"]: row for row in sandbox.tenant.rows("company")}
    assert output.records["company"]
    for record in output.records["company"]:
        csm = users.get(rows[record["Gsid"]]["Csm"])
        assert record["Csm__gr__Name"] == (csm["Name"] if csm else None)
        assert record["Csm__gr__Email"] == (csm["Email"] if csm else None)


@METHODS
def test_picklist_labels_stand_beside_every_picklist(sandbox: Sandbox, method: str) -> None:
    output = sync(sandbox, objects=["company"], include_picklist_labels=True, extract_method=method)
    fields = {field.name: field for field in sandbox.tenant.schema("company").fields}
    labelled = [
        name
        for name in output.schemas["company"]["schema"]["properties"]
        if name.endswith("__label")
    ]
    assert labelled
    seen = 0
    for record in output.records["company"]:
        for name in labelled:
            item = record[name.removesuffix("__label")]
            options = {o.value: o.label for o in fields[name.removesuffix("__label")].options}
            expected = ";".join(options[i] for i in item.split(";")) if item else None
            assert record[name] == expected
            seen += expected is not None
    assert seen


@METHODS
def test_an_item_without_a_label_leaves_no_gap_among_the_labels(method: str) -> None:
    options = tuple(Option(f"Label {item}", item) for item in "ABC")
    schema = ObjectSchema(
        THING.name,
        (*THING.fields, Field("Tags__gc", DataType.MULTISELECT, options=options)),
        key_prefix="1T01",
    )
    items = ["A;gone;B", "gone;C", "gone", "A"]
    rows = [{**row, "Tags__gc": item} for row, item in zip(things(4), items, strict=True)]
    with tenant_of(rows, schema=schema) as sandbox:
        output = sync(
            sandbox, objects=[THING.name], include_picklist_labels=True, extract_method=method
        )
    told = [(each["Tags__gc"], each["Tags__gc__label"]) for each in output.records[THING.name]]
    labels = ["Label A;Label B", "Label C", None, "Label A"]
    assert told == list(zip(items, labels, strict=True))


def test_labels_come_from_the_dropdown_list_where_a_description_lacks_them(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    refused: set[str] = set()

    def bare(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if any(part in request.path for part in refused):
            return enveloped({"result": False, "errorCode": "GSOBJ_1009"}, 403)
        if not request.path.endswith("describe"):
            return None
        reply = json.loads(own().body)
        for field in reply["data"][0]["fields"]:
            field.pop("options", None)
        return enveloped(reply)

    settings: dict[str, Any] = {"objects": ["company"], "include_picklist_labels": True}
    with Hostile(sandbox, bare) as hostile:
        output = sync(sandbox, domain=hostile.url, **settings)
        assert output.records["company"] == sync(sandbox, **settings).records["company"]
        asked = [request.path for request in hostile.requests if "dropdowns" in request.path]
        assert len(asked) == len(set(asked))
        refused.add("dropdowns")
        without = sync(sandbox, domain=hostile.url, **settings).records["company"]
    assert {record["Industry__label"] for record in without} == {None}
    assert "the items of Industry cannot be read" in caplog.text


def test_a_label_can_be_selected_without_its_item(sandbox: Sandbox) -> None:
    tap = make_tap(sandbox, objects=["company"], include_picklist_labels=True)
    catalog = tap.catalog_dict
    for stream in catalog["streams"]:
        for metadata in stream["metadata"]:
            crumb = metadata["breadcrumb"]
            metadata["metadata"]["selected"] = (
                stream["tap_stream_id"] == "company" if not crumb else crumb[-1].endswith("__label")
            )
    output = sync(sandbox, catalog=catalog, objects=["company"])
    names = set(output.records["company"][0])
    assert {"Gsid", "ModifiedDate"} < names
    assert all(n.endswith("__label") for n in names - {"Gsid", "ModifiedDate"})
    assert any(record[n] for record in output.records["company"] for n in names)


@METHODS
def test_a_column_that_has_gone_from_the_tenant_is_left_out_with_a_warning(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox(rows={"company": 30}) as sandbox:
        tap = make_tap(sandbox, objects=["company"], include_picklist_labels=True)
        catalog = tap.catalog_dict
        sandbox.tenant.delete_field("company", "Industry")
        output = sync(sandbox, catalog=catalog, objects=["company"], extract_method=method)
        assert len(output.records["company"]) == 30
        assert "Industry" not in output.records["company"][0]
        assert "Industry__label" not in output.records["company"][0]
        assert any("Industry" in line.message for line in caplog.records)


def test_a_run_killed_after_a_column_has_gone_goes_on_with_its_job() -> None:
    settings = {"objects": ["company"], "extract_method": "bulk", "max_retries": 0}
    with Sandbox(rows={"company": 30}, jobs=JobSettings(chunk_rows=10)) as sandbox:
        catalog = make_tap(sandbox, objects=["company"]).catalog_dict
        sandbox.tenant.delete_field("company", "Industry")
        sandbox.faults.add(
            Fault(
                Effect.STATUS,
                on=CallKind.EXPORT_CHUNK,
                skip=1,
            )
        )
        with pytest.raises(ServerError) as killed:
            sync(sandbox, catalog=catalog, **settings)
        first: Output = killed.value.output  # type: ignore[attr-defined]
        paid = sandbox.usage().bulk
        second = sync(sandbox, catalog=catalog, state=first.state, **settings)
        keys = {r["Gsid"] for output in (first, second) for r in output.records["company"]}
        assert len(keys) == 30
        assert sandbox.usage().bulk == paid


def test_an_object_that_has_gone_from_the_tenant_is_an_error_that_names_the_stream(
    sandbox: Sandbox,
) -> None:
    catalog = make_tap(sandbox, objects=["company"]).catalog_dict
    with Sandbox(demo=False) as empty:
        tap = select_only(make_tap(empty, catalog=catalog), "company")
        with pytest.raises(Exception, match="stream company"):
            run(tap)


def test_a_new_column_in_the_tenant_does_not_disturb_an_old_catalog() -> None:
    with Sandbox(rows={"company": 30}) as sandbox:
        catalog = make_tap(sandbox, objects=["company"]).catalog_dict
        for stream in catalog["streams"]:
            stream["schema"]["properties"].pop("Industry", None)
            stream["metadata"] = [
                entry for entry in stream["metadata"] if "Industry" not in entry["breadcrumb"]
            ]
        output = sync(sandbox, catalog=catalog, objects=["company"])
        assert len(output.records["company"]) == 30
        assert "Industry" not in output.records["company"][0]


def test_a_failed_first_page_of_a_later_stream_is_left_to_its_turn() -> None:
    with Sandbox(rows={"company": 30, "relationship": 30}) as sandbox:
        sandbox.faults.add(
            Fault(
                Effect.STATUS,
                on=CallKind.QUERY,
                object="relationship",
                status=400,
            )
        )
        output = sync(sandbox, objects=["company", "relationship"])
        assert len(output.records["company"]) == 30
        assert len(output.records["relationship"]) == 30
