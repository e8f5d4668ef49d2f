"""Bulk import jobs: a CSV file that is loaded into an object, in the two forms they are offered.

`JobImports` takes object, operation and key fields with the file, and tells of each failed row
(article "Gainsight CS Bulk API"). `ConnectorImports` loads into a job that an admin has set up,
and counts the failed rows without naming them (articles "Gainsight Bulk API", "Bulk Status API").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from gainsight_api.calls.replies import count
from gainsight_api.errors import DataError
from gainsight_api.jobs.import_replies import (
    ImportJob,
    RowError,
    first_of,
    import_job,
    named,
    row_error,
)
from gainsight_api.jobs.job_states import JobState

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_api.calls.session import Session

_JOBS = "v1/bulk/jobs"
_CONNECTOR = "v1.0/admin/connector/job/bulkimport"
_PAGE_JOBS = 100
_MAX_PAGES = 200
_UNDER_WAY = ("PENDING", "IN_PROGRESS")


class Operation(StrEnum):
    """What is done with records or rows; the values are those of the target's settings."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file and what is to be done with it.

    Attributes:
        object: The object's name.
        operation: What is done.
        keys: The fields by which rows are matched, for update and upsert.
        file: The CSV; its name is how the job can be found again.
        job_id: The job that an admin has set up, for `ConnectorImports`.
    """

    object: str
    operation: Operation
    keys: tuple[str, ...]
    file: Path
    job_id: str | None = None


class Imports(Protocol):
    """A form of import jobs."""

    @property
    def names_failures(self) -> bool:
        """Whether `errors` and `find` can be asked."""

    def submit(self, upload: Upload) -> str:
        """Submit a file, for one call of the bulk budget; the result is the job's id.

        Raises:
            RetriableError: It may have been submitted (`may_have_arrived`).
        """

    def status(self, job_id: str) -> ImportJob:
        """Ask how a job is getting on."""

    def errors(self, job_id: str) -> list[RowError]:
        """The rows that a completed job could not write."""

    def find(
        self, upload: Upload, *, under_way: bool = False, since: float | None = None
    ) -> list[ImportJob]:
        """The jobs of this file's name, object and operation.

        Args:
            upload: The file, and what was to be done with it.
            under_way: Only jobs that are under way.
            since: Only jobs under way, and those that were submitted at this time of this
                machine's clock or later, or that do not say when.
        """

    def under_way(self) -> list[ImportJob]:
        """All jobs that are under way."""


class JobImports:
    """Import jobs that take all they need with the file.

    Args:
        session: The tenant's session.
    """

    names_failures = True

    def __init__(self, session: Session) -> None:
        self._session = session

    def submit(self, upload: Upload) -> str:
        """Submit a file, for one call of the bulk budget; the result is the job's id."""
        fields = {"objectName": upload.object, "operation": upload.operation.upper()}
        if upload.keys:
            fields["keyFields"] = ",".join(upload.keys)
        reply = self._session.upload(_JOBS, fields, upload.file)
        job_id = named(reply.get("jobId")) if isinstance(reply, Mapping) else None
        if not job_id:
            raise DataError(f"Gainsight named no job for the import of {upload.file.name}")
        return self._session.hide(job_id)

    def status(self, job_id: str) -> ImportJob:
        """Ask how a job is getting on."""
        reply = self._session.get(f"{_JOBS}/{quote(job_id, safe='')}")
        if not isinstance(reply, Mapping):
            raise DataError(f"Gainsight says nothing of import job {job_id}")
        return import_job(reply, job_id)

    def errors(self, job_id: str) -> list[RowError]:
        """The rows that a completed job could not write."""
        reply = self._session.get(f"{_JOBS}/{quote(job_id, safe='')}/errors")
        entries = reply.get("records") if isinstance(reply, Mapping) else reply
        if not isinstance(entries, list):
            raise DataError(f"Gainsight names no errors of import job {job_id}")
        return [row_error(entry) for entry in entries if isinstance(entry, Mapping)]

    def find(
        self, upload: Upload, *, under_way: bool = False, since: float | None = None
    ) -> list[ImportJob]:
        """The jobs of this file's name, object and operation."""
        statuses = _UNDER_WAY if under_way else (None,)
        # Jobs are stamped by the tenant's clock, which may differ from this machine's.
        earliest = 0.0 if since is None else self._session.tenant_time(since)
        listed = {job.id: job for status in statuses for job in self._listed(status, earliest)}
        return [
            job
            for job in listed.values()
            if job.file_name == upload.file.name
            and (job.object or upload.object).lower() == upload.object.lower()
            and (job.operation or upload.operation).upper() == upload.operation.upper()
            and (
                job.state is JobState.RUNNING
                or (not under_way and _time(job, earliest) >= earliest)
            )
        ]

    def under_way(self) -> list[ImportJob]:
        """All jobs that are under way."""
        listed = {job.id: job for status in _UNDER_WAY for job in self._listed(status, 0.0)}
        return [job for job in listed.values() if job.state is JobState.RUNNING]

    def _listed(self, status: str | None, earliest: float) -> Iterator[ImportJob]:
        """The jobs of a status, page after page until one that brings nothing that is needed."""
        wanted = f"&status={status}" if status else ""
        offset = 0
        seen: set[str] = set()
        for _ in range(_MAX_PAGES):
            reply = self._session.get(f"{_JOBS}?limit={_PAGE_JOBS}&offset={offset}{wanted}")
            entries = reply.get("records") if isinstance(reply, Mapping) else reply
            entries = entries if isinstance(entries, list) else []
            jobs = [import_job(entry, "") for entry in entries if isinstance(entry, Mapping)]
            yield from jobs
            offset += len(entries)
            total = count(reply.get("totalCount")) if isinstance(reply, Mapping) else None
            new = {job.id for job in jobs} - seen
            if not new or _goes_back_beyond(jobs, earliest):
                return
            if total is not None and offset >= total:
                return
            seen |= new


