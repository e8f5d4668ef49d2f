"""Objects and fields as the metadata calls of the Data Management APIs show them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_sandbox.tenant.schema import DataType, Family, Field, ObjectSchema, ObjectType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|_+")


@dataclass(frozen=True, slots=True)
class Wish:
    """How fields are to be described.

    Args:
        hide: Whether hidden fields are left out.
        options: Whether picklists have their items.
        rich_text_filterable: Whether the tenant's filters may name RICHTEXTAREA fields.
    """

    hide: bool = False
    options: bool = True
    rich_text_filterable: bool = True


def label(name: str) -> str:
    """What people see for a name: `Billing State` for `Billing_State__gc`."""
    words = _WORD.split(name.removesuffix("__gc"))
    return " ".join(word[:1].upper() + word[1:] for word in words if word)


def describe_object(schema: ObjectSchema) -> dict[str, object]:
    """An object without its fields; `keyPrefix` is absent where it has none."""
    shown: dict[str, object] = {
        "objectName": schema.name,
        "label": schema.label or label(schema.name),
        "objectType": schema.object_type,
        "transactional": schema.high_volume,
        "multiCurrencySupported": False,
        "readable": schema.readable,
        "createable": schema.takes_imports,
        "schemaUpdateable": schema.object_type is not ObjectType.SYSTEM,
    }
    if schema.key_prefix is not None:
        shown["keyPrefix"] = schema.key_prefix
    return shown


def describe_with_fields(
    schema: ObjectSchema, schemas: Mapping[str, ObjectSchema], wish: Wish
) -> dict[str, object]:
    """An object and its fields."""
    label_plural = f"{schema.label or label(schema.name)}s"
    fields = [
        _describe_field(field, schema, schemas, wish)
        for field in schema.fields
        if not (wish.hide and field.hidden)
    ]
    return describe_object(schema) | {
        "labelPlural": label_plural,
        "description": None,
        "fields": fields,
    }


def describe_category(
    category_id: str, schemas: Iterable[ObjectSchema]
) -> dict[str, object] | None:
    """A dropdown list and its items, if a field has it."""
    for schema in schemas:
        for field in schema.fields:
            if field.category_id == category_id:
                return _describe_items(category_id, field)
    return None


def _describe_items(category_id: str, field: Field) -> dict[str, object]:
    multiple = field.family is Family.MULTISELECT
    return {
        "categoryDetails": {
            "gsid": category_id,
            "name": field.label or label(field.name),
            "variant": "MULTI_SELECT" if multiple else "SINGLE_SELECT",
            "limit": 500,
        },
        "childItems": [
            {
                "name": option.label,
                "systemName": option.label,
                "active": option.active,
                "deleted": False,
                "displayOrder": number,
                "gsid": option.value,
                "categoryId": category_id,
            }
            for number, option in enumerate(field.options, start=1)
        ],
    }


def _describe_field(
    field: Field, schema: ObjectSchema, schemas: Mapping[str, ObjectSchema], wish: Wish
) -> dict[str, object]:
    shown: dict[str, object] = {
        "fieldName": field.name,
        "label": field.label or label(field.name),
        "dataType": field.data_type,
        "objectName": schema.name,
        "meta": _meta(field, schema, schemas, wish),
    }
    if field.family in {Family.PICKLIST, Family.MULTISELECT}:
        shown["options"] = [
            {
                "active": option.active,
                "defaultValue": False,
                "label": option.label,
                "value": option.value,
                "displayOrder": number,
                "groupId": field.category_id,
                "systemName": option.label,
                "validFor": None,
                "controllerValues": None,
            }
            for number, option in enumerate(field.options if wish.options else (), start=1)
        ]
    return shown


def _meta(
    field: Field, schema: ObjectSchema, schemas: Mapping[str, ObjectSchema], wish: Wish
) -> dict[str, object]:
    system = schema.is_system(field)
    multiple = field.family is Family.MULTISELECT
    writable = schema.is_writable(field)
    meta: dict[str, object] = {
        "accessible": True,
        "filterable": field.data_type != DataType.RICHTEXTAREA or wish.rich_text_filterable,
        "sortable": field.sortable,
        "groupable": not multiple,
        "aggregatable": field.family in {Family.NUMBER, Family.AMOUNT},
        "createable": writable,
        "updateable": writable,
        "readOnly": not writable,
        "required": field.required,
        # Even of a key it says that it may be null.
        "nillable": not field.required,
        "formulaField": False,
        "richText": field.data_type == DataType.RICHTEXTAREA,
        "hidden": field.hidden,
        "nameField": field.name == "Name",
        "hasLookup": field.lookup is not None,
        "selfLookup": field.lookup == schema.name,
        "dependentPicklist": field.controller is not None,
        "controllerName": field.controller,
        "indexed": system,
        "decimalPlaces": field.decimal_places,
        "fieldGroupType": _group(field, system=system),
        "description": None,
        "onDeleteOperation": None,
        "properties": _properties(field),
    }
    if field.family is not Family.DATETIME:
        meta["length"] = field.length or 0
    if field.lookup is not None:
        meta["lookupDetail"] = _lookup_detail(field, schemas.get(field.lookup))
    return meta


def _group(field: Field, *, system: bool) -> ObjectType:
    if system:
        return ObjectType.SYSTEM
    return ObjectType.CUSTOM if field.name.endswith("__gc") else ObjectType.STANDARD


def _properties(field: Field) -> dict[str, object]:
    source = DataType.GSID if field.lookup else field.data_type
    properties: dict[str, object] = {
        "sourceType": source,
        "inlineEditable": False,
        "massEditable": False,
        "SEARCH_CONTROLLER": None,
        "autoSuggestDetails": None,
    }
    if field.category_id is not None:
        properties["PICKLIST_CATEGORY"] = field.label or label(field.name)
        properties["PICKLIST_CATEGORY_ID"] = field.category_id
    return properties


def _lookup_detail(field: Field, target: ObjectSchema | None) -> dict[str, object]:
    """The object that a lookup refers to; `lookupObjects` is missing if there is no such object."""
    detail: dict[str, object] = {
        "lookupName": field.lookup_name,
        "fieldName": "Gsid",
        "fieldDBName": "gsid",
        "lookupId": f"{field.name}-{field.lookup}",
    }
    if target is not None:
        named = target.field("Name")
        detail["lookupObjects"] = [
            {
                "objectName": target.name,
                "label": target.label or label(target.name),
                "namedFieldDetails": {
                    "fieldName": named.name if named else target.key,
                    "label": label(named.name if named else str(target.key)),
                },
            }
        ]
    return detail
