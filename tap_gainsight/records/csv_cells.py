"""The cells of an export's CSV: RFC 4180, with or without quotes, any line ends.

`csv.reader` makes its cells character by character. Where every cell of a piece of the text is in
quotes, or none is, `str.split` finds the same cells several times faster. The result is checked: a
correct split leaves quotes only in pairs.
"""

from __future__ import annotations

import csv
from io import StringIO
from itertools import chain
from typing import TYPE_CHECKING, TextIO

from gainsight_api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_CHARACTERS = 1 << 28
"""Of a cell, and of a line: what is larger is no table, and would fill the memory."""
csv.field_size_limit(MOST_CHARACTERS)  # the default, 128 KiB, is less than a rich text may have

_PIECE_CHARACTERS = 1 << 16
"""About how much is read at once: more would not stay in the processor's cache."""
_LONGEST_PIECE = 1 << 22
"""What is read in search of a row's end; in what is longer, `csv.reader` finds it."""
_BETWEEN = "\x1f"
"""A character that is no quote."""


class ChunkCsv:
    """A file's rows, from its first to its last.

    Attributes:
        lines: How many lines have been read.
    """

    def __init__(self, stream: str, text: TextIO) -> None:
        self.lines = 0
        self._stream = stream
        self._text = text
        self._done = 0

    def first(self) -> list[str] | None:
        """The first row, which may be a header; None if there is none."""
        return next(self._rows(""), None)

    def columns(self, first: list[str] | None, width: int) -> Iterator[list[Sequence[str]]]:
        """The columns of the first rows, then those of the next ones, until the last.

        Args:
            first: The first row, if it is not a header.
            width: How many columns there are.

        Raises:
            DataError: A row has not as many cells as it should have.
        """
        if first is not None:
            yield from self._columns([first], width)
        while piece := self._piece():
            columns = split(piece, width)
            if columns:
                self.lines += piece.count("\n")
                self._done += len(columns[0])
                yield columns
            else:
                yield from self._columns(self._rows(piece), width)

    def _piece(self) -> str:
        """Some lines, up to one that may end a row."""
        piece = self._text.read(_PIECE_CHARACTERS)
        line = self._line()
        ends = ('"\n', '"\r\n') if piece.startswith('"') else ("\n",)
        while line and len(piece) < _LONGEST_PIECE and not line.endswith(ends):
            piece += line
            line = self._line()
        return piece + line

    def _line(self) -> str:
        line = self._text.readline(MOST_CHARACTERS)
        if len(line) == MOST_CHARACTERS:
            raise DataError(
                f"stream {self._stream}: a chunk has a line of more than {MOST_CHARACTERS:,} "
                "characters, which is no row of a table"
            )
        return line

    def _rows(self, piece: str) -> Iterator[list[str]]:
        """The rows that begin in a piece, or the next one if that is empty."""
        lines = list(StringIO(piece, newline=""))
        rows = csv.reader(chain(lines, iter(self._line, "")), strict=True)
        try:
            for row in rows:
                yield row
                if rows.line_num >= len(lines):
                    return
        finally:
            self.lines += rows.line_num

    def _columns(self, rows: Iterable[list[str]], width: int) -> Iterator[list[Sequence[str]]]:
        """The rows as columns; those before one of another width, then an error."""
        # A single empty cell without quotes is an empty line; of more cells there are commas.
        whole = [row or [""] for row in rows if row or width == 1]
        wrong = next((n for n, row in enumerate(whole) if len(row) != width), len(whole))
        self._done += wrong
        if wrong:
            yield list(zip(*whole[:wrong], strict=True))
        if wrong < len(whole):
            raise DataError(
                f"stream {self._stream}: row {self._done + 1} of a chunk has "
                f"{len(whole[wrong])} cells where {width} fields were selected"
            )


def split(piece: str, width: int) -> list[Sequence[str]] | None:
    """The columns of a piece of whole rows; None if `csv.reader` must find them."""
    if width == 1:
        return None
    end = "\r\n" if piece.endswith("\r\n") else "\n"
    body = piece.removesuffix(end)
    quote = '"' if body.startswith('"') else ""
    if quote:
        if len(body) == 1 or not body.endswith('"'):
            return None
        body = body[1:-1]
    elif '"' in body or any(sign in body.replace(end, "") for sign in "\r\n"):
        return None
    parts = body.split(f"{quote},{quote}")
    rows, rest = divmod(len(parts) - 1, width - 1)
    if rest or not rows or (not quote and body.count(end) != rows - 1):
        return None
    # Rows are not split: a last cell and the next row's first one are still in one part.
    joints = [part.partition(f"{quote}{end}{quote}") for part in parts[width - 1 : -1 : width - 1]]
    if not all(between for _, between, _ in joints):
        return None
    columns: list[Sequence[str]] = [parts[n :: width - 1] for n in range(1, width - 1)]
    columns.insert(0, [parts[0], *(first for _, _, first in joints)])
    columns.append([*(last for last, _, _ in joints), parts[-1]])
    return _unquoted(columns) if quote else columns


def _unquoted(columns: list[Sequence[str]]) -> list[Sequence[str]] | None:
    """The columns with one quote for each two; None if a quote has no other beside it."""
    for n, column in enumerate(columns):
        together = _BETWEEN.join(column)
        if '"' not in together:
            continue
        if together.count('"') != 2 * together.count('""'):
            return None
        # Most cells have none, and stay the texts that they are: to replace in all of them
        # together, and split these again, takes a quarter longer to read the piece.
        columns[n] = [cell.replace('""', '"') if '"' in cell else cell for cell in column]
    return columns
