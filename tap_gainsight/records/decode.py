"""A page of an object's rows, as it came, to records: from a chunk's CSV, or a query's reply."""

from __future__ import annotations

import csv
from codecs import BOM_UTF8
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import compress
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Any

from gainsight_api.errors import DataError
from gainsight_api.objects.datatypes import READERS, Kind, as_text, from_milliseconds
from tap_gainsight.records.block import Block, Column, PicklistLabel
from tap_gainsight.records.columns import read_column
from tap_gainsight.records.csv_cells import ChunkCsv

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

_QUERY_BLOCK = 500
"""Rows of a reply that are read at once."""


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
    labels: tuple[PicklistLabel, ...] = ()

    def from_csv(self, file: IO[bytes], *, is_last_try: bool = True) -> Generator[Block]:
        """Read a chunk: RFC 4180, with or without header, BOM and quotes, any line ends.

        A line that reads as the header is never a record, wherever it stands.

        Args:
            file: The chunk.
            is_last_try: Whether the rows before one that does not read are of use; they are not
                where the chunk is fetched again.

        Raises:
            DataError: A row has not the columns that were selected, or a value does not read.
        """
        begin = file.read(len(BOM_UTF8))
        looks_like_a_page = begin[:1] in {b"<", b"{"}
        # The codec `utf-8-sig` is written in Python, and takes as long as all else of the reading.
        file.seek(len(BOM_UTF8) if begin == BOM_UTF8 else 0)
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        chunk = ChunkCsv(self.stream, text)
        try:
            first = chunk.first()
            header = self._header(first or [])
            if header is None and looks_like_a_page and len(first or []) == 1:
                raise self._error("what came in place of a chunk is no CSV of its fields")
            columns = header or self.columns
            names = first if header and first else [column.path for column in columns]
            done = 0
            for cells in chunk.columns(first if header is None else None, len(columns)):
                rows = self._with_nulls(_without_header(cells, names))
                yield from self._read(columns, rows, done, whole=not is_last_try)
                done += len(cells[0])
        except csv.Error as exc:
            raise self._error(
                f"a chunk is not a CSV file that can be read: {exc} (near line {chunk.lines})"
            ) from None
        except UnicodeDecodeError:
            raise self._error(f"a chunk is not UTF-8 (near line {chunk.lines})") from None
        finally:
            with suppress(ValueError):  # the file may be closed before this ends
                text.detach()

    def from_query(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
        """Read the records of a query's reply; a field that a record lacks is null in it.

        Raises:
            DataError: A value does not read.
        """
        for begin in range(0, len(rows), _QUERY_BLOCK):
            some = rows[begin : begin + _QUERY_BLOCK]
            odd = next((n for n, row in enumerate(some) if not isinstance(row, dict)), None)
            yield from self._read(self.columns, self._columns_of(some[:odd]), begin)
            if odd is not None:
                raise self._error(f"row {begin + odd + 1} of a reply is no record")

    def _header(self, cells: Sequence[str]) -> tuple[Column, ...] | None:
        """The columns in the order of a header; None if the cells are no header.

        A header may lack columns: those that had gone from the tenant when the job was submitted.
        """
        names = [cell.strip() for cell in cells]
        exact = {column.path: column for column in self.columns}
        return _in_order(names, exact) or _in_order(
            [name.casefold() for name in names],
            {name.casefold(): column for name, column in exact.items()},
        )

    def _with_nulls(self, cells: list[Sequence[str]]) -> list[Sequence[str]]:
        null = self.csv_null
        if not null:
            return cells
        return [
            ["" if cell == null else cell for cell in column] if null in column else column
            for column in cells
        ]

    def _columns_of(self, rows: Sequence[Mapping[str, Any]]) -> list[Sequence[str]]:
        """The values of a reply's records, as the cells of a chunk would have them."""
        try:
            columns = [[*map(itemgetter(column.path), rows)] for column in self.columns]
        except KeyError:  # lookup paths may come back in another case
            exact = {column.path for column in self.columns}
            folded = [
                {name.casefold(): value for name, value in row.items() if name not in exact}
                for row in rows
            ]
            columns = [
                [
                    row.get(column.path, other.get(column.path.casefold()))
                    for row, other in zip(rows, folded, strict=True)
                ]
                for column in self.columns
            ]
        return [
            [value if type(value) is str else self._cell(column, value) for value in values]
            for column, values in zip(self.columns, columns, strict=True)
        ]

    def _cell(self, column: Column, value: Any) -> str:
        """A value as a cell; a number in the place of a time is milliseconds since 1970."""
        if type(value) is int and column.kind in {Kind.DATE, Kind.DATETIME}:
            try:
                return from_milliseconds(value)
            except (ValueError, OverflowError):
                return str(value)  # which is then said to be no date, with its field
        try:
            return as_text(value, items=column.multiple)
        except RecursionError:
            raise self._error(f"field {column.path}: a value is nested too deep") from None

    def _read(
        self,
        columns: tuple[Column, ...],
        cells: list[Sequence[str]],
        done: int,
        *,
        whole: bool = False,
    ) -> Iterator[Block]:
        """The records of some rows; those before the first that does not read, then its error.

        If they are wanted `whole`, the error alone.
        """
        error: DataError | None = None
        try:
            block = self._block(columns, cells)
        except ValueError:
            wrong, error = self._first_error(columns, cells, done)
            if whole:
                raise error from None
            block = self._block(columns, [column[:wrong] for column in cells])
        if block.rows:
            yield block
        if error:
            raise error from None

    def _block(
        self,
        columns: tuple[Column, ...],
        cells: Iterable[Sequence[str]],
    ) -> Block:
        values = [
            read_column(column.kind, _joined(column_cells) if column.multiple else column_cells)
            for column, column_cells in zip(columns, cells, strict=True)
        ]
        if any(column.required and "" in values[n] for n, column in enumerate(columns)):
            raise ValueError
        names = [column.name for column in columns]
        labels = [label for label in self.labels if label.source in names]
        texts = [label.of(values[names.index(label.source)]) for label in labels]
        shown = (*columns, *(label.column for label in labels))
        return Block(shown, (*values, *texts), len(values[0]))

    def _first_error(
        self,
        columns: Sequence[Column],
        cells: list[Sequence[str]],
        done: int,
    ) -> tuple[int, DataError]:
        """The first row that does not read, and its error, which tells no value."""
        for number, row in enumerate(zip(*cells, strict=True)):
            for column, cell in zip(columns, row, strict=True):
                try:
                    _ = READERS[column.kind](cell) if cell else None
                except ValueError:
                    return number, DataError(
                        f"stream {self.stream}, field {column.path}: row {done + number + 1} of a "
                        f"page holds a value that is not a {column.kind.value}"
                    )
            for column in self.columns:
                if column.required and not row[columns.index(column)]:
                    return number, self._error(
                        f"row {done + number + 1} has no {column.name}, its key"
                    )
        raise AssertionError  # the caller saw one of them fail

    def _error(self, text: str) -> DataError:
        return DataError(f"stream {self.stream}: {text}")


def _in_order(names: Sequence[str], by_name: Mapping[str, Column]) -> tuple[Column, ...] | None:
    """The columns of these names; None unless all are columns, and no key is missing."""
    needed = {name for name, column in by_name.items() if column.required}
    if not names or not needed <= set(names) <= set(by_name) or len(set(names)) < len(names):
        return None
    return tuple(by_name[name] for name in names)


def _joined(cells: Sequence[str]) -> Sequence[str]:
    """Items joined by `;`, none of them empty: some replies end with one more `;`."""
    together = "\n".join((*cells, ""))
    if ";;" in together:
        return [
            ";".join(filter(None, cell.split(";"))) if cell.endswith(";") or ";;" in cell else cell
            for cell in cells
        ]
    if ";\n" in together:
        return [cell.strip(";") if cell.endswith(";") else cell for cell in cells]
    return cells


def _without_header(cells: list[Sequence[str]], header: Sequence[str]) -> list[Sequence[str]]:
    """The rows without those that are the header once more."""
    if header[0] not in cells[0]:
        return cells
    keep = [row != tuple(header) for row in zip(*cells, strict=True)]
    return [[*compress(column, keep)] for column in cells]
