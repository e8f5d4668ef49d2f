"""A column that is read at once is read as each of its cells alone would be."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gainsight_api.objects.canonical import canonical
from gainsight_api.objects.datatypes import READERS, Kind

YEARS = st.sampled_from(["0000", "0001", "0004", "1900", "2000", "2023", "2024", "2100", "9999"])
DAYS = st.builds("{}-{:02}-{:02}".format, YEARS, st.integers(0, 13), st.integers(0, 32))
ZONES = st.sampled_from(["Z", "", "z", "+00:00", "+0000", "+00", "-00:00", "+05:30", " Z"])
FRACTIONS = st.sampled_from(["", ".", ".0", ".12", ".123", ".1234", ".123456789", ".1234567890"])
TIMES = st.builds(
    "{}{}{:02}:{:02}:{:02}{}{}".format,
    DAYS,
    st.sampled_from(["T", " ", "t"]),
    st.integers(0, 25),
    st.integers(0, 61),
    st.integers(0, 61),
    FRACTIONS,
    ZONES,
)
EPOCHS = st.integers(-(10**14), 10**14).map(str) | st.sampled_from(["0", "-0", "00000000000"])
ODD = st.sampled_from(["", ",", " ", "\n", "x", "1,2", "٣", "2024-01-01,2024-01-02"])
CELLS = {
    Kind.NUMBER: st.from_regex(r"\A-?[0-9]{0,3}\.?[0-9]{0,2}([eE][0-9]+)?\Z") | ODD,
    Kind.BOOLEAN: st.sampled_from(["true", "false", "True", "1", ""]) | ODD,
    Kind.DATE: DAYS | TIMES | EPOCHS | ODD,
    Kind.DATETIME: DAYS | TIMES | EPOCHS | ODD,
}


def as_read(kind: Kind, cell: str) -> str | None:
    """What a cell's reader makes of it, as a text; None if it does not read."""
    try:
        value = READERS[kind](cell) if cell else ""
    except ValueError:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


@settings(max_examples=500)
@given(st.sampled_from(list(CELLS)).flatmap(lambda k: st.tuples(st.just(k), st.lists(CELLS[k]))))
@example((Kind.DATE, ["1900-02-29"]))
@example((Kind.DATE, ["2000-02-29", "2024-02-29", ""]))
@example((Kind.DATE, ["2023-02-29"]))
@example((Kind.NUMBER, ["1e5"]))
@example((Kind.NUMBER, ["1,2"]))
@example((Kind.NUMBER, ["007"]))
def test_a_column_is_canonical_only_if_each_cell_reads_to_that(
    column: tuple[Kind, list[str]],
) -> None:
    kind, cells = column
    found = canonical(kind, cells)
    if found is not None:
        assert list(found) == [as_read(kind, cell) for cell in cells]


@pytest.mark.parametrize("kind", [Kind.DATE, Kind.DATETIME])
@given(cell=DAYS | TIMES | EPOCHS | ODD)
def test_a_moment_alone_is_read_as_its_reader_does(kind: Kind, cell: str) -> None:
    found = canonical(kind, [cell])
    assert found is None or list(found) == [as_read(kind, cell)]


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
    assert canonical(kind, cells) is cells


MOMENTS = {
    "2022-06-23T09:37:02Z": "2022-06-23T09:37:02.000Z",
    "2022-06-23T09:37:02": "2022-06-23T09:37:02.000Z",
    "2022-06-23T09:37:02.5Z": "2022-06-23T09:37:02.500Z",
    "2022-06-23T09:37:02.123456Z": "2022-06-23T09:37:02.123Z",
    "2022-06-23T09:37:02.123456789+00:00": "2022-06-23T09:37:02.123Z",
    "2022-06-23T09:37:02+00:00": "2022-06-23T09:37:02.000Z",
    "2022-06-23T09:37:02+0000": "2022-06-23T09:37:02.000Z",
    "2022-06-23T09:37:02.000+0000": "2022-06-23T09:37:02.000Z",
    "2022-06-23 09:37:02.0": "2022-06-23T09:37:02.000Z",
    "2022-06-23 09:37:02": "2022-06-23T09:37:02.000Z",
    "1655977022007": "2022-06-23T09:37:02.007Z",
    "10000000000": "1970-04-26T17:46:40.000Z",
    "-1655977022007": "1917-07-11T14:22:57.993Z",
    "": "",
}


def test_the_documented_forms_of_a_moment_are_read_as_whole_columns() -> None:
    moments = list(MOMENTS.values())
    assert canonical(Kind.DATETIME, list(MOMENTS)) == moments
    assert canonical(Kind.DATE, list(MOMENTS)) == [moment[:10] for moment in moments]
    assert canonical(Kind.DATE, ["2022-06-23", *MOMENTS]) == ["2022-06-23"] + [
        moment[:10] for moment in moments
    ]


@pytest.mark.parametrize("kind", [Kind.DATE, Kind.DATETIME])
@pytest.mark.parametrize(
    "cell",
    [
        "2023-02-29T09:37:02Z",
        "2022-06-23T24:00:00Z",
        "2022-06-23T09:37:60Z",
        "2022-06-23T09:37:02z",
        "2022-06-23T09:37:02+01:00",
        "2022-06-23T09:37:02-00:00",
        "2022-06-23T09:37Z",
        "2022-06-23 09:37:02 Z",
        "2022-06-23T09:37:02,5Z",
        "2022-06-23T09:37:02.Z",
        "2022-06-23T09:37:02.1234567890Z",
        "1655977022",
        "16559770220071",
        "20220623",
        "٢٠٢٢-06-23T09:37:02Z",
    ],
)
def test_what_is_in_no_documented_form_is_left_to_its_reader(kind: Kind, cell: str) -> None:
    assert canonical(kind, ["2022-06-23T09:37:02Z", cell]) is None
