"""The replies of write calls, as the samples of the Relationship APIs article show them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.behaviour.quirk_choices import QueryNull, WriteCount
from gainsight_sandbox.reads.rendering import query_record
from gainsight_sandbox.tenant.schema import Family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.reads.rendering import Row
    from gainsight_sandbox.tenant.schema import ObjectSchema
    from gainsight_sandbox.writes.validation import FieldError

_DECIMALS = 5


def confirmation(
    schema: ObjectSchema, rows: Sequence[Row], quirks: Quirks, *, sent: int, updated: bool
) -> dict[str, object]:
    """The data of a success: full records, and how many there are."""
    names = [field.name for field in schema.fields]
    as_written = replace(
        quirks,
        query_dates=quirks.write_dates,
        query_null=QueryNull.NULL,
        query_null_dates=QueryNull.NULL,
    )
    render = query_record(names, schema.fields, as_written)
    numbers = [
        (index, field.name)
        for index, field in enumerate(schema.fields)
        if field.family in {Family.NUMBER, Family.AMOUNT}
    ]
    records = []
    for row in rows:
        record = render(row)
        record |= {name: _with_decimals(row[index]) for index, name in numbers}
        if updated:
            record["X-GS-MSGID"] = None
        records.append(record)
    counts = {WriteCount.SENT: sent, WriteCount.NONE: 0}
    return {
        "count": counts.get(quirks.write_count, len(records)),
        "errors": None if quirks.write_errors_null else [],
        "records": records,
    }


def rejection(errors: Sequence[Sequence[FieldError]], quirks: Quirks) -> ApiError:
    """The failure of a whole call; it lists every bad field of every bad record."""
    if quirks.write_errors_first:
        errors = [errors[0][:1]]
    nested = [[_field_error(error) for error in record] for record in errors]
    first = errors[0][0]
    shown = [entry for record in nested for entry in record] if quirks.write_errors_flat else nested
    return ApiError(
        first.code, first.description, data={"count": 0, "errors": shown, "records": None}
    )


def _field_error(error: FieldError) -> dict[str, object]:
    scalar = isinstance(error.value, list) or error.value is None
    return {
        "success": False,
        "oldValue": error.value,
        "parsedValue": error.value,
        "errors": [
            {
                "errorMessage": error.message,
                "errorCode": error.code,
                "fieldName": error.field,
                "invalidValue": error.value if scalar else [error.value],
            }
        ],
    }


def _with_decimals(text: str | None) -> msgspec.Raw | None:
    """A number with at least five decimals, whatever was sent."""
    if text is None:
        return None
    whole, _, decimals = text.partition(".")
    return msgspec.Raw(f"{whole}.{decimals:0<{_DECIMALS}}".encode())
