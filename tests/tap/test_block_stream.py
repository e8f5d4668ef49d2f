"""Whole blocks are written as the SDK writes record by record, byte for byte."""

from __future__ import annotations

import contextlib
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.exceptions import MapExpressionError

from gainsight_api.errors import DataError
from gainsight_api.objects.datatypes import Kind, json_decoder, json_schema
from gainsight_sandbox import JobSettings, ManualClock, Sandbox
from tap_gainsight.block_stream import BlockStream
from tap_gainsight.records.block import Block, Column
from tap_gainsight.tap import TapGainsight
from tests.tap.generated import CELLS, DIALECTS, VALUES, Dialect, columns, file_of, tables
from tests.tap.support import make_tap, run, select_only, tenant_of, things

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


NAME = 'odd %s" é.__gc'


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


def test_blocks_may_lose_and_gain_columns_and_none_that_is_not_selected_is_written() -> None:
    chosen = [("id", Kind.TEXT, True), ("Hidden", Kind.TEXT, False), ("Name", Kind.TEXT, True)]
    tables = [["id", "Hidden"], ["id", "Name"], ["id", "Hidden", "Name"], ["Name", "Hidden", "id"]]

    def blocks(_: Any) -> Iterator[Block]:
        for names in tables:
            columns = tuple(Column(name, name, Kind.TEXT) for name in names)
            yield Block(columns, tuple([name.lower()] for name in names), 1)

    with pytest.MonkeyPatch.context() as patch:
        fast, slow = both_ways(patch, lambda: tap_of(chosen), blocks)
    assert fast == slow
    assert fast[0].count('"RECORD"') == len(tables)
    assert "hidden" not in fast[0]


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
        with Sandbox(clock=ManualClock(), rows=rows, jobs=JobSettings(chunk_rows=70)) as sandbox:
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


def test_a_map_that_fails_ends_its_stream_with_one_line() -> None:
    maps = {"thing__gc": {"Fails": "1 / (Size__gc - 3)"}}
    with tenant_of(things(7)) as sandbox:
        tap = select_only(make_tap(sandbox, stream_maps=maps), "thing__gc")
        with pytest.raises(DataError) as caught:
            run(tap)
    assert str(caught.value) == (
        "stream thing__gc: a stream map failed on the record (DivisionByZero), at the property "
        "Fails: mend it in `stream_maps`"
    )


def test_what_a_map_makes_that_json_cannot_hold_ends_its_stream_with_one_line() -> None:
    with tenant_of(things(7)) as sandbox:
        tap = make_tap(sandbox, stream_maps={"thing__gc": {"Long": "10**5000"}})
        with pytest.raises(DataError, match="stream thing__gc: a stream map failed"):
            run(select_only(tap, "thing__gc"))


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
    last = chosen[-1][0]
    # No setting may hold NUL.
    change = change and "\0" not in last
    named = {last: "self if md5(str(_)) > '8' else None"} if change else {}
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


@pytest.mark.parametrize(
    ("maps", "idle"),
    [
        ({"thng__gc": {"Name": "Name.upper()"}}, "thng__gc"),
        ({"copy": {"__source__": "thng__gc"}, "other": None, "no*": None}, "other, thng__gc"),
        ({"copy": {"__source__": "thing__gc"}, "__else__": None}, ""),
        ({"thing*": {"__alias__": "other"}, "deleted_records": None}, ""),
        ({"t?ing__gc": {"Name": "Name.upper()"}}, ""),
    ],
)
def test_a_stream_map_of_no_stream_is_named_once(
    caplog: pytest.LogCaptureFixture, maps: dict[str, Any], idle: str
) -> None:
    with tenant_of(things(2)) as sandbox:
        run(make_tap(sandbox, stream_maps=maps))
    said = [each.getMessage() for each in caplog.records if "there is no stream" in each.msg]
    beginning = f"setting `stream_maps`: there is no stream {idle}, so"
    assert [each.startswith(beginning) for each in said] == [True] * bool(idle)
