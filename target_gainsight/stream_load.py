"""A stream's way into Gainsight: records are collected, loaded in batches, and accounted for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.quota import Budget, Quota
from target_gainsight.incoming.batch import Batch, slices
from target_gainsight.rejects import Letter, RejectsError, letters_path
from target_gainsight.route import LoadMode, Route

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from gainsight_api.clock import Clock
    from target_gainsight.incoming.merge import Planner
    from target_gainsight.loaders import Deletes, Letters, Loader, RestPath
    from target_gainsight.problems import Problem, Rejection

_STATE_EVERY_SECONDS = 240
_LARGEST_SLICE = 5_000


@dataclass(slots=True)
class Tally:
    """The counts of a run, over all streams.

    Attributes:
        max_rejects: Rejected records that do not fail the run; -1 for any number.
        loaded: Records loaded, by stream.
        rejected: Records rejected, by stream.
        ignored: Records that were marked as deleted, and left alone, by stream.
    """

    max_rejects: int
    loaded: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)

    @property
    def broken(self) -> bool:
        """Whether more records have been rejected than are allowed."""
        return 0 <= self.max_rejects < self.rejected.total()

    def check(self, folder: Path) -> None:
        """Fail the run if the limit is broken.

        Args:
            folder: That of the dead-letter files.

        Raises:
            RejectsError: It is.
        """
        if self.broken:
            files = ", ".join(
                f"{letters_path(folder, stream)} ({count:,})"
                for stream, count in self.rejected.items()
            )
            raise RejectsError(
                f"{self.rejected.total():,} records were rejected, and `max_rejects` is "
                f"{self.max_rejects:,}: the reasons are in {files}. Mend the records or the "
                "mapping and run again, or raise `max_rejects`"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is done at once.

    Attributes:
        batch_rows: Records in a batch.
        threshold: Records of a batch that go by REST, where the path is left open.
        file_bytes: Bytes of an import job's file.
        calls_per_minute: Ordinary calls that Gainsight allows.
        longest_wait: Seconds to wait for the quota at most.
    """

    batch_rows: int
    threshold: int
    file_bytes: int
    calls_per_minute: int
    longest_wait: float


