"""A dry run: loaders that count what would be sent, instead of sending it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from gainsight_api.objects.query import Query
from gainsight_api.quota import Budget, Quota
from gainsight_singer.words import counted
from target_gainsight.bulk.csv_file import file_columns, file_size
from target_gainsight.loading.loaders import Deletion, Outcome
from target_gainsight.loading.route import Operation
from target_gainsight.outcomes.problems import Problem
from target_gainsight.outcomes.tally import Reasons
from target_gainsight.own_apis.apis import budget_of
from target_gainsight.rows.blocks import Rows
from target_gainsight.search.lookups import LookupCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gainsight_api.calls.session import Session
    from gainsight_api.objects.metadata import GainsightObject
    from gainsight_api.objects.read import Read
    from target_gainsight.loading.loaders import RestWriter
    from target_gainsight.loading.route import Lookup, Route
    from target_gainsight.outcomes.rejects import Letter
    from target_gainsight.rows.blocks import Row
    from target_gainsight.rows.values import Wire
    from target_gainsight.search.lookups import Criteria, Resolver
    from target_gainsight.search.unchanged import Unchanged
    from target_gainsight.settings import TargetSettings

_TO_BE_LOADED = "(loaded by this run)"
"""Stands for the Gsid that a record will have."""


@dataclass(slots=True)
class DryRunStream:
    """What would be sent of one stream.

    Attributes:
        route: Where it goes.
        by_rest: Rows that would go by REST.
        by_job: Rows that would go by import job.
        unchanged: Records that would not be sent, since Gainsight holds them already.
        deletions: Records that would be deleted.
        calls: REST calls, if none is refused.
        jobs: Import jobs.
        rejects: Rejects foreseen.
        reasons: Their reasons.
        looks_by_call: Whether rows would go by REST calls that look up values.
        looks_in_run: Whether rows look for what is not there, and the run itself may load.
    """

    route: Route
    by_rest: int = 0
    by_job: int = 0
    unchanged: int = 0
    deletions: int = 0
    calls: int = 0
    jobs: int = 0
    rejects: int = 0
    reasons: Reasons = field(default_factory=Reasons)
    looks_by_call: bool = False
    looks_in_run: bool = False

    def line(self) -> str:
        """What would be sent, in one line."""
        route = self.route
        keys = f" by {', '.join(route.keys)}" if route.keys else ""
        deleting = f", {counted(self.deletions, 'deletion')}" if self.deletions else ""
        reasons = self.reasons.of(route.stream)
        unchanged = f"{counted(self.unchanged, 'record')} unchanged and skipped, "
        return (
            f"{route.stream}: {route.operation}{keys} into {route.object.name}: "
            f"{counted(self.by_rest, 'row')} by REST{deleting} ({counted(self.calls, 'call')}), "
            f"{counted(self.by_job, 'row')} by import ({counted(self.jobs, 'job')}), "
            f"{unchanged if route.skip_unchanged else ''}"
            f"{counted(self.rejects, 'reject')} foreseen{f' ({reasons})' if reasons else ''}"
            f"{self._not_checked()}"
        )

    def _not_checked(self) -> str:
        """What a dry run cannot foresee without writing."""
        if self.looks_by_call:
            return "; not checked: lookups, which REST calls resolve"
        return "; not checked: lookups of what this run loads" if self.looks_in_run else ""

    def rejected(self, row: Row, outcome: Outcome, route: Route) -> bool:
        """Whether a row is to be inserted, and lacks a field that must have a value."""
        if route.operation is not Operation.INSERT:
            return False
        filled = {lookup.field for lookup in route.lookups}
        missing = [
            field.name
            for field in route.object.fields.values()
            if field.required
            and field.createable
            and field.name not in filled
            and row.values.get(field.name) is None
        ]
        if missing:
            reason = "the field must have a value"
            outcome.reject(row, *(Problem("MISSING_REQUIRED", reason, name) for name in missing))
        return bool(missing)


class DryRunLookups(LookupCache):
    """Stands for what a lookup finds: what the run itself would load is not there to be found.

    Args:
        lookup: The lookup.
        target: The object in which it looks.
        query: The calls.
        streams: All that would be sent.
        counts: What would be sent of the stream that looks.
    """

    def __init__(
        self,
        lookup: Lookup,
        target: GainsightObject,
        query: Query,
        *,
        streams: Iterable[DryRunStream],
        counts: DryRunStream,
    ) -> None:
        super().__init__(lookup, target, query)
        self._name = target.name
        self._streams = streams
        self._counts = counts

    @override
    def matches(self, criteria: Criteria) -> list[Wire]:
        found = super().matches(criteria)
        would_load = any(each.route.object.name == self._name for each in self._streams)
        if found or None in criteria or not would_load:
            return found
        self._counts.looks_in_run = True
        return [_TO_BE_LOADED]


class DryRunQuery(Query):
    """The query calls by which the target matches keys, which a dry run makes and counts.

    Args:
        session: The tenant's session.
        counts: Counts them.
    """

    def __init__(self, session: Session, counts: DryRunStream) -> None:
        super().__init__(session)
        self._counts = counts

    @override
    def page(self, read: Read) -> list[Mapping[str, Any]]:
        self._counts.calls += 1
        return super().page(read)


@dataclass(slots=True)
class DryRunRest:
    """Stands for a loader by REST calls."""

    counts: DryRunStream
    route: Route
    rest: RestWriter
    unchanged: Unchanged

    @property
    def rest_batch_size(self) -> int:
        """Rows of a call, at most."""
        return self.rest.rest_batch_size

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows."""
        return self.rest.calls_for(rows)

    def load(self, rows: Rows) -> Outcome:
        """Count the rows and their calls."""
        outcome = Outcome()
        count = 0
        changed = self.unchanged.changed(rows.blocks(), outcome)
        for row in self.rest.sendable(Rows(lambda: changed), outcome):
            if not self.counts.rejected(row, outcome, self.route):
                count += 1
                outcome.confirm([row])
        self.counts.unchanged += outcome.unchanged
        self.counts.by_rest += count
        self.counts.looks_by_call |= bool(count and self.route.raw_lookups)
        self.counts.calls += self.rest.calls_for(count)
        return outcome


