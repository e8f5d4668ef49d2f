"""Cells of any kind, tables of them, and the files that they may come in."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from gainsight_api.objects.datatypes import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

BOM = "\ufeff"
AWKWARD = [
    "",
    " ",
    "  two blanks at both ends  ",
    "null",
    "NULL",
    "NA",
    "N/A",
    "None",
    "nan",
    "007",
    "-0",
    "1e5",
    "true",
    "a\0b",
    "\r",
    "\n",
    "\r\n",
    "line\r\nline\nline\rline",
    '"',
    '""',
    '"quoted"',
    'in "the" middle',
    ",",
    ",,",
    f"{BOM}mark",
    f"mark{BOM}",
    "'",
    "\\",
    '\\"',
    ";",
    "\t",
    "=1+1",
    "שלום עולם",
    "\u202eright to left",
    "👩\u200d👩\u200d👧",
    "\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029",
    'a "\x1f" b',
    "Gsid",
    "name 0",
    "\ufffd\uffff\U0010ffff",
]
CELLS = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text('",\r\n \0', max_size=6),
)


@dataclass(frozen=True)
class Dialect:
    """One of the forms that a CSV file may have."""

    all_quoted: bool = True
    line_end: str = "\n"
    bom: bool = False
    ends: bool = True
    header: str = "as asked"


DIALECTS = st.builds(
    Dialect,
    all_quoted=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    ends=st.booleans(),
    header=st.sampled_from(["none", "as asked", "upper", "lower", "padded", "turned"]),
)


def cell_text(cell: str, *, all_quoted: bool) -> str:
    """A cell by RFC 4180: quotes where they must be, or everywhere."""
    if all_quoted or any(sign in cell for sign in '",\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def file_of(rows: Sequence[Sequence[str]], form: Dialect | None = None) -> io.BytesIO:
    form = form or Dialect()
    lines = [",".join(cell_text(cell, all_quoted=form.all_quoted) for cell in row) for row in rows]
    text = form.line_end.join(lines) + (form.line_end if form.ends and lines else "")
    return io.BytesIO(((BOM if form.bom else "") + text).encode())


NUMBERS = st.one_of(
    st.sampled_from(["0", "-0", "007", "+5", ".5", "5.", "1e5", "-1.5E+30", "0.000", "1e999"]),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.integers().map(str),
)
ZONES = ["Z", "+00:00", "+0000", ""]
WHOLE_SECONDS = st.builds(
    "{}{}".format,
    st.builds(
        lambda time, between: time.isoformat(between, "seconds"),
        st.datetimes(),
        st.sampled_from("T "),
    ),
    st.sampled_from(ZONES),
)
TIMES = st.one_of(
    WHOLE_SECONDS,
    st.datetimes().map(lambda time: time.isoformat(timespec="milliseconds") + "Z"),
    st.datetimes().map(lambda time: time.isoformat(" ", "milliseconds")),
    st.builds(
        "{}{}".format,
        st.datetimes().map(lambda time: time.isoformat()),
        st.sampled_from(ZONES),
    ),
    st.datetimes().map(lambda time: f"{time:%Y-%m-%d %H:%M:%S}.0".rjust(21, "0")),
    st.integers(10**10, 10**13 - 1).map(str),
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
