"""Whole blocks are written as the SDK writes record by record, byte for byte."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from singer_sdk.exceptions import MapExpressionError
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.json import serialize_json

from gainsight_api.datatypes import READERS, Kind, json_decoder, json_schema
from gainsight_api.errors import DataError
from gainsight_sandbox import ManualClock, Sandbox
from tap_gainsight.block_stream import BlockStream
from tap_gainsight.extract.tracker import Tracker
from tap_gainsight.records.block import Block, Column
from tap_gainsight.records.columns import read_column
from tap_gainsight.records.csv_cells import split
from tap_gainsight.records.decode import Decoder
from tap_gainsight.records.lines import mapped_lines
from tap_gainsight.tap import TapGainsight
from tests.tap.support import make_tap, select_only, tenant_of, things
from tests.tap.test_pages import CELLS, DIALECTS, Dialect, file_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


NAME = 'odd %s" é.__gc'
NUMBERS = st.one_of(
    st.sampled_from(["0", "-0", "007", "+5", ".5", "5.", "1e5", "-1.5E+30", "0.000", "1e999"]),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.integers().map(str),
)
TIMES = st.one_of(
    st.datetimes().map(lambda time: time.isoformat(timespec="milliseconds") + "Z"),
    st.datetimes().map(lambda time: time.isoformat(" ", "milliseconds")),
    st.sampled_from(["2024-02-29T00:00:00.000Z", "2000-02-29T23:59:59.999Z", "1656000000000"]),
)
DAYS = st.one_of(st.dates().map(str), st.sampled_from(["2024-02-29", "1656000000000"]), TIMES)
BOOLEANS = st.sampled_from(["true", "false", "TRUE", "False", "1", "0"])
VALUES = {
    Kind.NUMBER: NUMBERS,
    Kind.BOOLEAN: BOOLEANS,
    Kind.DATE: DAYS,
    Kind.DATETIME: TIMES,
    Kind.TEXT: CELLS,
}
NOT_QUITE = [
    "2023-02-29",
    "0000-01-01",
    "2024-02-30",
    "1900-02-29T00:00:00.000Z",
    "2024-04-31T00:00:00.000Z",
    "0000-01-01T00:00:00.000Z",
    "2024-01-01T24:00:00.000Z",
    "2024-01-01T00:00:60.000Z",
    "1,2",
    "NaN",
    "1 ",
    "1\n",
    "٣",
    "1e99999999999999999999",
    "-",
    "yes",
    ",",
]
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: "__" not in name and name.strip() == name
)


@st.composite
def columns(draw: st.DrawFn) -> list[tuple[str, Kind, bool]]:
    """Names, kinds, and whether they are selected; the first one is the key."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique_by=str.casefold))
    kinds = [Kind.TEXT, *(draw(st.sampled_from(Kind)) for _ in names[1:])]
    return [(name, kind, draw(st.booleans())) for name, kind in zip(names, kinds, strict=True)]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[tuple[str, Kind, bool]], list[list[str]]]:
    """Columns, and rows of cells, most of which read as their kind."""
    chosen = draw(columns())
    odd = st.one_of(st.just(""), st.just("null"), st.sampled_from(NOT_QUITE))
    cells = [
        st.one_of(VALUES[kind], VALUES[kind], VALUES[kind], st.just(""), odd)
        if draw(st.integers(0, 9)) == 0
        else st.one_of(VALUES[kind], st.just(""))
        for _, kind, _ in chosen
    ]
    rows = draw(st.lists(st.tuples(*cells).map(list), max_size=6))
    return chosen, [[row[0] or "key", *row[1:]] for row in rows]


def tap_of(chosen: Sequence[tuple[str, Kind, bool]], **settings: Any) -> TapGainsight:
    """A tap of one stream, which needs no tenant."""
    key = chosen[0][0]
    schema = {name: json_schema(kind, nullable=name != key) for name, kind, _ in chosen}
    selected = [
        {"breadcrumb": ["properties", name], "metadata": {"selected": wanted}}
        for name, _, wanted in chosen
    ]
    entry = {
        "tap_stream_id": NAME,
        "stream": NAME,
        "key_properties": [key],
        "schema": {"type": "object", "properties": schema},
        "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}, *selected],
    }
    config = {"domain": "acme", "access_key": "k", "quota_store": "memory", **settings}
    return TapGainsight(config=config, catalog={"streams": [entry]})


