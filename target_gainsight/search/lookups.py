"""Do lookups for import jobs as Gainsight does them for REST calls.

A lookup fills a field: it finds the one record of another object whose fields equal some of the
row's (article "Relationship APIs"). What has been found is remembered for the run; that nothing was
found is not, since the run itself may load what is looked for.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from gainsight_api.pieces import pieces
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rows.blocks import Row, Rows, in_blocks
from target_gainsight.rows.keys import GSID, comparable, kind_of_field, similar
from target_gainsight.rows.values import ConversionError, Wire, converter, text
from target_gainsight.search.by_values import query_by_values, rows_per_query
from target_gainsight.search.pages import ObjectPages

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from gainsight_api.objects.metadata import GainsightObject
    from gainsight_api.objects.query import Query
    from target_gainsight.loading.loaders import Outcome
    from target_gainsight.loading.route import Lookup
    from target_gainsight.rows.blocks import Block

    NewCache = Callable[[Lookup, GainsightObject, Query], "LookupCache"]
    """Makes what finds the values of one lookup."""

_NOT_RESOLVED = "GSOBJ_1008"

Criteria = tuple[Wire, ...]
"""The values by which a row looks, in the order of the lookup's fields."""
Form = tuple[Any, ...]
"""Criteria in a form in which they are equal if they mean the same."""


