"""What of a page's rows matters is noted by whole columns as it would be row by row."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_gainsight.extract.tracker import Tracker

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
