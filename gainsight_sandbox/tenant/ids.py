"""The ids that Gainsight makes: Gsids of records, and of dropdown lists and their items."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from gainsight_sandbox.tenant.schema import Option

if TYPE_CHECKING:
    from collections.abc import Sequence

TENANT = "E316G9DAPFOLE6"
_ITEM_PREFIX = f"1I00{TENANT}"

# Multiplying by an odd number permutes the numbers below 2**40: ids in no visible order.
ID_FACTOR = 0x9E3779B97F
ID_MASK = (1 << 40) - 1


def record_id(prefix: str, number: int) -> str:
    """The 36 characters of a Gsid: the object's key prefix and the record's id."""
    return f"{prefix}{number * ID_FACTOR & ID_MASK:010X}{number:08X}"


def category_id(category: str) -> str:
    """The id of a dropdown list."""
    return record_id(_ITEM_PREFIX, zlib.crc32(category.encode()))


def dropdown(category: str, *labels: str, inactive: Sequence[str] = ()) -> tuple[Option, ...]:
    """The items of a dropdown list."""
    return tuple(
        Option(
            label,
            record_id(_ITEM_PREFIX, zlib.crc32(f"{category}:{label}".encode())),
            active=label not in inactive,
        )
        for label in (*labels, *inactive)
    )
