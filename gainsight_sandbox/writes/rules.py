"""What may be written by which API, and which fields may be keys."""

from __future__ import annotations

from enum import StrEnum

from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.tenant.schema import DataType, Field, ObjectSchema

MAX_KEYS = 3

_KEY_TYPES = frozenset({DataType.STRING, DataType.GSID, DataType.NUMBER, DataType.EMAIL})


class ErrorCode(StrEnum):
    """Codes of the Error Codes for Company, Relationship, and Custom Object APIs article."""

    TOO_LONG = "GSOBJ_1001"
    INVALID = "GSOBJ_1002"
    BAD_GSID = "GSOBJ_1004"
    BAD_DATETIME = "GSOBJ_1005"
    BAD_DATE = "GSOBJ_1006"
    NULL = "GSOBJ_1007"
    BAD_DATA = "GSOBJ_1008"
    NO_ENTITY = "GSOBJ_1011"
    BAD_PICKLIST = "GSOBJ_1012"
    WRONG_API = "GSOBJ_1023"
    ABSENT = "GSOBJ_1025"


def refuse_rest(schema: ObjectSchema) -> None:
    """Raise unless the synchronous calls may write an object."""
    if not schema.takes_records:
        detail = "; use the Gainsight Bulk API" if schema.takes_imports else ""
        raise _wrong_api(f"{schema.name} is not written by this API{detail}.")


def refuse_bulk(schema: ObjectSchema) -> None:
    """Raise unless import jobs may write an object."""
    if not schema.takes_imports:
        raise _wrong_api(f"{schema.name} is not written by import jobs.")


def parse_keys(schema: ObjectSchema, text: str) -> tuple[Field, ...]:
    """The key fields that a comma-separated list names; raises ApiError for what cannot be one."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise ApiError(ErrorCode.BAD_DATA, "Key fields are required.")
    if len(names) > MAX_KEYS or len(set(names)) < len(names):
        raise ApiError(ErrorCode.BAD_DATA, f"At most {MAX_KEYS} different key fields are allowed.")
    return tuple(_key_field(schema, name) for name in names)


def required_fields(schema: ObjectSchema) -> tuple[str, ...]:
    """The fields that a new record must have."""
    return tuple(
        field.name for field in schema.fields if field.required and schema.is_writable(field)
    )


def columns_absent(names: list[str]) -> ApiError:
    """GSOBJ_1025, as printed in the Relationship APIs article."""
    return ApiError(
        ErrorCode.ABSENT,
        "Data for required columns is absent, please re-check your data.",
        message=absent_message(names),
    )


def absent_message(names: list[str]) -> str:
    """The part of that reply that names the columns."""
    return f"Required columns are absent. [{', '.join(names)}]"


def _key_field(schema: ObjectSchema, name: str) -> Field:
    field = exact_field(schema, name)
    if field is None:
        raise ApiError(ErrorCode.INVALID, f"{schema.name} has no field {name}.")
    if field.data_type not in _KEY_TYPES:
        raise ApiError(ErrorCode.BAD_DATA, f"{name} cannot be a key: it is a {field.data_type}.")
    return field


def exact_field(schema: ObjectSchema, name: str) -> Field | None:
    """The field of exactly that name: writes, unlike queries, distinguish upper and lower case."""
    field = schema.field(name)
    return field if field is not None and field.name == name else None


def _wrong_api(detail: str) -> ApiError:
    return ApiError(ErrorCode.WRONG_API, "Invalid API called.", message=detail)
