"""Lookups in the calls of their own: those of the Relationship APIs article, record by record.

Unlike there, a column that a lookup goes by need not be a field of the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_sandbox.behaviour.errors import ApiError, ObjectNotFoundError
from gainsight_sandbox.own_apis.replies import RecordError
from gainsight_sandbox.writes.lookups import Lookup, LookupResolver

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from gainsight_sandbox.own_apis.records import Parts
    from gainsight_sandbox.tenant.schema import ObjectSchema


def looked_up(
    parts: Parts,
    connection: sqlite3.Connection,
    schema: ObjectSchema,
    record: Mapping[str, Any],
    lookups: Mapping[str, Any],
    *,
    code: str = "COCKPIT_5101",
) -> dict[str, Any]:
    """A record with the fields that lookups fill, without the columns that are no fields.

    Raises RecordError if a lookup finds nothing, or is not understood.
    """
    found: dict[str, Any] = {}
    columns: set[str] = set()
    for field, raw in lookups.items():
        try:
            lookup = msgspec.convert(raw, Lookup)
            target = parts.tenant.ready(lookup.object_name)
            resolver = LookupResolver(field, lookup, target, parts.quirks)
            columns.update(resolver.columns)
            if resolver.applies(record):
                found[field] = resolver.resolve(connection, record)
        except (msgspec.ValidationError, ObjectNotFoundError) as error:
            raise RecordError(code, f"Lookup of {field}: {error}") from error
        except ApiError as error:
            raise RecordError(code, error.message or str(error.desc)) from error
    own = {name for name in columns if schema.field(name) is None}
    return {name: value for name, value in record.items() if name not in own} | found
