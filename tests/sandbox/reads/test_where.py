from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import ListOperators, NotNull, Quirks, Sandbox
from tests.sandbox.client import THING, UNLIMITED, Client, clock, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Rig

ROWS: list[dict[str, Any]] = [
    {
        "Gsid": "a",
        "Name": "Gainsight, Inc.",
        "Size__gc": Decimal(9007199254740993),
        "Price__gc": Decimal("10.5"),
        "Good__gc": True,
        "Day__gc": date(2022, 6, 23),
        "Color__gc": "1I00RED",
        "Colors__gc": ["1I00RED", "1I00BLUE"],
        "ModifiedDate": datetime(2022, 6, 23, 9, 37, 2, 500000, UTC),
    },
    {
        "Gsid": "b",
        "Name": "100% _wild_",
        "Size__gc": Decimal(9007199254740992),
        "Price__gc": Decimal(9),
        "Good__gc": False,
        "Day__gc": date(1969, 12, 31),
        "Color__gc": "1I00BLUE",
        "Colors__gc": ["1I00BLUE"],
        "ModifiedDate": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    },
    {"Gsid": "c"},
]


@pytest.fixture(scope="module")
def things() -> Iterator[Client]:
    with Sandbox(demo=False, clock=clock(), limits=UNLIMITED) as sandbox, Client(sandbox) as client:
        sandbox.tenant.add_object(THING, ROWS)
        yield client


def found(client: Client, clause: dict[str, Any]) -> str:
    rows = client.export("thing__gc", ["Gsid"], where=clause)
    return "".join(sorted(row[0] for row in rows))


@pytest.mark.parametrize(
    ("name", "operator", "value", "expected"),
    [
        ("Name", "EQ", ["Gainsight, Inc."], "a"),
        ("Name", "NE", ["Gainsight, Inc."], "b"),
        ("Name", "CONTAINS", ["%"], "b"),
        ("Name", "DOES_NOT_CONTAINS", ["_"], "a"),
        ("Name", "STARTS_WITH", ["Gain"], "a"),
        ("Name", "STARTS_WITH", ["ain"], ""),
        ("Name", "ENDS_WITH", ["_wild_"], "b"),
        ("Name", "ENDS_WITH", ["a longer text than any"], ""),
        ("Name", "LT", ["G"], "b"),
        ("Name", "IS_NULL", [], "c"),
        ("Name", "IS_NOT_NUL", [], "ab"),
        ("Name", "IS_NOT_NULL", [], "ab"),
        ("Gsid", "GT", ["a"], "bc"),
        ("Gsid", "LTE", ["b"], "ab"),
        ("Size__gc", "EQ", ["9007199254740993"], "a"),
        ("Size__gc", "EQ", [9007199254740993], "a"),
        ("Size__gc", "GT", ["9007199254740992.5"], "a"),
        ("Size__gc", "IN", ["9007199254740992.000", 1], "b"),
        ("Size__gc", "NOT_IN", ["9007199254740992"], "a"),
        ("Price__gc", "LT", ["10"], "b"),
        ("Price__gc", "GTE", ["10.50"], "a"),
        ("Good__gc", "EQ", [True], "a"),
        ("Good__gc", "NE", ["true"], "b"),
        ("Day__gc", "EQ", ["2022-06-23"], "a"),
        ("Day__gc", "BTW", ["1960-01-01", "1970-01-01"], "b"),
        ("Day__gc", "GTE", [1655942400000], "a"),
        ("Color__gc", "EQ", ["1I00RED"], "a"),
        ("Color__gc", "INCLUDES", ["1I00RED", "1I00BLUE"], "ab"),
        ("Color__gc", "EXCLUDES", ["1I00RED"], "b"),
        ("Colors__gc", "INCLUDES", ["1I00RED"], "a"),
        ("Colors__gc", "IN", ["1I00RED", "1I00BLUE"], "ab"),
        ("Colors__gc", "EXCLUDES", ["1I00RED"], "b"),
        ("Colors__gc", "INCLUDES", ["1I00"], ""),
        ("ModifiedDate", "GTE", ["2022-06-23T09:37:02.500Z"], "a"),
        ("ModifiedDate", "GT", ["2022-06-23T09:37:02.500Z"], ""),
        ("ModifiedDate", "EQ", ["2022-06-23T11:37:02.5+02:00"], "a"),
        ("ModifiedDate", "LT", ["1970-01-01 00:00:00"], "b"),
        ("ModifiedDate", "LTE", ["1969-12-31 23:59:59.0"], "b"),
        ("ModifiedDate", "BTW", [-2000, 0], "b"),
        ("ModifiedDate", "IS_NULL", [], "c"),
    ],
)
def test_operators_mean_what_the_article_says(
    things: Client, name: str, operator: str, value: list[object], expected: str
) -> None:
    records = things.records("thing__gc", ["Gsid"], where=where((name, operator, value)))
    assert "".join(sorted(record["Gsid"] for record in records)) == expected


