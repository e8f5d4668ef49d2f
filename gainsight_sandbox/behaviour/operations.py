"""What a write does."""

from __future__ import annotations

from enum import StrEnum


class Operation(StrEnum):
    """What a write does to records; import jobs know the first three only."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    UPSERT = "UPSERT"
    DELETE = "DELETE"
