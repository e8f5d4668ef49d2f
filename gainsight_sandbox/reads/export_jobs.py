"""Export jobs: submitted, under way, completed, failed, forgotten."""

from __future__ import annotations

import shutil
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.clock import time_passed
from gainsight_sandbox.reads.spool import Chunk, Spool

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.behaviour.job_settings import JobSettings
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.reads.sql import Plan
    from gainsight_sandbox.tenant.store import Store

_WORKERS = 2
_WAIT_SECONDS = 1.0


class JobStatus(StrEnum):
    """The states that the call Bulk API Job Status reports."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@dataclass(slots=True)
class ExportJob:
    """A submitted export; its chunks are written by a worker thread."""

    submitted: float
    begun: float
    folder: Path
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    work: Future[list[Chunk]] | None = None
    error_code: str | None = None
    stuck: bool = False
    chunks_gone: bool = False

    def chunks(self) -> list[Chunk] | None:
        """The chunks, or None if they are not written yet; waits a moment for them."""
        if self.work is None:
            return None
        try:
            return self.work.result(timeout=_WAIT_SECONDS)
        except FutureTimeoutError:
            return None


class ExportJobs:
    """The jobs of a tenant, by their ids."""

    def __init__(
        self, store: Store, clock: Clock, quirks: Quirks, settings: JobSettings, folder: Path
    ) -> None:
        self._store = store
        self._clock = clock
        self._quirks = quirks
        self._settings = settings
        self._folder = folder
        self._jobs: dict[str, ExportJob] = {}
        self._closing = Event()
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="export")

    def submit(self, plan: Plan) -> ExportJob:
        """Begin to export the rows as they are now."""
        job = self._new()
        job.folder.mkdir(parents=True)
        with ExitStack() as stack:
            connection = stack.enter_context(self._store.reading())
            snapshot = stack.pop_all()
        work = Spool(plan, self._quirks, job.folder, self._settings.chunk_rows, self._closing)
        job.work = self._workers.submit(work.write, snapshot, connection)
        return job

    def submit_failing(self, code: str) -> ExportJob:
        """Accept a job that will fail."""
        job = self._new()
        job.error_code = code
        return job

    def find(self, job_id: str) -> ExportJob | None:
        """The job of that id, unless it is forgotten."""
        self._forget_old()
        return self._jobs.get(job_id)

    def release(self) -> None:
        """Let the jobs go on that would never end."""
        for job in self._jobs.values():
            job.stuck = False

    def forget(self, job: ExportJob) -> None:
        """Delete a job and its chunks."""
        self._jobs.pop(job.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def status(self, job: ExportJob) -> JobStatus:
        """How far a job is: it ends once `job_seconds` have passed and its chunks are written."""
        due = time_passed(self._clock) >= job.begun + self._settings.job_seconds
        if job.stuck or not due:
            return JobStatus.IN_PROGRESS
        if job.error_code is not None:
            return JobStatus.FAILED
        return JobStatus.IN_PROGRESS if job.chunks() is None else JobStatus.COMPLETED

    def close(self) -> None:
        """Stop the workers and delete what they wrote."""
        self._closing.set()
        self._workers.shutdown()
        for job in list(self._jobs.values()):
            self.forget(job)

    def _new(self) -> ExportJob:
        self._forget_old()
        job_id = str(uuid.uuid4())
        job = ExportJob(self._clock.now(), time_passed(self._clock), self._folder / job_id, job_id)
        self._jobs[job.id] = job
        return job

    def _forget_old(self) -> None:
        oldest = self._clock.now() - self._settings.job_retention
        for job in [job for job in self._jobs.values() if job.submitted < oldest]:
            self.forget(job)
