"""Where the reading of a stream stands: the one place that moves its checkpoint.

A page is a query's reply or a chunk of a job. Its rows go through `track`, which lets each row pass
once and notes what the next page and the bookmark need. After each page the checkpoint says how far
the reading has come; nothing before it is asked for again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gainsight_api.errors import DataError
from tap_gainsight.extract.checkpoint import Checkpoint, digest_of
from tap_gainsight.extract.paging import (
    ExtractWindow,
    Position,
    advance,
    counts,
    next_read,
    start_of,
    twins,
)
from tap_gainsight.extract.row_gate import Mark, RowGate
from tap_gainsight.extract.tracker import Tracker

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator

    from gainsight_api.clock import Clock
    from gainsight_api.errors import GainsightError
    from gainsight_api.jobs.exports import Job
    from gainsight_api.objects.read import Read
    from tap_gainsight.extract.progress import Progress
    from tap_gainsight.extract.written import Written
    from tap_gainsight.records.block import Block
    from tap_gainsight.records.decode import Decoder

WRONG_EXPORT = "GSOBJ_ESS_9150"
"""The code of an export whose request is wrong in any way, a limit that is too high among them."""
UNKNOWN_NAME = {"P_5005", WRONG_EXPORT}
"""The codes of a request that names an object or a field which the tenant does not have."""


@dataclass(slots=True, kw_only=True)
class Cursor:
    """One stream's reading.

    Attributes:
        window: What is read.
        decoder: Makes blocks of records of pages.
        max_rows_per_job: Rows that one job may export.
        save: Called after every page, and as soon as a job is submitted and remembered.
        announce: Called with a submitted job before it is remembered, only to be kept in memory.
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
    announce: Callable[[Checkpoint], None]
    drop_missing_fields: Callable[[], tuple[ExtractWindow, Decoder] | None]
    progress: Progress
    logger: logging.Logger
    clock: Clock
    tenant_time: Callable[[float], float]
    resumed: Checkpoint | None = None
    request: str = field(init=False)
    checkpoint: Checkpoint = field(init=False)
    _began: float = field(init=False)
    _gate: RowGate = field(init=False)
    _job_began: tuple[Tracker, Mark] = field(init=False)
    _been_at: set[Position] = field(default_factory=set)
    _return_to: Position | None = None

    def __post_init__(self) -> None:
        self._began = self.clock.now()
        self._gate = RowGate(self.stream)
        self._job_began = Tracker(), self._gate.mark()
        self.request = digest_of(self.window, self.max_rows_per_job)  # before fields are left out
        self.checkpoint = self._resumable() or Checkpoint(position=start_of(self.window))

    def _resumable(self) -> Checkpoint | None:
        resumed = self.resumed
        reason = resumed.why_left(self.request, self.window.start) if resumed else None
        if reason:
            self.logger.warning("%s", reason)
        return None if reason else resumed

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
    def written(self) -> Written:
        """What has been written and may come again."""
        return self._gate.written

    def read(self, limit: int) -> Read:
        """What to ask for next."""
        return next_read(self.window, self.position, limit)

    def drops_missing_fields(self, error: GainsightError) -> bool:
        """Whether the extract goes on without fields that the tenant no longer has."""
        left = self.drop_missing_fields() if error.code in UNKNOWN_NAME else None
        if left:
            self.window, self.decoder = left
        return left is not None

    # Pages

    def begin_page(self) -> None:
        """A query's reply has come."""
        self.checkpoint.seen = Tracker()
        self._gate.begin(self.position.key)

    def track(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The blocks' rows that have not been written yet, each noted.

        Raises:
            DataError: A key comes again, or does not follow the last one.
        """
        by_key = self.window.replication_key is None or self.position.draining
        return self._gate.through(
            blocks, self.window, self.page, by_key=by_key, counted=self.counted
        )

    def twins(self) -> Read | None:
        """What to ask for before going on behind the page's last key; mostly nothing."""
        return twins(self.window, self.position, self.page)

    def new_twins(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The rows that have not been written, of those that `twins` asked for."""
        return self._gate.twins(blocks, self.window)

    def released(self, *, last: bool) -> Iterator[Block]:
        """The rows that were held back; none, if they will come again with the next page."""
        return self._gate.released(last=last)

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
        self.written.continued = by_time and following.key is not None
        self._move(following, page)

    def drain(self, second: str) -> None:
        """Read a span on its own, since rows hide in it, and come back then."""
        if self._return_to is None or not self.position.draining:
            # Where the reading stands in that very span, it goes on behind it.
            self._return_to = None if self.position.second == second else self.position
        self.written.recall(second)
        position = replace(self.position, second=second, named=(), draining=True, key=None)
        self._move(position, Tracker())

    # Jobs

    def announce_job(self, job: Job) -> None:
        """A job is paid for: a run that is stopped before `begin_job` can still tell of it."""
        self.announce(self._with_job(job))

    def begin_job(self, job: Job) -> None:
        """A job is under way for what is to be read next."""
        self.checkpoint = self._with_job(job)
        self._gate.begin(self.position.key)
        self._job_began = self.begin_chunk()
        self._keep()

    def _with_job(self, job: Job) -> Checkpoint:
        submitted = datetime.fromtimestamp(self.clock.now(), UTC).isoformat("T", "seconds")
        return replace(
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

    def begin_chunk(self) -> tuple[Tracker, Mark]:
        """A chunk has come; the result is what `rewind` needs to forget it."""
        self._gate.begin_chunk()
        return replace(self.page, keys=[*self.page.keys]), self._gate.mark()

    def end_chunk(self, *, doubtful: bool) -> None:
        """A chunk's rows have been written.

        Args:
            doubtful: Whether it may lack rows.
        """
        self.checkpoint.doubtful = self.checkpoint.doubtful or doubtful
        self.checkpoint.chunks_done += 1
        self._keep()

    def rewind(self, before: tuple[Tracker, Mark]) -> None:
        """Forget what a chunk brought that comes again."""
        page, mark = before
        self.checkpoint.seen = page
        self._gate.rewind(mark, page.key if page.rows else self.position.key)

    def restart_job(self) -> None:
        """The present job's chunks come again, from the first."""
        self.rewind(self._job_began)
        self.checkpoint = replace(self.checkpoint, chunks_done=0)
        self._keep()

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
        self._gate.drop_held()
        self._move(position, Tracker())

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
        spans = [second for second, _ in self.written.unsure]
        self.checkpoint.unsure = min(
            [*spans, self.page.second] if self._gate.holds else spans, default=""
        )
        self.save(self.checkpoint)
