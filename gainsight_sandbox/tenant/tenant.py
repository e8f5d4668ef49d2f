"""The tenant: its objects and their records, as exact Python values."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.errors import ObjectNotFoundError
from gainsight_sandbox.tenant.deleted import DeletedRows
from gainsight_sandbox.tenant.registry import Registry
from gainsight_sandbox.tenant.schema import DataType, Field, ObjectSchema, ObjectType
from gainsight_sandbox.tenant.store import Store, StoredRow, quoted
from gainsight_sandbox.tenant.values import Value, from_seconds, from_stored, iso, to_stored

if TYPE_CHECKING:
    from datetime import datetime

    from gainsight_sandbox.behaviour.clock import Clock

GSID_LENGTH = 36
DELETE_LOG = "record_delete_log"
HIGH_VOLUME_DELETE_LOG = "record_delete_log_high_volume"
DELETE_LOG_KEPT = timedelta(days=15)
_PREFIX = "1P99"

Filler = Callable[[Store, ObjectSchema, int], None]
"""Fills an object's empty table with that many demo rows."""


def delete_log(name: str) -> ObjectSchema:
    """The object in which Gainsight notes deleted records for 15 days."""
    return ObjectSchema(
        name,
        (
            Field("RecordId", DataType.STRING, read_only=True),
            Field("DeletedOn", DataType.DATETIME, read_only=True),
            Field("ObjectName", DataType.STRING, read_only=True),
        ),
        object_type=ObjectType.SYSTEM,
        createable=False,
    )


class Tenant:
    """Objects by name; a change sets the modified date and a deletion writes the delete log."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        milliseconds: bool = False,
        deletion_modifies: bool = True,
    ) -> None:
        self._store = store
        self._deleted = DeletedRows(store, modified=deletion_modifies)
        self._clock = clock
        self._milliseconds = milliseconds
        self._registry = Registry(store)
        self._later: list[tuple[datetime, Callable[[], object]]] = []
        self._fillers: dict[str, Filler] = {}

    @property
    def schemas(self) -> Mapping[str, ObjectSchema]:
        """The objects by name."""
        return self._registry.schemas

    def schema(self, name: str) -> ObjectSchema:
        """The object of that name, whatever its case; raises ObjectNotFoundError."""
        found = self.schemas.get(name.lower())
        if found is None:
            raise ObjectNotFoundError(name)
        return found

    def add_object(self, schema: ObjectSchema, rows: Iterable[Mapping[str, object]] = ()) -> None:
        """Add an object, with rows that already have their Gsids and dates."""
        with self._store.writing():
            self._registry.add(schema, pending=0)
            self._store.insert(schema, stored_rows(schema, rows))
            self._store.index(schema)

    def add_pending(self, schema: ObjectSchema, count: int) -> None:
        """Add an object whose `count` demo rows are made when first asked for."""
        if count:
            self._registry.add(schema, pending=count)
        else:
            self.add_object(schema)

    def set_fillers(self, fillers: Mapping[str, Filler]) -> None:
        """Set the functions that make the demo rows, by object."""
        self._fillers.update(fillers)

    def delete_field(self, object_name: str, field_name: str) -> None:
        """Delete a field with its values, as an admin would."""
        schema = self.ready(object_name)
        field = schema.field(field_name)
        if field is None:
            raise ValueError(f"{object_name} has no field {field_name!r}")
        left = tuple(other for other in schema.fields if other is not field)
        with self._store.writing():
            self._store.drop_column(schema, field.name)
            self._registry.change(replace(schema, fields=left))

    def add_field(self, object_name: str, field_name: str) -> None:
        """Add a field of text, as an admin would."""
        schema = self.ready(object_name)
        if schema.field(field_name) is not None:
            raise ValueError(f"{object_name} has a field {field_name!r} already")
        with self._store.writing():
            self._store.add_column(schema, field_name)
            self._registry.change(replace(schema, fields=(*schema.fields, Field(field_name))))

    def delete_object(self, object_name: str) -> None:
        """Delete an object with its records, as an admin would."""
        self._registry.remove(self.ready(object_name))

    def rows(self, object_name: str) -> Iterator[dict[str, Value]]:
        """All records, in the order of their insertion."""
        schema = self.ready(object_name)
        for row in self._store.rows(schema):
            yield {
                field.name: from_stored(field.family, text)
                for field, text in zip(schema.fields, row, strict=True)
            }

    def count(self, object_name: str) -> int:
        """How many records an object has, or will have when its demo rows are made."""
        schema = self.schema(object_name)
        self._do_due()
        return self._registry.pending(schema.name) or self._store.count(schema)

    def counts(self) -> dict[str, int]:
        """Every object's number of records."""
        return {name: self.count(name) for name in self.schemas}

    def insert(self, object_name: str, *rows: Mapping[str, object]) -> list[str]:
        """Add records; gives new Gsids and dates where a row has none, and returns the keys."""
        schema = self.ready(object_name)
        complete = [self._with_system_fields(schema, row) for row in rows]
        self._store.insert(schema, stored_rows(schema, complete))
        return [str(row[schema.key]) for row in complete] if schema.key else []

    def update(
        self, object_name: str, keys: str | Iterable[str], changes: Mapping[str, object]
    ) -> int:
        """Change the records with those keys; returns how many there were."""
        schema = self._keyed(object_name)
        stored = _stored_changes(schema, {**self._modified(schema), **changes})
        return self._store.update(schema, _as_list(keys), stored)

    def touch(self, object_name: str, count: int) -> list[str]:
        """Give the `count` records modified longest ago a new modified date."""
        schema = self._keyed(object_name)
        keys = self._store.oldest_keys(schema, count)
        self._store.update(schema, keys, _stored_changes(schema, self._modified(schema)))
        return keys

    def delete(self, object_name: str, keys: str | Iterable[str]) -> int:
        """Delete the records with those keys, and note them in the delete log."""
        return self._delete(self._keyed(object_name), _as_list(keys), self._moment())

    def delete_later(self, object_name: str, key: str, seconds: int) -> int:
        """Delete a record in some seconds; returns whether it is there, as 0 or 1."""
        schema = self._keyed(object_name)
        with self._store.writing() as connection:
            there = self._store.has(connection, schema, key)
            if there:
                moment = self._moment() + timedelta(seconds=seconds)
                self.do_later(moment, lambda: self._delete(schema, [key], moment))
        return int(there)

    def do_later(self, moment: datetime, action: Callable[[], object]) -> None:
        """Change records at a moment; at once, if it has come."""
        with self._store.writing():
            self._later.append((moment, action))
        self._do_due()

    def _delete(self, schema: ObjectSchema, keys: list[str], moment: datetime) -> int:
        log = self._delete_log(schema)
        with self._store.writing():
            self._deleted.keep(schema, keys, iso(moment))
            deleted = self._store.delete(schema, keys)
            if log is not None:
                entries = ((key, iso(moment), schema.name) for key in deleted)
                self._store.insert(log, entries)
        return len(deleted)

    def deleted(self, object_name: str) -> ObjectSchema:
        """What was deleted of an object in the last 15 days, as an object of its own."""
        kept = self._deleted.schema(self.ready(object_name))
        self._deleted.forget(kept, iso(from_seconds(self._clock.now()) - DELETE_LOG_KEPT))
        return kept

    def _do_due(self) -> None:
        """Do what was to be done by now."""
        if not self._later:
            return
        now = from_seconds(self._clock.now())
        with self._store.writing():
            due = [action for moment, action in self._later if moment <= now]
            self._later = [each for each in self._later if each[0] > now]
            for action in due:
                action()

    def ready(self, object_name: str) -> ObjectSchema:
        """The object with its demo rows made, without the records that are to be gone by now.

        The delete logs are cut to 15 days.
        """
        schema = self.schema(object_name)
        self._do_due()
        if self._registry.pending(schema.name):
            with self._store.writing():
                pending = self._registry.pending(schema.name)
                if pending:
                    self._fillers[schema.name](self._store, schema, pending)
                    self._store.index(schema)
                    self._registry.filled(schema.name)
        if schema.name in {DELETE_LOG, HIGH_VOLUME_DELETE_LOG}:
            self._forget_deletions(schema)
        return schema

    def ready_all(self) -> None:
        """Make all demo rows now."""
        for name in self.schemas:
            self.ready(name)

    def _forget_deletions(self, schema: ObjectSchema) -> None:
        oldest = iso(from_seconds(self._clock.now()) - DELETE_LOG_KEPT)
        with self._store.writing() as connection:
            connection.execute(
                f'DELETE FROM {quoted(schema.name)} WHERE "DeletedOn" < ?',  # noqa: S608 - quoted
                (oldest,),
            )

    def _delete_log(self, schema: ObjectSchema) -> ObjectSchema | None:
        name = HIGH_VOLUME_DELETE_LOG if schema.high_volume else DELETE_LOG
        return self.ready(name) if name in self.schemas else None

    def _keyed(self, object_name: str) -> ObjectSchema:
        schema = self.ready(object_name)
        if schema.key is None:
            raise ValueError(f"{object_name} has no key to find a record by")
        return schema

    def _with_system_fields(
        self, schema: ObjectSchema, row: Mapping[str, object]
    ) -> dict[str, object]:
        moment = self._moment()
        defaults = {schema.key: new_key(schema), schema.created: moment, schema.modified: moment}
        return {str(name): value for name, value in defaults.items() if name} | dict(row)

    def _modified(self, schema: ObjectSchema) -> dict[str, object]:
        return {schema.modified: self._moment()} if schema.modified else {}

    def _moment(self) -> datetime:
        return moment_of_write(self._clock, milliseconds=self._milliseconds)


