"""Record writes: insert, update, upsert and delete by synchronous calls.

The Relationship APIs article. A call is one transaction: a bad record fails it as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_sandbox.errors import ApiError, ObjectNotFoundError, no_entity
from gainsight_sandbox.journal import Outcome, RecordOutcome, WriteCall
from gainsight_sandbox.lookups import LookupResolver
from gainsight_sandbox.quirks import ManyMatches, Partial
from gainsight_sandbox.rows import RowWriter
from gainsight_sandbox.sql import quoted
from gainsight_sandbox.stamps import Stamps
from gainsight_sandbox.validation import FieldError, RecordChecker
from gainsight_sandbox.writereplies import confirmation, rejection
from gainsight_sandbox.writerequests import parse_write_request
from gainsight_sandbox.writerules import (
    ErrorCode,
    Operation,
    columns_absent,
    parse_keys,
    refuse_rest,
    required_fields,
)

if TYPE_CHECKING:
    import sqlite3

    from gainsight_sandbox.clock import Clock
    from gainsight_sandbox.journal import Journal
    from gainsight_sandbox.quirks import Quirks
    from gainsight_sandbox.schema import Field, ObjectSchema
    from gainsight_sandbox.store import Store
    from gainsight_sandbox.tenant import Tenant
    from gainsight_sandbox.writerequests import Record, WriteRequest

Stored = dict[str, str | None]

UPSERT_OBJECT = "relationship"
"""The one object whose upsert call is documented."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A record's row, and how it came about."""

    outcome: Outcome
    rowid: int


