"""What Gainsight already holds of some rows, found by their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gainsight_api.filters.build import Condition, Filter, Operator, all_of, any_of
from gainsight_api.query import LARGEST_PAGE, Query
from gainsight_api.read import Read
from target_gainsight.rows.blocks import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_gainsight.loaders import Deletion
    from target_gainsight.rows.values import Wire
    from target_gainsight.search.matching import Matcher

MOST_CONDITIONS = 150
"""Conditions of one query; no limit is documented, and three keys of fifty records fit."""


@dataclass(frozen=True, slots=True)
class Existing:
    """Asks for the records that rows stand for.

    Attributes:
        query: The calls.
        matcher: Compares rows with records.
        keys: The fields by which records are found.
    """

    query: Query
    matcher: Matcher
    keys: tuple[str, ...]

    @property
    def rows_per_call(self) -> int:
        """How many rows one query can ask for."""
        return MOST_CONDITIONS // len(self.keys)

    def known(self, rows: Sequence[Row]) -> set[int]:
        """The indexes of the rows whose keys some record has."""
        found: set[int] = set()
        for start in range(0, len(rows), self.rows_per_call):
            part = rows[start : start + self.rows_per_call]
            records = self._records([row.values for row in part], self.keys)
            found |= {start + index for index in self.matcher.existing(part, records, self.keys)}
        return found

    def landed(self, rows: Sequence[Row]) -> tuple[set[int], set[int]]:
        """The indexes of the rows that are there in every value, and of those there by key."""
        fields = self.matcher.described.fields
        sent = {name for row in rows for name in row.values if name in fields}
        selected = tuple(name for name in fields if name in sent or name in self.keys)
        records = self._records([row.values for row in rows], selected)
        landed = self.matcher.landed(rows, records)
        return landed, self.matcher.existing(rows, records, self.keys)

    def gsids(self, deletion: Deletion) -> list[str]:
        """The Gsids of the records that a deletion means."""
        records = self._records([deletion.values], ("Gsid", *self.keys))
        row = Row(deletion.values, [])
        return [
            str(record["Gsid"])
            for record in records
            if record.get("Gsid") and self.matcher.existing([row], [record], self.keys)
        ]

    def holds(self, gsid: str) -> bool:
        """Whether there is a record of that Gsid."""
        where = Condition("Gsid", Operator.EQ, (gsid,))
        return bool(self.query.page(self._read(("Gsid",), where, limit=1)))

    def _records(
        self, values: Iterable[Mapping[str, Wire]], fields: tuple[str, ...]
    ) -> list[Mapping[str, Any]]:
        where = any_of(
            *(
                all_of(
                    *(Condition(key, Operator.EQ, (_filter_text(row[key]),)) for key in self.keys)
                )
                for row in values
            )
        )
        selected = tuple(dict.fromkeys((*fields, *self.keys)))
        return self.query.page(self._read(selected, where, limit=LARGEST_PAGE))

    def _read(self, fields: tuple[str, ...], where: Filter | None, *, limit: int) -> Read:
        return Read(object=self.matcher.described.name, fields=fields, where=where, limit=limit)


def _filter_text(value: Wire) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
