"""What the calls of their own have in common: bodies, checks, and rows that are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gainsight_sandbox.behaviour.errors import BadQueryError
from gainsight_sandbox.behaviour.journal import Outcome, RecordOutcome
from gainsight_sandbox.reads.rendering import query_record
from gainsight_sandbox.tenant.stamps import Stamps
from gainsight_sandbox.tenant.store import quoted
from gainsight_sandbox.wire.calls import parse_json
from gainsight_sandbox.writes.batch import RecordBatch
from gainsight_sandbox.writes.validation import FieldError, RecordChecker

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.behaviour.journal import Journal
    from gainsight_sandbox.behaviour.operations import Operation
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.schema import Field, ObjectSchema
    from gainsight_sandbox.tenant.store import Store
    from gainsight_sandbox.tenant.tenant import Tenant
    from gainsight_sandbox.writes.batch import Stored, Written


@dataclass(frozen=True, slots=True)
class Parts:
    """What the calls work on."""

    tenant: Tenant
    store: Store
    clock: Clock
    quirks: Quirks
    journal: Journal

    def note(
        self,
        object_name: str,
        operation: Operation,
        *outcomes: RecordOutcome,
        code: str | None = None,
    ) -> None:
        """Note a call's outcomes; of a refused one only its code."""
        refused = (RecordOutcome(Outcome.REFUSED),) if code else ()
        moment = self.clock.now()
        self.journal.note(moment, object_name, operation, (*outcomes, *refused), code=code)

    def checked(
        self, schema: ObjectSchema, record: Mapping[str, object], *keys: Field
    ) -> tuple[Stored, list[FieldError]]:
        """The texts to be stored of a record, and what is wrong with it."""
        return RecordChecker(schema, keys, self.quirks).check(record)

    def write(
        self,
        connection: sqlite3.Connection,
        schema: ObjectSchema,
        operation: Operation,
        stored: Stored,
        *keys: Field,
        quirks: Quirks | None = None,
    ) -> Written:
        """Write one record, which `keys` find."""
        stamps = Stamps(schema, self.clock, milliseconds=self.quirks.write_milliseconds)
        batch = RecordBatch(schema, operation, keys, quirks or self.quirks, stamps)
        return batch.apply(connection, [stored])[0]

    def read(
        self, connection: sqlite3.Connection, schema: ObjectSchema, rowid: int
    ) -> dict[str, Any]:
        """A row, as a query shows it."""
        names = [field.name for field in schema.fields]
        sql = (
            f"SELECT {', '.join(map(quoted, names))} "  # noqa: S608 - names are quoted
            f"FROM {quoted(schema.name)} WHERE rowid = ?"
        )
        row = connection.execute(sql, (rowid,)).fetchone()
        return query_record(names, schema.fields, self.quirks)(row)

    def has(self, connection: sqlite3.Connection, object_name: str, key: object) -> bool:
        """Whether an object has a record of that key."""
        schema = self.tenant.ready(object_name)
        return isinstance(key, str) and self.store.has(connection, schema, key)


def json_object(body: bytes) -> dict[str, Any] | None:
    """A body that is one JSON object; None if it is anything else."""
    try:
        found = parse_json(body)
    except BadQueryError:
        return None
    return found if isinstance(found, dict) else None
