"""Pieces of a size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.pieces import pieces


@given(st.lists(st.integers()), st.integers(1, 10))
def test_pieces_hold_all_items_in_order_and_only_the_last_is_shorter(
    items: list[int], size: int
) -> None:
    cut = list(pieces(items, size))
    assert [item for piece in cut for item in piece] == items
    assert all(len(piece) == size for piece in cut[:-1])
    assert all(cut)


def test_an_iterator_is_read_no_further_than_the_pieces_are_taken() -> None:
    items = iter(range(10))
    assert next(pieces(items, 3)) == [0, 1, 2]
    assert next(items) == 3
