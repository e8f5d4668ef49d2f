from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import (
    DataType,
    DateForm,
    Field,
    MultiSelect,
    NullOrder,
    QueryEmpty,
    QueryNull,
    QueryShape,
    Quirks,
    custom_object,
)
from tests.sandbox.client import where

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

MOMENT = datetime(2022, 6, 23, 9, 37, 2, tzinfo=UTC)
FULL = {
    "Gsid": "1C77A",
    "Name": "First",
    "Size__gc": Decimal(9007199254740993),
    "Price__gc": Decimal("5600000000.00000"),
    "Good__gc": True,
    "Day__gc": date(2022, 6, 23),
    "Color__gc": "1I00RED",
    "Colors__gc": ["1I00RED", "1I00BLUE"],
    "ModifiedDate": MOMENT,
}


def test_the_reply_is_as_the_article_shows_it(rig: Rig) -> None:
    _, client = rig.things(FULL)
    response = client.query("thing__gc", ["Name", "Price__gc"])
    assert response.headers["content-type"] == "application/json"
    assert '"records":[{"Name":"First","Price__gc":5600000000.00000}]' in response.text
    envelope = response.json()
    assert envelope.pop("requestId")
    assert envelope.pop("data")
    assert envelope == {"result": True, "errorCode": None, "errorDesc": None, "message": None}


def test_values_come_in_json_types(rig: Rig) -> None:
    _, client = rig.things(FULL, {"Gsid": "1C77B"})
    names = ["Name", "Size__gc", "Good__gc", "Day__gc", "Color__gc", "Colors__gc", "ModifiedDate"]
    first, second = client.records("thing__gc", names)
    assert first == {
        "Name": "First",
        "Size__gc": 9007199254740993,
        "Good__gc": True,
        "Day__gc": 1655942400000,
        "Color__gc": "1I00RED",
        "Colors__gc": "1I00RED;1I00BLUE;",
        "ModifiedDate": 1655977022000,
    }
    assert second == dict.fromkeys(names) | {"Day__gc": "", "ModifiedDate": ""}


@pytest.mark.parametrize(
    ("form", "day", "moment", "before_1970"),
    [
        (DateForm.EPOCH, 1655942400000, 1655977022000, -1),
        (DateForm.ISO, "2022-06-23", "2022-06-23T09:37:02.000Z", "1969-12-31T23:59:59.999Z"),
        (DateForm.ISO_SHORT, "2022-06-23", "2022-06-23T09:37:02Z", "1969-12-31T23:59:59.999Z"),
        (
            DateForm.SPACE,
            "2022-06-23 00:00:00.0",
            "2022-06-23 09:37:02.0",
            "1969-12-31 23:59:59.999",
        ),
    ],
)
def test_dates_come_in_the_form_chosen(
    rig: Rig, form: DateForm, day: object, moment: object, before_1970: object
) -> None:
    old = {"CreatedDate": datetime(1969, 12, 31, 23, 59, 59, 999000, UTC)}
    _, client = rig.things(FULL | old, quirks=Quirks(query_dates=form))
    [record] = client.records("thing__gc", ["Day__gc", "ModifiedDate", "CreatedDate"])
    assert list(record.values()) == [day, moment, before_1970]


def test_reply_shapes_are_quirks(rig: Rig) -> None:
    quirks = Quirks(
        query_shape=QueryShape.LIST,
        query_null=QueryNull.EMPTY,
        query_null_dates=QueryNull.NULL,
        query_multiselect=MultiSelect.LIST,
    )
    _, client = rig.things(FULL, {"Gsid": "1C77B"}, quirks=quirks)
    names = ["Name", "Colors__gc", "Size__gc", "Day__gc"]
    data = client.query("thing__gc", names).json()["data"]
    assert [record["Colors__gc"] for record in data] == [["1I00RED", "1I00BLUE"], []]
    assert data[1] == {"Name": "", "Colors__gc": [], "Size__gc": None, "Day__gc": None}


def test_companies_alone_may_come_without_a_wrapper(rig: Rig) -> None:
    _, client = rig.demo(rows={"company": 1}, quirks=Quirks(query_shape=QueryShape.MIXED))
    assert isinstance(client.query("Company", ["Gsid"]).json()["data"], list)
    assert "records" in client.query("gsuser", ["Gsid"]).json()["data"]


