"""A column is read at once as each of its values alone would be."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gainsight_api.objects.datatypes import READERS, Kind
from tap_gainsight.records.columns import read_column
from tests.tap.generated import CELLS, NOT_QUITE, VALUES


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


MOMENT = "2024-02-29T23:59:08"
FORMS = [
    f"{MOMENT}Z",
    f"{MOMENT}+00:00",
    MOMENT,
    f"{MOMENT}.5Z",
    f"{MOMENT}.123Z",
    f"{MOMENT}.1234567+0000",
    MOMENT.replace("T", " ") + ".0",
    MOMENT.replace("T", " ") + "Z",
    "1709251148000",
    "0",
    MOMENT[:10],
    "",
]


@pytest.mark.parametrize("kind", [Kind.DATE, Kind.DATETIME])
@pytest.mark.parametrize("second", FORMS)
@pytest.mark.parametrize("first", FORMS)
def test_a_column_may_go_from_any_form_of_a_time_to_any_other(
    kind: Kind, first: str, second: str
) -> None:
    cells = [first, first, second, second, ""]
    expected = [as_written(READERS[kind](cell)) if cell else "" for cell in cells]
    assert list(read_column(kind, cells)) == expected


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
