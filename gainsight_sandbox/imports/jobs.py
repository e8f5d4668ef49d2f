"""Import jobs: submitted, under way, completed, failed, forgotten."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event
from typing import IO, TYPE_CHECKING

import msgspec

from gainsight_sandbox.behaviour.clock import time_passed
from gainsight_sandbox.behaviour.journal import Journal, SubmittedImport
from gainsight_sandbox.imports.run import ImportTask, Progress, RowError, run_import

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.behaviour.job_settings import JobSettings
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.store import Store

_WAIT_SECONDS = 1.0
_COPY_BYTES = 1 << 20


class ImportStatus(StrEnum):
    """The states of a job in the order in which it goes through them."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@dataclass(slots=True)
class ImportJob:
    """A submitted import, run by a worker thread."""

    task: ImportTask
    entry: SubmittedImport
    folder: Path
    begun: float
    progress: Progress = field(default_factory=Progress)
    work: Future[None] | None = None
    failure: str | None = None
    stuck: bool = False

    @property
    def id(self) -> str:
        """Its id in both APIs."""
        return self.entry.job_id

    @property
    def upload(self) -> Path:
        """The copy of the uploaded file."""
        return self.folder / "upload.csv"

    @property
    def errors_file(self) -> Path:
        """The file that lists the errors, a JSON object a line."""
        return self.folder / "errors.jsonl"

    def done(self, wait: float) -> bool:
        """Whether the work is done, after `wait` seconds at most; raises what it raised."""
        if self.work is None:
            return True
        try:
            self.work.result(timeout=wait)
        except FutureTimeoutError:
            return False
        return True

    def errors(self) -> list[RowError]:
        """The errors of its rows, or of the whole file."""
        if self.failure is not None:
            return [RowError(f"The job failed with {self.failure}.")]
        with self.errors_file.open("rb") as file:
            return [msgspec.json.decode(line, type=RowError) for line in file]


class ImportJobs:
    """The jobs of a tenant, by their ids; they run one at a time, in the order submitted."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        quirks: Quirks,
        settings: JobSettings,
        folder: Path,
        journal: Journal,
    ) -> None:
        self._store = store
        self._clock = clock
        self._quirks = quirks
        self._settings = settings
        self._folder = folder
        self._journal = journal
        self._jobs: dict[str, ImportJob] = {}
        self._closing = Event()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="import")

    def submit(
        self,
        task: ImportTask,
        file: IO[bytes],
        file_name: str,
        *,
        api: str,
        stuck: bool = False,
        failure: str | None = None,
    ) -> ImportJob:
        """Copy a file and begin to import it; a stuck or failing job writes nothing."""
        self._forget_old()
        job_id = str(uuid.uuid4())
        folder = self._folder / job_id
        folder.mkdir(parents=True)
        entry = SubmittedImport(
            number=self._journal.next_number(),
            moment=self._clock.now(),
            job_id=job_id,
            api=api,
            object=task.schema.name,
            operation=task.operation,
            keys=tuple(key.name for key in task.keys),
            file_name=file_name,
            sha256="",
            size=0,
        )
        job = ImportJob(task, entry, folder, time_passed(self._clock), stuck=stuck, failure=failure)
        entry.sha256, entry.size = _copy(file, job.upload)
        if not stuck and failure is None:
            job.work = self._worker.submit(self._run, job)
        self._jobs[job_id] = job
        self._journal.imports.append(entry)
        return job

    def find(self, job_id: str) -> ImportJob | None:
        """The job of that id, unless it is forgotten."""
        self._forget_old()
        return self._jobs.get(job_id)

    def all(self) -> list[ImportJob]:
        """All jobs that are not forgotten, the oldest first."""
        self._forget_old()
        return list(self._jobs.values())

    def forget_stuck(self) -> None:
        """Delete the jobs that would never end."""
        for job in [job for job in self._jobs.values() if job.stuck]:
            self.forget(job)

    def forget(self, job: ImportJob) -> None:
        """Delete a job and its files."""
        self._jobs.pop(job.id, None)
        if job.work is None:
            shutil.rmtree(job.folder, ignore_errors=True)
        else:
            # The work goes on, only nobody can ask for it any more.
            job.work.add_done_callback(lambda _: shutil.rmtree(job.folder, ignore_errors=True))

    def status(self, job: ImportJob, wait: float = _WAIT_SECONDS) -> ImportStatus:
        """How far a job is: it ends once `job_seconds` have passed and its work is done."""
        elapsed = time_passed(self._clock) - job.begun
        if elapsed < self._settings.job_seconds / 2:
            return ImportStatus.PENDING
        if job.stuck or elapsed < self._settings.job_seconds or not job.done(wait):
            return ImportStatus.IN_PROGRESS
        failed = job.failure is not None or job.progress.refused
        return ImportStatus.FAILED if failed else ImportStatus.COMPLETED

    def completed(self, job: ImportJob) -> float:
        """When a finished job was completed, in seconds since 1970."""
        return job.entry.moment + self._settings.job_seconds

    def close(self) -> None:
        """Stop the worker and delete what it wrote."""
        self._closing.set()
        self._worker.shutdown(cancel_futures=True)
        for job in list(self._jobs.values()):
            self.forget(job)

    def _run(self, job: ImportJob) -> None:
        progress = job.progress
        run_import(
            job.task,
            job.upload,
            job.errors_file,
            progress,
            store=self._store,
            clock=self._clock,
            quirks=self._quirks,
            closing=self._closing,
        )
        job.upload.unlink()
        entry = job.entry
        entry.rows, entry.failed = progress.total, progress.failed
        entry.inserted, entry.updated = progress.inserted, progress.updated
        entry.done = True

    def _forget_old(self) -> None:
        oldest = self._clock.now() - self._settings.job_retention
        for job in [job for job in self._jobs.values() if job.entry.moment < oldest]:
            self.forget(job)


def _copy(file: IO[bytes], path: Path) -> tuple[str, int]:
    """Copy an upload, and return its SHA-256 and size."""
    digest = hashlib.sha256()
    file.seek(0)
    with path.open("wb") as copy:
        while piece := file.read(_COPY_BYTES):
            digest.update(piece)
            copy.write(piece)
        return digest.hexdigest(), copy.tell()
