"""What a write does."""

from __future__ import annotations

from enum import StrEnum


class Operation(StrEnum):
    """What is done to records; the import jobs have the first three."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    UPSERT = "UPSERT"
    DELETE = "DELETE"
