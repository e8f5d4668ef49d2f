"""From a tenant's metadata to the streams a tap offers, and back from a catalog."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from gainsight_api.datatypes import Kind, json_schema, kind_in, kind_of
from gainsight_api.errors import ConfigError
from tap_gainsight.pages import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gainsight_api.metadata import Field, GainsightObject, Metadata

logger = logging.getLogger(__name__)

KEYS = ("Gsid", "id")
REPLICATION_KEYS = ("ModifiedDate", "LastModifiedDate", "ModifiedAt", "DeletedOn")
DELETE_LOGS = ("record_delete_log", "record_delete_log_high_volume")
DELETED_RECORDS = "deleted_records"


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream before the SDK: what it reads, by what key, and its schema.

    Attributes:
        name: The stream's name.
        object: The object it reads.
        schema: JSON Schema of its records.
        keys: Its key properties.
        replication_key: The property by which it is read incrementally, if it can be.
        hidden: Properties that are not selected by default.
    """

    name: str
    object: str
    schema: Mapping[str, Any]
    keys: tuple[str, ...]
    replication_key: str | None
    hidden: frozenset[str] = frozenset()

    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of the schema."""
        return tuple(
            Column(path=name, name=name, kind=kind_in(schema), required=name in self.keys)
            for name, schema in self.schema["properties"].items()
        )


def discovered(metadata: Metadata, wanted: Sequence[str] | None) -> list[StreamSpec]:
    """The streams of a tenant: one for each object that can be read.

    Args:
        metadata: The tenant's metadata.
        wanted: Names or globs of objects; all where there are none.

    Raises:
        ConfigError: A wanted name is no object of the tenant.
    """
    listed = metadata.objects()
    readable = [summary.name for summary in listed if summary.readable]
    names = _wanted(readable, wanted) if wanted else readable
    names = [name for name in names if name not in DELETE_LOGS]
    described = metadata.describe(names)
    unreadable = {summary.name for summary in listed} - set(readable)
    for name in wanted or ():
        if not _is_glob(name) and name not in described and name not in DELETE_LOGS:
            why = "may not be read" if name in unreadable else "does not exist"
            raise ConfigError(
                f"setting `objects`: the object {name!r} {why} in this tenant; names are "
                "as the API has them, such as company or my_object__gc"
            )
    return [spec_of(found) for found in described.values() if found.fields]


def _wanted(readable: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The objects that are named, or that match; a name need not be listed to exist."""
    matching = [name for name in readable if any(fnmatchcase(name, glob) for glob in wanted)]
    named = [name for name in wanted if not _is_glob(name)]
    return list(dict.fromkeys([*matching, *named]))


def _is_glob(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def spec_of(found: GainsightObject) -> StreamSpec:
    """The stream of an object, as its fields make it."""
    keys = tuple(name for name in KEYS if name in found.fields)[:1]
    replication_key = next((name for name in REPLICATION_KEYS if _is_time(found, name)), None)
    return StreamSpec(
        name=found.name,
        object=found.name,
        schema={
            "type": "object",
            "properties": {
                field.name: _property(field, key=field.name in keys)
                for field in found.fields.values()
            },
        },
        keys=keys,
        replication_key=replication_key,
        hidden=frozenset(field.name for field in found.fields.values() if field.hidden),
    )


def _is_time(found: GainsightObject, name: str) -> bool:
    field = found.fields.get(name)
    return field is not None and kind_of(field.data_type) is Kind.DATETIME


def _property(field: Field, *, key: bool) -> dict[str, Any]:
    schema = json_schema(kind_of(field.data_type), nullable=not key)
    schema["title"] = field.label
    schema["description"] = field.description or field.data_type
    return schema


def deleted_records() -> StreamSpec:
    """The stream of both delete logs (article "Data Management APIs")."""
    return StreamSpec(
        name=DELETED_RECORDS,
        object=DELETE_LOGS[0],
        schema={
            "type": "object",
            "properties": {
                "ObjectName": json_schema(Kind.TEXT, nullable=False),
                "RecordId": json_schema(Kind.TEXT, nullable=False),
                "DeletedOn": json_schema(Kind.DATETIME, nullable=False),
            },
        },
        keys=("ObjectName", "RecordId", "DeletedOn"),
        replication_key="DeletedOn",
    )


def catalogued(entry: Mapping[str, Any]) -> StreamSpec:
    """The stream of a catalog's entry, without asking the tenant."""
    name = str(entry["tap_stream_id"])
    return StreamSpec(
        name=name,
        object=DELETE_LOGS[0] if name == DELETED_RECORDS else name,
        schema=entry["schema"],
        keys=tuple(entry.get("key_properties") or ()),
        replication_key=entry.get("replication_key"),
    )
