"""Reading by export jobs: no job is paid for twice, and each chunk and count is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, TYPE_CHECKING

from gainsight_api.errors import (
    DataError,
    ForeignAddressError,
    GatewayError,
    JobFailedError,
    NotFoundError,
    RequestError,
    RetriableError,
)
from gainsight_api.jobs.exports import Job, NoStatusError
from gainsight_api.objects.read import DEFAULT_LIMIT
from gainsight_singer.words import counted
from tap_gainsight.extract.chunks import ChunkRows, alike, without_first
from tap_gainsight.extract.jobs import IncompleteError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from gainsight_api.jobs.exports import Chunk, JobStatus
    from tap_gainsight.extract.cursor import Cursor
    from tap_gainsight.extract.jobs import Jobs
    from tap_gainsight.records.block import Block

_HOPELESS = ("GSOBJ", "P_5005")
"""How codes begin that blame the request: the same request would fail again."""
_KEPT_SECONDS = 24 * 3600
"""For how long a job that a run left can be hoped to be there: it is submitted anew then."""


@dataclass(slots=True)
class ExportPages:
    """The export jobs of one stream's reading, one after the other.

    Attributes:
        cursor: What is read, and how far.
        jobs: The calls.
        more_than: Whether there are more rows than so many behind the position; for one query.
        twins: The rows that would be passed over by going on behind the last one; for one query.
        completed: Whether the last job gave all that it announced.
        was_full: Whether the last job gave as many rows as a job may, so that more is likely.
        gave_nothing: Whether the last job gave no row, though a query finds some.
    """

    cursor: Cursor
    jobs: Jobs
    more_than: Callable[[int], bool]
    twins: Callable[[], Iterator[Block]]
    completed: bool = False
    was_full: bool = False
    gave_nothing: bool = False
    _left_by_another_run: str | None = field(init=False)
    _failed: int = 0
    _read_again: bool = False
    _doubtful: bool = False
    _given: dict[int, ChunkRows] = field(default_factory=dict)
    _told_missing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._left_by_another_run = self.cursor.checkpoint.job_id

    @property
    def job_id(self) -> str | None:
        """The job under way, if there is one."""
        return self.cursor.checkpoint.job_id

    def submit(self, *, wait: bool) -> None:
        """Submit a job, or take one that a run before this one left.

        Args:
            wait: Whether to wait for a bulk call.

        Raises:
            QuotaExhaustedError: There is no bulk call left.
        """
        cursor, job = self.cursor, self._submitted(wait=wait)
        if job.began is None:
            cursor.progress.bulk_calls += 1
            cursor.logger.info("stream %s: submitted export job %s", cursor.stream, job.id)
        else:
            self._left_by_another_run = job.id
            cursor.logger.info(
                "stream %s: taking export job %s, which was submitted for the very same rows",
                cursor.stream,
                job.id,
            )
        self._given = {}
        cursor.progress.job_begun(job.id)
        cursor.begin_job(job)

    def _submitted(self, *, wait: bool) -> Job:
        cursor, exports = self.cursor, self.jobs.exports
        read, told = cursor.read(cursor.max_rows_per_job), cursor.announce_job
        try:
            return exports.submit(read, cursor.began, wait=wait, on_paid=told)
        except RetriableError as exc:
            if not exc.may_have_arrived or exc.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            self._repeat(exc)
        except RequestError as exc:
            if not cursor.drops_missing_fields(exc):
                raise
            read = cursor.read(cursor.max_rows_per_job)
        return exports.submit(read, cursor.began, wait=wait, on_paid=told)

    def _repeat(self, exc: RetriableError) -> None:
        """Wait, and say that the job may be paid twice: nothing tells the id of the first."""
        self.cursor.logger.warning(
            "stream %s: %s; submitting the export job once more", self.cursor.stream, exc
        )
        self.cursor.clock.sleep(max(exc.retry_after or 0.0, self.jobs.job_poll_interval))

    def blocks(self) -> Iterator[Block]:
        """The rows that the job under way still has to give.

        A job that is gone is left, and nothing follows; one that a run left before this is left
        whatever is said of it, but that it is under way.
        """
        cursor = self.cursor
        self.completed = False
        job = Job(str(self.job_id), str(cursor.checkpoint.status_url))
        resumed = job.id == self._left_by_another_run
        try:
            if resumed:
                self._check_age()
            with cursor.progress.waiting_for(job.id):
                status = self.jobs.finished(job, cursor.stream, cursor.logger, resumed=resumed)
            yield from self._chunks(status)
        except (NotFoundError, JobFailedError) as exc:
            yield from self.twins()
            self._give_up(exc)
        except (RequestError, GatewayError, ForeignAddressError, NoStatusError) as exc:
            if not resumed and not isinstance(exc, RequestError):
                raise
            yield from self.twins()
            self._give_up(exc)
        except IncompleteError:
            self._leave(behind=False)
            raise
        else:
            yield from self._ended(job, status.rows)

    def _check_age(self) -> None:
        cursor = self.cursor
        age = cursor.checkpoint.age_of_job(cursor.clock.now())
        if age is not None and age > _KEPT_SECONDS:
            raise NotFoundError(f"export job {self.job_id} was submitted over 24 hours ago")
        done = cursor.checkpoint.chunks_done
        cursor.logger.info(
            "stream %s: going on with export job %s, %s done",
            cursor.stream,
            self.job_id,
            counted(done, "chunk"),
        )

    def _chunks(self, status: JobStatus) -> Iterator[Block]:
        cursor = self.cursor
        with self.jobs.chunks(status.chunks[cursor.checkpoint.chunks_done :]) as chunks:
            for chunk, file in chunks:
                yield from self._chunk(chunk, file, status.rows)
                cursor.progress.page(chunk.rows or 0, cursor.page.rows, status.rows)
                # Where there is no total, a chunk that lacks rows has been an error already.
                cursor.end_chunk(doubtful=self._doubtful)

    def _chunk(self, chunk: Chunk, file: IO[bytes], total: int | None) -> Iterator[Block]:
        """A chunk's records; fetched once more if it does not read, or lacks rows."""
        cursor, given = self.cursor, ChunkRows()
        self._doubtful = False
        number = cursor.checkpoint.chunks_done
        before = cursor.begin_chunk()
        earlier = self._given.get(number, ChunkRows())
        known = earlier.written if earlier.begins(file) else 0
        problem: DataError | None = None
        try:
            blocks = cursor.track(given.reading(self._records(file)))
            yield from without_first(given.writing(blocks), known)
        except DataError as exc:
            problem = exc
        if problem is None and not self._lacks_rows(chunk, given.read, total):
            self._note(number, given, file)
            return
        cursor.logger.warning(
            "%s; fetching the chunk once more",
            problem
            or f"stream {cursor.stream}: a chunk announced {chunk.rows} rows and gave {given.read}",
        )
        with self.jobs.fetched(chunk) as again:
            cursor.rewind(before)
            yield from self._once_more(file, again, given, max(known, given.written))
            self._note(number, given, again)
        self._doubtful = chunk.rows not in {None, given.read}
        if total is None and self._doubtful:
            raise IncompleteError(
                f"stream {cursor.stream}: a chunk of export job {self.job_id} announced "
                f"{chunk.rows} rows and gave {given.read}; run again, for a new job"
            )

    def _records(self, file: IO[bytes]) -> Iterator[Block]:
        return self.cursor.decoder.from_csv(file, is_last_try=False)

    def _once_more(
        self, file: IO[bytes], again: IO[bytes], given: ChunkRows, known: int
    ) -> Iterator[Block]:
        """The rows of a chunk that has come again, without those that it gave already."""
        cursor = self.cursor
        same = alike(cursor.decoder, file, again, given.read)
        given.read = given.written = 0
        decoder = cursor.decoder
        blocks = cursor.track(given.reading(decoder.from_csv(again)))
        yield from without_first(given.writing(blocks), known if same else 0)

    def _note(self, number: int, given: ChunkRows, file: IO[bytes]) -> None:
        """Keep what is needed if the job is read once more."""
        given.seal(file)
        self._given[number] = given
        if given.paths is not None and self.job_id != self._left_by_another_run:
            self._tell_missing(given.paths)

    def _tell_missing(self, paths: Collection[str]) -> None:
        """Warn, once for each, of fields that were selected and that the chunks do not have.

        A job that another run left may be from before the tenant had them, or has ceased to.
        """
        cursor = self.cursor
        for column in cursor.decoder.columns:
            if column.path not in paths and column.path not in self._told_missing:
                self._told_missing.add(column.path)
                cursor.logger.warning(
                    "stream %s, field %s: it was selected, and export job %s has no column of it: "
                    "the records are without it",
                    cursor.stream,
                    column.path,
                    self.job_id,
                )

    def _lacks_rows(self, chunk: Chunk, rows: int, total: int | None) -> bool:
        """Whether a chunk lacks rows; its `limit` may be a size, where the total fits without."""
        return chunk.rows not in {None, rows} and self.cursor.page.rows != total

    def _ended(self, job: Job, announced: int | None) -> Iterator[Block]:
        """Go on after a job whose chunks have all been read; back to its first, if rows lack."""
        cursor, rows = self.cursor, self.cursor.page.rows
        if announced not in {None, rows}:
            self._read_through_again(job, announced)
            return
        self._failed = 0
        cursor.progress.job_read(job.id, rows)
        self.was_full = rows >= cursor.max_rows_per_job or rows == DEFAULT_LIMIT
        self.completed = True
        # Where nothing can be asked for behind the last row, their number tells whether all came.
        by_number = cursor.window.key is None or not cursor.page.ordered
        ends = not self.was_full and (by_number or not rows) and not self._stops_short(rows)
        self.gave_nothing = not rows and not ends
        if self.gave_nothing:
            self._leave(behind=False)
            return
        yield from cursor.released(last=ends)
        if not ends:
            yield from self.twins()
        self.jobs.exports.forget(job.id)
        cursor.end_page(last=ends)

    def _stops_short(self, rows: int) -> bool:
        """Whether there are more rows than a job gave, which was not full."""
        try:
            return self.more_than(rows)
        except RequestError:
            return False  # what no query gives may be exported all the same

    def _read_through_again(self, job: Job, announced: int | None) -> None:
        cursor = self.cursor
        what = (
            f"stream {cursor.stream}: export job {job.id} announced {announced} rows and gave "
            f"{cursor.page.rows}"
        )
        if self._read_again:
            self._leave(behind=False)
            raise IncompleteError(f"{what}; run again, for a new job")
        self._read_again = True
        cursor.logger.warning("%s; fetching its chunks once more", what)
        cursor.restart_job()

    def _give_up(self, error: Exception) -> None:
        """Leave the job; a new one is submitted, unless it would fail as well."""
        cursor = self.cursor
        hopeless = (
            isinstance(error, JobFailedError)
            and (error.code or "").startswith(_HOPELESS)
            and not cursor.drops_missing_fields(error)
        )
        resumed = self.job_id == self._left_by_another_run
        self._failed += not resumed
        self._leave(behind=True)
        if (hopeless and not resumed) or self._failed > 1:
            raise error
        cursor.logger.warning(
            "stream %s: %s; it is left, for a new export job", cursor.stream, error
        )

    def _leave(self, *, behind: bool) -> None:
        """Have no later run take the job, and go on behind what it gave, or before it."""
        self.jobs.exports.forget(str(self.job_id))
        self._given = {}
        self.cursor.leave_job(behind=behind)
