"""The SQLite database behind a tenant: connections, tables, and rows as stored texts."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gainsight_sandbox.tenant.schema import Family, ObjectSchema
from gainsight_sandbox.tenant.values import compare_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

StoredRow = tuple[str | None, ...]
FOLDED = "folded"
"""The SQL function that makes texts equal that differ in upper and lower case."""
_FETCH_ROWS = 10_000
_PRAGMAS = ("journal_mode=WAL", "synchronous=OFF", "busy_timeout=30000", "cache_size=-65536")


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class Store:
    """Tables of texts; writers share one connection in turn, each reader takes one of a pool."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._connections: list[sqlite3.Connection] = []
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.RLock()
        self._writer = self._connect()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction; one begun within another joins it."""
        with self._lock:
            if self._writer.in_transaction:
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees the committed rows as they are now, until it is given back."""
        with self._lock:
            connection = self._idle.pop() if self._idle else self._connect()
        try:
            connection.execute("BEGIN")
            # SQLite takes its snapshot with the first read.
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
            yield connection
        finally:
            connection.execute("ROLLBACK")
            with self._lock:
                self._idle.append(connection)

    def create(self, schema: ObjectSchema) -> None:
        """Make an object's empty table."""
        columns = ", ".join(
            quoted(field.name)
            + " TEXT"
            + (" COLLATE decimal" if field.family in {Family.NUMBER, Family.AMOUNT} else "")
            for field in schema.fields
        )
        with self.writing() as connection:
            connection.execute(f"CREATE TABLE {quoted(schema.name)} ({columns})")

    def index(self, schema: ObjectSchema) -> None:
        """Index the key, and modified date with key: the two orders in which extracts read."""
        with self.writing() as connection:
            for columns in ((schema.key,), (schema.modified, schema.key)):
                if schema.key and None not in columns:
                    names = ", ".join(quoted(str(column)) for column in columns)
                    index = quoted(f"{schema.name}:{':'.join(map(str, columns))}")
                    connection.execute(f"CREATE INDEX {index} ON {quoted(schema.name)} ({names})")

    def index_by(self, schema: ObjectSchema, names: Iterable[str]) -> None:
        """Index some fields, so that records are found by them."""
        listed = list(names)
        index = quoted(":".join((schema.name, *listed)))
        columns = ", ".join(map(quoted, listed))
        with self.writing() as connection:
            connection.execute(
                f"CREATE INDEX IF NOT EXISTS {index} ON {quoted(schema.name)} ({columns})"
            )

    def insert(self, schema: ObjectSchema, rows: Iterable[StoredRow]) -> None:
        """Add rows, each with a text for every field."""
        marks = ", ".join("?" * len(schema.fields))
        with self.writing() as connection:
            connection.executemany(
                f"INSERT INTO {quoted(schema.name)} VALUES ({marks})",  # noqa: S608 - quoted
                rows,
            )

    def update(self, schema: ObjectSchema, keys: list[str], changes: dict[str, str | None]) -> int:
        """Set fields of the rows with those keys; returns how many there were."""
        settings = ", ".join(f"{quoted(name)} = ?" for name in changes)
        sql = (
            f"UPDATE {quoted(schema.name)} SET {settings} "  # noqa: S608 - names are quoted
            f"WHERE {quoted(str(schema.key))} = ?"
        )
        with self.writing() as connection:
            values = tuple(changes.values())
            return connection.executemany(sql, ((*values, key) for key in keys)).rowcount

    def has(self, connection: sqlite3.Connection, schema: ObjectSchema, key: str) -> bool:
        """Whether a row has that key."""
        sql = (
            f"SELECT 1 FROM {quoted(schema.name)} "  # noqa: S608 - names are quoted
            f"WHERE {quoted(str(schema.key))} = ?"
        )
        return connection.execute(sql, (key,)).fetchone() is not None

    def delete(self, schema: ObjectSchema, keys: list[str]) -> list[str]:
        """Delete the rows with those keys; returns the keys that were found."""
        sql = (
            f"DELETE FROM {quoted(schema.name)} "  # noqa: S608 - names are quoted
            f"WHERE {quoted(str(schema.key))} = ?"
        )
        with self.writing() as connection:
            return [key for key in keys if connection.execute(sql, (key,)).rowcount]

    def drop(self, schema: ObjectSchema) -> None:
        """Drop an object's table."""
        with self.writing() as connection:
            connection.execute(f"DROP TABLE {quoted(schema.name)}")

    def add_column(self, schema: ObjectSchema, name: str) -> None:
        """Add a field of text, without values."""
        with self.writing() as connection:
            connection.execute(f"ALTER TABLE {quoted(schema.name)} ADD COLUMN {quoted(name)} TEXT")

    def drop_column(self, schema: ObjectSchema, name: str) -> None:
        """Drop a field that is neither the key nor the modified date."""
        indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?"
        with self.writing() as connection:
            for (index,) in connection.execute(indexes, (schema.name,)).fetchall():
                if name in index.split(":")[1:]:
                    connection.execute(f"DROP INDEX {quoted(index)}")
            connection.execute(f"ALTER TABLE {quoted(schema.name)} DROP COLUMN {quoted(name)}")

    def rows(self, schema: ObjectSchema) -> Iterator[StoredRow]:
        """All rows in the order of their insertion."""
        names = ", ".join(quoted(field.name) for field in schema.fields)
        sql = f"SELECT {names} FROM {quoted(schema.name)} ORDER BY rowid"  # noqa: S608 - quoted
        with self.reading() as connection:
            cursor = connection.execute(sql)
            while batch := cursor.fetchmany(_FETCH_ROWS):
                yield from batch

    def oldest_keys(self, schema: ObjectSchema, count: int) -> list[str]:
        """The keys of the rows that were modified longest ago."""
        order = quoted(schema.modified) if schema.modified else "rowid"
        sql = (
            f"SELECT {quoted(str(schema.key))} FROM {quoted(schema.name)} "  # noqa: S608 - quoted
            f"ORDER BY {order}, rowid LIMIT ?"
        )
        with self.reading() as connection:
            return [key for (key,) in connection.execute(sql, (count,))]

    def count(self, schema: ObjectSchema) -> int:
        """How many rows an object has."""
        sql = f"SELECT count(*) FROM {quoted(schema.name)}"  # noqa: S608 - the name is quoted
        with self.reading() as connection:
            return int(connection.execute(sql).fetchone()[0])

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            while self._connections:
                self._connections.pop().close()

    def _connect(self) -> sqlite3.Connection:
        # One thread at a time uses a connection, but not always the same one.
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.create_collation("decimal", compare_numbers)
        connection.create_function(FOLDED, 1, _folded, deterministic=True)
        with self._lock:
            self._connections.append(connection)
        return connection
