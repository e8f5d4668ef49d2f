"""A page of an object's rows, as it came, to records: from a chunk's CSV, or a query's reply."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

from gainsight_api.datatypes import READERS, Kind, from_json
from gainsight_api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

csv.field_size_limit(sys.maxsize)  # the default, 128 KiB, is less than a rich text may have

Record = dict[str, Any]
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Column:
    """A property of a stream and where its value comes from.

    Attributes:
        path: The API's field name or lookup path.
        name: The property's name.
        kind: How the value is read.
        required: Whether it is never null, as a key is.
    """

    path: str
    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A property that holds the label of a picklist's item, or those of several, joined by `;`.

    Attributes:
        name: The property's name.
        source: The property of the item.
        items: The labels by item id; an item that is not there has none.
    """

    name: str
    source: str
    items: Mapping[str, str]

    def of(self, record: Record) -> str | None:
        """The label of a record's item."""
        value = record[self.source]
        labels = [self.items.get(item, "") for item in value.split(";")] if value else []
        return ";".join(labels) or None


@dataclass(frozen=True, slots=True)
class Decoder:
    """Makes a stream's records of what the API sends.

    Attributes:
        stream: The stream's name, for errors.
        columns: What was selected, in that order.
        csv_null: A cell text that stands for null beside the empty one.
        labels: The properties that are made of others.
    """

    stream: str
    columns: tuple[Column, ...]
    csv_null: str | None = None
    labels: tuple[Label, ...] = ()

    def from_csv(self, file: IO[bytes]) -> Iterator[Record]:
        """Read a chunk: RFC 4180, with or without header, BOM and quotes, any line ends.

        Raises:
            DataError: A row has not the columns that were selected, or a value does not read.
        """
        text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        lines = csv.reader(text, strict=True)
        try:
            yield from self._rows(lines)
        except csv.Error as exc:
            raise DataError(
                f"stream {self.stream}: a chunk is not a CSV file that can be read: "
                f"{exc} (near line {lines.line_num})"
            ) from None
        except UnicodeDecodeError:
            raise DataError(
                f"stream {self.stream}: a chunk is not UTF-8 (near line {lines.line_num})"
            ) from None
        finally:
            text.detach()

    def from_query(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Record]:
        """Read the records of a query's reply; a field that a record lacks is null in it.

        Raises:
            DataError: A value does not read.
        """
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict):
                raise DataError(f"stream {self.stream}: row {number} of a reply is no record")
            values = [row.get(column.path, _MISSING) for column in self.columns]
            if _MISSING in values:  # lookup paths may come back in another case
                folded = {name.casefold(): value for name, value in row.items()}
                values = [folded.get(column.path.casefold()) for column in self.columns]
            try:
                record = {
                    column.name: from_json(column.kind, value)
                    for column, value in zip(self.columns, values, strict=True)
                }
            except ValueError:
                raise self._unreadable(self.columns, values, from_json, number) from None
            yield self._completed(record, number)

    def _rows(self, lines: Iterator[list[str]]) -> Iterator[Record]:
        first = next(lines, None)
        if first is None:
            return
        header = self._header(first)
        columns = header or self.columns
        plan = [(column.name, READERS[column.kind]) for column in columns]
        nulls = {"", self.csv_null}
        for number, row in enumerate(lines if header else chain([first], lines), start=1):
            cells = row
            if len(cells) != len(plan):
                if not cells and len(plan) > 1:
                    continue  # a blank line, which no row of several columns can be
                cells = self._mended(cells, len(plan), number)
            try:
                record = {
                    name: None if cell in nulls else read(cell)
                    for (name, read), cell in zip(plan, cells, strict=True)
                }
            except ValueError:
                raise self._unreadable(columns, cells, _read_cell, number) from None
            yield self._completed(record, number)

    def _header(self, cells: Sequence[str]) -> tuple[Column, ...] | None:
        """The columns in the order of a header; None if the cells are no header.

        A header may lack columns: those that had gone from the tenant when the job was submitted.
        """
        names = [cell.strip().casefold() for cell in cells]
        if names == [column.path.casefold() for column in self.columns]:
            return self.columns
        by_name = {column.path.casefold(): column for column in self.columns}
        needed = {column.path.casefold() for column in self.columns if column.required}
        if not needed <= set(names) <= set(by_name) or len(set(names)) < len(names):
            return None
        return tuple(by_name[name] for name in names)

    def _mended(self, cells: list[str], width: int, number: int) -> list[str]:
        if not cells:
            return [""]  # a single empty cell without quotes is an empty line
        raise DataError(
            f"stream {self.stream}: row {number} of a chunk has {len(cells)} cells "
            f"where {width} fields were selected"
        )

    def _completed(self, record: Record, number: int) -> Record:
        for column in self.columns:
            if column.required and record[column.name] is None:
                raise DataError(f"stream {self.stream}: row {number} has no {column.name}, its key")
        for label in self.labels:
            record[label.name] = label.of(record)
        return record

    def _unreadable(
        self,
        columns: Sequence[Column],
        values: Sequence[Any],
        read: Callable[[Kind, Any], Any],
        number: int,
    ) -> DataError:
        """The error of the first value that does not read, told by its place and not its text."""
        for column, value in zip(columns, values, strict=True):
            try:
                read(column.kind, value)
            except ValueError:
                return DataError(
                    f"stream {self.stream}, field {column.path}: row {number} of a page holds "
                    f"a value that is not a {column.kind.value}"
                )
        raise AssertionError  # the caller saw one of them fail


def _read_cell(kind: Kind, cell: str) -> Any:
    return READERS[kind](cell) if cell else None
