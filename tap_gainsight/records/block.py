"""A block: the columns of a page's records."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import DataError
from gainsight_api.objects.datatypes import Kind, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Block:
    """Some records, column by column.

    Attributes:
        columns: Their properties, in order.
        values: Each column's values as `read_column` gives them; what is empty is null.
        rows: How many records there are.
    """

    columns: tuple[Column, ...]
    values: tuple[Sequence[str], ...]
    rows: int

    @property
    def names(self) -> list[str]:
        """The properties' names."""
        return [column.name for column in self.columns]

    def of(self, name: str | None) -> Sequence[str]:
        """The values of a property; empty texts if `name` is None.

        Raises:
            DataError: What came lacks it.
        """
        if name is None:
            return [""] * self.rows
        if name not in self.names:
            raise DataError(f"what came lacks {name}, which was asked for")
        return self.values[self.names.index(name)]

    def only(self, names: Collection[str]) -> Block:
        """The records without their other properties."""
        kept = [n for n, column in enumerate(self.columns) if column.name in names]
        if len(kept) == len(self.columns):
            return self
        columns = tuple(self.columns[n] for n in kept)
        return Block(columns, tuple(self.values[n] for n in kept), self.rows)

    def part(self, first: int, end: int) -> Block:
        """The records from one on and before another."""
        return Block(self.columns, tuple(column[first:end] for column in self.values), end - first)

    def kept(self, keep: Sequence[bool]) -> Block:
        """The records that are to be kept."""
        values = tuple([*compress(column, keep)] for column in self.values)
        return Block(self.columns, values, sum(keep))

    def records(self) -> Iterator[Record]:
        """The records, one by one."""
        names = self.names
        parsed = [
            _parsed(column.kind, values)
            for column, values in zip(self.columns, self.values, strict=True)
        ]
        for row in zip(*parsed, strict=True) if parsed else repeat((), self.rows):
            yield dict(zip(names, row, strict=True))


def _parsed(kind: Kind, values: Sequence[str]) -> list[Any]:
    parse = _PARSERS[kind]
    if parse is str:
        return [value or None for value in values]
    return [parse(value) if value else None for value in values]


_PARSERS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.NUMBER: Number,
    Kind.BOOLEAN: "true".__eq__,
    Kind.DATE: str,
    Kind.DATETIME: str,
    Kind.TEXT: str,
}


@dataclass(frozen=True, slots=True)
class PicklistLabel:
    """A property that holds the label of a picklist's item, or those of several, joined by `;`.

    Attributes:
        name: The property's name.
        source: The property of the item.
        items: The labels by item id; an item that is not there has none, and leaves no gap.
    """

    name: str
    source: str
    items: Mapping[str, str]

    @property
    def column(self) -> Column:
        """The property as a column."""
        return Column(self.name, self.name, Kind.TEXT)

    def of(self, values: Sequence[str]) -> list[str]:
        """The labels of items; empty where there is none."""
        known = {value: self._label(value) for value in set(values)}
        return [known[value] for value in values]

    def _label(self, value: str) -> str:
        items = filter(None, value.split(";"))
        return ";".join(filter(None, map(self.items.get, items)))


@dataclass(frozen=True, slots=True)
class Column:
    """A property of a stream and where its value comes from.

    Attributes:
        path: The API's field name or lookup path.
        name: The property's name.
        kind: How the value is read.
        required: Whether it is never null, as a key is.
        multiple: Whether it holds items that are joined by `;`.
    """

    path: str
    name: str
    kind: Kind
    required: bool = False
    multiple: bool = False


Record = dict[str, Any]
