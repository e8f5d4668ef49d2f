"""Rows that wait to be written: beside the records that wait, and like them on disk if need be."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from target_gainsight.incoming.storage import Lines
from target_gainsight.rows.blocks import Block, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_gainsight.incoming.storage import Storage

_decode = msgspec.msgpack.Decoder(tuple[tuple[str, ...], list[list[Any]], list[list[int]]]).decode


class Spool:
    """Blocks of rows in order, which may be read any number of times.

    Args:
        storage: That of the run.
    """

    def __init__(self, storage: Storage) -> None:
        self._lines = Lines(storage)
        self._ends = array("Q", [0])

    def add(self, block: Block) -> None:
        """Add a block, if it has any rows."""
        if not len(block):
            return
        data = msgspec.msgpack.encode((block.fields, block.columns, block.sources))
        self._lines.write(data)
        self._ends.append(self._ends[-1] + len(data))

    @property
    def rows(self) -> Rows:
        """The rows."""
        return Rows(self._blocks)

    def _blocks(self) -> Iterator[Block]:
        for start, stop in pairwise(self._ends):
            yield Block(*_decode(self._lines.read(start, stop)))

    def close(self) -> None:
        """Give the memory and the file back."""
        self._lines.close()
