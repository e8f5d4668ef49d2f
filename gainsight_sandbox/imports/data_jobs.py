"""Data jobs, which an admin sets up for the Gainsight Bulk API: what to do with a file's rows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gainsight_sandbox.imports.run import ImportTask
    from gainsight_sandbox.imports.submit import ImportSubmitter


@dataclass(frozen=True, slots=True)
class DataJob:
    """Object, operation and keys; the columns are mapped to the fields of their names."""

    id: str
    object: str
    operation: str
    keys: tuple[str, ...] = ()


class DataJobs:
    """The data jobs of a tenant, by their ids."""

    def __init__(self, submitter: ImportSubmitter, jobs: Iterable[DataJob] = ()) -> None:
        self._submitter = submitter
        self._tasks: dict[str, ImportTask] = {}
        for job in jobs:
            self.set_up(job)

    def add(
        self, object_name: str, operation: str, keys: Iterable[str] = (), job_id: str | None = None
    ) -> str:
        """Set a data job up, and return its id."""
        job = DataJob(job_id or str(uuid.uuid4()), object_name, operation, tuple(keys))
        self.set_up(job)
        return job.id

    def set_up(self, job: DataJob) -> None:
        """Add a data job; raises ValueError for one that cannot be done."""
        try:
            task = self._submitter.task(job.object, job.operation, ",".join(job.keys))
        except ApiError as error:
            raise ValueError(error.message or error.desc) from error
        self._tasks[job.id] = task

    def find(self, job_id: str) -> ImportTask | None:
        """What the data job of that id does."""
        return self._tasks.get(job_id)
