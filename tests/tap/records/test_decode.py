"""From what the API sends to records: chunks of CSV, and replies to queries."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gainsight_api.errors import DataError
from gainsight_api.objects.datatypes import Kind, json_decoder
from tap_gainsight.records.block import Block, Column
from tap_gainsight.records.decode import Decoder
from tests.tap.generated import BOM, CELLS, DIALECTS, Dialect, file_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BARE = Dialect(all_quoted=False)
SECRET = "s3cret-välue"


def text_columns(count: int) -> tuple[Column, ...]:
    return tuple(Column(f"Name {n}", f"Name {n}", Kind.TEXT) for n in range(count))


def decoder(*columns: Column, csv_null: str | None = None) -> Decoder:
    return Decoder("a_stream", columns, csv_null)


def read(given: Decoder, file: io.BytesIO | bytes) -> list[dict[str, Any]]:
    blocks = given.from_csv(io.BytesIO(file) if isinstance(file, bytes) else file)
    return records_of(blocks)


def records_of(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    return [record for block in blocks for record in block.records()]


def by_either_way(given: Decoder, way: str, rows: list[list[str]]) -> list[dict[str, Any]]:
    if way == "csv":
        return read(given, file_of(rows))
    names = [column.path for column in given.columns]
    return records_of(given.from_query([dict(zip(names, row, strict=True)) for row in rows]))


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    return draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6))


@settings(max_examples=300, deadline=None)
@given(tables(), DIALECTS, st.sampled_from([None, "null", "\\N", " "]))
@example([["\ufeff"]], Dialect(bom=True), None)
@example([["a"], [""], ["b"]], Dialect(all_quoted=False, line_end="\r\n", header="none"), None)
@example([[""]], BARE, None)
def test_any_cells_in_any_legal_csv_come_back_as_they_were_written(
    rows: list[list[str]], form: Dialect, csv_null: str | None
) -> None:
    columns = text_columns(len(rows[0]) if rows else 1)
    order = list(range(len(columns)))
    if form.header == "turned":
        order.reverse()
    written = [[row[n] for n in order] for row in rows]
    names = [columns[n].path for n in order]
    match form.header:
        case "none":
            first = [cell.strip().casefold() for cell in written[0]] if written else []
            assume(sorted(first) != sorted(name.casefold() for name in names))
            # Without quotes a mark at the very start is the file's, not the cell's.
            assume(form.bom or form.all_quoted or not first or not written[0][0].startswith(BOM))
        case "upper":
            names = [name.upper() for name in names]
        case "lower":
            names = [name.lower() for name in names]
        case "padded":
            names = [f" {name} " for name in names]
    # A line that is the header once more is never a record.
    assume(names not in written)
    if form.header != "none":
        written = [names, *written]
    # A last row of one bare, empty cell is there by its line's end alone.
    assume(form.ends or form.all_quoted or not written or written[-1] != [""])
    nulls = {"", csv_null}
    assert read(decoder(*columns, csv_null=csv_null), file_of(written, form)) == [
        {
            column.name: None if cell in nulls else cell
            for column, cell in zip(columns, row, strict=True)
        }
        for row in rows
    ]


@pytest.mark.parametrize("content", [b"", BOM.encode(), b'"A","B"\n', b"a,b\r\n", b"B,A"])
def test_a_chunk_of_no_rows_gives_none(content: bytes) -> None:
    columns = [Column(name, name, Kind.TEXT) for name in "AB"]
    assert read(decoder(*columns), content) == []


@pytest.mark.parametrize("cut", [1, 2])
def test_a_chunk_of_a_byte_order_mark_that_is_cut_is_not_one_of_no_rows(cut: int) -> None:
    columns = [Column(name, name, Kind.TEXT) for name in "AB"]
    with pytest.raises(DataError, match="a chunk is not UTF-8"):
        read(decoder(*columns), BOM.encode()[:cut])


@pytest.mark.parametrize("way", ["csv", "query"])
@settings(max_examples=200)
@given(cells=st.lists(st.text("ab;\n", max_size=6), min_size=1, max_size=4))
@example(cells=["a;", "b"])
@example(cells=["a;;b", "a;"])
@example(cells=["a;\nb", ";a"])
@example(cells=[";"])
def test_multi_selects_lose_items_that_are_empty_at_the_end_or_between(
    way: str, cells: list[str]
) -> None:
    columns = (Column("Id", "Id", Kind.TEXT), Column("Some", "Some", Kind.TEXT, multiple=True))
    rows = [[str(number), cell] for number, cell in enumerate(cells)]
    expected = [
        ";".join(filter(None, cell.split(";"))) if cell.endswith(";") or ";;" in cell else cell
        for cell in cells
    ]
    found = by_either_way(decoder(*columns), way, rows)
    assert [record["Some"] for record in found] == [cell or None for cell in expected]


def test_only_the_exact_text_of_csv_null_is_null() -> None:
    given = decoder(*text_columns(1), csv_null="NULL")
    rows = [["NULL"], ["null"], [" NULL"], ["NULL "], [""], ["'NULL'"]]
    values = [record["Name 0"] for record in read(given, file_of(rows))]
    assert values == [None, "null", " NULL", "NULL ", None, "'NULL'"]


def test_csv_null_is_null_for_every_kind_of_value() -> None:
    columns = [Column(kind.name, kind.name, kind) for kind in Kind]
    rows = [[r"\N"] * len(columns), [""] * len(columns)]
    records = read(decoder(*columns, csv_null=r"\N"), file_of(rows))
    assert records == [{kind.name: None for kind in Kind}] * 2


def test_a_lookup_path_is_read_under_its_propertys_name() -> None:
    column = Column("Csm__gr.Name", "Csm__gr__Name", Kind.TEXT)
    file = file_of([["CSM__GR.NAME"], ["Latisha"]])
    assert read(decoder(column), file) == [{"Csm__gr__Name": "Latisha"}]


def test_columns_that_differ_in_case_alone_are_told_by_their_place() -> None:
    columns = [
        Column("Name", "Name", Kind.TEXT),
        Column("NAME", "NAME", Kind.TEXT),
    ]
    file = file_of([["Name", "NAME"], ["a", "b"]])
    assert read(decoder(*columns), file) == [{"Name": "a", "NAME": "b"}]


def test_a_cell_may_be_a_megabyte_long() -> None:
    long = 'é",\r\n' * 200_000
    records = read(decoder(*text_columns(2)), file_of([[long, "b"]]))
    assert records == [{"Name 0": long, "Name 1": "b"}]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'"a","b"\n"SECRET"\n', ("row 2", "1 cells", "2 fields")),
        (b'"a","b"\n"SECRET","b","c"\n', ("row 2", "3 cells", "2 fields")),
        (b'"Name 0","Name 1"\n"SECRET"\n', ("row 1", "1 cells")),
        (b'"a","b"\n"SECRET"x,"b"\n', ("near line 2",)),
        (b'"a","b"\n"SECRET","b', ("near line 2",)),
        (b'"a","b"\n"SECRET \xff","b"\n', ("not UTF-8",)),
        ('"a","b"\n"SECRET","b"\n'.encode("utf-16"), ("not UTF-8",)),
    ],
)
def test_a_chunk_that_is_broken_is_an_error_that_tells_the_place_and_no_value(
    content: bytes, told: tuple[str, ...]
) -> None:
    with pytest.raises(DataError) as caught:
        read(decoder(*text_columns(2)), content)
    assert "stream a_stream" in str(caught.value)
    assert all(text in str(caught.value) for text in told)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.TEXT])
@pytest.mark.parametrize("way", ["csv", "query"])
def test_a_value_that_does_not_read_is_an_error_that_tells_all_but_the_value(
    kind: Kind, way: str
) -> None:
    given = decoder(
        Column("Gsid", "Gsid", Kind.TEXT),
        Column("Odd.Path", "Odd__Path", kind),
    )
    with pytest.raises(DataError) as caught:
        by_either_way(given, way, [["1", ""], ["2", SECRET]])
    text = str(caught.value)
    assert "stream a_stream, field Odd.Path: row 2 " in text
    assert f"not a {kind.value}" in text
    assert SECRET not in text
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("way", ["csv", "query"])
def test_a_key_that_is_null_is_an_error(way: str) -> None:
    given = decoder(
        Column("Name", "Name", Kind.TEXT),
        Column("Gsid", "Gsid", Kind.TEXT, required=True),
    )
    with pytest.raises(DataError, match="stream a_stream: row 2 has no Gsid, its key"):
        by_either_way(given, way, [["a", "1"], [SECRET, ""]])


def test_the_rows_before_a_broken_one_are_given() -> None:
    blocks = decoder(*text_columns(1)).from_csv(file_of([["a"], ["b"], ["c", "d"]]))
    records: list[dict[str, Any]] = []
    with pytest.raises(DataError):
        records.extend(record for block in blocks for record in block.records())
    assert records == [{"Name 0": "a"}, {"Name 0": "b"}]


def test_a_chunks_file_stays_open_for_whoever_made_it() -> None:
    file = file_of([["a"], ["b"]])
    read(decoder(*text_columns(1)), file)
    assert not file.closed


MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the zone is given
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=None).map(lambda n: f"{n:f}")


def epoch(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def spaced(moment: datetime) -> str:
    """As java.sql.Timestamp prints it: `2022-06-23 09:37:02.0`."""
    fraction = f"{moment.microsecond // 1000:03}".rstrip("0") or "0"
    return moment.replace(tzinfo=None, microsecond=0).isoformat(" ") + f".{fraction}"


def offset(moment: datetime) -> str:
    return iso(moment).replace("Z", "+0000")


MOMENT_FORMS: list[Callable[[datetime], str | int]] = [iso, spaced, epoch, offset]


def from_json(given: Decoder, value: Any) -> Any:
    """What a query's reply with that value, over the wire, makes of it."""
    reply = json_decoder().decode(msgspec.json.encode([{"X": value}]))
    return records_of(given.from_query(reply))[0]["X"]


