"""Record writes: insert, update, upsert and delete by synchronous calls.

The Relationship APIs article. A call is one transaction: a bad record fails it as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.errors import ApiError, ObjectNotFoundError, no_entity
from gainsight_sandbox.behaviour.journal import Outcome, RecordOutcome
from gainsight_sandbox.behaviour.operations import Operation
from gainsight_sandbox.behaviour.quirk_choices import Partial
from gainsight_sandbox.tenant.stamps import Stamps
from gainsight_sandbox.tenant.store import quoted
from gainsight_sandbox.writes.batch import RecordBatch
from gainsight_sandbox.writes.lookups import LookupResolver, with_lookups
from gainsight_sandbox.writes.replies import confirmation
from gainsight_sandbox.writes.requests import parse_write_request
from gainsight_sandbox.writes.rules import ErrorCode, parse_keys, refuse_rest

if TYPE_CHECKING:
    import sqlite3

    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.behaviour.journal import Journal
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.schema import ObjectSchema
    from gainsight_sandbox.tenant.store import Store
    from gainsight_sandbox.tenant.tenant import Tenant
    from gainsight_sandbox.writes.batch import Written
    from gainsight_sandbox.writes.requests import WriteRequest

UPSERT_OBJECT = "relationship"
"""The one object whose upsert call is documented."""


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
            request = parse_write_request(body, self._quirks.write_max_records)
            sent = len(request.records)
            if partial is Partial.NONE and sent > 1:
                partial = self._quirks.partial
            data, outcomes = self._write(operation, name, request, keys, partial)
        except ApiError as error:
            refused = (RecordOutcome(Outcome.REFUSED),) * sent
            self._note(name, operation, keys, refused, error.code)
            raise
        skipped = (RecordOutcome(Outcome.SKIPPED),) * (sent - len(outcomes))
        self._note(name, operation, keys, (*outcomes, *skipped))
        return data

    def _write(
        self, operation: Operation, name: str, request: WriteRequest, keys: str, partial: Partial
    ) -> tuple[dict[str, object], tuple[RecordOutcome, ...]]:
        """Write the records; returns the reply's data and each record's outcome."""
        schema = self._schema(name)
        refuse_rest(schema)
        self._refuse_upsert(operation, schema)
        fields = () if operation is Operation.INSERT else parse_keys(schema, keys)
        stamps = Stamps(schema, self._clock, milliseconds=self._quirks.write_milliseconds)
        batch = RecordBatch(schema, operation, fields, self._quirks, stamps)
        resolvers = self._resolvers(schema, request)
        if fields:
            self._store.index_by(schema, batch.keys)
        with self._store.writing() as connection:
            records = with_lookups(connection, request.records, resolvers, self._quirks, schema)
            rows = batch.check(records)
            written = batch.apply(connection, rows[:-1] if partial is Partial.SKIPPED else rows)
            confirmed = written[:-1] if partial is Partial.WRITTEN else written
            replied = _read(connection, schema, confirmed, self._quirks)
            outcomes = _outcomes(connection, schema, written)
        updated = operation is Operation.UPDATE
        sent = len(request.records)
        data = confirmation(schema, replied, self._quirks, sent=sent, updated=updated)
        return data, outcomes

    def delete(self, name: str, key: str, *, later: int = 0) -> str:
        """Delete a record, at once or a moment `later`, and return the reply's data."""
        try:
            schema = self._schema(name)
            refuse_rest(schema)
            deleted = self._delete(schema, key, later or self._quirks.delete_seconds)
        except ApiError as error:
            refused = (RecordOutcome(Outcome.REFUSED, key),)
            self._note(name, Operation.DELETE, "", refused, error.code)
            raise
        outcome = Outcome.DELETED if deleted else Outcome.SKIPPED
        self._note(name, Operation.DELETE, "", (RecordOutcome(outcome, key),))
        return f"Delete process initiated for {deleted} records."

    def _delete(self, schema: ObjectSchema, key: str, seconds: int) -> int:
        deleted = self._tenant.delete_later(schema.name, key, seconds) if schema.key else 0
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
        named = tuple(filter(None, keys.split(",")))
        self._journal.note(self._clock.now(), name, operation, outcomes, keys=named, code=code)


def _read(
    connection: sqlite3.Connection, schema: ObjectSchema, written: list[Written], quirks: Quirks
) -> list[tuple[str | None, ...]]:
    """The written rows as they are now, each once."""
    rowids = list(dict.fromkeys(each.rowid for each in written))
    if not quirks.write_keeps_order:
        rowids.reverse()
    names = ", ".join(quoted(field.name) for field in schema.fields)
    sql = f"SELECT {names} FROM {quoted(schema.name)} WHERE rowid = ?"  # noqa: S608 - quoted
    return [connection.execute(sql, (rowid,)).fetchone() for rowid in rowids]


def _outcomes(
    connection: sqlite3.Connection, schema: ObjectSchema, written: list[Written]
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
