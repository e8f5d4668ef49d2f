"""What is said of a column at once is true of each of its cells."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gainsight_api.canonical import is_canonical
from gainsight_api.datatypes import READERS, Kind

YEARS = st.sampled_from(["0000", "0001", "0004", "1900", "2000", "2023", "2024", "2100", "9999"])
DAYS = st.builds("{}-{:02}-{:02}".format, YEARS, st.integers(0, 13), st.integers(0, 32))
ZONES = st.sampled_from(["Z", "", "z", "+00:00"])
TIMES = st.builds(
    "{}T{:02}:{:02}:{:02}.{}{}".format,
    DAYS,
    st.integers(0, 25),
    st.integers(0, 61),
    st.integers(0, 61),
    st.sampled_from(["000", "12", "1234"]),
    ZONES,
)
ODD = st.sampled_from(["", ",", " ", "\n", "x", "1,2", "٣", "2024-01-01,2024-01-02"])
CELLS = {
    Kind.NUMBER: st.from_regex(r"\A-?[0-9]{0,3}\.?[0-9]{0,2}([eE][0-9]+)?\Z") | ODD,
    Kind.BOOLEAN: st.sampled_from(["true", "false", "True", "1", ""]) | ODD,
    Kind.DATE: DAYS | ODD,
    Kind.DATETIME: TIMES | ODD,
}


def reads_as_it_is(kind: Kind, cell: str) -> bool:
    """Whether a cell is read to just what it says."""
    try:
        value = READERS[kind](cell)
    except ValueError:
        return False
    return (str(value).lower() if isinstance(value, bool) else str(value)) == cell


@given(st.sampled_from(list(CELLS)).flatmap(lambda k: st.tuples(st.just(k), st.lists(CELLS[k]))))
@example((Kind.DATE, ["1900-02-29"]))
@example((Kind.DATE, ["2000-02-29", "2024-02-29", ""]))
@example((Kind.DATE, ["2023-02-29"]))
@example((Kind.NUMBER, ["1e5"]))
@example((Kind.NUMBER, ["1,2"]))
@example((Kind.NUMBER, ["007"]))
def test_a_column_is_canonical_only_if_each_cell_reads_as_it_is(
    column: tuple[Kind, list[str]],
) -> None:
    kind, cells = column
    if is_canonical(kind, cells):
        assert all(cell == "" or reads_as_it_is(kind, cell) for cell in cells)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (Kind.NUMBER, ["0", "-1.50", "", "123456789012345678901234567890.12"]),
        (Kind.BOOLEAN, ["true", "", "false"]),
        (Kind.DATE, ["2024-02-29", "0001-01-01", "9999-12-31", ""]),
        (Kind.DATETIME, ["2024-02-29T23:59:59.999Z", ""]),
        (Kind.TEXT, ["anything, at all"]),
    ],
)
def test_what_is_written_properly_is_canonical(kind: Kind, cells: list[str]) -> None:
    assert is_canonical(kind, cells)
