"""Whole columns are converted to what value by value gives."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.objects.datatypes import Kind
from gainsight_api.objects.metadata import Field, Option
from target_gainsight.incoming.batch import Batch
from target_gainsight.incoming.storage import Storage
from target_gainsight.loading.route import Operation
from target_gainsight.rows import columns
from target_gainsight.rows.columns import convert_column
from target_gainsight.rows.mapping import RecordConversionError, RecordMap
from target_gainsight.rows.values import CONVERTERS, Digits
from tests.target.support import route_of

PICKLIST = (
    Option("id-red", "Red", active=True),
    Option("id-blue", "Blue", active=True),
    Option("id-odd", "A;B", active=True),
)


TYPES = ["STRING", "NUMBER", "CURRENCY", "BOOLEAN", "DATE", "DATETIME", "PICKLIST", "LOOKUP"]


NAMES = ["A", "B", "C", "D", "E"]


PLAIN: dict[str, st.SearchStrategy[str]] = {
    "STRING": st.text(st.characters(exclude_categories=["Cs"]), max_size=4).map(json.dumps),
    "NUMBER": st.from_regex(
        r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,8})?([eE]-?[0-9]{1,2})?", fullmatch=True
    ),
    "BOOLEAN": st.sampled_from(["true", "false"]),
    "DATE": st.dates().map(lambda day: json.dumps(day.isoformat())),
    "DATETIME": st.one_of(
        st.datetimes().map(lambda at: json.dumps(at.isoformat(timespec="milliseconds") + "Z")),
        st.datetimes().map(lambda at: json.dumps(at.isoformat() + "+00:00")),
        st.datetimes().map(lambda at: json.dumps(at.isoformat(" ", "seconds"))),
        st.integers(-(10**13), 10**13).map(str),
    ),
    "PICKLIST": st.sampled_from(['"id-red"', '"Blue"', '"A;B"']),
}


ODD = st.sampled_from(
    [
        "null",
        '""',
        '" "',
        "0",
        "1",
        "-0",
        "1.50",
        "1e400",
        "1e99999999999999999999",
        "123456789012345678901234567890",
        '"1"',
        '" 007 "',
        '"TRUE"',
        '"2023-02-29"',
        '"2024-02-29"',
        '"2024-02-29T23:59:59.999Z"',
        '"2024-02-29 23:59:59+05:30"',
        '"0000-01-01"',
        "1700000000000",
        '["Red","Blue"]',
        '{"a":[1.0,null]}',
        '"none of them"',
    ]
)


@st.composite
def mappings(draw: st.DrawFn) -> tuple[RecordMap, dict[str, str]]:
    """A stream's way into an object of some fields, and the properties that it sends."""
    types = draw(st.fixed_dictionaries({name: st.sampled_from(TYPES) for name in NAMES}))
    fields = {
        name: Field(name, name, data_type, createable=draw(st.booleans()) or name == "A")
        for name, data_type in types.items()
    }
    route = route_of(
        {**fields, "Gsid": Field("Gsid", "Gsid", "GSID", createable=False)},
        operation=draw(st.sampled_from([each.value for each in Operation])),
        keys=draw(st.sampled_from([["A"], ["A", "B"]])),
        fields=draw(st.sampled_from([None, {"x": "B"}, {"B": "C", "C": "B"}])),
        null_handling=draw(st.sampled_from(["send", "omit"])),
    )
    unknown = draw(st.sampled_from(["y", "", "é", 'q"', "b\\", "n\n"]))
    return RecordMap(route, lambda _: PICKLIST), {**types, "x": "STRING", unknown: "NUMBER"}


@st.composite
def batches(draw: st.DrawFn) -> tuple[RecordMap, Batch]:
    """Records for a mapping: most with the same properties, and with values of their types."""
    mapping, types = draw(mappings())
    oddness = draw(st.sampled_from([0, 1, 5]))
    texts = []
    for _ in range(draw(st.integers(1, 12))):
        pairs = []
        for name, data_type in types.items():
            chance = draw(st.integers(0, 9))
            if chance < oddness - 2:
                continue
            plain = PLAIN.get(data_type, PLAIN["STRING"])
            value = draw(ODD if chance < oddness else st.just("null") | plain)
            pairs.append(f"{json.dumps(name)}:{value}")
        texts.append(f"{{{','.join(pairs)}}}".encode())
    batch = Batch(Storage())
    batch.extend(texts, range(1, len(texts) + 1))
    return mapping, batch


@given(batches())
def test_columns_are_sent_as_single_records_are(given: tuple[RecordMap, Batch]) -> None:
    mapping, batch = given
    expected: dict[int, object] = {}
    for place in range(len(batch)):
        try:
            expected[place] = mapping.convert(batch.record(place))
        except RecordConversionError as exc:
            expected[place] = exc.problems
    found: dict[int, object] = {}
    for block in chain.from_iterable(batch.records(range(len(batch)))):
        blocks, rejections = mapping.convert_block(block)
        found |= {place: row.values for block in blocks for row in block for place in row.sources}
        found |= {place: each.problems for each in rejections for place in each.sources}
    assert found == expected
    assert [repr(found[place]) for place in expected] == [repr(each) for each in expected.values()]


def test_a_day_that_is_known_again_is_a_day_of_date_fields_alone() -> None:
    day, at = "2024-02-29", "2024-02-29T00:00:00.000Z"
    given: list[list[Any]] = [
        ["2024-02-28", day],
        [day, None, day],
        [at, day],
        ["", day],
        [day, "2024-02-30"],
    ]
    for kind, expected in ((Kind.DATE, day), (Kind.DATETIME, at), (Kind.DATE, day)):
        convert = CONVERTERS[kind]
        for column in given:
            sent, faulty = convert_column(column, kind, convert)
            assert sent[column.index(day)] == expected
            assert [n for n, value in enumerate(sent) if value is None] == [
                n for n, value in enumerate(column) if value in {None, "", "2024-02-30"}
            ]
            assert list(faulty) == [n for n, value in enumerate(column) if value == "2024-02-30"]


def test_days_that_are_known_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    known: set[object] = {None}
    monkeypatch.setattr(columns, "_known_days", known)
    monkeypatch.setattr(columns, "_MOST_DAYS", 10)
    for month in range(1, 13):
        days = [f"2024-{month:02}-{day:02}" for day in range(1, 9)]
        assert convert_column(days, Kind.DATE, str) == (days, ())
        assert len(known) <= 10 + len(days) + 1
        assert None in known


@pytest.mark.parametrize(
    ("numbers", "sent"),
    [
        ("[1,2.50,null,-0,-0.0]", ["1", "2.50", None, "0", "-0.0"]),
        ("[1,1e3]", ["1", "1000"]),
        ("[1,1.5E2,null]", ["1", "150", None]),
        ('[1," 007"]', ["1", "7"]),
    ],
)
def test_numbers_are_written_with_their_digits(numbers: str, sent: list[str | None]) -> None:
    values = msgspec.json.Decoder(float_hook=Digits).decode(numbers)
    found, faulty = convert_column(values, Kind.NUMBER, CONVERTERS[Kind.NUMBER])
    assert [*found] == sent
    assert not faulty