def moment_of_write(clock: Clock, *, milliseconds: bool) -> datetime:
    """Now, as the tenant notes it in records: to the millisecond, or to the second."""
    now = clock.now()
    return from_seconds(now if milliseconds else math.floor(now))


def new_key(schema: ObjectSchema) -> str:
    """The key of a new record: 36 characters that begin with the object's prefix."""
    return ((schema.key_prefix or _PREFIX) + uuid.uuid4().hex.upper())[:GSID_LENGTH]


def _as_list(keys: str | Iterable[str]) -> list[str]:
    return [keys] if isinstance(keys, str) else list(keys)


def _stored_changes(schema: ObjectSchema, changes: Mapping[str, object]) -> dict[str, str | None]:
    fields = {field.name: field for field in schema.fields}
    return {name: _stored(schema, fields, name, value) for name, value in changes.items()}


def stored_rows(schema: ObjectSchema, rows: Iterable[Mapping[str, object]]) -> Iterator[StoredRow]:
    """Rows of exact values as the store keeps them; raises ValueError for a wrong one."""
    fields = {field.name: field for field in schema.fields}
    for row in rows:
        stored = {name: _stored(schema, fields, name, value) for name, value in row.items()}
        yield tuple(map(stored.get, fields))


def _stored(
    schema: ObjectSchema, fields: Mapping[str, Field], name: str, value: object
) -> str | None:
    field = fields.get(name)
    if field is None:
        raise ValueError(f"{schema.name} has no field {name!r}")
    try:
        return to_stored(field.family, value)
    except ValueError as error:
        raise ValueError(f"{schema.name}.{name}: {error}") from error