@pytest.mark.parametrize(
    ("name", "operator", "value"),
    [
        ("Good__gc", "IS_NULL", []),
        ("Good__gc", "GT", [True]),
        ("Size__gc", "BTW", [1, 2]),
        ("Size__gc", "CONTAINS", ["1"]),
        ("Price__gc", "IN", [1]),
        ("Day__gc", "IN", ["2022-06-23"]),
        ("Color__gc", "ENDS_WITH", ["D"]),
        ("Color__gc", "GT", ["1"]),
        ("Colors__gc", "EQ", ["1I00RED"]),
        ("Colors__gc", "CONTAINS", ["1I00RED"]),
        ("Name", "IN", ["x"]),
        ("Name", "BTW", ["a", "b"]),
        ("Name", "LIKE", ["x"]),
        ("Name", "eq", ["x"]),
        ("Name", "EQ", []),
        ("Name", "EQ", ["x", "y"]),
        ("Name", "EQ", [1]),
        ("Name", "IS_NULL", ["x"]),
        ("Day__gc", "BTW", ["2022-06-23"]),
        ("Color__gc", "INCLUDES", []),
    ],
)
def test_operators_are_checked_by_data_type(
    things: Client, name: str, operator: str, value: list[object]
) -> None:
    response = things.query("thing__gc", ["Gsid"], where=where((name, operator, value)))
    assert response.status_code == 400


@pytest.mark.parametrize(
    "expression", ["", "A", "A AND", "A B", "(A OR B", "A OR B)", "A AND C", "A & B", "()", "AND"]
)
def test_wrong_expressions_are_refused(things: Client, expression: str) -> None:
    clause = where(("Name", "EQ", ["x"]), ("Gsid", "EQ", ["a"])) | {"expression": expression}
    assert things.query("thing__gc", ["Gsid"], where=clause).status_code == 400


@pytest.mark.parametrize(
    "clause",
    [
        [],
        {"conditions": {}, "expression": "A"},
        {"conditions": ["A"], "expression": "A"},
        {"conditions": [{"name": "Name", "alias": "A"}], "expression": "A"},
        {"conditions": [{"name": "Name", "alias": "A", "operator": "EQ", "value": "x"}]},
        {"conditions": [], "expression": "A"},
        {
            "conditions": [{"name": "Name", "alias": "A", "operator": "IS_NULL"}] * 2,
            "expression": "A",
        },
        "A",
    ],
)
def test_wrong_clauses_are_refused(things: Client, clause: object) -> None:
    response = things.query("thing__gc", ["Gsid"], where=clause)
    assert response.status_code == (200 if clause == [] else 400)


def test_the_spelling_of_operators_may_be_one_of_two(rig: Rig) -> None:
    printed = Quirks(not_null_operator=NotNull.PRINTED, list_operators=ListOperators.IN)
    _, client = rig.filled(ROWS, quirks=printed)

    def status(name: str, operator: str, *value: object) -> int:
        clause = where((name, operator, list(value)))
        return client.query("thing__gc", ["Gsid"], where=clause).status_code

    assert status("Name", "IS_NOT_NUL") == 200
    assert status("Name", "IS_NOT_NULL") == 400
    assert status("Color__gc", "NOT_IN", "x") == 200
    assert status("Color__gc", "EXCLUDES", "x") == 400


