"""Record writes, as the Relationship APIs article shows them for the relationship object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import no_entity
from gainsight_sandbox.behaviour.faults import Effect
from gainsight_sandbox.behaviour.operations import Operation
from gainsight_sandbox.behaviour.quirk_choices import Partial
from gainsight_sandbox.reads.rendering import query_record
from gainsight_sandbox.tenant.store import quoted
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success

if TYPE_CHECKING:
    from starlette.responses import Response

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.store import Store
    from gainsight_sandbox.tenant.tenant import Tenant
    from gainsight_sandbox.writes.writer import RecordWriter

_OBJECT = "/v1/data/objects/{object}"
_PARTIAL_FAULTS = {Effect.UNCONFIRMED: Partial.WRITTEN, Effect.SKIPPED: Partial.SKIPPED}


class RecordRoutes:
    """Answers the write calls, and the reading of one record."""

    def __init__(self, writer: RecordWriter, tenant: Tenant, store: Store, quirks: Quirks) -> None:
        self._writer = writer
        self._tenant = tenant
        self._store = store
        self._quirks = quirks

    def endpoints(self) -> list[Endpoint]:
        """Insert, update, upsert, delete, read."""
        return [
            Endpoint("POST", _OBJECT, CallKind.INSERT, self.insert),
            Endpoint("PUT", _OBJECT, CallKind.UPDATE, self.update),
            Endpoint("PUT", f"{_OBJECT}/upsert", CallKind.UPSERT, self.upsert),
            Endpoint("DELETE", f"{_OBJECT}/{{key}}", CallKind.DELETE, self.delete),
            Endpoint("GET", f"{_OBJECT}/{{key}}", CallKind.RECORD, self.read),
        ]

    def insert(self, call: Call) -> Response:
        """Create Relationship(s)."""
        return self._write(call, Operation.INSERT)

    def update(self, call: Call) -> Response:
        """Update Relationship Record(s)."""
        return self._write(call, Operation.UPDATE)

    def upsert(self, call: Call) -> Response:
        """Upsert Relationship Record(s)."""
        return self._write(call, Operation.UPSERT)

    def delete(self, call: Call) -> Response:
        """Delete Relationship(s)."""
        later = call.fault.seconds if call.fault and call.effect is Effect.LATE_DELETE else 0
        key = call.parameters["key"]
        return success(self._writer.delete(call.parameters["object"], key, later=int(later)))

    def read(self, call: Call) -> Response:
        """One record, with all its fields."""
        schema = self._tenant.ready(call.parameters["object"])
        if schema.key is None or not schema.readable:
            raise no_entity()
        names = [field.name for field in schema.fields]
        columns = ", ".join(map(quoted, names))
        sql = (
            f"SELECT {columns} FROM {quoted(schema.name)} "  # noqa: S608 - quoted
            f"WHERE {quoted(schema.key)} = ?"
        )
        with self._store.reading() as connection:
            row = connection.execute(sql, (call.parameters["key"],)).fetchone()
        if row is None:
            raise no_entity()
        return success(query_record(names, schema.fields, self._quirks)(row))

    def _write(self, call: Call, operation: Operation) -> Response:
        partial = _PARTIAL_FAULTS.get(call.effect) if call.effect else None
        return success(
            self._writer.write(
                operation,
                call.parameters["object"],
                call.body,
                keys=call.query.get("keys", ""),
                partial=partial or Partial.NONE,
            )
        )