class RecordWriter:
    """Writes the records of a call."""

    def __init__(
        self, tenant: Tenant, store: Store, clock: Clock, quirks: Quirks, journal: Journal
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._clock = clock
        self._quirks = quirks
        self._journal = journal

    def write(
        self,
        operation: Operation,
        name: str,
        body: bytes,
        *,
        keys: str = "",
        partial: Partial = Partial.NONE,
    ) -> dict[str, object]:
        """Insert, update or upsert records, and return the reply's data."""
        sent = 0
        try:
            schema = self._schema(name)
            refuse_rest(schema)
            self._refuse_upsert(operation, schema)
            request = parse_write_request(body, self._quirks.write_max_records)
            sent = len(request.records)
            if partial is Partial.NONE and sent > 1:
                partial = self._quirks.partial
            fields = () if operation is Operation.INSERT else parse_keys(schema, keys)
            work = _Work(schema, operation, fields, self._quirks, Stamps(schema, self._clock))
            resolvers = self._resolvers(schema, request)
            if fields:
                self._store.index_by(schema, work.keys)
            with self._store.writing() as connection:
                records = _with_lookups(
                    connection, request.records, resolvers, self._quirks, schema
                )
                rows = work.check(records)
                written = work.apply(connection, rows[:-1] if partial is Partial.SKIPPED else rows)
                confirmed = written[:-1] if partial is Partial.WRITTEN else written
                replied = _read(connection, schema, confirmed, self._quirks)
                outcomes = _outcomes(connection, schema, written)
        except ApiError as error:
            refused = (RecordOutcome(Outcome.REFUSED),) * sent
            self._note(name, operation, keys, refused, error.code)
            raise
        skipped = (RecordOutcome(Outcome.SKIPPED),) * (sent - len(outcomes))
        self._note(name, operation, keys, (*outcomes, *skipped))
        updated = operation is Operation.UPDATE
        return confirmation(schema, replied, self._quirks, updated=updated)

    def delete(self, name: str, key: str) -> str:
        """Delete a record, and return the reply's data: "initiated", though it is done."""
        try:
            schema = self._schema(name)
            refuse_rest(schema)
            deleted = self._delete(schema, key)
        except ApiError as error:
            refused = (RecordOutcome(Outcome.REFUSED, key),)
            self._note(name, Operation.DELETE, "", refused, error.code)
            raise
        outcome = Outcome.DELETED if deleted else Outcome.SKIPPED
        self._note(name, Operation.DELETE, "", (RecordOutcome(outcome, key),))
        return f"Delete process initiated for {deleted} records."

    def _delete(self, schema: ObjectSchema, key: str) -> int:
        deleted = self._tenant.delete(schema.name, key) if schema.key else 0
        if not deleted and not self._quirks.delete_of_missing_succeeds:
            raise no_entity()
        return deleted

    def _schema(self, name: str) -> ObjectSchema:
        try:
            return self._tenant.ready(name)
        except ObjectNotFoundError as error:
            raise ApiError("P_5005", f"Table {name} is either deleted or not exists") from error

    def _refuse_upsert(self, operation: Operation, schema: ObjectSchema) -> None:
        documented = self._quirks.upsert_everywhere or schema.name == UPSERT_OBJECT
        if operation is Operation.UPSERT and not documented:
            raise ApiError(ErrorCode.WRONG_API, "Invalid API called.")

    def _resolvers(self, schema: ObjectSchema, request: WriteRequest) -> dict[str, LookupResolver]:
        resolvers = {}
        for field, lookup in (request.lookups or {}).items():
            target = self._schema(lookup.object_name)
            if schema.field(field) is None:
                raise ApiError(ErrorCode.BAD_DATA, f"{schema.name} has no field {field}.")
            resolver = LookupResolver(field, lookup, target, self._quirks)
            self._store.index_by(target, resolver.criteria)
            resolvers[field] = resolver
        return resolvers

    def _note(
        self,
        name: str,
        operation: Operation,
        keys: str,
        outcomes: tuple[RecordOutcome, ...],
        code: str | None = None,
    ) -> None:
        self._journal.calls.append(
            WriteCall(
                number=self._journal.next_number(),
                moment=self._clock.now(),
                object=name.lower(),
                operation=operation,
                keys=tuple(filter(None, keys.split(","))),
                outcomes=outcomes,
                code=code,
            )
        )


class _Work:
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

    def check(self, records: list[Record]) -> list[Stored]:
        """The texts to be stored; raises ApiError with all that is wrong with any record."""
        checker = RecordChecker(self._schema, self._keys, self._quirks)
        checked = [checker.check(record) for record in records]
        wrong = [errors for _, errors in checked if errors]
        if wrong:
            raise rejection(wrong, self._quirks)
        return [stored for stored, _ in checked]

    def apply(self, connection: sqlite3.Connection, rows: list[Stored]) -> list[_Written]:
        """Write the records."""
        match self._operation:
            case Operation.INSERT:
                return [self._insert(connection, row) for row in rows]
            case Operation.UPDATE:
                return self._update_all(connection, rows)
            case _:
                return [each for row in rows for each in self._upsert(connection, row)]

    def _insert(self, connection: sqlite3.Connection, row: Stored) -> _Written:
        absent = [name for name in self._required if name not in row]
        if absent:
            raise columns_absent(absent)
        rowid = self._writer(row).insert(connection, tuple(row.values()))
        return _Written(Outcome.INSERTED, rowid)

    def _update_all(self, connection: sqlite3.Connection, rows: list[Stored]) -> list[_Written]:
        matches = [self._find(connection, row) for row in rows]
        if not all(matches) and not (self._quirks.update_skips_unmatched and any(matches)):
            raise no_entity()
        return [
            self._update(connection, rowid, row)
            for row, rowids in zip(rows, matches, strict=True)
            for rowid in rowids
        ]

    def _upsert(self, connection: sqlite3.Connection, row: Stored) -> list[_Written]:
        rowids = self._find(connection, row)
        if rowids:
            return [self._update(connection, rowid, row) for rowid in rowids]
        if self._schema.key in self.keys:
            # Only the tenant gives Gsids: one that it does not know cannot become a record's.
            raise no_entity()
        return [self._insert(connection, row)]

    def _update(self, connection: sqlite3.Connection, rowid: int, row: Stored) -> _Written:
        self._writer(row).update(connection, rowid, tuple(row.values()))
        return _Written(Outcome.UPDATED, rowid)

    def _find(self, connection: sqlite3.Connection, row: Stored) -> list[int]:
        rowids = self._writer(row).find(connection, tuple(row.values()))
        if len(rowids) > 1 and self._quirks.many_matches is ManyMatches.ERROR:
            raise rejection([[many_matches(self.keys, row)]], self._quirks)
        return rowids

    def _writer(self, row: Stored) -> RowWriter:
        columns = tuple(row)
        if columns not in self._writers:
            self._writers[columns] = RowWriter(self._schema, columns, self.keys, self._stamps)
        return self._writers[columns]


def many_matches(keys: tuple[str, ...], row: Stored) -> FieldError:
    """An update whose keys match more than one record."""
    values = ", ".join(str(row[key]) for key in keys)
    return FieldError(
        ErrorCode.BAD_DATA, "More than one record matches the keys.", ",".join(keys), values
    )


def _with_lookups(
    connection: sqlite3.Connection,
    records: list[Record],
    resolvers: dict[str, LookupResolver],
    quirks: Quirks,
    schema: ObjectSchema,
) -> list[Record]:
    """The records with their looked-up fields; the columns looked up by are fields as well."""
    if not resolvers:
        return records
    carried = {column for resolver in resolvers.values() for column in resolver.columns}
    known = {field.name for field in schema.fields}
    dropped = carried - known if quirks.lookup_columns_free else set()
    completed = []
    for record in records:
        found = {
            field: resolver.resolve(connection, record)
            for field, resolver in resolvers.items()
            if resolver.applies(record)
        }
        kept = {name: value for name, value in record.items() if name not in dropped}
        completed.append(kept | found)
    return completed


def _read(
    connection: sqlite3.Connection, schema: ObjectSchema, written: list[_Written], quirks: Quirks
) -> list[tuple[str | None, ...]]:
    """The rows in their last state, each once."""
    rowids = list(dict.fromkeys(each.rowid for each in written))
    if not quirks.write_keeps_order:
        rowids.reverse()
    names = ", ".join(quoted(field.name) for field in schema.fields)
    sql = f"SELECT {names} FROM {quoted(schema.name)} WHERE rowid = ?"  # noqa: S608 - quoted
    return [connection.execute(sql, (rowid,)).fetchone() for rowid in rowids]


def _outcomes(
    connection: sqlite3.Connection, schema: ObjectSchema, written: list[_Written]
) -> tuple[RecordOutcome, ...]:
    if schema.key is None:
        return tuple(RecordOutcome(each.outcome) for each in written)
    sql = (
        f"SELECT {quoted(schema.key)} FROM {quoted(schema.name)} "  # noqa: S608 - quoted
        "WHERE rowid = ?"
    )
    return tuple(
        RecordOutcome(each.outcome, connection.execute(sql, (each.rowid,)).fetchone()[0])
        for each in written
    )
