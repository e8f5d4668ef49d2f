"""Import jobs by the Gainsight Bulk API: a file for a data job that an admin has set up.

The articles Gainsight Bulk API and Bulk Status API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.behaviour.faults import odd_status
from gainsight_sandbox.imports.jobs import ImportStatus
from gainsight_sandbox.imports.submit import asked_for, form_fields
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success
from gainsight_sandbox.writes.rules import ErrorCode

if TYPE_CHECKING:
    from starlette.responses import Response

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.imports.data_jobs import DataJobs
    from gainsight_sandbox.imports.jobs import ImportJobs
    from gainsight_sandbox.imports.submit import ImportSubmitter

API = "connector"
_IMPORT = "/v1.0/admin/connector/job/bulkimport"
_STATUSES = {
    ImportStatus.PENDING: "INIT",
    ImportStatus.IN_PROGRESS: "IN_PROGRESS",
    ImportStatus.COMPLETED: "COMPLETED",
    # The article knows no other end: a job that failed as a whole is one without a success.
    ImportStatus.FAILED: "COMPLETED",
}


class ConnectorRoutes:
    """Answers the calls of the Gainsight Bulk API."""

    def __init__(
        self, submitter: ImportSubmitter, jobs: ImportJobs, data_jobs: DataJobs, quirks: Quirks
    ) -> None:
        self._submitter = submitter
        self._jobs = jobs
        self._data_jobs = data_jobs
        self._quirks = quirks

    def endpoints(self) -> list[Endpoint]:
        """Import, status."""
        return [
            Endpoint(
                "POST",
                _IMPORT,
                CallKind.IMPORT_SUBMIT,
                self.submit,
                takes_upload=True,
                takes_bulk_key=True,
            ),
            Endpoint(
                "GET",
                f"{_IMPORT}/status/{{job}}",
                CallKind.IMPORT_STATUS,
                self.status,
                takes_bulk_key=True,
            ),
        ]

    def submit(self, call: Call) -> Response:
        """Import a file by a data job."""
        task = self._data_jobs.find(form_fields(call).get("jobId", ""))
        if task is None:
            raise ApiError(ErrorCode.BAD_DATA, "There is no data job of that jobId.")
        job = self._submitter.submit(call, task, api=API)
        return success({"statusId": job.id})

    def status(self, call: Call) -> Response:
        """How far an import is, and how many records succeeded and failed."""
        job = asked_for(call, self._jobs)
        status = self._jobs.status(job)
        progress = job.progress
        failed = progress.total if status is ImportStatus.FAILED else progress.failed
        counts: dict[str, object] = {"count": {"success": progress.succeeded, "failure": failed}}
        if self._quirks.import_counts_flat:
            counts = {"success": progress.succeeded, "failed": failed}
        shown = odd_status(call.fault) or _STATUSES[status]
        return success({"statusId": job.id, "jobStatus": shown} | counts)
