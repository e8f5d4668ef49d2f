"""Find the records of a batch that are marked as deleted, and what they may be about."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from target_gainsight.incoming.batch import DELETED_AT
from target_gainsight.rows.keys import GSID

if TYPE_CHECKING:
    from target_gainsight.rows.blocks import Block


class Tombstones:
    """Finds the records to delete, and those that have the Gsid of one of them."""

    def __init__(self) -> None:
        self._dead: dict[int, int | None] = {}  # those to delete, by their index; and their Gsids
        self._indexes, self._gsids = array("Q"), array("q")  # of all records; Gsids by their hashes

    def look_at(self, block: Block) -> None:
        """Note the records of a block."""
        deleted = deleted_in(block)
        self._dead.update((index, None) for n in deleted for index in block.sources[n])
        for n, gsid in enumerate(block.column(GSID)) if GSID in block.fields else ():
            (index,) = block.sources[n]
            if isinstance(gsid, str) and n in deleted:
                self._dead[index] = hash(gsid)
            elif isinstance(gsid, str):
                self._indexes.append(index)
                self._gsids.append(hash(gsid))

    def found(self) -> set[int]:
        """The indexes of the records to delete, and of those that have the Gsid of one."""
        gsids = set(self._dead.values())
        pairs = zip(self._indexes, self._gsids, strict=True)
        return self._dead.keys() | {index for index, gsid in pairs if gsid in gsids}

    def put_in_turn(self, turns: dict[int, int]) -> None:
        """Put those that name a Gsid alone in the turn of the last record before that named it."""
        last: dict[int, int] = {}
        pairs = zip(self._indexes, self._gsids, strict=True)
        events = sorted([*pairs, *((n, gsid) for n, gsid in self._dead.items() if gsid)])
        for index, gsid in events:
            turn = max(turns.get(index, 0), last.get(gsid, 0))
            last[gsid] = turn
            if turn and index in self._dead:
                turns[index] = turn


def deleted_in(block: Block) -> set[int]:
    """Which of a block's records are marked as deleted."""
    marks = block.column(DELETED_AT) if DELETED_AT in block.fields else ()
    return {n for n, mark in enumerate(marks) if mark}
