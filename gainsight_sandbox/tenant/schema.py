"""Gainsight objects and their fields, as the Data Management APIs describe them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

MODIFIED_FIELDS = ("ModifiedDate", "LastModifiedDate", "ModifiedAt")
CREATED_FIELDS = ("CreatedDate", "CreatedAt")
KEY_FIELDS = ("Gsid", "Id", "id")
SYSTEM_FIELDS = frozenset(("Gsid", "CreatedBy", "ModifiedBy", *CREATED_FIELDS, *MODIFIED_FIELDS))


class DataType(StrEnum):
    """The data types that Gainsight names; a field may also have one that is not listed here."""

    STRING = "STRING"
    TEXT = "TEXT"
    GSID = "GSID"
    LOOKUP = "LOOKUP"
    EMAIL = "EMAIL"
    URL = "URL"
    RICHTEXTAREA = "RICHTEXTAREA"
    SFDCID = "SFDCID"
    WHOID = "WHOID"
    WHATID = "WHATID"
    CONTEXT = "CONTEXT"
    JSON = "JSON"
    JSONSTRING = "JSONSTRING"
    JSONNUMBER = "JSONNUMBER"
    JSONBOOLEAN = "JSONBOOLEAN"
    IMAGE = "IMAGE"
    PICKLIST = "PICKLIST"
    MULTISELECT = "MULTISELECTDROPDOWNLIST"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DATETIME = "DATETIME"
    NUMBER = "NUMBER"
    CURRENCY = "CURRENCY"
    PERCENTAGE = "PERCENTAGE"


class Family(Enum):
    """Data types whose values are kept and filtered alike."""

    TEXT = "text"
    PICKLIST = "picklist"
    MULTISELECT = "multiselect"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    NUMBER = "number"
    AMOUNT = "amount"


_FAMILIES = {
    DataType.PICKLIST: Family.PICKLIST,
    DataType.MULTISELECT: Family.MULTISELECT,
    DataType.BOOLEAN: Family.BOOLEAN,
    DataType.DATE: Family.DATE,
    DataType.DATETIME: Family.DATETIME,
    DataType.NUMBER: Family.NUMBER,
    DataType.CURRENCY: Family.AMOUNT,
    DataType.PERCENTAGE: Family.AMOUNT,
    DataType.JSONNUMBER: Family.AMOUNT,
    DataType.JSONBOOLEAN: Family.BOOLEAN,
}


_UNSORTABLE = frozenset(
    (
        DataType.RICHTEXTAREA,
        DataType.MULTISELECT,
        DataType.IMAGE,
        DataType.WHOID,
        DataType.WHATID,
        DataType.CONTEXT,
        DataType.JSON,
    )
)


# The articles on company, relationship and custom objects document writes of these alone.
_RECORD_OBJECTS = frozenset(("company", "relationship"))
_IMPORT_OBJECTS = _RECORD_OBJECTS | {"relationship_type"}


class ObjectType(StrEnum):
    """Who made an object or a field."""

    STANDARD = "STANDARD"
    CUSTOM = "CUSTOM"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Option:
    """An item of a dropdown list: records hold its `value`, people see its `label`."""

    label: str
    value: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object."""

    name: str
    data_type: str = DataType.STRING
    label: str | None = None
    lookup: str | None = None
    options: tuple[Option, ...] = ()
    category_id: str | None = None
    controller: str | None = None
    decimal_places: int = 0
    length: int | None = None
    hidden: bool = False
    read_only: bool = False
    required: bool = False

    @property
    def family(self) -> Family:
        """How values of this field behave; an unknown data type behaves as text."""
        try:
            return _FAMILIES.get(DataType(self.data_type), Family.TEXT)
        except ValueError:
            return Family.TEXT

    @property
    def sortable(self) -> bool:
        """Whether `orderBy` may name the field."""
        return self.data_type not in _UNSORTABLE

    @property
    def lookup_name(self) -> str | None:
        """What a lookup path begins with: `Csm__gr`; `Company_ID__gr` for `Company_ID__gc`."""
        return f"{self.name.removesuffix('__gc')}__gr" if self.lookup else None


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """An object: its name, its fields, and whether it may be read and written."""

    name: str
    fields: tuple[Field, ...]
    label: str | None = None
    object_type: ObjectType = ObjectType.STANDARD
    key_prefix: str | None = None
    readable: bool = True
    createable: bool = True
    high_volume: bool = False

    @property
    def takes_records(self) -> bool:
        """Whether insert, update and delete calls may write the object."""
        ordinary = self.name in _RECORD_OBJECTS or (self._is_custom and not self.high_volume)
        return ordinary and self.createable and self.readable

    @property
    def takes_imports(self) -> bool:
        """Whether import jobs may write the object."""
        ordinary = self.name in _IMPORT_OBJECTS or self._is_custom
        return ordinary and self.createable and self.readable

    @property
    def _is_custom(self) -> bool:
        return self.object_type is ObjectType.CUSTOM or self.name.endswith("__gc")

    def field(self, name: str) -> Field | None:
        """The field of that name; upper and lower case count as equal."""
        folded = name.casefold()
        return next((field for field in self.fields if field.name.casefold() == folded), None)

    def lookup_field(self, lookup_name: str) -> Field | None:
        """The lookup field that a path's part such as `Csm__gr` names; case does not matter."""
        folded = lookup_name.casefold()
        return next(
            (
                field
                for field in self.fields
                if field.lookup_name is not None and field.lookup_name.casefold() == folded
            ),
            None,
        )

    @property
    def key(self) -> str | None:
        """The name of the key field (`Gsid`, `Id` or `id`), if the object has one."""
        return next((name for name in KEY_FIELDS if self._has(name)), None)

    @property
    def modified(self) -> str | None:
        """The name of the date-time field that every change sets, if there is one."""
        return next((name for name in MODIFIED_FIELDS if self._has(name)), None)

    @property
    def created(self) -> str | None:
        """The name of the date-time field that an insert sets, if there is one."""
        return next((name for name in CREATED_FIELDS if self._has(name)), None)

    def is_system(self, field: Field) -> bool:
        """Whether the tenant itself sets a field; it sets an `Id` only if that is the key."""
        return field.name in SYSTEM_FIELDS or field.name == self.key

    def is_writable(self, field: Field) -> bool:
        """Whether clients may set a field."""
        return not (field.read_only or self.is_system(field))

    def _has(self, name: str) -> bool:
        return any(field.name == name for field in self.fields)