@pytest.mark.parametrize(
    ("quirks", "operator", "value", "expected"),
    [
        ({}, "CONTAINS", "GAIN", "a"),
        ({}, "DOES_NOT_CONTAINS", "GAIN", "b"),
        ({}, "STARTS_WITH", "gain", "a"),
        ({}, "ENDS_WITH", "INC.", "a"),
        ({}, "EQ", "gainsight, inc.", ""),
        ({"contains_ignores_case": False}, "CONTAINS", "GAIN", ""),
        ({"eq_ignores_case": True}, "EQ", "gainsight, inc.", "a"),
        ({"eq_ignores_case": True}, "NE", "gainsight, inc.", "b"),
        ({}, "LT", "gainsight, inc.", "ab"),
        ({"order_ignores_case": True}, "LT", "gainsight, inc.", "b"),
        ({"order_ignores_case": True}, "LTE", "gainsight, inc.", "ab"),
        ({"wide_operators": True}, "CONTAINS_CS", "GAIN", ""),
        ({"wide_operators": True}, "CONTAINS_CS", "Gain", "a"),
    ],
)
def test_upper_and_lower_case_are_equal_to_some_operators(
    rig: Rig, quirks: dict[str, Any], operator: str, value: str, expected: str
) -> None:
    _, client = rig.filled(ROWS, quirks=Quirks(**quirks))
    assert found(client, where(("Name", operator, [value]))) == expected


@pytest.mark.parametrize(
    ("name", "operator", "value", "expected"),
    [
        ("Good__gc", "IS_NULL", [], "c"),
        ("Name", "IN", ["Gainsight, Inc.", "x"], "a"),
        ("Name", "NOT_IN", ["Gainsight, Inc."], "b"),
        ("Price__gc", "BTW", [9, "10.4"], "b"),
        ("Size__gc", "BTW", [0, 9007199254740992], "b"),
    ],
)
def test_operators_of_gainsights_own_pages_are_a_quirk(
    rig: Rig, name: str, operator: str, value: list[object], expected: str
) -> None:
    clause = where((name, operator, value))
    _, client = rig.filled(ROWS, quirks=Quirks(wide_operators=True))
    assert found(client, clause) == expected
    _, strict = rig.filled(ROWS)
    assert strict.query("thing__gc", ["Gsid"], where=clause).status_code == 400


@pytest.mark.parametrize("moment", ["2024-W09-4", "2024-02-29T12", "24-02-29"])
def test_times_in_forms_of_other_programs_are_refused(things: Client, moment: str) -> None:
    clause = where(("ModifiedDate", "GT", [moment]))
    assert things.query("thing__gc", ["Gsid"], where=clause).json()["errorCode"] == "GSOBJ_1005"


def test_parentheses_may_be_unknown(rig: Rig) -> None:
    _, client = rig.filled(ROWS, quirks=Quirks(parentheses=False))
    clause = where(("Gsid", "EQ", ["a"]), ("Gsid", "EQ", ["b"]))
    assert len(client.records("thing__gc", ["Gsid"], where=clause | {"expression": "A OR B"})) == 2
    response = client.query("thing__gc", ["Gsid"], where=clause | {"expression": "(A OR B)"})
    assert response.status_code == 400


def test_times_without_an_offset_are_read_in_the_tenants_zone(rig: Rig) -> None:
    _, client = rig.filled(ROWS, quirks=Quirks(filter_zone="America/New_York"))
    clause = where(("ModifiedDate", "EQ", ["2022-06-23 05:37:02.5"]))
    assert found(client, clause) == "a"
    clause = where(("ModifiedDate", "EQ", ["2022-06-23T09:37:02.5Z"]))
    assert found(client, clause) == "a"


def test_times_may_be_compared_by_the_second(rig: Rig) -> None:
    _, client = rig.filled(ROWS, quirks=Quirks(filter_by_second=True))
    assert found(client, where(("ModifiedDate", "GT", ["2022-06-23T09:37:02.000Z"]))) == ""
    assert found(client, where(("ModifiedDate", "EQ", ["2022-06-23T09:37:02.999Z"]))) == "a"
