"""Writes the chunks of an export job to files, from one snapshot of the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.quirk_choices import ExportEmpty
from gainsight_sandbox.reads.rendering import BOM, Row, csv_rows, csv_writer

if TYPE_CHECKING:
    import sqlite3
    from contextlib import ExitStack
    from pathlib import Path
    from threading import Event

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.reads.sql import Plan

_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Chunk:
    """A file of a job's CSV; its last row begins at the byte `last_row`."""

    path: Path
    offset: int
    limit: int
    last_row: int


@dataclass(frozen=True, slots=True)
class Spool:
    """Writes files of `chunk_rows` rows, until `closing` is set."""

    plan: Plan
    quirks: Quirks
    folder: Path
    chunk_rows: int
    closing: Event

    def write(self, snapshot: ExitStack, connection: sqlite3.Connection) -> list[Chunk]:
        """Write all rows, and release the snapshot."""
        chunks: list[Chunk] = []
        with snapshot:
            render = csv_rows(self.plan.fields, self.quirks)
            cursor = connection.execute(self.plan.sql, self.plan.parameters)
            while not self.closing.is_set() and (rows := cursor.fetchmany(self.chunk_rows)):
                chunks.append(self._write_chunk(len(chunks), render(rows)))
        if not chunks and self.quirks.export_empty is ExportEmpty.HEADER:
            chunks.append(self._write_chunk(0, []))
        return chunks

    def _write_chunk(self, index: int, rows: list[Row]) -> Chunk:
        path = self.folder / f"{index + 1}.csv"
        with path.open("w", buffering=_BUFFER_BYTES, encoding="utf-8", newline="") as file:
            if self.quirks.csv_bom:
                file.write(BOM)
            writer = csv_writer(file, self.quirks)
            if self.quirks.csv_header:
                writer.writerow(self.plan.names)
            writer.writerows(rows[:-1])
            last_row = file.tell()
            writer.writerows(rows[-1:])
        return Chunk(path, index * self.chunk_rows, len(rows), last_row)
