"""What a chunk gave, so that it is not written twice when the chunk comes again.

That a chunk is cut short, or lacks rows, is noticed elsewhere: see `export_pages.ExportPages`.
"""

from __future__ import annotations

import zlib
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING

from gainsight_api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from tap_gainsight.records.block import Block
    from tap_gainsight.records.decode import Decoder

_READ_BYTES = 1 << 20


@dataclass(slots=True)
class ChunkRows:
    """The rows that a chunk has given, and the bytes that they came from.

    Attributes:
        read: Rows that were read.
        written: Rows of them that were handed on.
        size: The chunk's bytes, once it is sealed.
        digest: Of these bytes.
        paths: The fields that the rows had.
    """

    read: int = 0
    written: int = 0
    size: int = 0
    digest: tuple[int, int] | None = None
    paths: frozenset[str] | None = None

    def reading(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Count blocks that are read."""
        for block in blocks:
            self.read += block.rows
            self.paths = frozenset(column.path for column in block.columns)
            yield block

    def writing(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Count blocks that are handed on."""
        for block in blocks:
            self.written += block.rows
            yield block

    def seal(self, file: IO[bytes]) -> None:
        """Note the bytes that the rows came from."""
        file.seek(0)
        self.size = file.seek(0, 2)
        self.digest = _digest(file, self.size)

    def begins(self, file: IO[bytes]) -> bool:
        """Whether a file begins with these very bytes."""
        same = self.digest is not None and _digest(file, self.size) == self.digest
        file.seek(0)
        return same


def _digest(file: IO[bytes], size: int) -> tuple[int, int] | None:
    """Two checksums, which cost little; None if the file is shorter."""
    file.seek(0)
    crc, adler = 0, 1
    while size and (block := file.read(min(size, _READ_BYTES))):
        crc, adler = zlib.crc32(block, crc), zlib.adler32(block, adler)
        size -= len(block)
    return (crc, adler) if not size else None


def ends_amid_a_line(file: IO[bytes]) -> bool:
    """Whether a file's last line has no end, as that of a whole one may not have either."""
    size = file.seek(0, 2)
    file.seek(max(size - 1, 0))
    last = file.read()
    file.seek(0)
    return last not in {b"", b"\n"}


def are_same(one: IO[bytes], other: IO[bytes]) -> bool:
    """Whether two files have the same bytes."""
    one.seek(0)
    other.seek(0)
    same = True
    while same and (block := one.read(_READ_BYTES)):
        same = block == other.read(_READ_BYTES)
    same = same and not other.read(1)
    other.seek(0)
    return same


def without_first(blocks: Iterable[Block], rows: int) -> Iterator[Block]:
    """Blocks without so many of their first rows."""
    for block in blocks:
        passed = min(rows, block.rows)
        rows -= passed
        if passed < block.rows:
            yield block.part(passed, block.rows) if passed else block


def alike(decoder: Decoder, one: IO[bytes], other: IO[bytes], rows: int) -> bool:
    """Whether two files begin with the same rows, so many of them."""
    one.seek(0)
    other.seek(0)
    with closing(_rows(decoder, one)) as these, closing(_rows(decoder, other)) as those:
        pairs = zip(these, those, strict=False)
        same = sum(1 for a, b in islice(pairs, rows) if a == b)
    other.seek(0)
    return same == rows


def _rows(decoder: Decoder, file: IO[bytes]) -> Generator[tuple[str, ...]]:
    try:
        with closing(decoder.from_csv(file)) as blocks:
            for block in blocks:
                yield from zip(*block.values, strict=True)
    except DataError:
        return
