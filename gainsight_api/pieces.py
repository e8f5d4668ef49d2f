"""Cut much into pieces of a size, such as the records of a call."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


def pieces(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut items into lists of `size`, of which the last may be shorter; none is empty.

    An iterator is only read as far as the pieces are taken.

    Args:
        items: What is cut.
        size: The items of a piece; at least 1.
    """
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
