"""Export jobs under way: watched until they are done, their chunks fetched ahead of their use."""

from __future__ import annotations

import tempfile
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from gainsight_api.errors import DataError, GainsightError
from gainsight_api.exports import Chunk, Exports, Job, JobState, JobStatus
from gainsight_api.polling import polls

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator, Iterator, Sequence

    from gainsight_api.clock import Clock

_FETCHED_AHEAD = 2


class JobTimeoutError(GainsightError):
    """A job takes longer than `job_timeout`; it is left under way."""


class IncompleteError(DataError):
    """An export is not what it announced to be."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """The export jobs of a run.

    Attributes:
        exports: The calls.
        clock: Time.
        poll_interval: Seconds between the first questions about a job.
        timeout: Seconds that a job is waited for.
    """

    exports: Exports
    clock: Clock
    poll_interval: float
    timeout: float

    def finished(self, job: Job, logger: logging.Logger) -> JobStatus:
        """Wait until a job is completed, and its chunks make up what it announces.

        Raises:
            JobFailedError: It failed.
            JobTimeoutError: It takes too long.
            NotFoundError: The tenant does not know it (any more).
            IncompleteError: Its chunks are not the rows that it announces.
        """
        status = self._completed(job, logger)
        if not _adds_up(status):
            logger.warning("Export job %s lists other rows than it announces", job.id)
            status = self._completed(job, logger)
        if not _adds_up(status):
            raise IncompleteError(
                f"{logger.name}: export job {job.id} lists other rows than it announces; run "
                "again, for a new job"
            )
        return status

    def _completed(self, job: Job, logger: logging.Logger) -> JobStatus:
        for waited in polls(self.clock, self.poll_interval, self.timeout):
            status = self.exports.status(job)
            if status.failure:
                raise status.failure
            if status.state is JobState.COMPLETED:
                return status
            if waited:
                logger.info("Export job %s is under way for %.0f s", job.id, waited)
        raise JobTimeoutError(
            f"{logger.name}: export job {job.id} is not done after {self.timeout:.0f} s (setting "
            "`job_timeout`); it is left under way, and the next run with this run's state goes on "
            "with it"
        )

    @contextmanager
    def chunks(self, chunks: Sequence[Chunk]) -> Iterator[Iterator[tuple[Chunk, IO[bytes]]]]:
        """The chunks in turn, each in a file; the next ones are being fetched meanwhile."""
        pool = ThreadPoolExecutor(_FETCHED_AHEAD, thread_name_prefix="chunk")
        ahead: deque[tuple[Chunk, Future[IO[bytes]]]] = deque()
        in_turn = self._in_turn(chunks, pool, ahead)
        try:
            yield in_turn
        finally:
            in_turn.close()
            for _, future in ahead:
                future.cancel()
                future.add_done_callback(_close)
            pool.shutdown(wait=False, cancel_futures=True)

    def _in_turn(
        self,
        chunks: Sequence[Chunk],
        pool: ThreadPoolExecutor,
        ahead: deque[tuple[Chunk, Future[IO[bytes]]]],
    ) -> Generator[tuple[Chunk, IO[bytes]]]:
        rest = iter(chunks)
        while True:
            while len(ahead) <= _FETCHED_AHEAD and (chunk := next(rest, None)):
                ahead.append((chunk, pool.submit(self.fetched, chunk)))
            if not ahead:
                return
            chunk, future = ahead[0]
            with future.result() as file:
                ahead.popleft()
                yield chunk, file

    def fetched(self, chunk: Chunk) -> IO[bytes]:
        """A chunk in a temporary file that is gone once it is closed."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it
        try:
            self.exports.fetch(chunk, file)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file


def _close(future: Future[IO[bytes]]) -> None:
    if not future.cancelled() and not future.exception():
        future.result().close()


def _adds_up(status: JobStatus) -> bool:
    listed = [chunk.rows for chunk in status.chunks]
    if status.rows is None or None in listed:
        return status.rows is None or bool(listed) or not status.rows
    return sum(rows for rows in listed if rows) == status.rows