def from_cell(given: Decoder, cell: str) -> Any:
    return read(given, file_of([[cell]]))[0]["X"]


def is_a_time(value: object) -> bool:
    """Whether a cell of that value is one: numbers of few or many digits may be anything."""
    return not isinstance(value, int) or value == 0 or 11 <= len(str(abs(value))) <= 13


@settings(max_examples=100, deadline=None)
@given(MOMENTS)
def test_a_date_time_is_the_same_from_a_cell_and_from_a_query_in_every_form(
    moment: datetime,
) -> None:
    given = decoder(Column("X", "X", Kind.DATETIME))
    expected = iso(moment)
    assert len(expected) == len("2022-06-23T09:37:02.000Z")
    for form in MOMENT_FORMS:
        if is_a_time(form(moment)):
            assert from_cell(given, str(form(moment))) == expected
        assert from_json(given, form(moment)) == expected


@settings(max_examples=100, deadline=None)
@given(DAYS)
def test_a_date_is_the_same_from_a_cell_and_from_a_query_in_every_form(day: date) -> None:
    given = decoder(Column("X", "X", Kind.DATE))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for form in (iso, spaced, epoch, lambda moment: moment.date().isoformat()):
        if is_a_time(form(midnight)):
            assert from_cell(given, str(form(midnight))) == day.isoformat()
        assert from_json(given, form(midnight)) == day.isoformat()