@dataclass(slots=True)
class DryRunBulk:
    """Stands for the bulk loader; does the lookups, so that their rejects are foreseen."""

    counts: DryRunStream
    route: Route
    resolver: Resolver
    unchanged: Unchanged
    rest: DryRunRest | None
    settings: TargetSettings

    def load(self, rows: Rows) -> Outcome:
        """Count the rows, and the jobs by the size of their files."""
        outcome = Outcome()
        counts: Counter[tuple[str, ...]] = Counter()
        sizes: Counter[tuple[str, ...]] = Counter()
        fields = self.route.object.fields
        resolved = self.resolver.resolved(rows, outcome)
        for found in self.unchanged.changed(resolved, outcome):
            block = found.without(
                {n for n, row in enumerate(found) if self.counts.rejected(row, outcome, self.route)}
            )
            columns = file_columns(block, fields)
            outcome.confirm(block)
            counts[columns] += len(block)
            sizes[columns] += file_size(block, columns)
        self.counts.unchanged += outcome.unchanged
        for columns, count in counts.items():
            if self.rest and count <= self.settings.bulk_threshold_rows:
                self.counts.by_rest += count
                self.counts.calls += self.rest.calls_for(count)
            else:
                self.counts.by_job += count
                self.counts.jobs += -(-sizes[columns] // self.settings.max_bulk_bytes)
        return outcome


@dataclass(slots=True)
class DryRunDeleter:
    """Stands for the deleter."""

    counts: DryRunStream

    def delete(self, deletions: Iterable[Deletion]) -> Outcome:
        """Count the deletions and their calls."""
        outcome = Outcome()
        for deletion in deletions:
            self.counts.deletions += 1
            self.counts.calls += 1 if deletion.gsid else 3  # two queries find it, and nothing else
            outcome.confirm_deletion(deletion)
        return outcome

    def wait_for(self, rows: Iterable[Row]) -> None:
        """Nothing has been deleted."""


@dataclass(slots=True)
class DryRunLetters:
    """Stands for the dead-letter files."""

    counts: DryRunStream

    def add(self, letters: Iterable[Letter]) -> None:
        """Count the reasons."""
        for letter in letters:
            self.counts.rejects += 1
            self.counts.reasons.add(self.counts.route.stream, letter.problems[0])


def dry_run_report(
    streams: Iterable[DryRunStream], quota: Quota, bulk_quota: Quota
) -> Iterator[str]:
    """What a dry run says at its end, line by line."""
    yield "Plan of a dry run; nothing has been written"
    calls = jobs = 0
    budgets = {Budget.SYNC: None}
    for stream in streams:
        budgets[budget_of(stream.route)] = None
        calls += stream.calls
        jobs += stream.jobs
        yield f"  {stream.line()}"
    yield f"  in all {counted(calls, 'call')} and {counted(jobs, 'job')}"
    yield from (f"  {quota.remaining(budget)}" for budget in budgets)
    yield f"  {bulk_quota.remaining(Budget.BULK)}"