class LookupCache:
    """What one lookup has found so far.

    Args:
        lookup: The lookup.
        target: The object in which it looks.
        query: The calls.
    """

    def __init__(self, lookup: Lookup, target: GainsightObject, query: Query) -> None:
        self.lookup = lookup
        self._target = target
        self._query = query
        self._names = tuple(lookup.fields.values())
        fields = [target.fields.get(name) for name in self._names]
        self._kinds = [kind_of_field(target, name) for name in self._names]
        self._converters = [converter(field) if field else text for field in fields]
        self._several = lookup.on_several == "MARKASERROR"
        self._found: dict[Form, list[Wire]] = {}
        self._alike: dict[Form, list[Wire]] = {}
        self._pages = ObjectPages(query, target)

    def criteria(self, row: Row) -> Criteria | None:
        """What a row looks for; None if it has none of the fields."""
        columns = self.lookup.fields
        if not any(column in row.values for column in columns):
            return None
        return tuple(row.values.get(column) for column in columns)

    def matches(self, criteria: Criteria) -> list[Wire]:
        """What was found for some criteria: nothing, one value or several.

        Where the tenant compares without case, a record that is alike counts if none is equal.
        """
        form = self._form(criteria)
        return self._found.get(form) or self._alike.get(form, [])

    def find(self, wanted: Iterable[Criteria]) -> None:
        """Look for criteria that are new: by value, or in pages of the object if they are many."""
        self._alike.clear()
        if self._several:
            self._found.clear()  # there may be a second one by now
        possible = filter(None, map(self._converted, wanted))
        new = {self._form(criteria): criteria for criteria in possible}
        missing = {form: given for form, given in new.items() if not self._found.get(form)}
        per_call = rows_per_query(self._names)
        calls = -(-len(missing) // per_call)
        in_pages = self._pages.may_take_less_than(calls)
        if in_pages and (similar_ones := self._read_pages(set(missing), calls)) is not None:
            # Which of several matches is the first depends on the tenant's own order, and whether
            # one that differs in case is a match on its comparison.
            missing = {
                form: given
                for form, given in missing.items()
                if len(found := self._found.get(form, ())) > 1
                or (not found and self._similar(form) in similar_ones)
            }
        for part in self._apart(missing, per_call):
            self._read_values(part)

    def _apart(self, wanted: Mapping[Form, Criteria], size: int) -> Iterator[dict[Form, Criteria]]:
        """Criteria for each query; of those that are alike one only, so that its match is seen."""
        rounds: list[dict[Form, Criteria]] = []
        times: Counter[Form] = Counter()
        for form, given in wanted.items():
            alike = self._similar(form)
            if times[alike] == len(rounds):
                rounds.append({})
            rounds[times[alike]][form] = given
            times[alike] += 1
        for each in rounds:
            for part in pieces(each.items(), size):
                yield dict(part)

    def _read_values(self, wanted: Mapping[Form, Criteria]) -> None:
        """Ask for records by value, in the tenant's own order: the first match is the first."""
        for form in wanted:
            self._found.pop(form, None)
        records = query_by_values(
            self._query,
            self._target.name,
            self._names,
            wanted.values(),
            self._selected,
            all_of_them=self._several,
        )
        self._keep(records, set(wanted))
        by_similar = {self._similar(form): form for form in wanted}
        for record in records:
            asked = by_similar.get(self._similar(self._form_of(record)))
            if asked is not None:
                self._alike.setdefault(asked, []).append(text(record.get(self.lookup.result)))

    def _read_pages(self, wanted: set[Form], max_pages: int) -> set[Form] | None:
        """Read the object in pages.

        Returns:
            What is there, but for case and blanks; None if that was not all of the object.
        """
        there: set[Form] = set()

        def take(records: Sequence[Mapping[str, Any]]) -> bool:
            self._keep(records, wanted)
            there.update(self._similar(self._form_of(record)) for record in records)
            return False

        return there if self._pages.read(self._selected, max_pages, take) else None

    def _keep(self, records: Sequence[Mapping[str, Any]], wanted: set[Form]) -> None:
        for record in records:
            form = self._form_of(record)
            if form in wanted:
                found = self._found.setdefault(form, [])
                value = text(record.get(self.lookup.result))
                again = self.lookup.result == GSID and value in found  # of a page that overlaps
                if len(found) <= 1 and not again:
                    found.append(value)

    @property
    def _selected(self) -> tuple[str, ...]:
        return (*self._names, self.lookup.result)

    def _converted(self, criteria: Criteria) -> Criteria | None:
        """Criteria as they are asked for; None for those that no record can have."""
        try:
            values = tuple(
                convert(value) for convert, value in zip(self._converters, criteria, strict=True)
            )
        except ConversionError:
            return None
        return None if None in values else values

    def _form(self, values: Sequence[Any]) -> Form:
        return tuple(map(comparable, self._kinds, values))

    def _form_of(self, record: Mapping[str, Any]) -> Form:
        return self._form([record.get(name) for name in self._names])

    def _similar(self, form: Form) -> Form:
        return tuple(map(similar, self._kinds, form))

    def level(self, row: Row, levels: dict[Form, int]) -> int:
        """How many rows of the batch must be in before this one: those that it looks for.

        Args:
            row: A row of the object in which is looked.
            levels: The levels of the rows before it; this one's is added.
        """
        criteria = self.criteria(row)
        sought = self._similar(self._form(criteria)) if criteria else None
        level = levels[sought] + 1 if sought is not None and sought in levels else 0
        own = self._similar(self._form_of(row.values))
        levels[own] = max(level, levels.get(own, 0))
        return level


class Resolver:
    """The lookups of one stream.

    Args:
        lookups: The lookups.
        describe: Describes an object, by its name.
        query: The calls.
        no_fields: The columns to look by that are no fields of the rows' object: not sent.
        new_cache: Makes what finds the values of one lookup.
    """

    def __init__(
        self,
        lookups: Sequence[Lookup],
        describe: Callable[[str], GainsightObject],
        query: Query,
        no_fields: Collection[str] = (),
        new_cache: NewCache = LookupCache,
    ) -> None:
        self._no_fields = no_fields
        self._caches = [new_cache(lookup, describe(lookup.object), query) for lookup in lookups]

    def waves(self, rows: Rows, object_name: str) -> Iterator[Rows]:
        """Part the rows of an object that looks in itself: each part looks for rows before it.

        Args:
            rows: The rows.
            object_name: Their object.
        """
        name = object_name.lower()
        own = [cache for cache in self._caches if cache.lookup.object.lower() == name]
        if not own:
            yield rows
            return
        known: list[dict[Form, int]] = [{} for _ in own]
        names = {name for cache in own for pair in cache.lookup.fields.items() for name in pair}
        some = [Row({n: row.values[n] for n in names & {*row.values}}, row.sources) for row in rows]
        levels = [0] * len(some)
        # A row of several records stands where the last of them came; the first one was before.
        for index in sorted(range(len(some)), key=lambda index: some[index].sources[0]):
            levels[index] = max(
                cache.level(some[index], seen) for cache, seen in zip(own, known, strict=True)
            )
        for wave in range(max(levels, default=0) + 1):
            yield Rows(partial(_of_level, rows, levels, wave))

    def resolved(self, rows: Rows, outcome: Outcome) -> Iterator[Block]:
        """Fill the fields of rows by lookups; reject the rows for which that fails.

        Args:
            rows: The rows.
            outcome: Takes the rejections.
        """
        return in_blocks(self._filled(rows, outcome)) if self._caches else rows.blocks()

    def _filled(self, rows: Rows, outcome: Outcome) -> Iterator[Row]:
        wanted: list[dict[Criteria, None]] = [{} for _ in self._caches]
        for row in rows:
            for cache, seen in zip(self._caches, wanted, strict=True):
                if criteria := cache.criteria(row):
                    seen[criteria] = None
        for cache, seen in zip(self._caches, wanted, strict=True):
            cache.find(seen)
        for row in rows:
            # All look by the values that the row came with, not by what another lookup has found.
            given = [cache.criteria(row) for cache in self._caches]
            problems = [
                problem
                for cache, criteria in zip(self._caches, given, strict=True)
                for problem in _fill(row, cache, criteria)
            ]
            if problems:
                outcome.reject(row, *problems)
            else:
                for name in self._no_fields:
                    row.values.pop(name, None)
                yield row


def _of_level(rows: Rows, levels: Sequence[int], wanted: int) -> Iterator[Block]:
    return in_blocks(row for row, level in zip(rows, levels, strict=True) if level == wanted)


def _fill(row: Row, cache: LookupCache, criteria: Criteria | None) -> Iterator[Problem]:
    """Fill a field of a row, or say why that fails."""
    lookup = cache.lookup
    if criteria is None:
        return
    found = cache.matches(criteria)
    if len(found) > 1 and lookup.on_several == "MARKASERROR":
        yield from _problems("Multiple", lookup)
    elif found:
        row.values[lookup.field] = found[0]
    elif lookup.on_no_match == "ERROR":
        yield from _problems("No", lookup)
    else:
        row.values[lookup.field] = lookup.default if lookup.on_no_match == "DEFAULTVALUE" else None


def _problems(how_many: str, lookup: Lookup) -> Iterator[Problem]:
    """One problem for each field by which the lookup looks, as a refused REST call has them."""
    message = f"{how_many} {lookup.field} resolved by {', '.join(lookup.fields)}"
    for name in lookup.fields:
        yield Problem(_NOT_RESOLVED, message, name)