@settings(max_examples=100, deadline=None)
@given(NUMBERS)
@example("0.000000000")
@example("12345678901234567890123456789.123456789")
@example("9007199254740993")
@example("-0")
@example("200.00000")
def test_a_number_keeps_its_digits_from_a_cell_and_from_a_query(digits: str) -> None:
    given = decoder(Column("X", "X", Kind.NUMBER))
    cell, value = from_cell(given, digits), from_json(given, msgspec.Raw(digits.encode()))
    assert cell == value == from_json(given, digits)
    assert str(cell) == digits
    assert isinstance(cell, Decimal)
    if "." in digits:
        assert str(value) == digits


@pytest.mark.parametrize(
    ("kind", "cells", "values", "expected"),
    [
        (Kind.BOOLEAN, ["true", "TRUE", "True", "1"], [True, 1, "true", "TRUE"], True),
        (Kind.BOOLEAN, ["false", "FALSE", "0"], [False, 0, "false", "0"], False),
        (Kind.TEXT, ["1I00A;1I00B"], ["1I00A;1I00B"], "1I00A;1I00B"),
        (Kind.TEXT, ['["a",2.50]'], [["a", msgspec.Raw(b"2.50")]], '["a",2.50]'),
        (Kind.TEXT, ["007"], ["007"], "007"),
        (Kind.TEXT, ["12.50"], [msgspec.Raw(b"12.50"), "12.50"], "12.50"),
        (Kind.TEXT, [" y "], [" y "], " y "),
        (Kind.TEXT, ['{"a":1.50}'], [{"a": msgspec.Raw(b"1.50")}], '{"a":1.50}'),
        *((kind, [""], [None, "", []], None) for kind in Kind),
    ],
)
def test_a_value_is_the_same_from_a_cell_and_from_a_query(
    kind: Kind, cells: list[str], values: list[Any], expected: Any
) -> None:
    given = decoder(Column("X", "X", kind))
    results = [from_cell(given, cell) for cell in cells] + [from_json(given, v) for v in values]
    assert results == [expected] * len(results)
    assert {type(result) for result in results} == {type(expected)}


