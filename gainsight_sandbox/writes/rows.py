"""Rows of one object, found by keys, inserted and updated, inside a transaction of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox.tenant.schema import Family
from gainsight_sandbox.tenant.store import FOLDED, quoted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from gainsight_sandbox.tenant.schema import ObjectSchema
    from gainsight_sandbox.tenant.stamps import Stamps


class RowWriter:
    """Finds, inserts and updates rows that have the columns given."""

    def __init__(
        self,
        schema: ObjectSchema,
        columns: Sequence[str],
        keys: Sequence[str],
        stamps: Stamps,
        *,
        fold_keys: bool = False,
    ) -> None:
        self._stamps = stamps
        self._key_positions = [columns.index(key) for key in keys]
        # Keys are left as they are: equal numbers may have unequal digits.
        self._changed_positions = [i for i, name in enumerate(columns) if name not in keys]
        table = quoted(schema.name)
        inserted = [*columns, *stamps.on_insert]
        marks = ", ".join("?" * len(inserted))
        names = ", ".join(map(quoted, inserted))
        self._insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - quoted
        changed = [*(columns[i] for i in self._changed_positions), *stamps.on_update]
        settings = ", ".join(f"{quoted(name)} = ?" for name in changed)
        self._update = (
            f"UPDATE {table} SET {settings} WHERE rowid = ?"  # noqa: S608 - quoted
            if changed
            else None
        )
        match = " AND ".join(_match(schema, key, fold=fold_keys) for key in keys)
        self._find = f"SELECT rowid FROM {table} WHERE {match} ORDER BY rowid"  # noqa: S608 - quoted

    def find(self, connection: sqlite3.Connection, row: Sequence[str | None]) -> list[int]:
        """The row ids of the rows that have this row's keys, the oldest first."""
        values = [row[position] for position in self._key_positions]
        return [rowid for (rowid,) in connection.execute(self._find, values)]

    def insert(self, connection: sqlite3.Connection, row: Sequence[str | None]) -> int:
        """Add a row; returns its row id."""
        cursor = connection.execute(self._insert, (*row, *self._stamps.insert_values()))
        return int(cursor.lastrowid or 0)

    def update(self, connection: sqlite3.Connection, rowid: int, row: Sequence[str | None]) -> None:
        """Set the columns of a row, except the keys."""
        if self._update is not None:
            values = [row[position] for position in self._changed_positions]
            connection.execute(self._update, (*values, *self._stamps.update_values(), rowid))


def _match(schema: ObjectSchema, key: str, *, fold: bool) -> str:
    field = schema.field(key)
    if fold and field is not None and field.family is Family.TEXT:
        return f"{FOLDED}({quoted(key)}) = {FOLDED}(?)"
    return f"{quoted(key)} = ?"
