"""Export jobs under way: watched until they are done, their chunks fetched ahead of their use."""

from __future__ import annotations

import tempfile
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from gainsight_api.background import in_background
from gainsight_api.calls.replies import identifier
from gainsight_api.errors import DataError, GainsightError
from gainsight_api.jobs.exports import Chunk, Exports, Job, NoStatusError
from gainsight_api.jobs.job_states import JobState
from gainsight_api.jobs.polling import polls
from gainsight_singer.temporary import temporary_files
from gainsight_singer.words import spell
from tap_gainsight.extract.chunks import are_same, ends_amid_a_line

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator, Iterator, Sequence
    from concurrent.futures import Future

    from gainsight_api.clock import Clock
    from gainsight_api.jobs.exports import JobStatus

_FETCHED_AHEAD = 2
_MAX_EMPTY_STATUSES = 3
"""How often a job's status may say nothing before it is given up."""
_SECONDS_BETWEEN_LINES = 10
_CHUNK_TRIES = 3
_CHUNK_LIST_TRIES = 5
"""How often a completed job is asked for its chunks until they are all there."""


class JobTimeoutError(GainsightError):
    """A job takes longer than `job_timeout`; it is left under way."""


class IncompleteError(DataError):
    """An export is not what it announced to be."""


class LateChunksError(DataError):
    """A job is completed, and does not list all its chunks yet; it is left under way."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """The export jobs of a run.

    Attributes:
        exports: The calls.
        clock: Time.
        job_poll_interval: Seconds between the first questions about a job.
        job_timeout: Seconds that a job is waited for.
    """

    exports: Exports
    clock: Clock
    job_poll_interval: float
    job_timeout: float

    def finished(
        self, job: Job, stream: str, logger: logging.Logger, *, resumed: bool = False
    ) -> JobStatus:
        """Wait until a job is completed, and its chunks make up what it announces.

        Args:
            job: The job.
            stream: The stream's name.
            logger: The stream's.
            resumed: Whether a run before this one left it: a status in words that are not known
                is no reason to wait then.

        Raises:
            JobFailedError: It failed.
            JobTimeoutError: It takes too long.
            LateChunksError: It does not list its chunks.
            NoStatusError: The tenant says nothing of use about it.
            RequestError: The tenant does not know it (any more).
        """
        for attempt in range(_CHUNK_LIST_TRIES):
            status = self._completed(job, stream, logger, resumed=resumed)
            if _adds_up(status):
                return status
            if not attempt:
                logger.warning(
                    "stream %s: export job %s lists other rows than it announces; asking again",
                    stream,
                    job.id,
                )
            self.clock.sleep(self.job_poll_interval)
        raise LateChunksError(
            f"stream {stream}: export job {job.id} lists other rows than it announces; it is left, "
            "and the next run with this run's state asks for it first"
        )

    def _completed(
        self, job: Job, stream: str, logger: logging.Logger, *, resumed: bool
    ) -> JobStatus:
        word = ""
        unsaid = 0
        said = 0.0
        for waited in polls(self.clock, self.job_poll_interval, self.job_timeout):
            try:
                status = self.exports.status(job)
            except NoStatusError:
                unsaid += 1
                if unsaid == _MAX_EMPTY_STATUSES:
                    raise
                continue
            if status.failure:
                raise status.failure
            if status.state is JobState.COMPLETED:
                return status
            if status.state is JobState.UNKNOWN and status.word != word:
                word = status.word
                shown = identifier(word) or "(a longer text)"
                if resumed:
                    raise NoStatusError(f"export job {job.id} has the unknown status {shown}")
                logger.warning(
                    "stream %s: export job %s has the unknown status %s; waiting for it",
                    stream,
                    job.id,
                    shown,
                )
            if waited >= said + _SECONDS_BETWEEN_LINES:
                said = waited
                logger.info(
                    "stream %s: waiting for %s for the export job %s",
                    stream,
                    spell(waited),
                    job.id,
                )
        raise JobTimeoutError(
            f"stream {stream}: export job {job.id} is not done after {self.job_timeout:.0f} s "
            "(setting `job_timeout`); it is left under way, and the next run with this run's state "
            "goes on with it"
        )

    @contextmanager
    def chunks(self, chunks: Sequence[Chunk]) -> Iterator[Iterator[tuple[Chunk, IO[bytes]]]]:
        """The chunks in turn, each in a file; the next ones are being fetched meanwhile."""
        ahead: deque[tuple[Chunk, Future[IO[bytes]]]] = deque()
        in_turn = self._in_turn(chunks, ahead)
        try:
            yield in_turn
        finally:
            in_turn.close()
            for _, future in ahead:
                future.add_done_callback(_close)

    def _in_turn(
        self, chunks: Sequence[Chunk], ahead: deque[tuple[Chunk, Future[IO[bytes]]]]
    ) -> Generator[tuple[Chunk, IO[bytes]]]:
        rest = iter(chunks)
        while True:
            while len(ahead) <= _FETCHED_AHEAD and (chunk := next(rest, None)):
                ahead.append((chunk, in_background("chunk", self.fetched, chunk)))
            if not ahead:
                return
            chunk, future = ahead[0]
            with future.result() as file:
                ahead.popleft()
                yield chunk, file

    def fetched(self, chunk: Chunk) -> IO[bytes]:
        """A chunk in a temporary file that is gone once it is closed.

        Where it ends amid a line, it may have been cut there, and its last cell with it: then it is
        fetched again, until it ends with a line, or in the same way twice.

        Raises:
            DataError: It ends in another way each time; the job may be asked for it again later.
            GainsightError: It cannot be had, or the disk does not take it.
        """
        file = self._fetched(chunk)
        for _ in range(_CHUNK_TRIES):
            if not ends_amid_a_line(file):
                return file
            with file as before:
                file = self._fetched(chunk)
                if are_same(before, file):
                    return file
        file.close()
        raise DataError(
            "a chunk of an export job ends in the middle of a line, and in another one each time "
            "that it is fetched; run again"
        )

    def _fetched(self, chunk: Chunk) -> IO[bytes]:
        with temporary_files():
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it
            try:
                self.exports.fetch(chunk, file)
                file.seek(0)
            except BaseException:
                with suppress(OSError):  # of what the disk does not take
                    file.close()
                raise
            return file


def _close(future: Future[IO[bytes]]) -> None:
    if not future.exception():
        future.result().close()


def _adds_up(status: JobStatus) -> bool:
    """Whether the listed chunks can be all that was announced: each may claim a full one's rows.

    No chunk can be listed twice: its rows would be written twice.
    """
    if len({chunk.url for chunk in status.chunks}) < len(status.chunks):
        return False
    if status.rows is None:
        return True
    listed = [chunk.rows for chunk in status.chunks]
    if not listed or None in listed:
        return bool(listed) or not status.rows
    return sum(rows for rows in listed if rows) >= status.rows
