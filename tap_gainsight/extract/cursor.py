"""Where the reading of a stream stands: the one place that moves its checkpoint.

A page is a query's reply or a chunk of a job. Its rows go through `track`, which checks their keys,
passes over what has been written already, and notes what the next page and the bookmark need. After
each page the checkpoint says how far the reading has come; nothing before it is asked for again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from gainsight_api.errors import DataError
from gainsight_api.filters import build as filters
from tap_gainsight.extract.checkpoint import Checkpoint
from tap_gainsight.extract.key_order import KeyOrder
from tap_gainsight.extract.paging import (
    ExtractWindow,
    Position,
    advance,
    counts,
    next_read,
    start_of,
)
from tap_gainsight.extract.tracker import Tracker
from tap_gainsight.extract.written import Written

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gainsight_api.clock import Clock
    from gainsight_api.errors import GainsightError
    from gainsight_api.exports import Job
    from gainsight_api.read import Read
    from tap_gainsight.extract.progress import Progress
    from tap_gainsight.records.block import Block
    from tap_gainsight.records.decode import Decoder

UNKNOWN_NAME = {"P_5005", "GSOBJ_ESS_9150"}
"""The codes of a request that names an object or a field which the tenant does not have."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a chunk, or a job, may be rewound to."""

    page: Tracker
    held: list[Block]
    written: Written