def printed(tap: TapGainsight, *, whole_blocks: bool) -> tuple[str, str]:
    """What a sync prints, but for the time, and how its error reads."""
    out, error = io.StringIO(), ""
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        if not whole_blocks:
            patch.setattr(BlockStream, "_needs_records", lambda _: True)
        try:
            tap.sync_all()
        except (DataError, ArithmeticError, MapExpressionError) as exc:
            error = repr(exc)
    return re.sub(r'(?<="time_extracted":)"[0-9T:.+-]*"', "-", out.getvalue()), error


def both_ways(
    patch: pytest.MonkeyPatch, make: Callable[[], TapGainsight], blocks: Any
) -> list[tuple[str, str]]:
    results = []
    for whole_blocks in (True, False):
        tap = make()
        patch.setattr(type(tap.streams[NAME]), "blocks", blocks)
        results.append(printed(tap, whole_blocks=whole_blocks))
    return results


@settings(max_examples=200, deadline=None)
@given(tables(), DIALECTS, st.sampled_from([None, "null", "NaN"]))
def test_a_chunk_is_written_as_the_sdk_writes_it(
    table: tuple[list[tuple[str, Kind, bool]], list[list[str]]], form: Dialect, null: str | None
) -> None:
    chosen, rows = table
    header = [name for name, _, _ in chosen]
    turned = form.header == "turned"
    written = [row[::-1] for row in (header, *rows)] if turned else [header, *rows]
    if form.header == "none":
        written = written[1:]

    def blocks(stream: Any) -> Iterator[Block]:
        yield from stream._decoder(stream._columns()).from_csv(file_of(asked, form))

    keep = [wanted or n == 0 for n, (_, _, wanted) in enumerate(chosen)]
    keep = keep[::-1] if turned else keep
    asked = [[c for c, k in zip(row, keep, strict=True) if k] for row in written]
    with pytest.MonkeyPatch.context() as patch:
        fast, slow = both_ways(patch, lambda: tap_of(chosen, csv_null=null), blocks)
    assert fast == slow
    assert fast[0].count('"RECORD"') == len(rows) or fast[1]


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
    )
    | st.sampled_from(["", "1.50", "true", "2024-02-29", "é\u2028"])
    | CELLS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=3,
)


@settings(max_examples=200, deadline=None)
@given(columns(), st.data())
def test_a_querys_page_is_written_as_the_sdk_writes_it(
    chosen: list[tuple[str, Kind, bool]], data: st.DataObject
) -> None:
    reply = [
        {
            name: "key" if n == 0 else data.draw(st.one_of(VALUES[kind], JSON))
            for n, (name, kind, _) in enumerate(chosen)
            if n == 0 or data.draw(st.booleans())
        }
        for _ in range(data.draw(st.integers(0, 4)))
    ]
    page = json_decoder().decode(json.dumps(reply))

    def blocks(stream: Any) -> Iterator[Block]:
        yield from stream._decoder(stream._columns()).from_query(page)

    with pytest.MonkeyPatch.context() as patch:
        fast, slow = both_ways(patch, lambda: tap_of(chosen), blocks)
    assert fast == slow


@pytest.mark.parametrize("method", ["query", "bulk"])
def test_messages_states_and_bookmarks_are_the_same_either_way(method: str) -> None:
    def output(*, whole_blocks: bool) -> str:
        rows = {"awkward__gc": 300, "company": 60}
        with Sandbox(clock=ManualClock(), rows=rows, chunk_rows=70) as sandbox:
            tap = make_tap(sandbox, extract_method=method, page_rows=50)
            text, error = printed(select_only(tap, *rows), whole_blocks=whole_blocks)
        assert not error
        # Each tenant has an address and job ids of its own.
        return re.sub(r"127.0.0.1:[0-9]+|[0-9a-f-]{36}", "-", text)

    fast, slow = output(whole_blocks=True), output(whole_blocks=False)
    assert fast == slow
    assert fast.count('"RECORD"') == 360


