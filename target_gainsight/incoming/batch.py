"""A batch of received records, and what can become of each one."""

from __future__ import annotations

import tempfile
import weakref
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from target_gainsight.incoming.json_lines import read_record, read_records, read_some
from target_gainsight.rows.mapping import DELETED_AT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_gainsight.problems import Problem
    from target_gainsight.rows.blocks import Block

SPOOL_BYTES = 1 << 24
_READ_ROWS = 256
_READ_BYTES = 1 << 22


class Batch:
    """Records as received, in order; a large batch is kept on disk.

    Attributes:
        numbers: Each record's number among all of the run.
        unsendable: Why records cannot be sent, by their index.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115
        self._closing = weakref.finalize(self, self._file.close)
        self._ends = array("Q")
        self.numbers = array("Q")
        self.unsendable: dict[int, tuple[Problem, ...]] = {}
        self.size = 0
        """The size of the records as JSON lines."""

    def __len__(self) -> int:
        return len(self._ends)

    def extend(
        self,
        records: Sequence[bytes],
        numbers: range,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        """Add records.

        Args:
            records: Their JSON texts.
            numbers: Their numbers among all records of the run.
            problems: Why all of them are to be rejected; none if they can be sent.
        """
        if problems:
            self.unsendable |= dict.fromkeys(range(len(self), len(self) + len(records)), problems)
        for record in records:
            self.size += len(record) + 1
            self._ends.append(self.size)
        self._file.write(b"\n".join((*records, b"")))
        self.numbers.extend(numbers)

    def raw(self, index: int) -> bytes:
        """The JSON text of one record."""
        return self._lines(range(index, index + 1))[:-1]

    def record(self, index: int) -> dict[str, Any]:
        """One record."""
        return read_record(self.raw(index))

    def records(self, indexes: range) -> Iterator[list[Block]]:
        """Read a range of records, some at a time, without the unsendable ones."""
        for part in self._slices(indexes):
            yield self._sendable(read_records(self._lines(part), part))

    def keys(self, indexes: range, names: tuple[str, ...]) -> Iterator[list[Block]]:
        """Read some properties of a range of records, and `DELETED_AT`, as `records` does."""
        for part in self._slices(indexes):
            yield self._sendable(read_some(self._lines(part), part, names, DELETED_AT))

    def _slices(self, indexes: range) -> Iterator[range]:
        """Cut a range into parts of some hundred records, or of some MB."""
        start = indexes.start
        while start < indexes.stop:
            begins = self._ends[start - 1] if start else 0
            fits = bisect_right(self._ends, begins + _READ_BYTES, start)
            stop = min(max(fits, start + 1), start + _READ_ROWS, indexes.stop)
            yield range(start, stop)
            start = stop

    def _sendable(self, blocks: list[Block]) -> list[Block]:
        if not self.unsendable:
            return blocks
        return [
            block.without(n for n, (index,) in enumerate(block.sources) if index in self.unsendable)
            for block in blocks
        ]

    def _lines(self, indexes: range) -> bytes:
        start = self._ends[indexes.start - 1] if indexes.start else 0
        self._file.seek(start)
        return self._file.read(self._ends[indexes.stop - 1] - start)

    def close(self) -> None:
        """Give the memory and the file back."""
        self._closing()


def slices(indexes: range, rows: int) -> list[range]:
    """Cut a range into parts of at most that many records."""
    return [indexes[start : start + rows] for start in range(0, len(indexes), rows)]
