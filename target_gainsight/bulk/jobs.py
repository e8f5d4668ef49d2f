"""Submit import jobs, never twice for one file, and wait for them."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gainsight_api.errors import (
    AuthError,
    DataError,
    GainsightError,
    GatewayError,
    JobFailedError,
    RequestError,
    RetriableError,
)
from gainsight_api.jobs.imports import Imports, Operation, Upload
from gainsight_api.jobs.job_states import JobState
from gainsight_api.jobs.polling import polls
from gainsight_singer.words import spell
from target_gainsight.outcomes.rejects import file_stem

if TYPE_CHECKING:
    from gainsight_api.clock import Clock
    from gainsight_api.jobs.import_replies import ImportJob
    from gainsight_singer.run import Run
    from target_gainsight.bulk.csv_file import CsvFile

logger = logging.getLogger(__name__)

_LOOKS_FOR_A_LOST_JOB = 3
_SECONDS_BETWEEN_LOOKS = 10.0
_SECONDS_BETWEEN_LINES = 10
_MAX_SUBMISSIONS = 3
_CLOCK_DIFFERENCE_SECONDS = 300.0
_ABOUT_JOBS = (
    "It was a call about import jobs: if others succeed, check `bulk_import_api` and "
    "`bulk_access_key`, or set `load_mode: rest`"
)


@dataclass(slots=True)
class Importer:
    """The import jobs of a run.

    Attributes:
        imports: The calls.
        run: Where the jobs are written down.
        job_poll_interval: The setting: seconds between the first questions about a job.
        job_timeout: The setting: seconds that a job is waited for.
    """

    imports: Imports
    run: Run
    job_poll_interval: float
    job_timeout: float
    _names: Counter[str] = field(default_factory=Counter)
    _known: set[str] = field(default_factory=set)

    def name(self, stream: str, file: CsvFile) -> None:
        """Give a file the name by which its job can be found again."""
        name = f"{file_stem(stream)}-{file.digest[:16]}"
        self._names[name] += 1
        again = f"-{self._names[name]}" if self._names[name] > 1 else ""
        file.path = file.path.rename(file.path.with_name(f"{name}{again}.csv"))

    @property
    def clock(self) -> Clock:
        """Time."""
        return self.run.clock

    def import_file(self, upload: Upload, stream: str, *, completed: bool = True) -> ImportJob:
        """Import a file of a stream; return the completed job.

        Args:
            upload: The file.
            stream: The stream.
            completed: Whether inserts that an earlier run has completed are not done again.

        Raises:
            JobFailedError: The job failed as a whole.
            GainsightError: It takes too long, or it cannot be found out whether it was submitted.
        """
        try:
            job_id = self._left_by_another_run(upload, stream, completed=completed)
            if job_id is None:
                job_id = self._submitted(upload, stream)
                logger.info("stream %s: submitted import job %s", stream, job_id)
        except (AuthError, GatewayError) as exc:
            exc.args = (f"{exc}. {_ABOUT_JOBS}",)
            raise
        self._known.add(job_id)
        return self._waited_for(job_id, upload, stream)

    def _waited_for(self, job_id: str, upload: Upload, stream: str) -> ImportJob:
        told = self.run.job(stream, job_id)
        with self.run.waiting_for(told, logger):
            job = self._finished(job_id, upload, stream)
        told.ended, told.rows = told.done, job.succeeded
        return job

    def finish_inserts(self, stream: str, object_name: str) -> None:
        """Wait for a stream's insert jobs that a killed run has left under way.

        What they add is not there yet, and would be added a second time.

        Raises:
            GainsightError: It takes too long.
        """
        for job in self._new(self.imports.under_way()):
            name = job.file_name or ""
            inserts = (job.operation or "insert").lower() == Operation.INSERT
            into = (job.object or object_name).lower() == object_name.lower()
            if not (inserts and into and name.startswith(f"{file_stem(stream)}-")):
                continue
            logger.info("stream %s: waiting for import job %s of an earlier run", stream, job.id)
            upload = Upload(
                object=object_name, operation=Operation.INSERT, keys=(), file=Path(name)
            )
            try:
                self._waited_for(job.id, upload, stream)
            except JobFailedError as exc:
                logger.warning("stream %s: %s", stream, exc)

    def _left_by_another_run(self, upload: Upload, stream: str, *, completed: bool) -> str | None:
        """Find a job of this file that is under way; of inserts, also one that has completed."""
        if upload.operation is not Operation.INSERT or not completed:
            jobs = self._listed(upload, under_way=True)
        else:
            jobs = self._listed(upload, since=self.clock.now() - self.job_timeout)
        for job in self._new(jobs):
            if job.state is not JobState.FAILED:
                logger.info("stream %s: import job %s is of an earlier run", stream, job.id)
                return job.id
        return None

    def _submitted(self, upload: Upload, stream: str) -> str:
        for _ in range(_MAX_SUBMISSIONS):
            started = self.clock.now()
            try:
                return self.imports.submit(upload)
            except (RetriableError, DataError) as exc:
                if isinstance(exc, RetriableError) and not exc.may_have_arrived:
                    raise
                if found := self._found_again(upload, stream, started, exc):
                    return found
                error = exc
        raise error

    def _found_again(
        self, upload: Upload, stream: str, started: float, error: GainsightError
    ) -> str | None:
        """Find the job of a submission that was not answered; None if it was not received."""
        if not self.imports.names_failures:
            raise GainsightError(
                f"whether the import of {upload.file.name} was received cannot be told ({error}): "
                "look at the job's execution log in Gainsight before running again"
            )
        logger.warning(
            "stream %s: the import of %s was not answered; looking for its job",
            stream,
            upload.file.name,
        )
        for _ in range(_LOOKS_FOR_A_LOST_JOB):
            self.clock.sleep(_SECONDS_BETWEEN_LOOKS)
            jobs = self._listed(upload, since=started - _CLOCK_DIFFERENCE_SECONDS)
            for job in self._new(jobs):
                if job.state is not JobState.FAILED:
                    return job.id
        return None

    def _listed(
        self, upload: Upload, *, under_way: bool = False, since: float | None = None
    ) -> list[ImportJob]:
        """The jobs of a file; a refusal of the list is none of the file."""
        try:
            return self.imports.find(upload, under_way=under_way, since=since)
        except RequestError as exc:
            raise GainsightError(
                f"whether {upload.file.name} has been taken already cannot be told: the list of "
                f"import jobs is refused ({exc.reason}); nothing of it is acknowledged",
                code=exc.code,
                request_id=exc.request_id,
                status=exc.status,
            ) from None

    def _new(self, jobs: list[ImportJob]) -> list[ImportJob]:
        return [job for job in jobs if job.id not in self._known]

    def _finished(self, job_id: str, upload: Upload, stream: str) -> ImportJob:
        said = 0.0
        for waited in polls(self.clock, self.job_poll_interval, self.job_timeout):
            job = self._status(job_id, upload)
            if job.state is JobState.FAILED:
                raise JobFailedError(
                    f"import job {job_id} of {upload.file.name} into {upload.object} failed as a "
                    f"whole{self._fields_of(job_id)}; nothing of it is acknowledged"
                )
            if job.state is JobState.COMPLETED:
                return job
            if waited >= said + _SECONDS_BETWEEN_LINES:
                said = waited
                logger.info(
                    "stream %s: waiting for %s for the import job %s",
                    stream,
                    spell(waited),
                    job_id,
                )
        raise GainsightError(
            f"import job {job_id} of {upload.file.name} is not done after {self.job_timeout:.0f} s "
            "(setting `job_timeout`); it is left under way, and the next run looks for it"
        )

    def _status(self, job_id: str, upload: Upload) -> ImportJob:
        """What the tenant says of a job; it has taken it, so a refusal says nothing of its file."""
        try:
            return self.imports.status(job_id)
        except RequestError as exc:
            raise GainsightError(
                f"import job {job_id} of {upload.file.name} was taken, and its status is refused "
                f"({exc.reason}): whether it was done cannot be told; look in Gainsight before "
                "running again",
                code=exc.code,
                request_id=exc.request_id,
                status=exc.status,
            ) from None

    def _fields_of(self, job_id: str) -> str:
        """The fields that the errors of a failed job name, as a part of a sentence."""
        try:
            errors = self.imports.errors(job_id)
        except GainsightError as exc:
            return f" (its errors could not be read: {exc})"
        fields = {error.field for error in errors if error.field}
        return f" because of {', '.join(sorted(fields))}" if fields else ""
