"""The fields that the tenant itself sets when a record is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox.tenant.tenant import moment_of_write, new_key
from gainsight_sandbox.tenant.values import iso

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.tenant.schema import ObjectSchema

API_USER = "1P01E316G9DAPFOLE6000000000000000000"
"""Who writes by an access key: the demo's first user."""


class Stamps:
    """Sets the Gsid, and when and by whom a record was made and changed.

    All records written in one transaction get one moment.
    """

    def __init__(self, schema: ObjectSchema, clock: Clock, *, milliseconds: bool) -> None:
        self._schema = schema
        self._clock = clock
        self._milliseconds = milliseconds
        self._key = (schema.key,) if schema.key else ()
        self._created = _names(schema, schema.created, "CreatedBy")
        self.on_update = _names(schema, schema.modified, "ModifiedBy")
        self.on_insert = (*self._key, *self._created, *self.on_update)
        self.renew()

    def renew(self) -> None:
        """Begin another transaction."""
        moment = iso(moment_of_write(self._clock, milliseconds=self._milliseconds))
        self._values = {
            name: API_USER if name.endswith("By") else moment
            for name in (*self._created, *self.on_update)
        }
        self._changed = tuple(self._values[name] for name in self.on_update)

    def update_values(self) -> tuple[str, ...]:
        """Values for the fields of `on_update`."""
        return self._changed

    def insert_values(self) -> tuple[str, ...]:
        """Values for the fields of `on_insert`."""
        key = (new_key(self._schema),) if self._key else ()
        return (*key, *self._values.values())


def _names(schema: ObjectSchema, moment: str | None, user: str) -> tuple[str, ...]:
    has_user = schema.field(user) is not None
    return (*((moment,) if moment else ()), *((user,) if has_user else ()))
