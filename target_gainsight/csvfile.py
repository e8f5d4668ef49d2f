"""The CSV files of import jobs (RFC 4180, UTF-8), written row by row and never whole in memory."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, field
from itertools import count
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from target_gainsight.batches import Row
    from target_gainsight.values import Wire


@dataclass(slots=True)
class CsvFile:
    """A finished file.

    Attributes:
        path: Where it is.
        columns: Its header.
        digest: SHA-256 of its content, in hexadecimal.
        sources: The received records of each row, by their place in the batch.
    """

    path: Path
    columns: tuple[str, ...]
    digest: str
    sources: list[list[int]]

    def rows(self, indexes: Iterable[int]) -> dict[int, dict[str, Wire]]:
        """Some rows, read back: by their index, which counts from 0."""
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
        most_bytes: The size of a file at most, unless a single row is larger.
    """

    def __init__(self, folder: Path, prefix: str, columns: Sequence[str], most_bytes: int) -> None:
        self._folder = folder
        self._prefix = prefix
        self._columns = tuple(columns)
        self._most = most_bytes
        self._numbers = count()
        self._open: _OpenFile | None = None
        self._finished: list[CsvFile] = []

    def add(self, row: Row) -> None:
        """Write a row."""
        line = _line(_cell(row.values[name]) for name in self._columns)
        if self._open and self._open.size + len(line) > self._most and self._open.sources:
            self._finish()
        if self._open is None:
            path = self._folder / f"{self._prefix}-{next(self._numbers)}.csv"
            self._open = _OpenFile(path, path.open("xb"))
            self._open.write(_line(self._columns))
        self._open.write(line)
        self._open.sources.append(row.sources)

    def finish(self) -> list[CsvFile]:
        """The files, complete."""
        if self._open:
            self._finish()
        return self._finished

    def _finish(self) -> None:
        if self._open:
            self._open.file.close()
            digest = self._open.digest.hexdigest()
            self._finished.append(
                CsvFile(self._open.path, self._columns, digest, self._open.sources)
            )
            self._open = None


def line_size(row: Row, columns: Sequence[str]) -> int:
    """The bytes that a row takes in a file."""
    return len(_line(_cell(row.values[name]) for name in columns))


@dataclass(slots=True)
class _OpenFile:
    path: Path
    file: IO[bytes]
    size: int = 0
    sources: list[list[int]] = field(default_factory=list)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, line: bytes) -> None:
        self.file.write(line)
        self.digest.update(line)
        self.size += len(line)


class _Line:
    """Takes what `csv.writer` writes: a line a call."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


_taken = _Line()
_writer = csv.writer(_taken, lineterminator="\r\n")


def _line(cells: Iterable[str]) -> bytes:
    _writer.writerow(list(cells))
    return _taken.text.encode()


def _cell(value: Wire) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def grouped(rows: Iterable[Row], fields: Iterable[str]) -> Iterator[tuple[tuple[str, ...], Row]]:
    """Each row with the fields that its file has: those it brings, in the object's own order.

    A row may only stand among rows of the same fields, since a cell left empty would clear one.
    """
    order = tuple(fields)
    known: dict[frozenset[str], tuple[str, ...]] = {}
    for row in rows:
        brought = frozenset(row.values)
        if brought not in known:
            known[brought] = tuple(name for name in order if name in brought)
        yield known[brought], row
