"""Lookups, done here for import jobs as Gainsight does them for REST calls.

A field is filled by finding the one record of another object whose fields equal some of the row's
(article "Relationship APIs"). What has been found is remembered for the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gainsight_api.datatypes import Kind, kind_of
from gainsight_api.filters.build import Condition, Filter, Operator, all_of, any_of
from gainsight_api.query import LARGEST_PAGE, Query
from gainsight_api.read import Read
from target_gainsight.problems import Problem
from target_gainsight.rows.blocks import in_blocks
from target_gainsight.rows.keys import comparable
from target_gainsight.rows.mapping import GSID
from target_gainsight.rows.values import ConversionError, Wire, converter, text
from target_gainsight.search.existing import MOST_CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gainsight_api.metadata import GainsightObject
    from target_gainsight.loaders import Outcome
    from target_gainsight.route import Lookup
    from target_gainsight.rows.blocks import Block, Row, Rows

_NOT_RESOLVED = "GSOBJ_1008"
_FEW_CALLS = 2

Criteria = tuple[Wire, ...]


class Table:
    """What one lookup has found so far.

    Args:
        lookup: The lookup.
        target: The object in which is looked.
        query: The calls.
    """

    def __init__(self, lookup: Lookup, target: GainsightObject, query: Query) -> None:
        self.lookup = lookup
        self._target = target
        self._query = query
        self._names = tuple(lookup.fields.values())
        fields = [target.fields.get(name) for name in self._names]
        self._kinds = [kind_of(field.data_type) if field else Kind.TEXT for field in fields]
        self._converters = [converter(field) if field else text for field in fields]
        self._found: dict[tuple[Any, ...], list[Wire]] = {}

    def criteria(self, row: Row) -> Criteria | None:
        """What a row looks for; None if it has none of the fields."""
        columns = self.lookup.fields
        if not any(column in row.values for column in columns):
            return None
        return tuple(row.values.get(column) for column in columns)

    def matches(self, criteria: Criteria) -> list[Wire]:
        """What was found for some criteria: nothing, one value or several."""
        return self._found.get(self._comparable(criteria), [])

    def find(self, wanted: Iterable[Criteria]) -> None:
        """Look for criteria that have not been looked for: by value, or page by page if many."""
        fitting = filter(None, map(self._fitting, wanted))
        new = {self._comparable(criteria): criteria for criteria in fitting}
        missing = {name: given for name, given in new.items() if name not in self._found}
        calls = -(-len(missing) // self._per_call)
        in_pages = calls > _FEW_CALLS and GSID in self._target.fields
        if in_pages and self._read_pages(set(missing), calls):
            # Which of several is the first, only the tenant's own order tells.
            missing = {n: given for n, given in missing.items() if len(self._found.get(n, ())) > 1}
        names = list(missing)
        for start in range(0, len(names), self._per_call):
            self._read_values({name: missing[name] for name in names[start:][: self._per_call]})
        for name in new:
            self._found.setdefault(name, [])

    @property
    def _per_call(self) -> int:
        return MOST_CONDITIONS // len(self._names)

    def _read_values(self, wanted: Mapping[tuple[Any, ...], Criteria]) -> None:
        """Ask for records by value, in the tenant's own order: the first match is the first."""
        where = any_of(
            *(
                all_of(
                    *(
                        Condition(name, Operator.EQ, (_filter_text(value),))
                        for name, value in zip(self._names, criteria, strict=True)
                    )
                )
                for criteria in wanted.values()
            )
        )
        for name in wanted:
            self._found[name] = []
        records = self._query.page(self._read(where, ()))
        self._keep(records, set(wanted))
        if len(records) >= LARGEST_PAGE and len(wanted) > 1:
            # There may be more, and some of them for what has not been found yet.
            unsure = [name for name in wanted if not self._settled(name)]
            for part in (unsure[: len(unsure) // 2], unsure[len(unsure) // 2 :]):
                if part:
                    self._read_values({name: wanted[name] for name in part})

    def _settled(self, name: tuple[Any, ...]) -> bool:
        """Whether further matches would change nothing."""
        return len(self._found[name]) > (self.lookup.on_several == "MARKASERROR")

    def _read_pages(self, wanted: set[tuple[Any, ...]], most: int) -> bool:
        """Read the object in pages, at most so many; tells whether that was all of it."""
        last: str | None = None
        for _ in range(most):
            where = Condition(GSID, Operator.GT, (last,)) if last else None
            records = self._query.page(self._read(where, (GSID,)))
            if not records:
                return True
            self._keep(records, wanted)
            last = str(records[-1][GSID])
        return False

    def _keep(self, records: Sequence[Mapping[str, Any]], wanted: set[tuple[Any, ...]]) -> None:
        for record in records:
            name = self._comparable(tuple(record.get(field) for field in self._names))
            if name in wanted:
                found = self._found.setdefault(name, [])
                if len(found) <= 1:
                    found.append(text(record.get(self.lookup.result)))

    def _read(self, where: Filter | None, order: tuple[str, ...]) -> Read:
        fields = dict.fromkeys((*self._names, self.lookup.result, *order))
        return Read(
            object=self._target.name,
            fields=tuple(fields),
            where=where,
            order_by=order,
            limit=LARGEST_PAGE,
        )

    def _fitting(self, criteria: Criteria) -> Criteria | None:
        """Criteria as they are asked for; None for those that no record can have."""
        try:
            values = tuple(
                convert(value) for convert, value in zip(self._converters, criteria, strict=True)
            )
        except ConversionError:
            return None
        return None if None in values else values

    def _comparable(self, values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(map(comparable, self._kinds, values))


class Resolver:
    """The lookups of one stream.

    Args:
        lookups: What is looked up.
        describe: Gives an object by its name.
        query: The calls.
    """

    def __init__(
        self,
        lookups: Sequence[Lookup],
        describe: Callable[[str], GainsightObject],
        query: Query,
    ) -> None:
        self._tables = [Table(lookup, describe(lookup.object), query) for lookup in lookups]

    def resolved(self, rows: Rows, outcome: Outcome) -> Iterator[Block]:
        """The rows with their fields filled; those that cannot be are rejected.

        Args:
            rows: The rows.
            outcome: Takes the rejections.
        """
        return in_blocks(self._filled(rows, outcome)) if self._tables else rows.blocks()

    def _filled(self, rows: Rows, outcome: Outcome) -> Iterator[Row]:
        wanted: list[dict[Criteria, None]] = [{} for _ in self._tables]
        for row in rows:
            for table, seen in zip(self._tables, wanted, strict=True):
                if criteria := table.criteria(row):
                    seen[criteria] = None
        for table, seen in zip(self._tables, wanted, strict=True):
            table.find(seen)
        for row in rows:
            # What one lookup finds is nothing that another one looks by.
            given = [table.criteria(row) for table in self._tables]
            problems = [
                problem
                for table, criteria in zip(self._tables, given, strict=True)
                for problem in _fill(row, table, criteria)
            ]
            if problems:
                outcome.reject(row, *problems)
            else:
                yield row


def _fill(row: Row, table: Table, criteria: Criteria | None) -> Iterator[Problem]:
    """Fill a row's field, or say why it cannot be."""
    lookup = table.lookup
    if criteria is None:
        return
    found = table.matches(criteria)
    if len(found) > 1 and lookup.on_several == "MARKASERROR":
        yield from _problems("Multiple", lookup)
    elif found:
        row.values[lookup.field] = found[0]
    elif lookup.on_no_match == "ERROR":
        yield from _problems("No", lookup)
    else:
        row.values[lookup.field] = lookup.default if lookup.on_no_match == "DEFAULTVALUE" else None


def _problems(how_many: str, lookup: Lookup) -> Iterator[Problem]:
    """One for each field that is looked by, as of a REST call that is refused for it."""
    message = f"{how_many} {lookup.field} resolved by {', '.join(lookup.fields)}"
    for name in lookup.fields:
        yield Problem(_NOT_RESOLVED, message, name)


def _filter_text(value: Wire) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
