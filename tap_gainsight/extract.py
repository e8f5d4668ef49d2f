"""An extract: a window of an object, read page by page, by query or by export job.

A page is a query's reply or a chunk of a job. After each one a checkpoint says how far the
extract has come; nothing before it is asked for again, and no job is paid for twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Any

import msgspec
import msgspec.structs

from gainsight_api import filters
from gainsight_api.errors import (
    DataError,
    GainsightError,
    JobFailedError,
    NotFoundError,
    RequestError,
    RetriableError,
)
from gainsight_api.export import Chunk, Job
from gainsight_api.quota import Budget, Quota, QuotaExhaustedError
from gainsight_api.read import DEFAULT_LIMIT, Read
from tap_gainsight.checkpoint import Checkpoint
from tap_gainsight.cursor import Position, Tracker, Window, advance, next_read, start_of
from tap_gainsight.jobs import IncompleteError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gainsight_api.query import Query
    from tap_gainsight.jobs import Jobs
    from tap_gainsight.pages import Block, Decoder
    from tap_gainsight.progress import Progress

_HOPELESS = ("GSOBJ", "P_5005")
"""How codes begin that blame the request: the same request would fail again."""
UNKNOWN_NAME = {"P_5005", "GSOBJ_ESS_9150"}
"""The codes of a request that names an object or a field which the tenant does not have."""


class Method(StrEnum):
    """How rows are read: the setting `extract_method`."""

    AUTO = "auto"
    QUERY = "query"
    BULK = "bulk"


@dataclass(slots=True, kw_only=True)
class Extract:
    """One stream's extract.

    Attributes:
        window: What is read.
        decoder: Makes blocks of records of pages.
        query: The query calls.
        jobs: The export jobs.
        quota: What calls are left.
        method: By query, by job, or by what costs less.
        job_rows: Rows that one job may export.
        threshold: Rows after which `auto` takes a job.
        save: Called after every page, and as soon as a job is submitted.
        narrow: Called when the tenant does not know a field; gives the window and the decoder
            without the fields that it no longer has, or None if it has them all.
        progress: Told of every page.
        logger: The stream's.
        tenant_time: What the tenant's clock shows at one of this machine's times.
        page_rows: Rows that one query asks for.
        resumed: How far a run before this one had come, if it did not end.
        when_exported: Called when a job is completed, before its chunks are read.
        at: How far it has come.
    """

    window: Window
    decoder: Decoder
    query: Query
    jobs: Jobs
    quota: Quota
    method: Method
    job_rows: int
    threshold: int
    save: Callable[[Checkpoint], None]
    narrow: Callable[[], tuple[Window, Decoder] | None]
    progress: Progress
    logger: logging.Logger
    tenant_time: Callable[[float], float]
    page_rows: int
    resumed: Checkpoint | None = None
    when_exported: Callable[[], None] = field(default=lambda: None)
    at: Checkpoint = field(init=False)
    _request: str = field(init=False)
    _began: float = field(init=False)
    _first: tuple[Sequence[Mapping[str, Any]], bool] | None = None
    _large: bool = False
    _failed_jobs: int = 0
    _read_again: bool = False

    def __post_init__(self) -> None:
        self._began = self.jobs.clock.now()
        self._request = self._digest()  # before fields that have gone are left out
        resumed = self.resumed
        if resumed and resumed.request != self._request:
            self.logger.warning("Another selection than the last run's: its export is left")
            resumed = None
        self._large = resumed is not None
        self.at = resumed or Checkpoint(position=start_of(self.window))

    @property
    def began(self) -> str:
        """The tenant's time when the extract began, in whole seconds."""
        # What it was is known better after the first reply, which tells the tenant's clock.
        began = datetime.fromtimestamp(self.tenant_time(self._began), UTC)
        return self.at.began or began.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def prepare(self) -> None:
        """Do what can be done before the records are wanted: ask for a page, or submit a job.

        `auto` takes a job if there are more rows than its threshold, for which it asks.
        """
        if self._first or self.at.job_id or self.at.position.done:
            return
        if not self._by_job():
            self._first = self._fetched()
            if self.method is Method.AUTO and self._is_large(*self._first):
                self._large, self._first = True, None
        if self._by_job() and not self._nothing_left():
            self._submitted(self._read(self.job_rows))

    def blocks(self) -> Iterator[Block]:
        """All records of the window."""
        self.prepare()
        while not self.at.position.done:
            yield from self._job() if self._by_job() else self._page()

    def sample(self, rows: int) -> Iterator[Block]:
        """A few records, for one ordinary call and no job."""
        read = next_read(self.window, start_of(self.window), min(rows, self.page_rows))
        yield from self.decoder.from_query(self.query.page(read))

    def _read(self, limit: int) -> Read:
        return next_read(self.window, self.at.position, limit)

    def _by_job(self) -> bool:
        if self.at.job_id or self.method is Method.BULK:
            return True
        if self.method is Method.QUERY or self._first:
            return False
        large = self._large or self.progress.rows >= max(self.threshold, 1)
        return large and self._bulk_calls_left() > 0

    def _bulk_calls_left(self) -> int:
        return self.quota.remaining(Budget.BULK).left

    def _is_large(self, rows: Sequence[object], last: bool) -> bool:  # noqa: FBT001
        """Whether there are more rows than `auto` reads by query."""
        if last or not self._bulk_calls_left():
            return False
        if len(rows) > self.threshold or self.window.key is None:
            return True  # what has no key is read whole, or it shifts between the pages
        if len(rows) < self.page_rows:
            return False
        read = self._read(limit=1)
        return bool(self.query.page(replace(read, offset=self.threshold)))

    def _fetched(self) -> tuple[Sequence[Mapping[str, Any]], bool]:
        """The next page's rows, and whether it is certain that they are the last."""
        try:
            rows = self.query.page(self._read(self.page_rows))
        except RequestError as exc:
            if not self._narrowed(exc):
                raise
            rows = self.query.page(self._read(self.page_rows))
        last = not rows
        if rows and self.window.key is None:
            read = self._read(limit=1)
            last = not self.query.page(replace(read, offset=read.offset + len(rows)))
        return rows, last

    def _nothing_left(self) -> bool:
        """Whether an ordinary call tells that a further job would be paid for nothing."""
        if self.at.request is None:
            return False  # the first job is not worth the question
        try:
            rows = self.query.page(self._read(limit=1))
        except RequestError:
            return False  # what the Query API does not give may be exported all the same
        if not rows:
            self.at.seen = Tracker()
            self._advance(last=False, full=False)
        return not rows

    def _narrowed(self, error: GainsightError) -> bool:
        """Whether fields could be left out that the tenant no longer has."""
        narrowed = self.narrow() if error.code in UNKNOWN_NAME else None
        if narrowed:
            self.window, self.decoder = narrowed
        return narrowed is not None

    def _page(self) -> Iterator[Block]:
        """The next page, by query."""
        rows, last = self._first or self._fetched()
        self.at.seen = Tracker()
        yield from self._seen(self.decoder.from_query(rows))
        self._first = None
        if rows:
            self.progress.page(len(rows))
        self._advance(last=last, full=len(rows) >= self.page_rows)

    def _job(self) -> Iterator[Block]:
        """What the present job still has to give; nothing, if another one is needed."""
        if self.at.job_id is None and self._nothing_left():
            return
        resumed = self._is_resumed()
        read = self._read(self.job_rows)
        job = self._under_way() if self.at.job_id else self._submitted(read)
        if job is None:
            return
        try:
            status = self.jobs.finished(job, self.logger)
            self.when_exported()
            with self.jobs.chunks(status.chunks[self.at.chunks_done :]) as chunks:
                for chunk, file in chunks:
                    yield from self._chunk(chunk, file)
                    self.at.chunks_done += 1
                    self.progress.page(chunk.rows or 0, self.at.seen.rows, status.rows)
                    self._save()
        except (NotFoundError, JobFailedError) as exc:
            self._leave(exc, resumed=resumed)
            return
        except IncompleteError:
            self._leave_job(self.at.position, Tracker())
            raise
        rows = self.at.seen.rows
        if status.rows not in {None, rows}:
            self._read_once_more(
                f"stream {self.decoder.stream}: export job {job.id} announced {status.rows} rows "
                f"and gave {rows}"
            )
            return
        self._failed_jobs = 0
        full = rows >= read.limit or rows == DEFAULT_LIMIT
        self._advance(last=not full, full=full)

    def _read_once_more(self, what: str) -> None:
        """Go back to the first chunk of the present job; the second time, give the job up."""
        if self._read_again:
            self._leave_job(self.at.position, Tracker())
            raise IncompleteError(f"{what}; run again, for a new job")
        self._read_again = True
        self.logger.warning("%s; fetching its chunks once more", what)
        self.at = msgspec.structs.replace(self.at, seen=Tracker(), chunks_done=0)
        self._save()

    def _is_resumed(self) -> bool:
        """Whether the present job is one of a run before this one."""
        job_id = self.at.job_id
        return job_id is not None and self.resumed is not None and job_id == self.resumed.job_id

    def _under_way(self) -> Job:
        if self._is_resumed():
            done = self.at.chunks_done
            self.logger.info("Going on with export job %s, %d chunks done", self.at.job_id, done)
        return Job(id=str(self.at.job_id), status_url=str(self.at.status_url))

    def _submitted(self, read: Read) -> Job | None:
        """A new job; None where `auto` had better go on by query."""
        try:
            job = self.jobs.exports.submit(read, self.began)
        except QuotaExhaustedError as exc:
            if self.method is not Method.AUTO or exc.budget is not Budget.BULK:
                raise
            self.logger.info("%s Going on by query", exc)
            return None
        except RetriableError as exc:
            if not exc.may_have_arrived:
                raise
            # The job may be under way, but nothing tells its id: one more call is the price.
            self.logger.warning("%s; submitting the export job once more", exc)
            job = self.jobs.exports.submit(read, self.began)
        except RequestError as exc:
            if not self._narrowed(exc):
                raise
            job = self.jobs.exports.submit(self._read(read.limit), self.began)
        if job.began is None:
            self.progress.bulk_calls += 1
            self.logger.info("Submitted export job %s", job.id)
        else:
            self.logger.info("Taking export job %s, which a run before this one left", job.id)
        submitted_at = datetime.fromtimestamp(self.jobs.clock.now(), UTC)
        self.at = msgspec.structs.replace(
            self.at,
            seen=Tracker(),
            chunks_done=0,
            job_id=job.id,
            status_url=job.status_url,
            submitted_at=submitted_at.isoformat("T", "seconds"),
            request=self._request,
            began=min(job.began or self.began, self.began),
        )
        self._save()
        return job

    def _chunk(self, chunk: Chunk, file: IO[bytes]) -> Iterator[Block]:
        before = msgspec.structs.replace(self.at.seen, keys=[*self.at.seen.keys])
        try:
            yield from self._seen(self.decoder.from_csv(file))
            self._check(chunk, before)
        except DataError as exc:
            self.logger.warning("%s; fetching the chunk once more", exc)
            self.at.seen = before
            before = msgspec.structs.replace(before, keys=[*before.keys])
            with self.jobs.fetched(chunk) as again:
                yield from self._seen(self.decoder.from_csv(again))
            self._check(chunk, before)

    def _check(self, chunk: Chunk, before: Tracker) -> None:
        rows = self.at.seen.rows - before.rows
        if chunk.rows not in {None, rows}:
            raise IncompleteError(
                f"stream {self.decoder.stream}: a chunk of export job {self.at.job_id} announced "
                f"{chunk.rows} rows and gave {rows}; run again, for a new job"
            )

    def _leave(self, error: NotFoundError | JobFailedError, *, resumed: bool) -> None:
        """Give up the job; go on after what it gave if a fresh one may do better, else fail."""
        hopeless = (
            isinstance(error, JobFailedError)
            and (error.code or "").startswith(_HOPELESS)
            and not self._narrowed(error)
        )
        if self.at.seen.rows and self.at.seen.ordered:
            position = advance(self.window, self.at.position, self.at.seen, last=False)
        else:
            position = self.at.position
        self._leave_job(position, Tracker())
        self._failed_jobs += not resumed
        if hopeless or self._failed_jobs > 1:
            raise error
        self.logger.warning("%s; submitting a new export job", error)

    def _seen(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The blocks, each noted for the next page and the bookmark."""
        for block in blocks:
            values, keys = block.of(self.window.replication_key), block.of(self.window.key)
            self.at.seen.see_all(values, keys)
            yield block

    def _advance(self, *, last: bool, full: bool) -> None:
        seen = self.at.seen
        position = advance(self.window, self.at.position, seen, last=last, full=full)
        if not (position.done or seen.ordered):
            raise DataError(
                f"stream {self.decoder.stream}: rows do not come in the order that was asked for, "
                "so what comes after them cannot be told"
            )
        if position == self.at.position and not position.done:
            raise DataError(
                f"stream {self.decoder.stream}: the same rows came again in place of those that "
                "follow them"
            )
        self._leave_job(position, seen)

    def _leave_job(self, position: Position, seen: Tracker) -> None:
        if self.at.job_id:
            self.jobs.exports.forget(self.at.job_id)
        self.at = Checkpoint(
            position=position, seen=seen, request=self.at.request, began=self.at.began
        )
        self._save()

    def _save(self) -> None:
        self.at.began = self.began
        self.save(self.at)

    def _digest(self) -> str:
        """Tells this extract from one of other fields, or with another filter or job size."""
        window = self.window
        parts = [
            window.object,
            window.fields,
            window.key,
            window.replication_key,
            filters.body(window.filter),
            self.job_rows,
        ]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]
