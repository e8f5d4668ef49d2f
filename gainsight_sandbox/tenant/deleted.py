"""Deleted records of the objects that list them, kept as long as the delete logs are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gainsight_sandbox.tenant.schema import DataType, Field, ObjectSchema
from gainsight_sandbox.tenant.store import quoted

if TYPE_CHECKING:
    from gainsight_sandbox.tenant.store import Store

LISTED = ("call_to_action", "cta_group")
"""The objects whose deleted records are listed: calls to action and success plans."""
_DELETED_ON = Field("sandbox:DeletedOn", DataType.DATETIME)


class DeletedRows:
    """Deleted rows, in a table beside each object's own that no other call reads.

    Args:
        store: Where the tables are.
        modified: Whether a deletion sets the row's modified date, too.
    """

    def __init__(self, store: Store, *, modified: bool) -> None:
        self._store = store
        self._modified = modified

    def schema(self, schema: ObjectSchema) -> ObjectSchema:
        """The object's deleted rows, as an object; fields that came later are not kept."""
        kept = replace(schema, name=f"deleted:{schema.name}")
        with self._store.writing() as connection:
            found = connection.execute(f"PRAGMA table_info({quoted(kept.name)})").fetchall()
            if not found:
                self._store.create(replace(kept, fields=(*schema.fields, _DELETED_ON)))
                return kept
        there = {column[1] for column in found}
        return replace(kept, fields=tuple(each for each in schema.fields if each.name in there))

    def keep(self, schema: ObjectSchema, keys: list[str], moment: str) -> None:
        """Keep the rows with those keys, which are about to be deleted."""
        if schema.name not in LISTED:
            return
        kept = self.schema(schema)
        names = [field.name for field in kept.fields]
        stamped = {schema.modified} if self._modified else set()
        values = ", ".join("?1" if name in stamped else quoted(name) for name in names)
        sql = (
            f"INSERT INTO {quoted(kept.name)} "  # noqa: S608 - names are quoted
            f"({', '.join(map(quoted, (*names, _DELETED_ON.name)))}) "
            f"SELECT {values}, ?1 FROM {quoted(schema.name)} "
            f"WHERE {quoted(str(schema.key))} = ?2"
        )
        with self._store.writing() as connection:
            connection.executemany(sql, ((moment, key) for key in keys))

    def forget(self, kept: ObjectSchema, before: str) -> None:
        """Forget what was deleted before a moment."""
        with self._store.writing() as connection:
            connection.execute(
                f"DELETE FROM {quoted(kept.name)} "  # noqa: S608 - names are quoted
                f"WHERE {quoted(_DELETED_ON.name)} < ?",
                (before,),
            )