def test_joined_items_end_with_a_semicolon_at_times(rig: Rig) -> None:
    _, client = rig.things(FULL | {"Colors__gc": ["1I00RED"]}, FULL)
    shown = [record["Colors__gc"] for record in client.records("thing__gc", ["Colors__gc"])]
    assert shown == ["1I00RED", "1I00RED;1I00BLUE;"]


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        (QueryEmpty.LIST, 200, None),
        (QueryEmpty.NO_DATA, 200, "GSOBJ_1XXX"),
        (QueryEmpty.NOT_FOUND, 400, "GSOBJ_1011"),
    ],
)
def test_nothing_found_has_three_forms(
    rig: Rig, form: QueryEmpty, status: int, code: str | None
) -> None:
    _, client = rig.things(quirks=Quirks(query_empty=form))
    response = client.query("thing__gc", ["Name"])
    assert (response.status_code, response.json()["errorCode"]) == (status, code)
    assert response.json()["result"] is (code is None)


def test_pages_follow_each_other_from_offset_0(rig: Rig) -> None:
    _, client = rig.filled({"Gsid": f"1C77{n:05}"} for n in range(5001))
    pages = [
        client.records("thing__gc", ["Gsid"], orderBy={"Gsid": "asc"}, offset=offset)
        for offset in (0, 5000, 5001)
    ]
    assert [len(page) for page in pages] == [5000, 1, 0]
    assert pages[1] == [{"Gsid": "1C7705000"}]


def test_orders_apply_as_given_and_numbers_as_numbers(rig: Rig) -> None:
    rows = [
        {"Gsid": gsid, "Name": name, "Size__gc": size}
        for gsid, name, size in (("a", "x", 9), ("b", "x", 10), ("c", "w", -1), ("d", "x", None))
    ]
    _, client = rig.things(*rows)
    records = client.records("thing__gc", ["Gsid"], orderBy={"Name": "desc", "Size__gc": "asc"})
    assert [record["Gsid"] for record in records] == ["a", "b", "d", "c"]


@pytest.mark.parametrize(
    ("order", "ascending", "descending"),
    [
        (NullOrder.LARGEST, ["a", "b", None], [None, "b", "a"]),
        (NullOrder.SMALLEST, [None, "a", "b"], ["b", "a", None]),
        (NullOrder.FIRST, [None, "a", "b"], [None, "b", "a"]),
        (NullOrder.LAST, ["a", "b", None], ["b", "a", None]),
    ],
)
def test_nulls_stand_at_one_end_of_an_order(
    rig: Rig, order: NullOrder, ascending: list[str | None], descending: list[str | None]
) -> None:
    rows = ({"Gsid": gsid, "Name": name} for gsid, name in (("1", "b"), ("2", None), ("3", "a")))
    _, client = rig.filled(rows, quirks=Quirks(null_order=order))

    def names(direction: str) -> list[str | None]:
        records = client.records("thing__gc", ["Name"], orderBy={"Name": direction})
        return [record["Name"] for record in records]

    assert (names("asc"), names("desc")) == (ascending, descending)


@pytest.mark.parametrize("name", ["Colors__gc", "Long__gc", "Who__gc", "What__gc", "Json__gc"])
def test_some_types_cannot_be_sorted_by(rig: Rig, name: str) -> None:
    sandbox, client = rig.demo(demo=False)
    types = {"Long__gc": "RICHTEXTAREA", "Who__gc": "WHOID", "What__gc": "WHATID"}
    named = [Field(each, data_type) for each, data_type in types.items()]
    named += [Field("Json__gc", "JSON"), Field("Colors__gc", DataType.MULTISELECT)]
    sandbox.tenant.add_object(custom_object("odd__gc", *named))
    assert client.query("odd__gc", [name]).status_code == 200
    refused = client.query("odd__gc", [name], orderBy={name: "asc"})
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "GSOBJ_1008")
    [described] = client.get("v1/meta/services/objects/odd__gc/describe").json()["data"]
    fields = {field["fieldName"]: field["meta"]["sortable"] for field in described["fields"]}
    assert fields[name] is False
    assert fields["Gsid"] is True


@pytest.mark.parametrize("filterable", [True, False])
def test_rich_text_may_be_no_field_for_filters(rig: Rig, *, filterable: bool) -> None:
    sandbox, client = rig.demo(demo=False, quirks=Quirks(rich_text_filterable=filterable))
    sandbox.tenant.add_object(custom_object("odd__gc", Field("Long__gc", "RICHTEXTAREA")))
    clause = where(("Long__gc", "CONTAINS", ["x"]))
    assert client.query("odd__gc", ["Gsid"], where=clause).status_code == (
        200 if filterable else 400
    )
    [described] = client.get("v1/meta/services/objects/odd__gc/describe").json()["data"]
    fields = {field["fieldName"]: field["meta"]["filterable"] for field in described["fields"]}
    assert fields["Long__gc"] is filterable