def test_the_sdks_way_is_left_only_where_it_means_the_same() -> None:
    chosen = [("id", Kind.TEXT, True)]
    assert not needs(tap_of(chosen))
    for attribute, value in [("ABORT_AT_RECORD_COUNT", 1), ("_stream_version", 1)]:
        tap = tap_of(chosen)
        setattr(tap.streams[NAME], attribute, value)
        assert needs(tap)


def needs(tap: TapGainsight) -> bool:
    stream = tap.streams[NAME]
    assert isinstance(stream, BlockStream)
    return stream._needs_records()


MAPS: list[dict[str, Any]] = [
    {},
    {"flattening_enabled": True, "flattening_max_depth": 2},
    {"flattening_enabled": True, "flattening_max_depth": 1, "flattening_max_key_length": 6},
    {"stream_maps": {"thing__gc": {"Twice": "Size__gc * 2", "Size__gc": "str(Size__gc)"}}},
    {"stream_maps": {"thing__gc": {"Name": "__NULL__", "__alias__": "other"}}},
    {"stream_maps": {"thing__gc": {"__filter__": "Size__gc > 1", "Name": "Name.upper()"}}},
    {"stream_maps": {"thing__gc": {"Gsid": "Gsid", "__else__": None, "é": "Size__gc / 3"}}},
    {"stream_maps": {"thing__gc": None}},
    {"stream_maps": {"copy": {"__source__": "thing__gc", "Name": "md5(Name)"}}},
    {"stream_maps": {"thing__gc": {"Fails": "1 / (Size__gc - 3)"}}},
    {
        "stream_maps": {
            "thing__gc": {"__filter__": "Size__gc != 2", "Twice": "Size__gc * 2"},
            "copy": {"__source__": "thing__gc", "__filter__": "1 / (Size__gc - 5) > 0"},
            "other": {"__source__": "thing__gc", "Gsid": "Gsid", "__else__": None},
        }
    },
    {
        "flattening_enabled": True,
        "flattening_max_depth": 2,
        "stream_maps": {"thing__gc": {"All": "record", "List": "[Size__gc]"}},
    },
]


@pytest.mark.parametrize("options", MAPS)
def test_maps_and_flattening_give_the_same_either_way(options: dict[str, Any]) -> None:
    def output(*, whole_blocks: bool) -> tuple[str, str]:
        with tenant_of(things(7, undated=[2])) as sandbox:
            tap = select_only(make_tap(sandbox, **options), "thing__gc")
            return printed(tap, whole_blocks=whole_blocks)

    fast, slow = output(whole_blocks=True), output(whole_blocks=False)
    assert fast == slow
    assert fast[0].count('"RECORD"') or "None" in str(options)


class WithoutNulls(SameRecordTransform):
    """A map whose results have not all the same properties."""

    def transform(self, record: dict[str, Any]) -> dict[str, Any] | None:
        kept = {name: value for name, value in record.items() if value not in {None, "key"}}
        return {**kept, "Whole": record} if kept else None


@settings(max_examples=100, deadline=None)
@given(tables())
def test_results_may_differ_in_their_properties(
    table: tuple[list[tuple[str, Kind, bool]], list[list[str]]],
) -> None:
    chosen, rows = table
    columns = tuple(Column(name, name, kind) for name, kind, _ in chosen)
    now, stream_map = datetime.now(UTC), WithoutNulls("an alias", {}, (), None)
    with contextlib.suppress(DataError):
        for block in Decoder("a_stream", columns).from_csv(file_of(rows)):
            expected = [
                serialize_json({"type": "RECORD", "stream": "an alias", "record": result})
                for record in block.records()
                if (result := stream_map.transform(record)) is not None
            ]
            lines = "".join(mapped_lines(block, [stream_map], now)).splitlines()
            tail = f',"time_extracted":"{now.isoformat()}"}}'
            assert [line.removesuffix(tail) + "}" for line in lines] == expected


