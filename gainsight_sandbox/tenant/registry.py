"""Which objects a store holds, kept in the store itself, so that a data folder can be reopened."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from gainsight_sandbox.tenant.schema import ObjectSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gainsight_sandbox.tenant.store import Store

_CREATE = """
CREATE TABLE IF NOT EXISTS "sandbox:objects" (name PRIMARY KEY, schema BLOB, pending INTEGER)
"""
_WRITE = """
INSERT INTO "sandbox:objects" VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET schema = excluded.schema, pending = excluded.pending
"""


class Registry:
    """Objects by name, each with the number of its demo rows that are still to be made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._schemas: dict[str, ObjectSchema] = {}
        self._pending: dict[str, int] = {}
        with store.writing() as connection:
            connection.execute(_CREATE)
            cursor = connection.execute('SELECT * FROM "sandbox:objects" ORDER BY rowid')
            for name, schema, pending in cursor:
                self._schemas[name] = msgspec.json.decode(schema, type=ObjectSchema)
                self._pending[name] = pending

    @property
    def schemas(self) -> Mapping[str, ObjectSchema]:
        """The objects by name."""
        return MappingProxyType(self._schemas)

    def pending(self, name: str) -> int:
        """How many demo rows of an object are still to be made."""
        return self._pending[name]

    def add(self, schema: ObjectSchema, *, pending: int) -> None:
        """Add an object with an empty table."""
        if schema.name != schema.name.lower():
            raise ValueError(f"object names are lower case: {schema.name!r}")
        self._store.create(schema)
        self._write(schema, pending)

    def change(self, schema: ObjectSchema) -> None:
        """Replace an object's schema."""
        self._write(schema, self._pending[schema.name])

    def remove(self, schema: ObjectSchema) -> None:
        """Remove an object with its table."""
        with self._store.writing() as connection:
            self._store.drop(schema)
            connection.execute('DELETE FROM "sandbox:objects" WHERE name = ?', (schema.name,))
        self._schemas = {name: each for name, each in self._schemas.items() if each != schema}

    def filled(self, name: str) -> None:
        """Record that an object's demo rows have been made."""
        self._write(self._schemas[name], 0)

    def _write(self, schema: ObjectSchema, pending: int) -> None:
        with self._store.writing() as connection:
            connection.execute(_WRITE, (schema.name, msgspec.json.encode(schema), pending))
        # New dicts, as other threads may be walking through the old ones.
        self._schemas = {**self._schemas, schema.name: schema}
        self._pending = {**self._pending, schema.name: pending}