def test_nulls_may_come_last_and_ties_in_any_order(rig: Rig) -> None:
    rows = [{"Gsid": f"{n:03}", "Name": None if n % 10 == 0 else "x"} for n in range(50)]
    _, client = rig.filled(rows, quirks=Quirks(unstable_order=True))
    first, second = (
        client.records("thing__gc", ["Gsid", "Name"], orderBy={"Name": "asc"}) for _ in range(2)
    )
    assert [record["Name"] for record in first[-5:]] == [None] * 5
    assert first != second
    assert sorted(map(str, first)) == sorted(map(str, second))


def test_lookup_paths_may_be_chained_and_in_any_case(rig: Rig) -> None:
    _, client = rig.things(
        {"Gsid": "a", "Name": "top"},
        {"Gsid": "b", "Name": "middle", "Parent_ID__gc": "a"},
        {"Gsid": "c", "Name": "leaf", "Parent_ID__gc": "b"},
    )
    path = "parent_ID__gr.Parent_ID__gr.name"
    records = client.records("Thing__gc", ["NAME", path], orderBy={"Name": "asc"})
    assert records[0] == {"NAME": "leaf", path: "top"}
    assert records[1] == {"NAME": "middle", path: None}
    found = client.records("thing__gc", ["Gsid"], where=where((path, "EQ", ["top"])))
    assert found == [{"Gsid": "c"}]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"select": ["Name1"]}, "P_5005"),
        ({"select": ["Nope__gr.Name"]}, "P_5005"),
        ({"select": ["Name"], "orderBy": {"Nope": "asc"}}, "P_5005"),
        ({"select": ["Name"], "where": where(("Nope", "EQ", ["x"]))}, "P_5005"),
        ({"select": ["Name"], "where": where(("ModifiedDate", "GT", ["soon"]))}, "GSOBJ_1005"),
        ({"select": ["Name"], "where": where(("Day__gc", "EQ", ["soon"]))}, "GSOBJ_1006"),
        ({"select": ["Name"], "where": where(("Size__gc", "EQ", ["many"]))}, "GSOBJ_1008"),
        ({"select": ["Name"], "limit": 5001}, "GSOBJ_1008"),
        ({"select": ["Name"], "limit": 0}, "GSOBJ_1008"),
        ({"select": ["Name"], "offset": -1}, "GSOBJ_1008"),
        ({"select": []}, "GSOBJ_1008"),
        ({"select": "Name"}, "GSOBJ_1008"),
        ([], "GSOBJ_1008"),
    ],
)
def test_wrong_requests_are_refused(rig: Rig, payload: object, code: str) -> None:
    _, client = rig.things()
    response = client.post("v1/data/objects/query/thing__gc", payload)
    assert response.status_code == 400
    assert response.json()["errorCode"] == code


def test_an_unknown_column_is_told_with_the_query(rig: Rig) -> None:
    _, client = rig.things(quirks=Quirks(errors_as_200=True))
    response = client.query("thing__gc", ["Name1", "Name"])
    assert response.status_code == 200
    assert response.json()["errorDesc"].startswith(
        'Column t1.Name1 is either deleted or not exists Query :SELECT "t1"."Name1" AS "Name1"'
    )


def test_a_high_limit_may_be_capped_instead(rig: Rig) -> None:
    rows = ({"Gsid": f"{n}"} for n in range(5001))
    _, client = rig.filled(rows, quirks=Quirks(query_caps_limit=True))
    assert len(client.records("thing__gc", ["Gsid"], limit=9000)) == 5000


@pytest.mark.parametrize(
    ("name", "code"), [("nope", "P_5005"), ("billing_secret__gc", "GSOBJ_1008")]
)
def test_what_cannot_be_read_is_refused(rig: Rig, name: str, code: str) -> None:
    _, client = rig.demo()
    assert client.query(name, ["Gsid"]).json()["errorCode"] == code


def test_pages_may_be_shorter_than_asked_for(rig: Rig) -> None:
    rows = ({"Gsid": f"{n}"} for n in range(9))
    _, client = rig.filled(rows, quirks=Quirks(query_page_records=4))
    pages = [client.records("thing__gc", ["Gsid"], limit=6, offset=offset) for offset in (0, 4, 8)]
    assert [len(page) for page in pages] == [4, 4, 1]