MAPPED: list[dict[str, str | None]] = [
    {"New": "str(_)"},
    {"__filter__": "md5(str(_)) > '8'"},
    {"__filter__": "md5(str(_)) > '8'", "New": "record"},
    {"__else__": None, "__key_properties__": None, "New": "float('1.50')"},
    {"New": "1 / int(md5(str(_)) > '4')"},
]


@settings(max_examples=150, deadline=None)
@given(tables(), st.lists(st.sampled_from(MAPPED), min_size=1, max_size=3), st.booleans())
def test_any_records_are_mapped_as_the_sdk_maps_them(
    table: tuple[list[tuple[str, Kind, bool]], list[list[str]]],
    maps: list[dict[str, str | None]],
    change: bool,  # noqa: FBT001
) -> None:
    every, rows = table
    chosen = [(name, kind, True) for name, kind, _ in every]
    named = {chosen[-1][0]: "self if md5(str(_)) > '8' else None"} if change else {}
    sources = [NAME, "second", "third"]
    stream_maps = {
        alias: {**each, **named, **({} if alias == NAME else {"__source__": NAME})}
        for alias, each in zip(sources, maps, strict=False)
    }

    def blocks(stream: Any) -> Iterator[Block]:
        yield from stream._decoder(stream._columns()).from_csv(file_of(rows))

    with pytest.MonkeyPatch.context() as patch:
        fast, slow = both_ways(patch, lambda: tap_of(chosen, stream_maps=stream_maps), blocks)
    assert fast == slow


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)
    ),
    DIALECTS,
)
@example([["\r", "\n"], ["\n", "\r"]], Dialect(all_quoted=False))
@example([['"', "b"], [",", '","']], Dialect())
def test_what_is_split_is_what_csv_reads(rows: list[list[str]], form: Dialect) -> None:
    text = file_of(rows, form).read().decode("utf-8-sig")
    check_split(text, len(rows[0]))


@settings(max_examples=500, deadline=None)
@given(st.text('",\r\na', max_size=24), st.integers(1, 3))
def test_what_is_split_of_any_text_is_what_csv_reads(text: str, width: int) -> None:
    check_split(text, width)


def check_split(text: str, width: int) -> None:
    columns = split(text, width) if text else None
    if columns is None:
        return
    read = [row or [""] for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
    assert [*map(list, zip(*columns, strict=True))] == read


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_column_is_read_as_each_of_its_values(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(Kind))
    any_value = st.one_of(VALUES[kind], st.just(""), st.sampled_from(NOT_QUITE), CELLS)
    cells = data.draw(st.lists(data.draw(st.sampled_from([VALUES[kind], any_value])), max_size=4))
    try:
        expected = [READERS[kind](cell) if cell else None for cell in cells]
    except ValueError:
        expected = None
    if expected is None:
        with contextlib.suppress(ValueError):
            pytest.fail(f"read as {read_column(kind, cells)}")
        return
    assert list(read_column(kind, cells)) == [as_written(value) for value in expected]


@pytest.mark.parametrize("cell", NOT_QUITE)
@pytest.mark.parametrize("kind", Kind)
def test_what_is_not_quite_a_value_is_judged_by_its_reader(kind: Kind, cell: str) -> None:
    try:
        expected = [as_written(READERS[kind](cell))]
    except ValueError:
        expected = []
    with contextlib.nullcontext() if expected else pytest.raises(ValueError):  # noqa: PT011
        assert list(read_column(kind, [cell])) == expected


def as_written(value: Any) -> str:
    """A value's JSON without its quotes; a null is empty."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


SECONDS = st.sampled_from(
    ["", *(f"2024-01-01T00:00:{n:02}.{m}00Z" for n in range(3) for m in "07")]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(SECONDS, max_size=8), max_size=3), st.booleans())
def test_a_block_is_noted_as_each_of_its_rows(pages: list[list[str]], sort: bool) -> None:  # noqa: FBT001
    at_once, one_by_one = Tracker(), Tracker()
    number = 0
    for values in [sorted(page) for page in pages] if sort else pages:
        keys = [f"k{number + n}" for n in range(len(values))]
        number += len(values)
        at_once.see_all(values, keys)
        for value, key in zip(values, keys, strict=True):
            one_by_one.see_all([value], [key])
    assert at_once == one_by_one
