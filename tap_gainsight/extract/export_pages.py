"""Reading by export jobs: no job is paid for twice, and none is believed that does not add up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from msgspec.structs import replace

from gainsight_api.errors import (
    DataError,
    JobFailedError,
    NotFoundError,
    RequestError,
    RetriableError,
)
from gainsight_api.exports import Chunk, Job
from gainsight_api.read import DEFAULT_LIMIT
from tap_gainsight.extract.jobs import IncompleteError
from tap_gainsight.extract.paging import Position, Tracker, advance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_gainsight.extract.cursor import Reading
    from tap_gainsight.extract.jobs import Jobs
    from tap_gainsight.records.block import Block

_HOPELESS = ("GSOBJ", "P_5005")
"""How codes begin that blame the request: the same request would fail again."""


@dataclass(slots=True)
class Exporting:
    """The export jobs of one reading, one after the other.

    Attributes:
        reading: What is read, and how far.
        jobs: The calls.
        when_exported: Called when a job is completed, before its chunks are read.
    """

    reading: Reading
    jobs: Jobs
    when_exported: Callable[[], None] = field(default=lambda: None)
    _resumed: str | None = field(init=False)
    _failed: int = 0
    _read_again: bool = False

    def __post_init__(self) -> None:
        self._resumed = self.reading.at.job_id

    @property
    def job_id(self) -> str | None:
        """The job under way, if there is one."""
        return self.reading.at.job_id

    def submit(self, *, wait: bool) -> None:
        """Submit a job, or take one that a run before this one left.

        Args:
            wait: Whether to wait for a bulk call.

        Raises:
            QuotaExhaustedError: There is no bulk call left.
        """
        reading, job = self.reading, self._submitted(wait=wait)
        if job.began is None:
            reading.progress.bulk_calls += 1
            reading.logger.info("Submitted export job %s", job.id)
        else:
            reading.logger.info("Taking export job %s, which a run before this one left", job.id)
        reading.at = replace(
            reading.at,
            seen=Tracker(),
            chunks_done=0,
            job_id=job.id,
            status_url=job.status_url,
            submitted_at=datetime.fromtimestamp(reading.clock.now(), UTC).isoformat("T", "seconds"),
            request=reading.request,
            began=min(job.began or reading.began, reading.began),
        )
        reading.keep()

    def _submitted(self, *, wait: bool) -> Job:
        reading, exports = self.reading, self.jobs.exports
        read = reading.read(reading.job_rows)
        try:
            return exports.submit(read, reading.began, wait=wait)
        except RetriableError as exc:
            if not exc.may_have_arrived:
                raise
            # The job may be under way, but nothing tells its id: one more call is the price.
            reading.logger.warning("%s; submitting the export job once more", exc)
        except RequestError as exc:
            if not reading.narrowed(exc):
                raise
            read = reading.read(reading.job_rows)
        return exports.submit(read, reading.began, wait=wait)

    def blocks(self) -> Iterator[Block]:
        """What the job under way still has to give; all of it, if it is under way no more."""
        reading = self.reading
        job = Job(id=str(reading.at.job_id), status_url=str(reading.at.status_url))
        if job.id == self._resumed:
            done = reading.at.chunks_done
            reading.logger.info("Going on with export job %s, %d chunks done", job.id, done)
        try:
            status = self.jobs.finished(job, reading.logger)
            self.when_exported()
            with self.jobs.chunks(status.chunks[reading.at.chunks_done :]) as chunks:
                for chunk, file in chunks:
                    yield from self._chunk(chunk, file)
                    reading.at.chunks_done += 1
                    reading.progress.page(chunk.rows or 0, reading.at.seen.rows, status.rows)
                    reading.keep()
        except (NotFoundError, JobFailedError) as exc:
            self._give_up(exc)
            return
        except IncompleteError:
            self._leave(reading.at.position, Tracker())
            raise
        self._read_through(job, status.rows)

    def _chunk(self, chunk: Chunk, file: IO[bytes]) -> Iterator[Block]:
        """A chunk's records; fetched once more if it does not read."""
        reading = self.reading
        before = _copy(reading.at.seen)
        try:
            yield from reading.seen(reading.decoder.from_csv(file))
            self._check(chunk, before.rows)
        except DataError as exc:
            reading.logger.warning("%s; fetching the chunk once more", exc)
            reading.at.seen = before
            rows = before.rows
            with self.jobs.fetched(chunk) as again:
                yield from reading.seen(reading.decoder.from_csv(again))
            self._check(chunk, rows)

    def _check(self, chunk: Chunk, before: int) -> None:
        rows = self.reading.at.seen.rows - before
        if chunk.rows not in {None, rows}:
            raise IncompleteError(
                f"stream {self.reading.decoder.stream}: a chunk of export job {self.job_id} "
                f"announced {chunk.rows} rows and gave {rows}; run again, for a new job"
            )

    def _read_through(self, job: Job, announced: int | None) -> None:
        """Go on after a job whose chunks have all been read; back to its first, if rows lack."""
        reading, rows = self.reading, self.reading.at.seen.rows
        if announced in {None, rows}:
            self._failed = 0
            full = rows >= reading.job_rows or rows == DEFAULT_LIMIT
            self._leave(reading.following(last=not full, full=full), reading.at.seen)
            return
        what = (
            f"stream {reading.decoder.stream}: export job {job.id} announced {announced} rows "
            f"and gave {rows}"
        )
        if self._read_again:
            self._leave(reading.at.position, Tracker())
            raise IncompleteError(f"{what}; run again, for a new job")
        self._read_again = True
        reading.logger.warning("%s; fetching its chunks once more", what)
        reading.at = replace(reading.at, seen=Tracker(), chunks_done=0)
        reading.keep()

    def _give_up(self, error: NotFoundError | JobFailedError) -> None:
        """Leave the job; go on after what it gave if a fresh one may do better, else fail."""
        reading, position = self.reading, self.reading.at.position
        hopeless = (
            isinstance(error, JobFailedError)
            and (error.code or "").startswith(_HOPELESS)
            and not reading.narrowed(error)
        )
        if reading.at.seen.rows and reading.at.seen.ordered:
            position = advance(reading.window, position, reading.at.seen, last=False)
        self._failed += self.job_id != self._resumed
        self._leave(position, Tracker())
        if hopeless or self._failed > 1:
            raise error
        reading.logger.warning("%s; submitting a new export job", error)

    def _leave(self, position: Position, seen: Tracker) -> None:
        """Go on from a position, and have no later run take the job."""
        self.jobs.exports.forget(str(self.job_id))
        self.reading.move(position, seen)


def _copy(seen: Tracker) -> Tracker:
    return replace(seen, keys=[*seen.keys])
