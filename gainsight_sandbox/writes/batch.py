"""The records of a write call: checked, found by their keys, and written one after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.errors import no_entity
from gainsight_sandbox.behaviour.journal import Outcome
from gainsight_sandbox.behaviour.operations import Operation
from gainsight_sandbox.behaviour.quirk_choices import ManyMatches
from gainsight_sandbox.writes.replies import rejection
from gainsight_sandbox.writes.rows import RowWriter
from gainsight_sandbox.writes.rules import columns_absent, required_fields
from gainsight_sandbox.writes.validation import RecordChecker, many_matches, repeated_keys

if TYPE_CHECKING:
    import sqlite3

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.schema import Field, ObjectSchema
    from gainsight_sandbox.tenant.stamps import Stamps
    from gainsight_sandbox.writes.lookups import WireRecord

Stored = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Written:
    """The row that a record was written to, and whether it is new."""

    outcome: Outcome
    rowid: int


class RecordBatch:
    """The records of a call, checked and then written one after another.

    Of two records with the same keys the later one changes what the earlier one wrote.
    """

    def __init__(
        self,
        schema: ObjectSchema,
        operation: Operation,
        keys: tuple[Field, ...],
        quirks: Quirks,
        stamps: Stamps,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._keys = keys
        self._quirks = quirks
        self._stamps = stamps
        self._required = required_fields(schema)
        self._writers: dict[tuple[str, ...], RowWriter] = {}
        self.keys = tuple(key.name for key in keys)

    def check(self, records: list[WireRecord]) -> list[Stored]:
        """The texts to be stored; raises ApiError with all that is wrong with any record."""
        checker = RecordChecker(self._schema, self._keys, self._quirks)
        checked = [checker.check(record) for record in records]
        wrong = [errors for _, errors in checked if errors]
        if wrong:
            raise rejection(wrong, self._quirks)
        rows = [stored for stored, _ in checked]
        if self._quirks.repeated_keys_refused:
            self._refuse_repeated(rows)
        return rows

    def apply(self, connection: sqlite3.Connection, rows: list[Stored]) -> list[Written]:
        """Write the records."""
        match self._operation:
            case Operation.INSERT:
                return [self._insert(connection, row) for row in rows]
            case Operation.UPDATE:
                return self._update_all(connection, rows)
            case _:
                return [each for row in rows for each in self._upsert(connection, row)]

    def _refuse_repeated(self, rows: list[Stored]) -> None:
        seen: set[tuple[str | None, ...]] = set()
        for row in rows:
            values = tuple(row[key] for key in self.keys)
            if values and values in seen:
                raise rejection([[repeated_keys(self.keys, values)]], self._quirks)
            seen.add(values)

    def _insert(self, connection: sqlite3.Connection, row: Stored) -> Written:
        absent = [name for name in self._required if name not in row]
        if absent:
            raise columns_absent(absent)
        rowid = self._writer(row).insert(connection, tuple(row.values()))
        return Written(Outcome.INSERTED, rowid)

    def _update_all(self, connection: sqlite3.Connection, rows: list[Stored]) -> list[Written]:
        matches = [self._find(connection, row) for row in rows]
        if not all(matches) and not (self._quirks.update_skips_unmatched and any(matches)):
            raise no_entity()
        return [
            self._update(connection, rowid, row)
            for row, rowids in zip(rows, matches, strict=True)
            for rowid in rowids
        ]

    def _upsert(self, connection: sqlite3.Connection, row: Stored) -> list[Written]:
        rowids = self._find(connection, row)
        if rowids:
            return [self._update(connection, rowid, row) for rowid in rowids]
        if self._schema.key in self.keys and self._quirks.upsert_inserts_unknown:
            own = {name: text for name, text in row.items() if name != self._schema.key}
            return [self._insert(connection, own)]
        if self._schema.key in self.keys:
            # Only the tenant gives Gsids: one that it does not know cannot become a record's.
            raise no_entity()
        return [self._insert(connection, row)]

    def _update(self, connection: sqlite3.Connection, rowid: int, row: Stored) -> Written:
        self._writer(row).update(connection, rowid, tuple(row.values()))
        return Written(Outcome.UPDATED, rowid)

    def _find(self, connection: sqlite3.Connection, row: Stored) -> list[int]:
        rowids = self._writer(row).find(connection, tuple(row.values()))
        if len(rowids) > 1 and self._quirks.many_matches is ManyMatches.ERROR:
            raise rejection(
                [[many_matches(self.keys, [row[key] for key in self.keys])]], self._quirks
            )
        return rowids[:1] if self._quirks.many_matches is ManyMatches.FIRST else rowids

    def _writer(self, row: Stored) -> RowWriter:
        columns = tuple(row)
        if columns not in self._writers:
            keys = [key for key in self.keys if key in columns]
            self._writers[columns] = RowWriter(
                self._schema,
                columns,
                keys,
                self._stamps,
                fold_keys=self._quirks.keys_ignore_case,
            )
        return self._writers[columns]
