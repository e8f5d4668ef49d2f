"""A piece of a CSV file is split into the cells that the csv module reads."""

from __future__ import annotations

import csv
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_gainsight.records.csv_cells import split
from tests.tap.generated import CELLS, DIALECTS, Dialect, file_of


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)
    ),
    DIALECTS,
)
@example([["\r", "\n"], ["\n", "\r"]], Dialect(all_quoted=False))
@example([['"', "b"], [",", '","']], Dialect())
@example([['"\x1f', "b"], ["c", "d"]], Dialect())
def test_what_is_split_is_what_csv_reads(rows: list[list[str]], form: Dialect) -> None:
    text = file_of(rows, form).read().decode("utf-8-sig")
    check_split(text, len(rows[0]))


@settings(max_examples=500, deadline=None)
@given(st.text('",\r\na\x1f', max_size=24), st.integers(1, 3))
@example('"a"a","b"\n', 2)
@example('"a"","b"\n""","b"\n', 2)
def test_what_is_split_of_any_text_is_what_csv_reads(text: str, width: int) -> None:
    check_split(text, width)


def check_split(text: str, width: int) -> None:
    columns = split(text, width) if text else None
    if columns is None:
        return
    read = [row or [""] for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
    assert [*map(list, zip(*columns, strict=True))] == read
