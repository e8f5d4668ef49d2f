"""Rows to send to Gainsight: single ones, and blocks of rows that have the same fields."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

from gainsight_api.pieces import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from target_gainsight.rows.values import Wire

_BLOCK_ROWS = 256


@dataclass(slots=True)
class Row:
    """What is sent of a record, or of several records of one key that are merged.

    Attributes:
        values: The values, by field.
        sources: The records, by their index in the batch.
    """

    values: dict[str, Wire]
    sources: list[int]


@dataclass(slots=True)
class Block:
    """Records of the same properties, or rows of the same fields, by column.

    Attributes:
        fields: The names of the columns.
        columns: The values of each field, as they came or as they are sent.
        sources: The received records of each row, by their index in the batch.
    """

    fields: tuple[str, ...]
    columns: Sequence[Sequence[Any]]
    sources: Sequence[list[int]]

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Iterator[Row]:
        for values, sources in zip(self.tuples(), self.sources, strict=True):
            yield Row(dict(zip(self.fields, values, strict=True)), sources)

    def tuples(self, fields: Sequence[str] | None = None) -> Iterable[tuple[Any, ...]]:
        """The values of each row, in the order of these fields."""
        columns = self.columns if fields is None else [self.column(name) for name in fields]
        return zip(*columns, strict=True) if columns else repeat((), len(self))

    def column(self, field: str) -> Sequence[Any]:
        """The values of a field."""
        return self.columns[self.fields.index(field)]

    def some(self, indexes: Sequence[int], fields: Sequence[str] | None = None) -> Block:
        """The rows at these indexes, with all of their fields or only these."""
        names = self.fields if fields is None else tuple(fields)
        columns = [[column[index] for index in indexes] for column in map(self.column, names)]
        return Block(names, columns, [self.sources[index] for index in indexes])

    def without(self, indexes: Iterable[int]) -> Block:
        """All rows but those at these indexes."""
        left_out = set(indexes)
        return self.some([index for index in range(len(self)) if index not in left_out])


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that are made anew each time they are iterated over.

    Attributes:
        blocks: Makes the rows, in blocks.
    """

    blocks: Callable[[], Iterator[Block]]

    def __iter__(self) -> Iterator[Row]:
        for block in self.blocks():
            yield from block


def in_blocks(rows: Iterable[Row]) -> Iterator[Block]:
    """Gather single rows into blocks of the same fields; their order is kept within a block."""
    for some in pieces(rows, _BLOCK_ROWS):
        yield from blocks_of([row.values for row in some], [row.sources for row in some])


def blocks_of(
    records: Sequence[Mapping[str, Any]], sources: Sequence[list[int]]
) -> Iterator[Block]:
    """Gather records, or the values of rows, into blocks of the same names.

    Args:
        records: The records.
        sources: The received records of each, by their index in the batch.
    """
    alike: dict[tuple[str, ...], list[int]] = {}
    for index, record in enumerate(records):
        alike.setdefault(tuple(record), []).append(index)
    for names, indexes in alike.items():
        columns = list(zip(*[records[index].values() for index in indexes], strict=True))
        yield Block(names, columns, [sources[index] for index in indexes])
