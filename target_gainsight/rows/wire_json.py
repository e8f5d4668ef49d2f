"""Values as JSON of their own kind, for calls whose samples show numbers as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_api.objects.datatypes import Kind, number
from target_gainsight.rows.keys import kind_of_field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gainsight_api.objects.metadata import GainsightObject


def json_values(described: GainsightObject, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are sent: numbers as JSON numbers, digit by digit, and all else as it is.

    Args:
        described: The object whose fields they are.
        values: By field, as `rows.values` converts them.
    """
    return {
        name: _number(value) if _is_number(described, name, value) else value
        for name, value in values.items()
    }


def _is_number(described: GainsightObject, name: str, value: object) -> bool:
    return isinstance(value, str) and kind_of_field(described, name) is Kind.NUMBER


def _number(text: str) -> msgspec.Raw:
    return msgspec.Raw(format(number(text), "f").encode())
