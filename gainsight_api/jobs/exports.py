"""Bulk export jobs: submit, watch, fetch (article "Gainsight Bulk REST APIs")."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from gainsight_api.calls.replies import count, identifier, printable
from gainsight_api.calls.session import Repeat
from gainsight_api.errors import (
    DataError,
    JobFailedError,
    NoDataError,
    NotFoundError,
)
from gainsight_api.jobs.job_states import JobState, state_of
from gainsight_api.jobs.paid_jobs import PaidJob
from gainsight_api.quota import Budget, QuotaStoreError

if TYPE_CHECKING:
    from gainsight_api.calls.session import Session
    from gainsight_api.jobs.paid_jobs import PaidJobs
    from gainsight_api.objects.read import Read


logger = logging.getLogger(__name__)


class NoStatusError(DataError):
    """A reply about a job that does not say where it stands."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that has been submitted, and so paid for.

    Attributes:
        id: Its id.
        status_url: Where its status is.
        began: The tenant's time when its extract began, if a run before this one submitted it.
    """

    id: str
    status_url: str
    began: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a job's result: where it is, and which rows it holds."""

    url: str
    offset: int
    rows: int | None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What the tenant says of a job.

    Attributes:
        state: Where it stands.
        rows: Rows exported, where a completed job says so.
        chunks: The parts of a completed job's result.
        failure: Why it failed.
        word: The tenant's word for its state.
    """

    state: JobState
    rows: int | None = None
    chunks: tuple[Chunk, ...] = ()
    failure: JobFailedError | None = None
    word: str = field(default="", compare=False)


class Exports:
    """The export calls of one tenant.

    Args:
        session: The tenant's session.
        paid: Where submitted jobs are remembered; None remembers none.
    """

    def __init__(self, session: Session, paid: PaidJobs | None = None) -> None:
        self._session = session
        self._paid = paid

    def submit(
        self,
        read: Read,
        began: str = "",
        *,
        wait: bool = True,
        on_paid: Callable[[Job], None] | None = None,
    ) -> Job:
        """Submit a job, for one call of the bulk budget; or take one that was never read.

        Args:
            read: What is exported.
            began: The tenant's time, for whoever takes the job if this run is killed.
            wait: Whether to wait if no bulk call is left, by our count or by Gainsight's.
            on_paid: Called with a new job before it is remembered, which a store that does not
                answer may hold up.

        Raises:
            QuotaExhaustedError: None is left.
            TransportError: No reply came; the job may be under way, and nothing can find it.
        """
        if self._paid and (known := self._paid.find(read)):
            return Job(known.id, known.status_url, known.began)
        reply = self._session.post(
            f"v3/exports/data/bulk/{quote(read.object, safe='')}",
            read.body(),
            budget=Budget.BULK,
            repeat=Repeat.UNLESS_TAKEN,
            wait=wait,
        )
        job_id = reply.get("jobId") if isinstance(reply, Mapping) else None
        if not job_id:
            raise DataError(f"Gainsight named no job for the export of {read.object}")
        url = reply.get("statusURL") or f"v3/exports/data/job/status/{job_id}"
        hide = self._session.hide  # both are logged, and kept in the state
        job = Job(id=hide(printable(str(job_id))), status_url=hide(str(url)))
        if on_paid:
            on_paid(job)
        self._remember(read, job, began)
        return job

    def _remember(self, read: Read, job: Job, began: str) -> None:
        """Note a job for later runs; it is paid, and so is not lost if that cannot be."""
        if not self._paid:
            return
        now = self._session.clock.now()
        try:
            self._paid.note(read, PaidJob(job.id, job.status_url, now, began, read.object))
        except QuotaStoreError as exc:
            logger.warning("export job %s is under way, but not remembered: %s", job.id, exc)

    def forget(self, job_id: str) -> None:
        """No later run is to take this job: it has been read, or is of no use."""
        if self._paid:
            self._paid.forget(job_id)

    def status(self, job: Job) -> JobStatus:
        """Ask how a job is getting on.

        Raises:
            NotFoundError: The tenant does not know it (any more).
            NoStatusError: The tenant does not say where it stands.
        """
        try:
            reply = self._session.get(job.status_url)
        except NoDataError as exc:
            raise _gone(exc, f"export job {job.id}") from None
        if not isinstance(reply, Mapping):
            raise NoStatusError(f"Gainsight says nothing of export job {job.id}")
        word = self._session.hide(printable(str(reply.get("jobStatus") or "")))
        state = state_of(word)
        if state is JobState.FAILED:
            return JobStatus(state, word=word, failure=self._failure(job, reply))
        if state is not JobState.COMPLETED:
            return JobStatus(state, word=word)
        details = reply.get("chunkDetails") or []
        if not isinstance(details, list):
            raise NoStatusError(f"Gainsight does not list the chunks of export job {job.id}")
        chunks = sorted((_chunk(job, detail) for detail in details), key=lambda c: c.offset)
        return JobStatus(state, count(reply.get("totalRecords")), tuple(chunks), word=word)

    def fetch(self, chunk: Chunk, file: IO[bytes]) -> None:
        """Write a chunk's CSV to a file, from the file's start.

        Raises:
            NotFoundError: The tenant does not have it (any more).
        """

        def write(blocks: Iterator[bytes]) -> None:
            file.seek(0)
            file.truncate()
            for block in blocks:
                file.write(block)

        try:
            self._session.download(chunk.url, write)
        except NoDataError as exc:
            raise _gone(exc, "this part of the export") from None

    def _failure(self, job: Job, reply: Mapping[str, Any]) -> JobFailedError:
        code, request_id = (
            self._session.hide(identifier(reply.get(name)) or "") or None
            for name in ("errorCode", "internalRequestId")
        )
        return JobFailedError(f"export job {job.id} failed", code=code, request_id=request_id)


def _gone(exc: NoDataError, what: str) -> NotFoundError:
    return NotFoundError(
        f"Gainsight knows nothing of {what}",
        code=exc.code,
        request_id=exc.request_id,
        status=exc.status,
    )


def _chunk(job: Job, detail: object) -> Chunk:
    if not isinstance(detail, Mapping) or not detail.get("chunkURL"):
        raise NoStatusError(f"Gainsight names no address for a chunk of export job {job.id}")
    return Chunk(
        url=str(detail["chunkURL"]),
        offset=count(detail.get("offset")) or 0,
        rows=count(detail.get("limit")),
    )
