"""Objects from a JSON file, and a short way to declare custom objects."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from gainsight_sandbox.tenant.ids import category_id, dropdown
from gainsight_sandbox.tenant.schema import DataType, Field, ObjectSchema, ObjectType, Option

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SYSTEM_FIELDS = (
    Field("Gsid", DataType.GSID, read_only=True, length=36),
    Field("CreatedDate", DataType.DATETIME, read_only=True),
    Field("CreatedBy", DataType.LOOKUP, lookup="gsuser", read_only=True),
    Field("ModifiedDate", DataType.DATETIME, read_only=True),
    Field("ModifiedBy", DataType.LOOKUP, lookup="gsuser", read_only=True),
)


class _FileField(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A field; `options` are labels of a dropdown list, or a list of labels and ids."""

    name: str
    data_type: str = DataType.STRING
    label: str | None = None
    lookup: str | None = None
    options: list[str | Option] = []
    decimal_places: int = 0
    length: int | None = None
    hidden: bool = False
    read_only: bool = False
    required: bool = False


class _FileObject(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An object; the system fields are added unless `systemFields` is false."""

    name: str
    fields: list[_FileField]
    label: str | None = None
    object_type: ObjectType = ObjectType.CUSTOM
    key_prefix: str | None = None
    high_volume: bool = False
    readable: bool = True
    createable: bool = True
    system_fields: bool = True


def custom_object(
    name: str, *fields: Field, high_volume: bool = False, system_fields: bool = True
) -> ObjectSchema:
    """A custom object: the fields given and the system fields (Gsid, dates, users)."""
    return ObjectSchema(
        name,
        _with_system_fields(fields) if system_fields else fields,
        object_type=ObjectType.CUSTOM,
        high_volume=high_volume,
    )


def read_objects(path: Path) -> list[ObjectSchema]:
    """The objects of a file: a JSON object, or a list of them; raises ValueError for a wrong one.

    `[{"name": "order__gc", "fields": [{"name": "Name", "required": true},
    {"name": "Total__gc", "dataType": "CURRENCY"},
    {"name": "State__gc", "dataType": "PICKLIST", "options": ["Open", "Closed"]}]}]`
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=list[_FileObject] | _FileObject)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path}: {error}") from error
    objects = found if isinstance(found, list) else [found]
    try:
        return [_object(each) for each in objects]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _object(declared: _FileObject) -> ObjectSchema:
    # The store tells columns apart without regard to case.
    times = Counter(field.name.lower() for field in declared.fields)
    if twice := [field.name for field in declared.fields if times[field.name.lower()] > 1]:
        raise ValueError(f"{declared.name} has fields of one name: {', '.join(twice)}")
    fields = tuple(_field(declared.name.lower(), field) for field in declared.fields)
    return ObjectSchema(
        declared.name.lower(),
        _with_system_fields(fields) if declared.system_fields else fields,
        label=declared.label,
        object_type=declared.object_type,
        key_prefix=declared.key_prefix,
        high_volume=declared.high_volume,
        readable=declared.readable,
        createable=declared.createable,
    )


def _field(object_name: str, declared: _FileField) -> Field:
    options = tuple(
        dropdown(declared.name, option)[0] if isinstance(option, str) else option
        for option in declared.options
    )
    return Field(
        declared.name,
        declared.data_type,
        label=declared.label,
        lookup=declared.lookup,
        options=options,
        category_id=category_id(f"{object_name}.{declared.name}") if options else None,
        decimal_places=declared.decimal_places,
        length=declared.length,
        hidden=declared.hidden,
        read_only=declared.read_only,
        required=declared.required,
    )


def _with_system_fields(fields: Iterable[Field]) -> tuple[Field, ...]:
    own = tuple(fields)
    names = {field.name for field in own}
    key, *others = _SYSTEM_FIELDS
    before = () if key.name in names else (key,)
    return (*before, *own, *(field for field in others if field.name not in names))