@dataclass(slots=True, kw_only=True)
class StreamLoad:
    """The loading of one stream.

    Attributes:
        route: Where it goes.
        planner: Makes rows of records.
        rest: The loader by REST calls.
        bulk: The loader by import jobs; None where the object cannot be imported.
        deleter: Deletes.
        letters: The dead-letter file.
        tally: The run's counts.
        sizes: How much is done at once.
        quota: What calls may still be made.
        bulk_quota: What import jobs may still be submitted.
        clock: Time.
        confirmed: Called whenever records have been confirmed or dead-lettered.
        logger: The stream's logger.
        doing: What is said to be done with the records.
        first: The number of the oldest record that is neither; None if there is none.
        last: The number of the record received last.
        opened_at: When the present batch was begun, in seconds since 1970.
    """

    route: Route
    planner: Planner
    rest: RestPath
    bulk: Loader | None
    deleter: Deletes
    letters: Letters
    tally: Tally
    sizes: Sizes
    quota: Quota
    bulk_quota: Quota
    clock: Clock
    confirmed: Callable[[], None]
    logger: logging.Logger
    doing: str = "loaded into"
    first: int | None = None
    last: int = 0
    opened_at: float = 0.0
    _batch: Batch = field(default_factory=Batch)

    def receive(
        self,
        records: Sequence[bytes],
        numbers: range,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        """Take records into the batch, which has `room` for them.

        Args:
            records: Their JSON texts.
            numbers: Their numbers among all records of the run.
            problems: Why they cannot be loaded, where that is known already.
        """
        if self.first is None:
            self.first = numbers[0]
            self.opened_at = self.clock.now()
        self.last = numbers[-1]
        self._batch.extend(records, numbers, problems)

    @property
    def pending(self) -> int:
        """Records of the present batch."""
        return len(self._batch)

    @property
    def room(self) -> int:
        """How many records the batch can still take; when there is none left, it is complete."""
        return max(self.sizes.batch_rows - len(self._batch), 0)

    @property
    def goes_by_rest(self) -> bool:
        """Whether the present batch would cost no import job."""
        match self.route.load_mode:
            case LoadMode.REST:
                return True
            case LoadMode.BULK:
                return False
            case LoadMode.AUTO:
                return len(self._batch) <= self.sizes.threshold

    def drain(self) -> None:
        """Load the present batch, and begin the next.

        What goes by REST is confirmed part by part, so that a STATE can follow while the load is
        still going on.
        """
        batch = self._batch
        if not len(batch):
            return
        by_rest = self.goes_by_rest or not self._affords_jobs(batch)
        loader = self.rest if by_rest or self.bulk is None else self.bulk
        parts = slices(range(len(batch)), self._slice_rows() if by_rest else len(batch))
        for places in parts:
            self._load(batch, places, loader)
            if not self.tally.broken:
                following = places.stop
                self.first = batch.numbers[following] if following < len(batch) else None
                self.confirmed()
        if not self.tally.broken:
            self._batch = Batch()
            batch.close()

    def _slice_rows(self) -> int:
        """As many records as REST calls load in some minutes, even if each is a deletion."""
        calls = max(1, self.sizes.calls_per_minute * _STATE_EVERY_SECONDS // 60)
        per_call = 1 if self.route.delete else self.rest.batch_size // 2
        return min(_LARGEST_SLICE, calls * max(1, per_call))

    def _load(self, batch: Batch, places: range, loader: Loader) -> None:
        """Load some records, write the dead letters, and see that every record has come out."""
        started = self.clock.now()
        loaded = 0
        ignored = 0
        rejections: list[Rejection] = []
        for work in self.planner.works(batch, places):
            for outcome in (self.deleter.delete(work.deletions), loader.load(work.rows)):
                loaded += outcome.loaded
                rejections += outcome.rejections
            rejections += work.rejections
            ignored += work.ignored
        rejected = sum(len(rejection.sources) for rejection in rejections)
        if loaded + rejected + ignored != len(places):
            raise RuntimeError(
                f"stream {self.route.stream}: of {len(places)} records {loaded} came out as "
                f"loaded, {rejected} as rejected, {ignored} as ignored"
            )
        self._write_letters(batch, rejections)
        self._count(loaded, rejected, ignored)
        self.logger.info(
            "%s records %s %s, %s rejected, in %.1f s; %s",
            f"{loaded:,}",
            self.doing,
            self.route.object.name,
            f"{rejected:,}",
            self.clock.now() - started,
            self.quota.remaining(Budget.SYNC),
        )

    def _write_letters(self, batch: Batch, rejections: Iterable[Rejection]) -> None:
        letters = {
            place: Letter(batch.raw(place), rejection.problems, rejection.request_id)
            for rejection in rejections
            for place in rejection.sources
        }
        self.letters.add(letters[place] for place in sorted(letters))

    def _count(self, loaded: int, rejected: int, ignored: int) -> None:
        stream = self.route.stream
        self.tally.loaded[stream] += loaded
        if rejected:
            self.tally.rejected[stream] += rejected
        if ignored:
            if stream not in self.tally.ignored:
                self.logger.warning(
                    "The stream has records that are marked as deleted; with `deletes: ignore` "
                    "they are not loaded (%d in this batch)",
                    ignored,
                )
            self.tally.ignored[stream] += ignored

    def _affords_jobs(self, batch: Batch) -> bool:
        """Whether a large batch goes by import job; else by REST, if that can carry it."""
        if self.route.load_mode is LoadMode.BULK:
            return True
        jobs = -(-batch.size // self.sizes.file_bytes)
        if self.bulk_quota.remaining(Budget.BULK).left >= jobs:
            self.logger.info("%s records: by import job", f"{len(batch):,}")
            return True
        calls = self.rest.calls_for(len(batch))
        wait = self.quota.next_at(Budget.SYNC, calls) - self.clock.now()
        by_rest = wait <= self.sizes.longest_wait
        self.logger.info(
            "%s records: the bulk quota is used up; %s",
            f"{len(batch):,}",
            f"by {calls:,} REST calls instead"
            if by_rest
            else "and REST would take longer than `max_quota_wait`",
        )
        return not by_rest
