"""Write the CSV files of import jobs (RFC 4180, UTF-8), row by row and never whole in memory."""

from __future__ import annotations

import csv
import hashlib
import os
from array import array
from dataclasses import dataclass, field
from itertools import count, repeat
from typing import TYPE_CHECKING, Any

from gainsight_singer.temporary import temporary_files
from target_gainsight.rows.blocks import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from target_gainsight.rows.values import Wire

csv.field_size_limit(2**31 - 1)  # else a rich text of more than 131,072 characters does not read
_QUOTE = '"'
_NEED_QUOTES = (_QUOTE, ",", "\n", "\r")
_TEXTS: Mapping[Wire, str] = {None: "", True: "true", False: "false"}


class Sources:
    """The received records of each row of a file, by their index in the batch.

    Nearly all rows come of one record each, and there may be a million of them.
    """

    def __init__(self) -> None:
        self._first = array("Q")
        self._others: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._first)

    def __getitem__(self, index: int) -> list[int]:
        return [self._first[index], *self._others.get(index, ())]

    def extend(self, rows: Iterable[Sequence[int]]) -> None:
        """Add the records of the next rows."""
        for first, *others in rows:
            if others:
                self._others[len(self._first)] = others
            self._first.append(first)

    @property
    def records(self) -> int:
        """How many received records the file holds."""
        return len(self._first) + sum(map(len, self._others.values()))


@dataclass(slots=True)
class CsvFile:
    """A finished file.

    Attributes:
        path: Where it is.
        columns: Its header.
        digest: SHA-256 of its content, in hexadecimal.
        sources: The received records of each row.
    """

    path: Path
    columns: tuple[str, ...]
    digest: str
    sources: Sources

    def rows(self, indexes: Iterable[int]) -> dict[int, dict[str, Wire]]:
        """Read some rows back.

        Args:
            indexes: Which ones; the first row after the header is 0.

        Returns:
            The values of each row, by its index.
        """
        wanted = set(indexes)
        found: dict[int, dict[str, Wire]] = {}
        with self.path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            next(lines)
            for index, cells in enumerate(lines):
                if len(found) == len(wanted):
                    break
                if index in wanted:
                    values = (cell or None for cell in cells)
                    found[index] = dict(zip(self.columns, values, strict=True))
        return found


class CsvWriter:
    """Writes rows of one set of fields, into as many files as it takes.

    Args:
        folder: Where the files go.
        prefix: What their names begin with.
        columns: The header.
        max_bulk_bytes: The size of a file, at most, unless a single row is larger.
    """

    def __init__(
        self, folder: Path, prefix: str, columns: Sequence[str], max_bulk_bytes: int
    ) -> None:
        self._folder = folder
        self._prefix = prefix
        self._columns = tuple(columns)
        self._max_bytes = max_bulk_bytes
        self._numbers = count()
        self._open: _OpenFile | None = None
        self._finished: list[CsvFile] = []

    def add(self, block: Block) -> None:
        """Write the rows of a block."""
        self._write(_lines(block, self._columns), block.sources)

    def finish(self) -> list[CsvFile]:
        """Complete the files, and return them all."""
        if self._open:
            digest = self._open.digest.hexdigest()
            self._finished.append(
                CsvFile(self._open.path, self._columns, digest, self._open.sources)
            )
            self._open = None
        return self._finished

    def _write(self, lines: Sequence[str], sources: Sequence[list[int]]) -> None:
        """Write lines into the present file, and what it does not hold into the next one."""
        text = _text(lines)
        file = self._file()
        if file.size + len(text) > self._max_bytes:
            if len(lines) > 1:
                half = len(lines) // 2
                self._write(lines[:half], sources[:half])
                self._write(lines[half:], sources[half:])
                return
            if file.sources:
                self.finish()
                file = self._file()
        file.write(text)
        file.sources.extend(sources)

    def _file(self) -> _OpenFile:
        if self._open is None:
            path = self._folder / f"{self._prefix}-{next(self._numbers)}.csv"
            self._open = _OpenFile(path)
            header = Block(self._columns, [[name] for name in self._columns], [[]])
            self._open.write(_text(_lines(header, self._columns)))
        return self._open


def file_columns(block: Block, fields: Iterable[str]) -> tuple[str, ...]:
    """The header of a block's file: the fields that it has, in the object's own order.

    A row may only stand among rows of the same fields, since a cell left empty would clear one.
    """
    return tuple(name for name in fields if name in block.fields)


def file_size(block: Block, columns: Sequence[str]) -> int:
    """The bytes that a block takes in a file."""
    return len(_text(_lines(block, columns)))


@dataclass(slots=True)
class _OpenFile:
    """A file that is not finished; open only while it is written, since there may be thousands."""

    path: Path
    size: int = 0
    sources: Sources = field(default_factory=Sources)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, lines: bytes) -> None:
        with temporary_files(), self.path.open("ab") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(lines)
        self.digest.update(lines)
        self.size += len(lines)


def _lines(block: Block, columns: Sequence[str]) -> list[str]:
    """The lines of a block's rows, without their ends."""
    cells = [_cells(block.column(name)) for name in columns]
    if len(cells) == 1:
        cells = [[cell or _QUOTE * 2 for cell in cells[0]]]  # an empty line would be no row
    rows = zip(*cells, strict=True) if cells else repeat((), len(block))
    return [*map(",".join, rows)]


def _text(lines: Sequence[str]) -> bytes:
    return "\r\n".join((*lines, "")).encode()


def _cells(values: Sequence[Wire]) -> Sequence[str]:
    """A column's cells: where one of them needs quotes, all that are not empty have them.

    To look which ones need them would take several times as long as to write them.
    """
    cells: list[Any] = ["" if value is None else value for value in values]
    try:
        text = "".join(cells)
    except TypeError:  # true and false are among them
        cells = [value if isinstance(value, str) else _TEXTS[value] for value in values]
        text = "".join(cells)
    if not any(mark in text for mark in _NEED_QUOTES):
        return cells
    if _QUOTE in text:
        cells = [cell.replace(_QUOTE, _QUOTE * 2) for cell in cells]
    return [cell and f'"{cell}"' for cell in cells]
