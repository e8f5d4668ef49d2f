"""A batch of received records: kept as JSON lines, and read back by columns.

No record need ever be an object of its own.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from target_gainsight.incoming.storage import Lines
from target_gainsight.rows.blocks import Block, blocks_of
from target_gainsight.rows.values import Digits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from target_gainsight.incoming.storage import Storage
    from target_gainsight.outcomes.problems import Problem

DELETED_AT = "_sdc_deleted_at"
"""The property that marks a record as deleted."""
_READ_ROWS = 256
_READ_BYTES = 1 << 22

_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Digits)
_KNOWN_SHAPES = 64
_NOT_ALIKE = (msgspec.ValidationError, ValueError)
"""Errors by which records prove not to be of one shape; ValueError: a name has quotes in it."""


class Batch:
    """Records as received, in order.

    Args:
        storage: That of the run, which keeps them.

    Attributes:
        numbers: Each record's number among all of the run.
        unsendable: Why records cannot be sent, by their index.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._text = Lines(storage)
        self._ends = array("Q")
        self._received: Lines | None = None
        self._received_ends = array("Q")
        self.numbers = array("Q")
        self.unsendable: dict[int, tuple[Problem, ...]] = {}
        self.size = 0
        """The size of the records as JSON lines."""

    def __len__(self) -> int:
        return len(self._ends)

    def extend(
        self,
        records: Sequence[bytes],
        numbers: Iterable[int],
        problems: tuple[Problem, ...] = (),
        received: Sequence[bytes] | None = None,
    ) -> None:
        """Add records.

        Args:
            records: Their JSON texts.
            numbers: Their numbers among all records of the run.
            problems: Why all of them are to be rejected; none if they can be sent.
            received: Their JSON texts before stream maps, if there are any; all records of a
                batch come with them, or none.
        """
        if problems:
            self.unsendable |= dict.fromkeys(range(len(self), len(self) + len(records)), problems)
        size = self.size
        for record in records:
            size += len(record) + 1
            self._ends.append(size)
        self.size = size
        self._text.write(b"\n".join((*records, b"")))
        self.numbers.extend(numbers)
        if received is not None:
            self._received = self._received or Lines(self._storage)
            for text in received:
                end = self._received_ends[-1] if self._received_ends else 0
                self._received_ends.append(end + len(text))
                self._received.write(text)

    def from_index(self, start: int) -> Batch:
        """A batch of the records from one on."""
        rest = Batch(self._storage)
        for part in self._slices(range(start, len(self))):
            lines = self._lines(part).split(b"\n")[:-1]
            received = None if self._received is None else [self.received(n) for n in part]
            rest.extend(lines, self.numbers[part.start : part.stop], received=received)
        rest.unsendable = {
            index - start: problems for index, problems in self.unsendable.items() if index >= start
        }
        return rest

    def received(self, index: int) -> bytes:
        """The JSON text of one record as it was received."""
        if self._received is None:
            return self.raw(index)
        start = self._received_ends[index - 1] if index else 0
        return self._received.read(start, self._received_ends[index])

    def raw(self, index: int) -> bytes:
        """The JSON text of one record."""
        return self._lines(range(index, index + 1))[:-1]

    def record(self, index: int) -> dict[str, Any]:
        """One record."""
        return _read_record(self.raw(index))

    def records(self, indexes: range) -> Iterator[list[Block]]:
        """Read a range of records, some at a time, without the unsendable ones."""
        for part in self._slices(indexes):
            yield self._sendable(_read_records(self._lines(part), part))

    def keys(
        self, indexes: range, names: tuple[str, ...], rare: tuple[str, ...] = ()
    ) -> Iterator[list[Block]]:
        """Read some properties of a range of records, and `DELETED_AT`, as `records` does.

        Args:
            indexes: The records.
            names: The properties.
            rare: Those that most records lack; a record without one may seem to have a null.
        """
        for part in self._slices(indexes):
            yield self._sendable(_read_some(self._lines(part), part, names, rare))

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
        return self._text.read(start, self._ends[indexes.stop - 1])

    def close(self) -> None:
        """Give the memory and the file back."""
        self._text.close()
        if self._received:
            self._received.close()


def slices(indexes: range, rows: int) -> list[range]:
    """Cut a range into parts of at most that many records."""
    return [indexes[start : start + rows] for start in range(0, len(indexes), rows)]


def _read_record(line: bytes) -> dict[str, Any]:
    """One record."""
    return dict(_decoder.decode(line))


def _read_records(lines: bytes, indexes: Sequence[int]) -> list[Block]:
    """Read records into blocks, each of records with the same properties.

    Args:
        lines: Each record in a line.
        indexes: The index of each in its batch.
    """
    sources = [[index] for index in indexes]
    names = tuple(_read_record(lines[: lines.index(b"\n")]))
    try:
        return [Block(names, _columns(lines, _decoder_of(names)), sources)]
    except _NOT_ALIKE:  # not all have the properties of the first
        return [*blocks_of(_decoder.decode_lines(lines), sources)]


def _read_some(
    lines: bytes, indexes: Sequence[int], names: tuple[str, ...], rare: tuple[str, ...]
) -> list[Block]:
    """Read some properties, and `DELETED_AT` or None: much faster than `_read_records`.

    Args:
        lines: Each record in a line.
        indexes: The index of each in its batch.
        names: The properties that most records have.
        rare: The others.
    """
    sources = [[index] for index in indexes]
    every = (*names, *rare, DELETED_AT)
    try:
        columns = _columns(lines, _decoder_of(names, (*rare, DELETED_AT)))
        return [Block(every, columns, sources)]
    except _NOT_ALIKE:  # some lack one of the properties
        records = [
            {name: record[name] for name in every if name in record}
            for record in _decoder.decode_lines(lines)
        ]
        return [*blocks_of(records, sources)]


def _columns(
    lines: bytes, decode: Callable[[bytes], list[msgspec.Struct]]
) -> list[tuple[Any, ...]]:
    return list(zip(*map(msgspec.structs.astuple, decode(lines)), strict=True))


@lru_cache(_KNOWN_SHAPES)
def _decoder_of(
    names: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Callable[[bytes], list[msgspec.Struct]]:
    """Build a decoder of records that have just these properties.

    With optional ones it takes records that have others, too, and leaves those out.
    """
    fields = {f"property_{number}": name for number, name in enumerate((*names, *optional))}
    types: list[Any] = [
        (field, Any) if number < len(names) else (field, Any, None)
        for number, field in enumerate(fields)
    ]
    record = msgspec.defstruct(
        "Record", types, rename=fields, forbid_unknown_fields=not optional, gc=False
    )
    return msgspec.json.Decoder(record, float_hook=Digits).decode_lines