@dataclass(slots=True, kw_only=True)
class Cursor:
    """One stream's reading.

    Attributes:
        window: What is read.
        decoder: Makes blocks of records of pages.
        max_rows_per_job: Rows that one job may export.
        save: Called after every page, and as soon as a job is submitted.
        drop_missing_fields: Called when the tenant does not know a field; gives the window and the
            decoder without the fields that it no longer has, or None if it has them all.
        progress: Told of every page.
        logger: The stream's.
        clock: Time.
        tenant_time: What the tenant's clock shows at one of this machine's times.
        resumed: How far a run before this one had come, if it did not end.
        request: A digest of what is read.
        checkpoint: How far it has come; to be written by this class alone.
    """

    window: ExtractWindow
    decoder: Decoder
    max_rows_per_job: int
    save: Callable[[Checkpoint], None]
    drop_missing_fields: Callable[[], tuple[ExtractWindow, Decoder] | None]
    progress: Progress
    logger: logging.Logger
    clock: Clock
    tenant_time: Callable[[float], float]
    resumed: Checkpoint | None = None
    request: str = field(init=False)
    checkpoint: Checkpoint = field(init=False)
    _began: float = field(init=False)
    _written: Written = field(default_factory=Written)
    _keys: set[str] = field(default_factory=set)
    _order: KeyOrder = field(default_factory=KeyOrder)
    _held: list[Block] = field(default_factory=list)
    _been_at: set[Position] = field(default_factory=set)
    _return_to: Position | None = None
    _job_began: Mark = field(default_factory=lambda: Mark(Tracker(), [], Written()))

    def __post_init__(self) -> None:
        self._began = self.clock.now()
        self.request = _digest(self.window, self.max_rows_per_job)  # before fields are left out
        self.checkpoint = self._resumable() or Checkpoint(position=start_of(self.window))

    def _resumable(self) -> Checkpoint | None:
        resumed = self.resumed
        if resumed is None:
            return None
        if resumed.request != self.request:
            self.logger.warning("Another selection than the last run's: its export is left")
            return None
        if resumed.start is not None and (self.window.start or "") < resumed.start:
            self.logger.warning("An earlier start than the last run's: its export is left")
            return None
        if not resumed.job_id and resumed.position.offset:
            self.logger.warning("Rows without a key are read from their first one again")
            return None
        return resumed

    @property
    def began(self) -> str:
        """The tenant's time when the reading began, in whole seconds."""
        # The tenant's clock is only known after the first reply, so this is computed late.
        began = datetime.fromtimestamp(self.tenant_time(self._began), UTC)
        return self.checkpoint.began or began.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    @property
    def stream(self) -> str:
        """The stream's name."""
        return self.decoder.stream

    @property
    def position(self) -> Position:
        """Where the present page or job began."""
        return self.checkpoint.position

    @property
    def page(self) -> Tracker:
        """What the present page, or the present job's chunks, have brought."""
        return self.checkpoint.seen

    @property
    def done(self) -> bool:
        """Whether all has been read."""
        return self.position.done

    @property
    def counted(self) -> bool:
        """Whether the rows that come next can only be told by their number."""
        return counts(self.window, self.position)

    @property
    def unsure(self) -> list[tuple[str, int]]:
        """The spans that may hold rows which were not read, and the rows that were."""
        return self._written.unsure

    @property
    def may_hide(self) -> bool:
        """Whether rows may hide in spans that were read by going on behind a key."""
        return self._written.continued or bool(self._written.unsure)

    def read(self, limit: int) -> Read:
        """What to ask for next."""
        return next_read(self.window, self.position, limit)

    def narrowed(self, error: GainsightError) -> bool:
        """Whether fields could be left out that the tenant no longer has."""
        left = self.drop_missing_fields() if error.code in UNKNOWN_NAME else None
        if left:
            self.window, self.decoder = left
        return left is not None

    # Pages

    def begin_page(self) -> None:
        """A query's reply has come."""
        self.checkpoint.seen = Tracker()
        self._keys.clear()
        self._order.begin(self.position.key)

    def track(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The blocks' rows that have not been written yet, each noted.

        Raises:
            DataError: A key comes again, or does not follow the last one.
        """
        window = self.window
        for block in blocks:
            values, keys = block.of(window.replication_key), block.of(window.key)
            if window.key is not None:
                self._check(keys)
            new = self._written.new(block, values, keys)
            first = self.page.see_all(values, keys, self._span_start)
            if window.key is not None:
                self._written.note(self.page.second, values, keys, first, self._span_start)
                if new:
                    yield new
            elif window.replication_key and not self.counted:
                yield from self._hold_back(block, first)
            else:
                yield block

    def released(self, *, last: bool) -> Iterator[Block]:
        """The rows that were held back; none, if they will come again with the next page."""
        if last:
            yield from self._held
        self._held = []

    def end_page(self, *, last: bool = False) -> None:
        """Go on behind the page, or the job, whose rows have been written.

        Args:
            last: Whether it is certain that nothing was left out.

        Raises:
            DataError: What comes next cannot be told from the rows.
        """
        page, position = self.page, self.position
        following = advance(self.window, position, page, last=last)
        if self._return_to and not following.draining:
            following, self._return_to = self._return_to, None
        elif not following.done:
            self._check_progress(page, following)
        by_time = self.window.replication_key is not None and not following.draining
        self._written.continued = by_time and following.key is not None
        self._move(following, page)

    def settle(self) -> None:
        """Nothing came any more: see whether rows may hide."""
        self._written.settle()

    def sure_of(self, second: str) -> None:
        """Nothing hides in a span."""
        self._written.sure_of(second)

    def drain(self, second: str) -> None:
        """Read a span on its own, since rows hide in it, and come back then."""
        # Where the reading stands in that very span, it goes on behind it.
        self._return_to = None if self.position.second == second else self.position
        self._written.recall(second)
        position = replace(self.position, second=second, named=(), draining=True, key=None)
        self._move(position, Tracker())

    # Jobs

    def begin_job(self, job: Job) -> None:
        """A job is under way for what is to be read next."""
        submitted = datetime.fromtimestamp(self.clock.now(), UTC).isoformat("T", "seconds")
        self.checkpoint = replace(
            self.checkpoint,
            seen=Tracker(),
            chunks_done=0,
            job_id=job.id,
            status_url=job.status_url,
            submitted_at=submitted,
            request=self.request,
            start=self.window.start,
            began=min(job.began or self.began, self.began),
        )
        self._order.begin(self.position.key)
        self._job_began = self.begin_chunk()
        self._keep()

    def begin_chunk(self) -> Mark:
        """A chunk has come; the result is what `rewind` needs to forget it."""
        self._keys.clear()
        page = replace(self.page, keys=[*self.page.keys])
        return Mark(page, [*self._held], self._written.copy())

    def end_chunk(self, *, doubtful: bool) -> None:
        """A chunk's rows have been written.

        Args:
            doubtful: Whether it may lack rows.
        """
        self.checkpoint.doubtful = self.checkpoint.doubtful or doubtful
        self.checkpoint.chunks_done += 1
        self._keep()

    def rewind(self, before: Mark) -> None:
        """Forget what a chunk brought that comes again."""
        self.checkpoint.seen, self._held = before.page, before.held
        self._written = before.written
        self._keys.clear()
        self._order.begin(self.page.key if self.page.rows else self.position.key)

    def restart_job(self) -> None:
        """The present job's chunks come again, from the first."""
        self.rewind(self._job_began)
        self.checkpoint = replace(self.checkpoint, chunks_done=0)
        self._keep()

    def age_of_job(self) -> float | None:
        """Seconds since the job was submitted, where that is known."""
        try:
            submitted = datetime.fromisoformat(str(self.checkpoint.submitted_at))
        except ValueError:
            return None
        return self.clock.now() - submitted.timestamp()

    def leave_job(self, *, behind: bool) -> None:
        """The job is of no use.

        Args:
            behind: Whether to go on behind what it gave, if that can be told.
        """
        position = self.position
        if behind and self.page.rows and self.page.ordered and not self.counted:
            position = advance(self.window, position, self.page)
        elif self.counted:
            position = replace(position, offset=0)
        self._held = []
        self._move(position, Tracker())

    def _span_start(self, second: str) -> str:
        return self.window.span(second).start

    def _check(self, keys: Sequence[str]) -> None:
        before = len(self._keys)
        self._keys.update(keys)
        if len(self._keys) != before + len(keys):
            raise DataError(
                f"stream {self.stream}: its key {self.window.key} comes twice among the same rows, "
                "so it does not tell them apart: name another in `primary_keys` of a `streams` "
                "entry, or read it whole by `extract_method: bulk`"
            )
        by_key = self.window.replication_key is None or self.position.draining
        if by_key and not self._order.explains(keys):
            raise DataError(
                f"stream {self.stream}: rows do not come in the order of their key "
                f"{self.window.key} that was asked for, so what comes after them cannot be told"
            )

    def _check_progress(self, page: Tracker, following: Position) -> None:
        if not page.ordered:
            raise DataError(
                f"stream {self.stream}: rows do not come in the order that was asked for, "
                "so what comes after them cannot be told"
            )
        if following in self._been_at or following == self.position:
            raise DataError(
                f"stream {self.stream}: the same rows came again in place of those that follow them"
            )

    def _hold_back(self, block: Block, first: int) -> Iterator[Block]:
        """Rows before the last span; those of the last one wait until it is known to be whole."""
        if first or not self._held or self.page.crowd == block.rows:
            yield from self._held
            self._held = []
        if first:
            yield block.part(0, first)
        self._held.append(block.part(first, block.rows))

    def _move(self, position: Position, page: Tracker) -> None:
        """Go on from a position, with no job under way."""
        self._been_at.add(position)
        self.checkpoint = Checkpoint(
            position=position,
            seen=page,
            request=self.checkpoint.request,
            start=self.checkpoint.start,
            began=self.checkpoint.began,
        )
        self._keep()

    def _keep(self) -> None:
        self.checkpoint.began = self.began
        spans = [second for second, _ in self.unsure]
        self.checkpoint.unsure = min(
            [*spans, self.page.second] if self._held else spans, default=""
        )
        self.save(self.checkpoint)


def _digest(window: ExtractWindow, job_rows: int) -> str:
    """Tells this reading from one of other fields, or with another filter or job size."""
    parts = [
        window.object,
        window.fields,
        window.key,
        window.replication_key,
        filters.body(window.filter),
        job_rows,
    ]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]