@pytest.mark.parametrize("items", [["1I00A"], ["1I00A", "1I00B"]])
def test_a_multi_select_is_the_same_from_a_cell_and_from_a_query(items: list[str]) -> None:
    given = decoder(Column("X", "X", Kind.TEXT, multiple=True))
    text = ";".join(items)
    assert {from_cell(given, text), from_json(given, text), from_json(given, items)} == {text}


def test_a_value_that_is_nested_too_deep_is_an_error_with_its_field() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(DataError, match="field X: a value is nested too deep"):
        list(decoder(Column("X", "X", Kind.TEXT)).from_query([{"X": deep}]))


def test_a_query_may_spell_names_in_another_case_and_leave_fields_out() -> None:
    given = decoder(
        Column("Gsid", "Gsid", Kind.TEXT, required=True),
        Column("Csm__gr.Name", "Csm__gr__Name", Kind.TEXT),
        Column("Arr", "Arr", Kind.NUMBER),
    )
    rows: list[dict[str, Any]] = [
        {"Gsid": "1", "csm__gr.name": "Latisha", "Arr": 1},
        {"GSID": "2", "CSM__GR.NAME": "Mathew"},
        {"Gsid": "3", "Csm__gr.Name": None, "Unasked": SECRET},
    ]
    assert records_of(given.from_query(rows)) == [
        {"Gsid": "1", "Csm__gr__Name": "Latisha", "Arr": Decimal(1)},
        {"Gsid": "2", "Csm__gr__Name": "Mathew", "Arr": None},
        {"Gsid": "3", "Csm__gr__Name": None, "Arr": None},
    ]


def test_a_reply_of_what_is_no_record_is_an_error() -> None:
    reply: Any = [{"Name 0": "a"}, SECRET]
    with pytest.raises(DataError, match="stream a_stream: row 2") as caught:
        list(decoder(*text_columns(1)).from_query(reply))
    assert SECRET not in str(caught.value)


# What is no table.


def test_a_line_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_gainsight.records.csv_cells.MOST_CHARACTERS", 1 << 20)
    for begin in (b"", b'"Name 0","Name 1"\n"a","', b"Name 0,Name 1\na,", b'"a","b"\n' * 9_000):
        with pytest.raises(DataError, match=r"a_stream: a chunk has a line of more than 1,048,576"):
            read(decoder(*text_columns(2)), begin + b"x" * (1 << 21))


def test_rows_of_which_some_cells_are_quoted_are_read_in_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tap_gainsight.records.csv_cells._LONGEST_PIECE", 1 << 10)
    rows = b"".join(b'"%d\nand %d",bare %d\n' % (n, n, n) for n in range(20_000))
    read_back = read(decoder(*text_columns(2)), rows)
    assert read_back == [{"Name 0": f"{n}\nand {n}", "Name 1": f"bare {n}"} for n in range(20_000)]
