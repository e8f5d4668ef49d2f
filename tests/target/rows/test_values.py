"""Values as they are sent."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.objects.datatypes import Number
from gainsight_api.objects.metadata import Field, Option
from target_gainsight.rows.values import ConversionError, as_json, converter

OPTIONS = (
    Option("id-red", "Red", active=True),
    Option("id-blue", "Blue", active=True),
    Option("id-old", "Old", active=False),
    Option("id-twin-1", "Twin", active=True),
    Option("id-twin-2", "Twin", active=True),
    Option("id-odd", "A;B", active=True),
)


def converted(data_type: str, value: Any) -> Any:
    return converter(Field("F", "F", data_type), OPTIONS)(value)


@pytest.mark.parametrize(
    ("data_type", "value", "sent"),
    [
        ("NUMBER", 5, "5"),
        ("NUMBER", Number("1.50"), "1.50"),
        ("NUMBER", Number("1E3"), "1000"),
        ("NUMBER", Number("-2.5e-3"), "-0.0025"),
        ("NUMBER", " 007 ", "7"),
        ("NUMBER", "", None),
        ("CURRENCY", "12345678901234567890.10", "12345678901234567890.10"),
        ("BOOLEAN", True, True),
        ("BOOLEAN", "FALSE", False),
        ("BOOLEAN", 1, True),
        ("BOOLEAN", Number("1.0"), True),
        ("BOOLEAN", Number("0.0"), False),
        ("BOOLEAN", None, None),
        ("DATE", "2024-02-03", "2024-02-03"),
        ("DATE", "2024-02-03T23:00:00-05:00", "2024-02-03"),
        ("DATETIME", "2024-02-03T23:00:00-05:00", "2024-02-04T04:00:00.000Z"),
        ("DATETIME", "2024-02-03", "2024-02-03T00:00:00.000Z"),
        ("DATETIME", 1521743018667, "2018-03-22T18:23:38.667Z"),
        ("DATETIME", Number("1521743018667.0"), "2018-03-22T18:23:38.667Z"),
        ("DATETIME", "-1521743018667", "1921-10-12T05:36:21.333Z"),
        ("DATETIME", 0, "1970-01-01T00:00:00.000Z"),
        ("DATE", "1521743018667", "2018-03-22"),
        ("DATE", Number("0.0"), "1970-01-01"),
        ("STRING", "", None),
        ("STRING", 1, "1"),
        ("STRING", Number("1.10"), "1.10"),
        ("STRING", True, "true"),
        ("STRING", [1, Number("2.50"), {"a": None}], '[1,2.50,{"a":null}]'),
        ("STRING", {"b": "ü"}, '{"b":"ü"}'),
        ("NEW_TYPE", " text ", " text "),
        ("PICKLIST", "Red", "id-red"),
        ("PICKLIST", "id-red", "id-red"),
        ("PICKLIST", None, None),
        ("MULTISELECTDROPDOWNLIST", "Red;id-blue", "id-red;id-blue"),
        ("MULTISELECTDROPDOWNLIST", ["Blue", "Red"], "id-blue;id-red"),
        ("MULTISELECTDROPDOWNLIST", "A;B", "id-odd"),
        ("MULTISELECTDROPDOWNLIST", [], None),
    ],
)
def test_values_are_converted(data_type: str, value: Any, sent: Any) -> None:
    assert converted(data_type, value) == sent
    assert type(converted(data_type, value)) is type(sent)


@pytest.mark.parametrize(
    ("data_type", "value", "code"),
    [
        ("NUMBER", "many", "INVALID_NUMBER"),
        ("NUMBER", True, "INVALID_NUMBER"),
        ("NUMBER", [1], "INVALID_NUMBER"),
        ("NUMBER", "NaN", "INVALID_NUMBER"),
        ("NUMBER", Number("1e999999"), "INVALID_NUMBER"),
        ("BOOLEAN", "perhaps", "INVALID_BOOLEAN"),
        ("BOOLEAN", 2, "INVALID_BOOLEAN"),
        ("BOOLEAN", Number("2.0"), "INVALID_BOOLEAN"),
        ("BOOLEAN", Number("0.5"), "INVALID_BOOLEAN"),
        ("DATE", "2024-02-30", "INVALID_DATE"),
        ("DATE", True, "INVALID_DATE"),
        ("DATETIME", "soon", "INVALID_DATETIME"),
        ("PICKLIST", "Twin", "AMBIGUOUS_PICKLIST"),
    ],
)
def test_values_that_cannot_be_converted_say_why_without_the_value(
    data_type: str, value: Any, code: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        converted(data_type, value)
    assert caught.value.code == code
    assert str(value) not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        *("20240105", 20240105, "210318", 2024, 1704412800, "1704412800", "+1704412800000"),
        *(Number("20240105.0"), Number("1704412800000.5"), Number("1e999999")),
        "1704412800000.0",
    ],
    ids=repr,
)
@pytest.mark.parametrize("data_type", ["DATE", "DATETIME"])
def test_digits_that_are_no_milliseconds_are_no_date(data_type: str, value: Any) -> None:
    with pytest.raises(ConversionError) as caught:
        converted(data_type, value)
    assert caught.value.code == f"INVALID_{data_type}"


@pytest.mark.parametrize(
    ("data_type", "value", "named"),
    [
        ("PICKLIST", "Old", "'Old'"),
        ("PICKLIST", "id-old", "'id-old'"),
        ("MULTISELECTDROPDOWNLIST", "Red;Green", "'Green'"),
    ],
)
def test_an_unknown_item_is_named_with_the_labels_that_there_are(
    data_type: str, value: Any, named: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        converted(data_type, value)
    assert caught.value.code == "INVALID_PICKLIST"
    assert f"{named}; it has 'Red', 'Blue', 'Twin', 'A;B'" in str(caught.value)


def test_of_many_labels_a_dozen_are_named() -> None:
    options = [Option(f"id-{n}", f"Item {n}", active=True) for n in range(30)]
    with pytest.raises(ConversionError, match="'Item 11' and 18 more"):
        converter(Field("F", "F", "PICKLIST"), options)("Other")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_no_number_changes_its_value(number: Decimal) -> None:
    literal = json.dumps(str(number)).strip('"')
    sent = converted("NUMBER", Number(literal))
    assert Decimal(sent) == number
    assert "E" not in sent


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_json_text_reads_back(value: Any) -> None:
    assert json.loads(as_json(value)) == value
