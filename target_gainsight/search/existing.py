"""Find the records that Gainsight already holds of some rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gainsight_api.objects.datatypes import Kind
from gainsight_api.pieces import pieces
from target_gainsight.rows.blocks import Row
from target_gainsight.rows.keys import comparable, similar
from target_gainsight.search.by_values import query_by_values, rows_per_query
from target_gainsight.search.pages import ObjectPages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gainsight_api.objects.query import Query
    from target_gainsight.loading.loaders import Deletion
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


class Seen:
    """Rows of a batch whose records were read just now, by the index of their first record."""

    def __init__(self) -> None:
        self._flags = bytearray()

    def add(self, indexes: Iterable[int]) -> None:
        """Note rows."""
        for index in indexes:
            self._flags.extend(bytes(max(0, index + 1 - len(self._flags))))
            self._flags[index] = True

    def __contains__(self, row: Row) -> bool:
        return any(self._flags[index : index + 1] == b"\1" for index in row.sources[:1])

    def clear(self) -> None:
        """Forget all."""
        self._flags.clear()


@dataclass(slots=True)
class Existing:
    """Queries the records of some rows, which are found by the key fields.

    Attributes:
        query: The calls.
        matcher: Compares rows with records.
        keys: The key fields.
        seen: What has been read of the rows that are about to be written.
        pages: The object, as it is read where the rows are many.
    """

    query: Query
    matcher: Matcher
    keys: tuple[str, ...]
    seen: Seen = field(default_factory=Seen)
    pages: ObjectPages = field(init=False)

    def __post_init__(self) -> None:
        """Begin without knowing how large the object is."""
        self.pages = ObjectPages(self.query, self.matcher.described)

    @property
    def rows_per_call(self) -> int:
        """How many rows one query can ask for."""
        return rows_per_query(self.keys)

    def seen_or_by_key(self, rows: Sequence[Row]) -> set[int]:
        """As `by_key`, without asking for what has been seen."""
        unseen = [index for index, row in enumerate(rows) if row not in self.seen]
        found = {unseen[n] for n in self.by_key([rows[index] for index in unseen])}
        return {*range(len(rows))}.difference(unseen) | found

    def by_key(self, rows: Sequence[Row]) -> set[int]:
        """The indexes of the rows whose keys some record has.

        They are asked for by value, or if they are many the object is read in pages.
        """
        found: set[int] = set()
        left: Sequence[int] = range(len(rows))
        calls = -(-len(rows) // self.rows_per_call)
        if self.pages.may_take_less_than(calls):
            found, left = self._on_pages(rows, calls)
        for part in pieces(left, self.rows_per_call):
            some = [rows[index] for index in part]
            records = self._records(some, self.keys)
            found.update(part[n] for n in self.matcher.by_key(some, records, self.keys))
        return found

    def _on_pages(self, rows: Sequence[Row], most_calls: int) -> tuple[set[int], list[int]]:
        """The rows that pages of the object show, and those that are still to be asked for.

        Whether a record that differs in case alone is one of a row's, the tenant must say.
        """
        values = [row.values for row in rows]
        exact = self.matcher.forms(values, self.keys, comparable)
        alike = self.matcher.forms(values, self.keys, similar)
        unseen, seen_alike = {*exact}, set[Any]()

        def take(records: Sequence[Mapping[str, Any]]) -> bool:
            unseen.difference_update(self.matcher.forms(records, self.keys, comparable))
            seen_alike.update(self.matcher.forms(records, self.keys, similar))
            return not unseen

        ended = self.pages.read(self.keys, most_calls, take)
        found = {index for index, form in enumerate(exact) if form not in unseen}
        left = [
            index
            for index, form in enumerate(alike)
            if index not in found and (not ended or form in seen_alike)
        ]
        return found, left

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
