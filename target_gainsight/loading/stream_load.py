"""A stream's way into Gainsight: records are collected, loaded in batches, and accounted for."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.quota import Budget, Quota
from gainsight_singer.words import counted, spell
from target_gainsight.incoming.batch import Batch, slices
from target_gainsight.loading.property_check import PropertyCheck
from target_gainsight.loading.route import LoadMode, Operation, Route
from target_gainsight.outcomes.rejects import Letter
from target_gainsight.own_apis.apis import budget_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Sequence

    from gainsight_api.clock import Clock
    from target_gainsight.incoming.merge import Merger
    from target_gainsight.incoming.storage import Storage
    from target_gainsight.loading.loaders import Loader, Loaders, Outcome
    from target_gainsight.outcomes.problems import Problem, Rejection
    from target_gainsight.outcomes.tally import Tally
    from target_gainsight.settings import TargetSettings

_BATCH_ROWS = 500_000
_REST_BATCH_ROWS = 5_000
_STATE_EVERY_SECONDS = 240
_MAX_SLICE_ROWS = 5_000


@dataclass(slots=True, kw_only=True, eq=False)
class StreamLoad:
    """Collects a stream's records, picks their path, and sees that each one comes out.

    Attributes:
        route: Where the records go.
        merger: Makes rows of records.
        loaders: What becomes of the rows.
        tally: The run's counts.
        settings: The target's settings.
        quota: What calls may still be made.
        bulk_quota: What import jobs may still be submitted.
        clock: Time.
        storage: Where records wait.
        received_as: The stream's name before stream maps.
        on_progress: Called whenever records have been confirmed or dead-lettered.
        logger: The stream's logger.
        oldest_pending: The number of the oldest record that is neither confirmed nor
            dead-lettered; None if there is none.
        first_received: The number of the stream's first record; 0 if none has come.
        last_received: The number of its newest record; 0 if none has come.
        opened_at: When the present batch was begun, in seconds since 1970.
        properties: Says which properties are not sent.
    """

    route: Route
    merger: Merger
    loaders: Loaders
    tally: Tally
    settings: TargetSettings
    quota: Quota
    bulk_quota: Quota
    clock: Clock
    storage: Storage
    received_as: str
    on_progress: Callable[[], None]
    logger: logging.Logger
    oldest_pending: int | None = None
    first_received: int = 0
    last_received: int = 0
    opened_at: float = 0.0
    properties: PropertyCheck = field(init=False)
    object_name: str = field(init=False)
    looks_in: frozenset[str] = field(init=False)
    _most: int = field(init=False)
    _batch: Batch = field(init=False)

    def __post_init__(self) -> None:
        """Begin with an empty batch."""
        self.object_name = self.route.object.name.lower()
        self.looks_in = frozenset(lookup.object.lower() for lookup in self.route.lookups)
        by_default = _REST_BATCH_ROWS if self.route.load_mode is LoadMode.REST else _BATCH_ROWS
        self._most = self.settings.batch_size_rows or by_default
        self._batch = Batch(self.storage)
        self.properties = PropertyCheck(self.route, self.merger.mapping, self.settings, self.logger)

    def receive(
        self,
        records: Sequence[bytes],
        numbers: range,
        problems: tuple[Problem, ...] = (),
        received: Sequence[bytes] | None = None,
    ) -> None:
        """Take records into the batch, which has `room` for them.

        Args:
            records: Their JSON texts.
            numbers: Their numbers among all records of the run.
            problems: Why they cannot be loaded, where that is known already.
            received: Their JSON texts before stream maps, where there are any.
        """
        if self.oldest_pending is None:
            self.oldest_pending = numbers[0]
        if not len(self._batch):
            self.opened_at = self.clock.now()
        self.first_received = self.first_received or numbers[0]
        self.last_received = numbers[-1]
        self._batch.extend(records, numbers, problems, received)

    @property
    def oldest_waiting(self) -> int | None:
        """The number of the oldest record of the present batch; None if it is empty."""
        return self._batch.numbers[0] if len(self._batch) else None

    @property
    def room(self) -> int:
        """How many records the batch can still take; when there is none left, it is complete."""
        return self._most - len(self._batch)

    @property
    def goes_by_rest(self) -> bool:
        """Whether the present batch would cost no import job."""
        return self._are_few(len(self._batch))

    def _are_few(self, records: int) -> bool:
        match self.route.load_mode:
            case LoadMode.REST:
                return True
            case LoadMode.BULK:
                return False
            case LoadMode.AUTO:
                return records <= self.settings.bulk_threshold_rows

    def drain(self, up_to: int) -> int:
        """Load the present batch up to the record of a number; the next one begins with the rest.

        What goes by REST is confirmed part by part, so that a STATE can follow while the load is
        still going on.

        Returns:
            How many records have come out.
        """
        batch = self._batch
        count = bisect_right(batch.numbers, up_to)
        self._batch = batch.from_index(count)
        self.opened_at = self.clock.now()
        by_rest = self._are_few(count) or not self._affords_jobs(batch, count)
        loaders = self.loaders
        loader = loaders.rest if by_rest or loaders.bulk is None else loaders.bulk
        parts = slices(range(count), self._slice_rows() if by_rest else count)
        for indexes in parts:
            self._load(batch, indexes, loader)
            if not self.tally.broken:
                following = indexes.stop
                self.oldest_pending = batch.numbers[following] if following < len(batch) else None
                self.on_progress()
        batch.close()
        return count

    def _slice_rows(self) -> int:
        """As many records as REST calls load in some minutes, even if each is a deletion."""
        per_minute = self.settings.sync_calls_per_minute
        if budget_of(self.route) is Budget.TIMELINE:
            per_minute = self.settings.timeline_calls_per_minute // 2  # an update is a second call
        calls = max(1, per_minute * _STATE_EVERY_SECONDS // 60)
        per_call = 1 if self.route.delete else self.loaders.rest.rest_batch_size // 2
        return min(_MAX_SLICE_ROWS, calls * max(1, per_call))

    def _load(self, batch: Batch, indexes: range, loader: Loader) -> None:
        """Load some records, write the dead letters, and see that every record has come out."""
        started, waited = self.clock.now(), self.tally.run.clock.waited
        loaded = unchanged = ignored = 0
        rejections: list[Rejection] = []
        for work in self.merger.works(batch, indexes):
            deleted = self.loaders.deleter.delete(work.deletions)
            self.loaders.deleter.wait_for(work.rows)
            written = self._one_by_one(batch, loader.load(work.rows), loader)
            for outcome in (deleted, written):
                loaded += outcome.confirmed
                unchanged += outcome.unchanged
                rejections += outcome.rejections
            rejections += work.rejections
            ignored += work.ignored
        rejected = sum(len(rejection.sources) for rejection in rejections)
        if loaded + rejected + ignored != len(indexes):
            raise RuntimeError(
                f"stream {self.route.stream}: of {len(indexes)} records {loaded} came out as "
                f"loaded, {rejected} as rejected, {ignored} as ignored"
            )
        self._write_letters(batch, rejections)
        self._count(loaded, rejected, ignored)
        self.tally.unchanged.update({self.route.stream: unchanged} if unchanged else {})
        waited = self.tally.run.clock.waited - waited
        self.logger.info(
            "stream %s: %s %s %s, %s%s rejected, in %s%s; %s",
            self.route.stream,
            counted(loaded, "record"),
            self.loaders.done,
            self.route.object.name,
            f"{unchanged:,} of them unchanged, " if unchanged else "",
            f"{rejected:,}",
            spell(self.clock.now() - started),
            f", of which {spell(waited)} waited" if waited >= 1 else "",
            self.quota.remaining(budget_of(self.route)),
        )

    def _one_by_one(self, batch: Batch, outcome: Outcome, loader: Loader) -> Outcome:
        """Send the records of merged rows that were rejected by themselves, in their order.

        One of them may be to blame, and the others good.
        """
        merged = [each.sources for each in outcome.rejections if len(each.sources) > 1]
        if not merged:
            return outcome
        # They are few, and a job is dear.
        alone = loader if self.route.load_mode is LoadMode.BULK else self.loaders.rest
        if self.object_name in self.looks_in:  # others may have looked for what was refused
            turns = _in_turns([each.sources for each in outcome.rejections])
            outcome.rejections = []
        else:
            turns = [
                [sources[turn] for sources in merged if turn < len(sources)]
                for turn in range(max(map(len, merged)))
            ]
            outcome.rejections = [each for each in outcome.rejections if len(each.sources) == 1]
        for indexes in turns:
            outcome += alone.load(self.merger.single(batch, indexes))
        return outcome

    def _write_letters(self, batch: Batch, rejections: Iterable[Rejection]) -> None:
        letters = {
            index: Letter(batch.received(index), rejection.problems, rejection.request_id)
            for rejection in rejections
            for index in rejection.sources
        }
        self.loaders.letters.add(letters[index] for index in sorted(letters))

    def _count(self, loaded: int, rejected: int, ignored: int) -> None:
        stream = self.route.stream
        self.tally.run.add_rows(self.tally.run.streams[stream], loaded)
        if self.route.operation is Operation.INSERT:
            self.tally.inserted += loaded
        if rejected:
            self.tally.rejected[self.received_as] += rejected
        if ignored:
            if stream not in self.tally.ignored:
                self.logger.warning(
                    "stream %s: it has records that are marked as deleted; with `deletes: ignore` "
                    "they are not loaded (%d in this batch)",
                    stream,
                    ignored,
                )
            self.tally.ignored[stream] += ignored

    def _affords_jobs(self, batch: Batch, records: int) -> bool:
        """Whether a large batch goes by import job; else by REST, if that can carry it."""
        if self.route.load_mode is LoadMode.BULK:
            return True
        jobs = -(-batch.size * records // len(batch) // self.settings.max_bulk_bytes)
        if self.route.matches_keys and self.route.operation is Operation.UPSERT:
            jobs += 1  # updates and inserts go by jobs of their own
        if self.bulk_quota.remaining(Budget.BULK).left >= jobs:
            self.logger.info(
                "stream %s: %s by import job%s",
                self.route.stream,
                counted(records, "record"),
                ", but for those unchanged" if self.route.skip_unchanged else "",
            )
            return True
        calls = self.loaders.rest.calls_for(records)
        wait = self.quota.next_at(Budget.SYNC, calls) - self.clock.now()
        by_rest = wait <= self.settings.max_quota_wait
        self.logger.info(
            "stream %s: %s: the bulk quota is used up; %s",
            self.route.stream,
            counted(records, "record"),
            f"by {counted(calls, 'REST call')} instead"
            if by_rest
            else "and REST would take longer than `max_quota_wait`",
        )
        return not by_rest


def _in_turns(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """The records of rows in the order received, in turns of at most one record of each row."""
    row_of = {index: number for number, sources in enumerate(rows) for index in sources}
    turns: list[list[int]] = []
    seen: set[int] = set()
    for index in sorted(row_of):
        if not turns or row_of[index] in seen:
            turns.append([])
            seen.clear()
        turns[-1].append(index)
        seen.add(row_of[index])
    return turns