class ConnectorImports:
    """Import jobs that an admin has set up: object, operation, keys and mapping are theirs.

    Args:
        session: A session with the access key of the import connection.
    """

    names_failures = False

    def __init__(self, session: Session) -> None:
        self._session = session

    def submit(self, upload: Upload) -> str:
        """Submit a file, for one call of the bulk budget; the result is the status id."""
        reply = self._session.upload(_CONNECTOR, {"jobId": upload.job_id or ""}, upload.file)
        status_id = first_of(reply, "statusId") if isinstance(reply, Mapping) else reply
        if not status_id or not isinstance(status_id, str | int):
            raise DataError(f"Gainsight named no status id for the import of {upload.file.name}")
        return self._session.hide(named(status_id) or "")

    def status(self, job_id: str) -> ImportJob:
        """Ask how an import is getting on, by its status id."""
        reply = self._session.get(f"{_CONNECTOR}/status/{quote(job_id, safe='')}")
        if not isinstance(reply, Mapping):
            raise DataError(f"Gainsight says nothing of import {job_id}")
        return import_job(reply, job_id)

    def errors(self, job_id: str) -> list[RowError]:
        """Nothing: this form names no rows."""
        del job_id
        return []

    def find(
        self, upload: Upload, *, under_way: bool = False, since: float | None = None
    ) -> list[ImportJob]:
        """Nothing: this form lists no jobs."""
        del upload, under_way, since
        return []

    def under_way(self) -> list[ImportJob]:
        """Nothing: this form lists no jobs."""
        return []


def _time(job: ImportJob, unknown: float) -> float:
    return unknown if job.created_at is None else job.created_at


def _goes_back_beyond(jobs: Sequence[ImportJob], earliest: float) -> bool:
    """Whether a page begins with the newest of its jobs, all of which are older than that."""
    times = [_time(job, earliest) for job in jobs]
    return times[0] > times[-1] and max(times) < earliest
