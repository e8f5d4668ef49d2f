"""What is asked of an object, in the form that export jobs and the Query API share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gainsight_api.filters import build as filters

DEFAULT_LIMIT = 1_000_000
"""Rows that a job exports where its request names no limit; a longer one is not documented."""


@dataclass(frozen=True, slots=True)
class Read:
    """What is asked of an object, by an export job or by the Query API.

    Attributes:
        object: The object's name.
        fields: Field names and lookup paths, in the order of the columns.
        where: The filter.
        order_by: Fields by which the rows are ordered, ascending.
        limit: Rows at most.
        offset: Rows passed over.
    """

    object: str
    fields: tuple[str, ...]
    where: filters.Filter | None = None
    order_by: tuple[str, ...] = ()
    limit: int = DEFAULT_LIMIT
    offset: int = 0

    def body(self) -> dict[str, Any]:
        """The request's JSON body."""
        return {
            "select": list(self.fields),
            "where": filters.body(self.where),
            "orderBy": dict.fromkeys(self.order_by, "asc"),
            "limit": self.limit,
            "offset": self.offset,
        }
