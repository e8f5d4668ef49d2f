"""A stream before the SDK: what it reads, and its schema; from metadata, or from a catalog."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gainsight_api.objects.datatypes import Kind, json_schema, kind_in, kind_of
from tap_gainsight.records.block import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gainsight_api.filters.build import UserFilter
    from gainsight_api.objects.metadata import Field, GainsightObject

GSID = "Gsid"
REPLICATION_KEYS = ("ModifiedDate", "LastModifiedDate", "ModifiedAt", "DeletedOn")
MAIN_DELETE_LOG = "record_delete_log"
DELETE_LOGS = {
    MAIN_DELETE_LOG: "deleted_log",
    "record_delete_log_high_volume": "deleted_log_high_volume",
}
"""The objects of the delete logs, each with the bookmark that the state keeps for it."""
DELETED_RECORDS = "deleted_records"
MULTIPLE = "MULTISELECTDROPDOWNLIST"
PICKLISTS = ("PICKLIST", MULTIPLE)
_LABEL = "__label"
_THROUGH = re.compile("__gr__", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream before the SDK.

    Attributes:
        name: The stream's name.
        object: The object it reads.
        schema: JSON Schema of its records.
        keys: Its key properties.
        replication_key: The property by which it is read incrementally, if it can be.
        hidden: Properties that are not selected by default.
        filter: A condition on all its records.
        extract_method: Its extract method, if it has one of its own.
    """

    name: str
    object: str
    schema: Mapping[str, Any]
    keys: tuple[str, ...]
    replication_key: str | None
    hidden: frozenset[str] = frozenset()
    filter: UserFilter | None = None
    extract_method: str | None = None

    @property
    def paging_key(self) -> str | None:
        """The field that tells the object's rows apart, if there is one."""
        return key_among(self.schema["properties"])

    def columns(self) -> tuple[Column, ...]:
        """What can be asked for, in the order of the schema."""
        labels = self.picklist_labels()
        return tuple(
            Column(
                path_of(name),
                name,
                kind_in(schema),
                required=name in self.keys,
                multiple=str(schema.get("description") or "").startswith(MULTIPLE),
            )
            for name, schema in self.schema["properties"].items()
            if name not in labels
        )

    def picklist_labels(self) -> dict[str, str]:
        """The properties that are picklist labels, each with the property of the item."""
        properties = self.schema["properties"]
        return {
            name: name.removesuffix(_LABEL)
            for name in properties
            if name.endswith(_LABEL) and name.removesuffix(_LABEL) in properties
        }

    def data_types(self) -> dict[str, str]:
        """Gainsight's data types of the columns, by path, as the descriptions begin."""
        properties = self.schema["properties"]
        described = {name: str(properties[name].get("description") or "") for name in properties}
        return {path_of(name): text.partition(":")[0] for name, text in described.items()}


def name_of(path: str) -> str:
    """The property of a field or lookup path."""
    return path.replace(".", "__")


def path_of(name: str) -> str:
    """The field or lookup path of a property: what is looked up through ends with `__gr`."""
    return _THROUGH.sub(lambda through: f"{through[0][:-2]}.", name)


def keys_of(found: GainsightObject) -> tuple[str, ...]:
    """The key of an object, if it has one."""
    key = key_among(found.fields)
    return (key,) if key else ()


def key_among(names: Iterable[str]) -> str | None:
    """The field that tells an object's rows apart: Gsid, else the one named id in any case."""
    known = list(names)
    if GSID in known:
        return GSID
    return next((name for name in known if name.casefold() == "id"), None)


def replication_key_of(found: GainsightObject) -> str | None:
    """The field by which an object is read incrementally, if it can be."""
    return next((name for name in REPLICATION_KEYS if is_time(found.fields.get(name))), None)


def is_time(field: Field | None) -> bool:
    """Whether a field can be a replication key."""
    return field is not None and kind_of(field.data_type) is Kind.DATETIME


def schema_of(
    fields: Mapping[str, Field], keys: Sequence[str], *, include_picklist_labels: bool = False
) -> dict[str, Any]:
    """The JSON Schema of records with these fields.

    Args:
        fields: Fields by the path under which they are asked for.
        keys: The key properties, which are never null.
        include_picklist_labels: Whether each picklist's labels stand beside its items.
    """
    properties = {}
    for path, field in fields.items():
        name = name_of(path)
        properties[name] = _property(field, key=name in keys)
        if include_picklist_labels and field.data_type in PICKLISTS:
            label = {"title": f"{field.label} (label)", "description": "Label of the item"}
            properties[name + _LABEL] = json_schema(Kind.TEXT, nullable=True) | label
    return {"type": "object", "properties": properties}


def _property(field: Field, *, key: bool) -> dict[str, Any]:
    schema = json_schema(kind_of(field.data_type), nullable=not key)
    text = f": {field.description}" if field.description else ""
    return schema | {"title": field.label, "description": f"{field.data_type}{text}"}


def deleted_records() -> StreamSpec:
    """The stream of both delete logs (article "Data Management APIs")."""
    return StreamSpec(
        name=DELETED_RECORDS,
        object=MAIN_DELETE_LOG,
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
