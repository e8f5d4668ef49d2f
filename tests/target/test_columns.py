"""The path by columns and blocks: the same, byte for byte, as value by value and line by line."""

from __future__ import annotations

import csv
import io
import json
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from singer_sdk.singerlib.exceptions import InvalidInputLine

from gainsight_api.metadata import Field, GainsightObject, Option
from target_gainsight.bulk.csv_file import CsvWriter
from target_gainsight.incoming import merge as merging
from target_gainsight.incoming.batch import Batch
from target_gainsight.incoming.reader import MessageReader
from target_gainsight.route import Operation, route, settings_for
from target_gainsight.rows.blocks import Row, in_blocks
from target_gainsight.rows.mapping import Misfit, RecordMap
from tests.target.test_batches import OPTIONS, batch_of, planner

if TYPE_CHECKING:
    from collections.abc import Callable

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
    "DATETIME": st.datetimes().map(
        lambda at: json.dumps(at.isoformat(timespec="milliseconds") + "Z")
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
    options = {
        **OPTIONS,
        "operation": draw(st.sampled_from([each.value for each in Operation])),
        "keys": draw(st.sampled_from([["A"], ["A", "B"]])),
        "fields": draw(st.sampled_from([None, {"x": "B"}, {"B": "C", "C": "B"}])),
        "null_handling": draw(st.sampled_from(["send", "omit"])),
    }
    way = route(
        "thing",
        (),
        settings_for("thing", options),
        GainsightObject("thing", "Thing", fields),
        connector=False,
    )
    unknown = draw(st.sampled_from(["y", "", "é", 'q"', "b\\", "n\n"]))
    return RecordMap(way, lambda _: PICKLIST), {**types, "x": "STRING", unknown: "NUMBER"}


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
    batch = Batch()
    batch.extend(texts, range(1, len(texts) + 1))
    return mapping, batch


@given(batches())
def test_columns_are_sent_as_single_records_are(given: tuple[RecordMap, Batch]) -> None:
    mapping, batch = given
    expected: dict[int, object] = {}
    for place in range(len(batch)):
        try:
            expected[place] = mapping.fitted(batch.record(place))
        except Misfit as exc:
            expected[place] = exc.problems
    found: dict[int, object] = {}
    for block in chain.from_iterable(batch.records(range(len(batch)))):
        blocks, rejections = mapping.fit(block)
        found |= {place: row.values for block in blocks for row in block for place in row.sources}
        found |= {place: each.problems for each in rejections for place in each.sources}
    assert found == expected
    assert [repr(found[place]) for place in expected] == [repr(each) for each in expected.values()]


WIRES = st.none() | st.booleans() | st.text(st.sampled_from("a ,\"\n\r\té;\x00'"), min_size=1)


@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[WIRES] * n), max_size=8)))
@example([(None,)])
def test_files_are_what_the_csv_module_writes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]
) -> None:
    columns = NAMES[: len(rows[0]) if rows else 1]
    writer = CsvWriter(tmp_path_factory.mktemp("csv"), "x", columns, 10**6)
    for block in in_blocks(Row(dict(zip(columns, row, strict=True)), [0]) for row in rows):
        writer.add(block)
    text = io.StringIO(newline="")
    expected = csv.writer(text, lineterminator="\r\n")
    expected.writerow(columns)
    cells = {None: "", True: "true", False: "false"}
    expected.writerows([cells.get(value, value) for value in row] for row in rows)
    assert [file.path.read_bytes() for file in writer.finish()] == (
        [text.getvalue().encode()] if rows else []
    )


class Trickle(io.BytesIO):
    """An input of which every read gives as much as it likes."""

    sizes: Callable[[], int]

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(min(self.sizes(), size or 0))


MESSAGES = st.lists(
    st.sampled_from(
        [
            '{"type":"RECORD","stream":"a","record":{"N":1.50,"T":"é"}}',
            '{"type": "RECORD", "stream": "a", "record": {}}',
            '{"type":"RECORD","stream":"b","record":{"N":"x"}}',
            '{"type":"RECORD","stream":"a","record":{"N":NaN}}',
            '{"type":"STATE","value":{"at":1.0}}',
            '{"type":"SCHEMA","stream":"a","schema":{},"key_properties":[]}',
        ]
    ),
    max_size=12,
)


def read(source: Any) -> list[Any]:
    """What a target is told of an input, record by record."""
    told: list[Any] = []

    def tell(message: dict[str, Any]) -> None:
        records = message.pop("records", [None])
        told.extend((message, record) for record in records)

    MessageReader().process_lines(source, dict.fromkeys(("RECORD", "STATE", "SCHEMA"), tell))
    return told


@given(MESSAGES, st.sampled_from(["", "\n"]), st.data())
def test_the_input_is_the_same_however_it_arrives(
    messages: list[str], end: str, data: st.DataObject
) -> None:
    text = "\n".join(messages) + (end if messages else "")
    source = Trickle(text.encode())
    source.sizes = lambda: data.draw(st.integers(1, 200))
    assert read(source) == read(io.StringIO(text))


RECORD = '{"type":"RECORD","stream":"a","record":{}}'


@pytest.mark.parametrize(
    ("lines", "bad"),
    [
        (f"{RECORD}\n\n{RECORD}\n", 2),
        (f"{RECORD}\n{RECORD}{RECORD}\n", 2),
        ('{"type":"STATE",\n"value":{}}\n', 1),
        (f"{RECORD}\nx", 2),
        (f"{RECORD}\n{RECORD.replace('{}', '[]')}\n", 2),
    ],
)
def test_a_line_that_is_no_message_is_named(lines: str, bad: int) -> None:
    with pytest.raises(InvalidInputLine, match=f"Line {bad} of the input is "):
        read(io.BytesIO(lines.encode()))


def test_keys_of_the_same_hash_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "hash", lambda _: 7, raising=False)
    batch = batch_of([{"Name": name, "A": name} for name in "xyxz"])
    [work] = planner(Operation.UPSERT).works(batch, range(4))
    assert sorted((row.values["Name"], tuple(row.sources)) for row in work.rows) == [
        ("x", (0, 2)),
        ("y", (1,)),
        ("z", (3,)),
    ]
