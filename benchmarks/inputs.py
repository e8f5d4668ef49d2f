"""What the programs read, each file written when it is first asked for."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import data
from gainsight_api.objects.datatypes import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

REPEAT = "@@@@@@@@"
"""Stands in a key for the number of the repeat, so that no two rows have the same key."""
_BARE = (Kind.NUMBER, Kind.BOOLEAN)


@dataclass(slots=True)
class Inputs:
    """The files of a benchmark; many rows are one file, repeated.

    Attributes:
        folder: Where they lie.
        plain: Whether their rows are the plain ones.
    """

    folder: Path
    plain: bool = False
    _pages: int = 0

    def chunk(self, rows: int) -> tuple[Path, int]:
        """A chunk as an export job gives it, and how often it is read for so many rows."""
        count, repeats = _parts(rows)
        path = self.folder / f"chunk-{count}.csv"
        if not path.exists():
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
                writer.writerow(data.KINDS)
                writer.writerows(data.rows(count, plain=self.plain))
        return path, repeats

    def lines(self, rows: int) -> tuple[Path, int]:
        """Singer RECORDs for `benchmarks.measured.feed`, and how often they are written."""
        count, repeats = _parts(rows)
        path = self.folder / f"lines-{count}.jsonl"
        if not path.exists():
            with path.open("w", encoding="utf-8") as file:
                file.writelines(_lines(count, plain=self.plain))
        return path, repeats

    def pages(self, rows: int) -> int:
        """Have replies to queries, `page-0.json` and so on; how many there are for the rows."""
        wanted = rows // data.PAGE_ROWS
        if wanted > self._pages:
            self._write_pages(wanted)
            self._pages = wanted
        return wanted

    def _write_pages(self, wanted: int) -> None:
        page: list[str] = []
        written = 0
        for row in data.rows(wanted * data.PAGE_ROWS, plain=self.plain):
            page.append(_json(data.KINDS, row, ascii_only=False))
            if len(page) == data.PAGE_ROWS:
                text = f'{{"result":true,"data":{{"records":[{",".join(page)}]}}}}'
                (self.folder / f"page-{written}.json").write_text(text, encoding="utf-8")
                page, written = [], written + 1


def _parts(rows: int) -> tuple[int, int]:
    """So many rows as a file of some, and how often it is repeated."""
    count = min(rows, data.CHUNK_ROWS) or data.PAGE_ROWS
    return count, rows // count


def _lines(count: int, *, plain: bool) -> Iterator[str]:
    head = f'{{"type":"RECORD","stream":"{data.LOADED_OBJECT}","record":'
    tail = ',"time_extracted":"2024-06-01T00:00:00.000000+00:00"}\n'
    for key, *cells in data.rows(count, plain=plain):
        unique = f"{key[:4]}{REPEAT}{key[4 + len(REPEAT) :]}"
        yield head + _json(data.LOADED_KINDS, [unique, *cells], ascii_only=True) + tail


def _json(kinds: dict[str, Kind], row: Sequence[str], *, ascii_only: bool) -> str:
    values = (
        "null" if not cell else cell if kind in _BARE else json.dumps(cell, ensure_ascii=ascii_only)
        for kind, cell in zip(kinds.values(), row, strict=True)
    )
    pairs = zip(kinds, values, strict=True)
    return "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"
