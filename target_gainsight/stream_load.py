"""A stream's way into Gainsight: records are collected, loaded in batches, and accounted for."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.errors import ConfigError
from gainsight_api.quota import Budget, Quota
from target_gainsight.incoming.batch import Batch, slices
from target_gainsight.rejects import Letter
from target_gainsight.route import LoadMode, Operation, Route

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Sequence

    from gainsight_api.clock import Clock
    from target_gainsight.incoming.merge import Merger
    from target_gainsight.incoming.storage import Storage
    from target_gainsight.loaders import Loader, Loaders, Outcome
    from target_gainsight.problems import Problem, Rejection
    from target_gainsight.rejects import Tally
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
    object_name: str = field(init=False)
    looks_in: frozenset[str] = field(init=False)
    _batch: Batch = field(init=False)
    _named_as_left_out: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with an empty batch."""
        self.object_name = self.route.object.name.lower()
        self.looks_in = frozenset(lookup.object.lower() for lookup in self.route.lookups)
        self._batch = Batch(self.storage)

    def check_properties(self, properties: Sequence[str]) -> None:
        """Say once which properties are not sent, and why.

        Args:
            properties: Those of the stream's SCHEMA.

        Raises:
            ConfigError: The stream's own settings name properties that it does not have.
        """
        stream = self.route.stream
        lacking = set(self.route.lacking(properties)) - self._named_as_left_out
        if lacking and self.settings.has_entry_with_fields(stream):
            raise ConfigError(
                f"stream {stream}: it has no property {', '.join(sorted(lacking))}, which its "
                f"`streams` entry names; its properties are {', '.join(sorted(properties))}"
            )
        if lacking:
            self._named_as_left_out |= lacking
            self.logger.warning("The stream has no property %s", ", ".join(sorted(lacking)))
        left_out = [
            name
            for name in self.merger.mapping.left_out(properties)
            if name not in self._named_as_left_out
        ]
        self._named_as_left_out.update(left_out)
        if left_out:
            self.logger.warning(
                "Not sent, because the object %s has no such field or it cannot be written: %s",
                self.route.object.name,
                ", ".join(left_out),
            )
        self._say_replaced(properties)

    def _say_replaced(self, properties: Sequence[str]) -> None:
        """Say which properties are not sent, since another one fills the field of their name."""
        filled = {field: source for source, field in self.route.fields.items()}
        for name in properties:
            source = filled.get(name, name)
            kept = name in self.route.fields or source == name or name in self._named_as_left_out
            if not kept:
                self._named_as_left_out.add(name)
                self.logger.warning(
                    "Not sent: the property %s, since `fields` fills the field %s from %s",
                    name,
                    name,
                    source,
                )

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
        by_default = _REST_BATCH_ROWS if self.route.load_mode is LoadMode.REST else _BATCH_ROWS
        return max((self.settings.batch_size_rows or by_default) - len(self._batch), 0)

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
        calls = max(1, self.settings.sync_calls_per_minute * _STATE_EVERY_SECONDS // 60)
        per_call = 1 if self.route.delete else self.loaders.rest.rest_batch_size // 2
        return min(_MAX_SLICE_ROWS, calls * max(1, per_call))

    def _load(self, batch: Batch, indexes: range, loader: Loader) -> None:
        """Load some records, write the dead letters, and see that every record has come out."""
        started = self.clock.now()
        loaded = 0
        ignored = 0
        rejections: list[Rejection] = []
        for work in self.merger.works(batch, indexes):
            deleted = self.loaders.deleter.delete(work.deletions)
            self.loaders.deleter.wait_for(work.rows)
            written = self._one_by_one(batch, loader.load(work.rows), loader)
            for outcome in (deleted, written):
                loaded += outcome.confirmed
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
        self.logger.info(
            "%s records %s %s, %s rejected, in %.1f s; %s",
            f"{loaded:,}",
            self.loaders.done,
            self.route.object.name,
            f"{rejected:,}",
            self.clock.now() - started,
            self.quota.remaining(Budget.SYNC),
        )

    def _one_by_one(self, batch: Batch, outcome: Outcome, loader: Loader) -> Outcome:
        """Send the records of merged rows that were rejected by themselves, in their order.

        One of them may be to blame, and the others good.
        """
        merged = [each.sources for each in outcome.rejections if len(each.sources) > 1]
        if not merged:
            return outcome
        outcome.rejections = [each for each in outcome.rejections if len(each.sources) == 1]
        # They are few, and a job is dear.
        alone = loader if self.route.load_mode is LoadMode.BULK else self.loaders.rest
        for turn in range(max(map(len, merged))):
            indexes = [sources[turn] for sources in merged if turn < len(sources)]
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
        self.tally.loaded[stream] += loaded
        if self.route.operation is Operation.INSERT:
            self.tally.inserted += loaded
        if rejected:
            self.tally.rejected[self.received_as] += rejected
        if ignored:
            if stream not in self.tally.ignored:
                self.logger.warning(
                    "The stream has records that are marked as deleted; with `deletes: ignore` "
                    "they are not loaded (%d in this batch)",
                    ignored,
                )
            self.tally.ignored[stream] += ignored

    def _affords_jobs(self, batch: Batch, records: int) -> bool:
        """Whether a large batch goes by import job; else by REST, if that can carry it."""
        if self.route.load_mode is LoadMode.BULK:
            return True
        jobs = -(-batch.size * records // len(batch) // self.settings.max_bulk_bytes)
        if self.bulk_quota.remaining(Budget.BULK).left >= jobs:
            self.logger.info("%s records: by import job", f"{records:,}")
            return True
        calls = self.loaders.rest.calls_for(records)
        wait = self.quota.next_at(Budget.SYNC, calls) - self.clock.now()
        by_rest = wait <= self.settings.max_quota_wait
        self.logger.info(
            "%s records: the bulk quota is used up; %s",
            f"{records:,}",
            f"by {calls:,} REST calls instead"
            if by_rest
            else "and REST would take longer than `max_quota_wait`",
        )
        return not by_rest
