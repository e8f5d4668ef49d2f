"""Import jobs by the Gainsight CS Bulk API: create, list, status, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.behaviour.faults import odd_status
from gainsight_sandbox.imports.jobs import ImportStatus
from gainsight_sandbox.imports.submit import asked_for, form_fields
from gainsight_sandbox.tenant.values import from_seconds, iso
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success
from gainsight_sandbox.writes.rules import ErrorCode

if TYPE_CHECKING:
    from starlette.responses import Response

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.imports.jobs import ImportJob, ImportJobs
    from gainsight_sandbox.imports.run import RowError
    from gainsight_sandbox.imports.submit import ImportSubmitter

API = "jobs"
_JOBS = "/v1/bulk/jobs"
_DEFAULT_LIMIT = 25
_FINISHED = {ImportStatus.COMPLETED, ImportStatus.FAILED}


class ImportRoutes:
    """Answers the calls of the Gainsight CS Bulk API."""

    def __init__(self, submitter: ImportSubmitter, jobs: ImportJobs, quirks: Quirks) -> None:
        self._submitter = submitter
        self._jobs = jobs
        self._quirks = quirks

    def endpoints(self) -> list[Endpoint]:
        """Create, list, status, errors."""
        job = f"{_JOBS}/{{job}}"
        return [
            Endpoint("POST", _JOBS, CallKind.IMPORT_SUBMIT, self.create, takes_upload=True),
            Endpoint("GET", _JOBS, CallKind.IMPORT_LIST, self.list_jobs),
            Endpoint("GET", job, CallKind.IMPORT_STATUS, self.status),
            Endpoint("GET", f"{job}/errors", CallKind.IMPORT_ERRORS, self.errors),
        ]

    def create(self, call: Call) -> Response:
        """Create a bulk job."""
        form = form_fields(call)
        task = self._submitter.task(
            form.get("objectName", ""), form.get("operation", ""), form.get("keyFields", "")
        )
        job = self._submitter.submit(call, task, api=API)
        return success(self._show(job, ImportStatus.PENDING))

    def list_jobs(self, call: Call) -> Response:
        """List bulk jobs, the newest first."""
        wanted = call.query.get("status")
        if wanted is not None and wanted not in set(ImportStatus):
            raise ApiError(ErrorCode.BAD_DATA, f"status is one of {', '.join(ImportStatus)}.")
        limit = _number(call, "limit", _DEFAULT_LIMIT)
        offset = _number(call, "offset", 0)
        jobs = [(job, self._jobs.status(job, wait=0)) for job in self._jobs.all()]
        if not self._quirks.import_list_oldest_first:
            jobs.reverse()
        found = [self._show(job, status) for job, status in jobs if wanted in {None, status}]
        return success({"records": found[offset : offset + limit], "totalCount": len(found)})

    def status(self, call: Call) -> Response:
        """Get bulk job status."""
        job = asked_for(call, self._jobs)
        shown = self._show(job, self._jobs.status(job))
        odd = odd_status(call.fault)
        return success(shown | {"status": odd} if odd else shown)

    def errors(self, call: Call) -> Response:
        """Get bulk job errors; there are none before the job is done."""
        job = asked_for(call, self._jobs)
        done = self._jobs.status(job) in _FINISHED
        return success([self._show_error(error) for error in job.errors()] if done else [])

    def _show(self, job: ImportJob, status: ImportStatus) -> dict[str, object]:
        pending = status is ImportStatus.PENDING
        progress = job.progress
        done = status in _FINISHED
        return {
            "jobId": job.id,
            "objectName": job.task.schema.name,
            "operation": job.task.operation,
            "status": status,
            "totalRecords": 0 if pending else progress.total,
            "processedRecords": 0 if pending else progress.processed,
            "successCount": 0 if pending else progress.succeeded,
            "failureCount": 0 if pending else progress.failed,
            "fileName": job.entry.file_name,
            "createdDate": iso(from_seconds(job.entry.moment)),
            "completedDate": iso(from_seconds(self._jobs.completed(job))) if done else None,
        }

    def _show_error(self, error: RowError) -> dict[str, object]:
        """An entry of the list; an error of the whole file has no row number."""
        shown: dict[str, object] = {}
        if error.row is not None:
            shown["rowNumber"] = error.row + self._quirks.import_row_base
        return shown | {"errorMessage": error.message, "fieldName": error.field}


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not (text.isascii() and text.isdecimal()):
        raise ApiError(ErrorCode.BAD_DATA, f"{name} is not a number from 0 on.")
    return int(text)
