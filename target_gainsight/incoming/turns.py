"""Put records in turns, so that no two of a turn have keys that differ in case alone.

Gainsight does not say whether texts of key fields match in upper and lower case alike. Where they
do, two such keys are one record's, and what they say is to be done in the order received.
"""

from __future__ import annotations

from itertools import compress, islice
from operator import eq, ne
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def turns(indexes: Sequence[int], keys: Sequence[int], folded: Sequence[int]) -> dict[int, int]:
    """The turns of records that do not belong in turn 0, as nearly all do, by their index.

    Args:
        indexes: The records.
        keys: The hash of each one's key.
        folded: The hash of the key without regard to case.
    """
    if _count(keys) == _count(folded):
        return {}
    found: dict[int, int] = {}
    last: dict[int, tuple[int, int]] = {}
    for index, key, alike in sorted(zip(indexes, keys, folded, strict=True)):
        before, turn = last.get(alike, (key, 0))
        turn += key != before
        last[alike] = key, turn
        if turn:
            found[index] = turn
    return found


def repeated_in(hashes: Iterable[int]) -> set[int]:
    """Those that come more than once."""
    ordered = sorted(hashes)
    return {*compress(ordered, map(eq, ordered, islice(ordered, 1, None)))}


def _count(hashes: Iterable[int]) -> int:
    """How many different ones there are; a set would take more memory."""
    ordered = sorted(hashes)
    changes: int = sum(map(ne, ordered, islice(ordered, 1, None)))
    return 1 + changes
