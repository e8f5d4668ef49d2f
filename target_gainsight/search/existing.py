"""Find the records that Gainsight already holds of some rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gainsight_api.datatypes import Kind
from gainsight_api.pieces import pieces
from target_gainsight.rows.blocks import Row
from target_gainsight.rows.keys import comparable
from target_gainsight.search.by_values import query_by_values, rows_per_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gainsight_api.query import Query
    from target_gainsight.loaders import Deletion
    from target_gainsight.search.matching import Matcher


@dataclass(slots=True)
class Held:
    """Which of some rows Gainsight holds, by their index.

    Attributes:
        by_key: The rows whose keys some record has.
        by_all_values: The rows that have a record of their own with every value that is sent.
    """

    by_key: set[int] = field(default_factory=set)
    by_all_values: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Existing:
    """Queries the records of some rows, which are found by the key fields.

    Attributes:
        query: The calls.
        matcher: Compares rows with records.
        keys: The key fields.
    """

    query: Query
    matcher: Matcher
    keys: tuple[str, ...]

    @property
    def rows_per_call(self) -> int:
        """How many rows one query can ask for."""
        return rows_per_query(self.keys)

    def by_key(self, rows: Sequence[Row]) -> set[int]:
        """The indexes of the rows whose keys some record has."""
        found: set[int] = set()
        for part in pieces(range(len(rows)), self.rows_per_call):
            some = [rows[index] for index in part]
            records = self._records(some, self.keys)
            found.update(part[n] for n in self.matcher.by_key(some, records, self.keys))
        return found

    def by_all_values(self, rows: Sequence[Row]) -> Held:
        """Which rows Gainsight holds: in every value that is sent, or at least by key."""
        described = self.matcher.described.fields
        sent = {name for row in rows for name in row.values} | {*self.keys}
        selected = [name for name in described if name in sent]
        held = Held()
        for part in pieces(range(len(rows)), self.rows_per_call):
            some = [rows[index] for index in part]
            records = self._records(some, selected)
            held.by_key.update(part[n] for n in self.matcher.by_key(some, records, self.keys))
            held.by_all_values.update(part[n] for n in self.matcher.by_all_values(some, records))
        return held

    def gsids_of(self, deletion: Deletion) -> list[str]:
        """The Gsids of the records that have the keys of a deletion, as exactly as there is one."""
        row = Row(deletion.values, [])
        records = self._records([row], ("Gsid", *self.keys), all_of_them=True)
        found = self.matcher.records_by_key(row, records, self.keys)
        return [str(record["Gsid"]) for record in found if record.get("Gsid")]

    def created_since(self, rows: Sequence[Row], field: str, moment: str) -> set[int]:
        """The indexes of the rows that have a record of their own with their keys, and a new one.

        Args:
            rows: The rows; at most `rows_per_call` of them.
            field: The date-time field that says when a record was created.
            moment: The earliest time of a new one, as `datatypes.timestamp` puts it.
        """
        records = self._records(rows, (field,), all_of_them=True)
        new = [
            record
            for record in records
            if isinstance(created := comparable(Kind.DATETIME, record.get(field)), str)
            and created >= moment
        ]
        return self.matcher.matched_in_reply(rows, new, self.keys)

    def _records(
        self, rows: Iterable[Row], select: Sequence[str], *, all_of_them: bool = False
    ) -> list[Mapping[str, Any]]:
        values = [[row.values[key] for key in self.keys] for row in rows]
        return query_by_values(
            self.query,
            self.matcher.described.name,
            self.keys,
            values,
            (*select, *self.keys),
            all_of_them=all_of_them,
        )
