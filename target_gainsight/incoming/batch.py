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

_IN_MEMORY = 1 << 24
_AT_ONCE = 256
_BYTES_AT_ONCE = 1 << 22


class Batch:
    """Records as received, in order; a large batch is kept on disk.

    Attributes:
        numbers: Each record's number among all of the run.
        spoiled: The records that cannot be sent, by their place, and why.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._closing = weakref.finalize(self, self._file.close)
        self._ends = array("Q")
        self.numbers = array("Q")
        self.spoiled: dict[int, tuple[Problem, ...]] = {}
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
        """Add records' JSON texts and numbers; with problems they are to be rejected for them."""
        if problems:
            self.spoiled |= dict.fromkeys(range(len(self), len(self) + len(records)), problems)
        for record in records:
            self.size += len(record) + 1
            self._ends.append(self.size)
        self._file.write(b"\n".join((*records, b"")))
        self.numbers.extend(numbers)

    def raw(self, place: int) -> bytes:
        """The JSON text of one record."""
        return self._lines(range(place, place + 1))[:-1]

    def record(self, place: int) -> dict[str, Any]:
        """One record."""
        return read_record(self.raw(place))

    def records(self, places: range) -> Iterator[list[Block]]:
        """Records of successive places, some at a time, read anew each time.

        The spoiled ones are left out.
        """
        for part in self._slices(places):
            yield self._sound(read_records(self._lines(part), part))

    def keys(self, places: range, names: tuple[str, ...]) -> Iterator[list[Block]]:
        """The same with some properties alone, and whether they are marked as deleted."""
        for part in self._slices(places):
            yield self._sound(read_some(self._lines(part), part, names, DELETED_AT))

    def _slices(self, places: range) -> Iterator[range]:
        """Successive places in parts of some hundreds, or of some MB."""
        start = places.start
        while start < places.stop:
            begins = self._ends[start - 1] if start else 0
            fits = bisect_right(self._ends, begins + _BYTES_AT_ONCE, start)
            stop = min(max(fits, start + 1), start + _AT_ONCE, places.stop)
            yield range(start, stop)
            start = stop

    def _sound(self, blocks: list[Block]) -> list[Block]:
        if not self.spoiled:
            return blocks
        return [
            block.without(n for n, (place,) in enumerate(block.sources) if place in self.spoiled)
            for block in blocks
        ]

    def _lines(self, places: range) -> bytes:
        start = self._ends[places.start - 1] if places.start else 0
        self._file.seek(start)
        return self._file.read(self._ends[places.stop - 1] - start)

    def close(self) -> None:
        """Give the memory and the file back."""
        self._closing()


def slices(places: range, rows: int) -> list[range]:
    """Successive places in parts of at most that many."""
    return [places[start : start + rows] for start in range(0, len(places), rows)]
