"""An extract: a window of an object, read page by page, by query or by export job.

A page is a query's reply or a chunk of a job. After each one a checkpoint says how far the
extract has come; nothing before it is asked for again, and no job is paid for twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import IO, TYPE_CHECKING

import msgspec
import msgspec.structs

from gainsight_api import filters
from gainsight_api.errors import (
    DataError,
    JobFailedError,
    NotFoundError,
    RetriableError,
)
from gainsight_api.export import Chunk, Job, JobStatus
from gainsight_api.quota import Budget, Quota
from gainsight_api.read import DEFAULT_LIMIT, Read
from tap_gainsight.cursor import Position, Tracker, Window, advance, next_read, start_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator

    from gainsight_api.query import Query
    from tap_gainsight.jobs import Jobs
    from tap_gainsight.pages import Decoder, Record
    from tap_gainsight.progress import Progress

_HOPELESS = ("GSOBJ", "P_5005")
"""How codes begin that blame the request: the same request would fail again."""
_FRESH_JOBS = 2  # after one that was found in the state; else one less


class Method(StrEnum):
    """How rows are read: the setting `extract_method`."""

    AUTO = "auto"
    QUERY = "query"
    BULK = "bulk"


class Checkpoint(msgspec.Struct, kw_only=True):
    """How far an extract has come.

    Attributes:
        position: Where the present job, or the next page, begins.
        seen: What the present job's chunks, or the last page, have brought.
        chunks_done: How many chunks that is.
        job_id: The job under way, if there is one.
        status_url: Where its status is.
        submitted_at: When it was submitted, as text: targets built on the SDK cannot write a
            state that holds a number with a fraction.
        request: A digest of what is extracted; None as long as no job was needed.
        began: The tenant's time when the extract began, in whole seconds. Rows change while they
            are read, and one may change again in the very second in which it was read: so the
            bookmark goes no further than this, and the next run sees that second anew.
    """

    position: Position
    seen: Tracker = msgspec.field(default_factory=Tracker)
    chunks_done: int = 0
    job_id: str | None = None
    status_url: str | None = None
    submitted_at: str | None = None
    request: str | None = None
    began: str = ""


@dataclass(slots=True, kw_only=True)
class Extract:
    """One stream's extract.

    Attributes:
        window: What is read.
        decoder: Makes records of pages.
        query: The query calls.
        jobs: The export jobs.
        quota: What calls are left.
        method: By query, by job, or by what costs less.
        job_rows: Rows that one job may export.
        threshold: Rows after which `auto` takes a job.
        save: Called after every page, and as soon as a job is submitted.
        progress: Told of every page.
        logger: The stream's.
        tenant_time: What the tenant's clock shows at one of this machine's times.
        page_rows: Rows that one query asks for.
        resumed: How far a run before this one had come, if it did not end.
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
    progress: Progress
    logger: logging.Logger
    tenant_time: Callable[[float], float]
    page_rows: int
    resumed: Checkpoint | None = None
    at: Checkpoint = field(init=False)
    _began: float = field(init=False)
    _fresh_jobs: int = 0

    def __post_init__(self) -> None:
        self._began = self.jobs.clock.now()
        resumed = self.resumed
        if resumed and resumed.request != self._digest():
            self.logger.warning("Another selection than the last run's: its export is left")
            resumed = None
        self.at = resumed or Checkpoint(position=start_of(self.window))

    @property
    def began(self) -> str:
        """The tenant's time when the extract began, in whole seconds."""
        # What it was is known better after the first reply, which tells the tenant's clock.
        began = datetime.fromtimestamp(self.tenant_time(self._began), UTC)
        return self.at.began or began.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def records(self) -> Iterator[Record]:
        """All records of the window."""
        while not self.at.position.done:
            yield from self._job() if self._by_job() else self._page()

    def sample(self, rows: int) -> Iterator[Record]:
        """A few records, for one ordinary call and no job."""
        read = next_read(self.window, start_of(self.window), min(rows, self.page_rows))
        yield from self.decoder.from_query(self.query.page(read))

    def _by_job(self) -> bool:
        if self.at.job_id or self.method is Method.BULK:
            return True
        if self.method is Method.QUERY or self.progress.rows < self.threshold:
            return False
        return self.quota.remaining(Budget.BULK).left > 0

    def _page(self) -> Iterator[Record]:
        """The next page, by query."""
        read = next_read(self.window, self.at.position, self.page_rows)
        rows = self.query.page(read)
        self.at.seen = Tracker()
        yield from self._seen(self.decoder.from_query(rows))
        if rows:
            self.progress.page(len(rows))
        self._advance(last=False)

    def _job(self) -> Iterator[Record]:
        """What the present job still has to give; nothing, if another one is needed."""
        read = next_read(self.window, self.at.position, self.job_rows)
        resumed = self.at.job_id is not None
        job = self._resumed() if resumed else self._submitted(read)
        try:
            status = self._finished(job)
            with self.jobs.chunks(status.chunks[self.at.chunks_done :]) as chunks:
                for chunk, file in chunks:
                    yield from self._chunk(chunk, file)
                    self.at.chunks_done += 1
                    self.progress.page(chunk.rows or 0, self.at.seen.rows, status.rows)
                    self._save()
        except (NotFoundError, JobFailedError) as exc:
            self._leave(exc, resumed=resumed)
            return
        rows = self.at.seen.rows
        if status.rows not in {None, rows}:
            raise DataError(
                f"export job {job.id} announced {status.rows} rows and gave {rows}: nothing is "
                "left out of what it gave, but it is not whole; run again"
            )
        self._advance(last=rows < read.limit and rows != DEFAULT_LIMIT)

    def _resumed(self) -> Job:
        self.logger.info(
            "Going on with export job %s: %d chunks are done", self.at.job_id, self.at.chunks_done
        )
        return Job(id=str(self.at.job_id), status_url=str(self.at.status_url))

    def _submitted(self, read: Read) -> Job:
        try:
            job = self.jobs.exports.submit(read)
        except RetriableError as exc:
            if not exc.may_have_arrived:
                raise
            # The job may be under way, but nothing tells its id: one more call is the price.
            self.logger.warning("%s; submitting the export job once more", exc)
            job = self.jobs.exports.submit(read)
        self.progress.bulk_calls += 1
        self.logger.info("Submitted export job %s", job.id)
        self.at = msgspec.structs.replace(
            self.at,
            seen=Tracker(),
            chunks_done=0,
            job_id=job.id,
            status_url=job.status_url,
            submitted_at=datetime.fromtimestamp(self.jobs.clock.now(), UTC).isoformat(
                "T", "seconds"
            ),
            request=self._digest(),
        )
        self._save()
        return job

    def _finished(self, job: Job) -> JobStatus:
        """The job's result, once it is there and its chunks make up what it announces."""
        status = self.jobs.finished(job, self.logger)
        if not _adds_up(status):
            self.logger.warning("Export job %s lists other rows than it announces", job.id)
            status = self.jobs.finished(job, self.logger)
            if not _adds_up(status):
                raise DataError(f"export job {job.id} lists other rows than it announces")
        return status

    def _chunk(self, chunk: Chunk, file: IO[bytes]) -> Iterator[Record]:
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
            raise DataError(
                f"stream {self.decoder.stream}: a chunk of export job {self.at.job_id} announced "
                f"{chunk.rows} rows and gave {rows}"
            )

    def _leave(self, error: NotFoundError | JobFailedError, *, resumed: bool) -> None:
        """Give up the job; go on after what it gave if a fresh one may do better, else fail."""
        hopeless = isinstance(error, JobFailedError) and (error.code or "").startswith(_HOPELESS)
        if self.at.seen.rows and self.at.seen.ordered:
            position = advance(self.window, self.at.position, self.at.seen, last=False)
        else:
            position = self.at.position
        self._leave_job(position, Tracker())
        self._fresh_jobs += 1
        if hopeless or self._fresh_jobs > _FRESH_JOBS - (not resumed):
            raise error
        self.logger.warning("%s; submitting a new export job", error)

    def _seen(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records, each noted for the next page and the bookmark."""
        see, value, key = self.at.seen.see, self.window.replication_key, self.window.key
        for record in records:
            see(record[value] if value else None, str(record[key]) if key else None)
            yield record

    def _advance(self, *, last: bool) -> None:
        seen = self.at.seen
        position = advance(self.window, self.at.position, seen, last=last)
        if not (position.done or seen.ordered):
            raise DataError(
                f"stream {self.decoder.stream}: rows do not come in the order that was asked for, "
                "so what comes after them cannot be told"
            )
        self._leave_job(position, seen)

    def _leave_job(self, position: Position, seen: Tracker) -> None:
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


def _adds_up(status: JobStatus) -> bool:
    listed = [chunk.rows for chunk in status.chunks]
    if status.rows is None or None in listed:
        return status.rows is None or bool(listed) or not status.rows
    return sum(rows for rows in listed if rows) == status.rows
