"""The small pure parts: values, CSV, row numbers, matching."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.datatypes import Kind, Number
from gainsight_api.imports import RowError
from gainsight_api.metadata import Field, GainsightObject, Option
from target_gainsight.bulk.csv_file import CsvWriter
from target_gainsight.bulk.row_numbers import base_by_keys, base_by_messages, possible_bases
from target_gainsight.rows.blocks import Row, in_blocks
from target_gainsight.rows.keys import comparable
from target_gainsight.rows.values import ConversionError, as_json, converter
from target_gainsight.search.matching import Matcher

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
        ("BOOLEAN", None, None),
        ("DATE", "2024-02-03", "2024-02-03"),
        ("DATE", "2024-02-03T23:00:00-05:00", "2024-02-03"),
        ("DATETIME", "2024-02-03T23:00:00-05:00", "2024-02-04T04:00:00.000Z"),
        ("DATETIME", "2024-02-03", "2024-02-03T00:00:00.000Z"),
        ("DATETIME", 1521743018667, "2018-03-22T18:23:38.667Z"),
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
        ("DATE", "2024-02-30", "INVALID_DATE"),
        ("DATE", True, "INVALID_DATE"),
        ("DATETIME", "soon", "INVALID_DATETIME"),
        ("PICKLIST", "Old", "INVALID_PICKLIST"),
        ("PICKLIST", "id-old", "INVALID_PICKLIST"),
        ("PICKLIST", "Twin", "AMBIGUOUS_PICKLIST"),
        ("MULTISELECTDROPDOWNLIST", "Red;Green", "INVALID_PICKLIST"),
    ],
)
def test_values_that_cannot_be_converted_say_why_without_the_value(
    data_type: str, value: Any, code: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        converted(data_type, value)
    assert caught.value.code == code
    assert str(value) not in str(caught.value)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_no_number_changes_its_value(number: Decimal) -> None:
    literal = json.dumps(str(number)).strip('"')
    sent = converted("NUMBER", Number(literal))
    assert Decimal(sent) == number
    assert "E" not in sent


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_json_text_reads_back(value: Any) -> None:
    assert json.loads(as_json(value)) == value


@pytest.mark.parametrize(
    ("kind", "sent", "read"),
    [
        (Kind.NUMBER, "200", Number("200.00000")),
        (Kind.DATE, "2024-02-03", 1706918400000),
        (Kind.DATETIME, "2024-02-03T00:00:00.000Z", "2024-02-03T00:00:00Z"),
        (Kind.BOOLEAN, True, "true"),
        (Kind.TEXT, "a;b", ["a", "b"]),
        (Kind.TEXT, None, ""),
    ],
)
def test_a_sent_value_equals_the_one_that_is_read_back(kind: Kind, sent: Any, read: Any) -> None:
    assert comparable(kind, sent) == comparable(kind, read)


CELLS = st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20), st.integers(10, 200))
def test_csv_files_read_back_and_keep_to_their_size(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[Any, Any]], most: int
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    writer = CsvWriter(folder, "x", ("A", "B"), most)
    for block in in_blocks(Row({"A": a, "B": b}, [i]) for i, (a, b) in enumerate(cells)):
        writer.add(block)
    read: list[list[str]] = []
    sources: list[int] = []
    for file in writer.finish():
        content = file.path.read_bytes()
        assert len(content) <= most or len(file.sources) == 1
        lines = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
        assert lines[0] == ["A", "B"]
        read += lines[1:]
        indexes = range(len(file.sources))
        sources += [source for index in indexes for source in file.sources[index]]
        rows = file.rows(indexes)
        assert [list(row.values()) for row in rows.values()] == [
            [cell or None for cell in line] for line in lines[1:]
        ]
    expected = [
        ["" if c is None else str(c).lower() if isinstance(c, bool) else c for c in pair]
        for pair in cells
    ]
    assert read == expected
    assert sources == list(range(len(cells)))


@given(st.sets(st.integers(0, 19), min_size=1), st.sampled_from([0, 1, 2]))
def test_the_true_base_is_always_possible(failed: set[int], base: int) -> None:
    numbers = [index + base for index in failed]
    assert base in possible_bases(numbers, 20)
    assert possible_bases(numbers, 20, (base,)) == [base]


@given(st.sets(st.integers(0, 19), min_size=1), st.sampled_from([0, 1, 2]))
def test_keys_tell_the_base_or_nothing(failed: set[int], base: int) -> None:
    numbers = [index + base for index in failed]
    bases = possible_bases(numbers, 20)
    found = base_by_keys(numbers, bases, lambda indexes: set(indexes) - failed)
    assert found == base


def test_messages_that_quote_values_tell_the_base() -> None:
    rows = {
        index: {"Name": f"name {index}", "A": None if index == 3 else "x"} for index in range(6)
    }
    quoting = [RowError(4, "Invalid value (Name = name 3).", "Name")]
    assert base_by_messages(quoting, [0, 1, 2], rows) == 1
    empty = [RowError(5, "Required value is missing", "A")]
    assert base_by_messages(empty, [0, 1, 2], rows) == 2
    silent = [RowError(4, "Something is wrong", "Name")]
    assert base_by_messages(silent, [0, 1, 2], rows) is None


def test_rows_are_matched_by_key_whatever_their_order_and_form() -> None:
    matcher = Matcher(
        GainsightObject(
            "o", "O", {"Name": Field("Name", "", "STRING"), "N": Field("N", "", "NUMBER")}
        )
    )
    rows = [Row({"Name": name, "N": "5"}, []) for name in ("a", "B ", "c", "c")]
    records: list[dict[str, Any]] = [
        {"Name": "c", "N": Number("5.00")},
        {"Name": "b"},
        {"Name": "a"},
    ]
    assert matcher.matched_in_reply(rows, records, ("Name",)) == {0, 1, 2}
    assert matcher.matched_in_reply(rows, records, ()) == {2}
    assert matcher.by_all_values(rows, records) == {2}
    assert matcher.by_key(rows, records, ("Name",)) == {0, 1, 2, 3}
