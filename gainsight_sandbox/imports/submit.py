"""What both import APIs share: how a job is submitted, and found again by its id."""

from __future__ import annotations

from http import HTTPStatus
from typing import IO, TYPE_CHECKING

from gainsight_sandbox.behaviour.errors import ApiError, ObjectNotFoundError, job_gone, no_entity
from gainsight_sandbox.behaviour.faults import Effect
from gainsight_sandbox.behaviour.operations import Operation
from gainsight_sandbox.imports.run import ImportTask
from gainsight_sandbox.wire.uploads import Upload
from gainsight_sandbox.writes.rules import ErrorCode, parse_keys, refuse_bulk

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.imports.jobs import ImportJob, ImportJobs
    from gainsight_sandbox.tenant.tenant import Tenant
    from gainsight_sandbox.wire.calls import Call

EMPTY_FILE = "GS_7571"
_OPERATIONS = (Operation.INSERT, Operation.UPDATE, Operation.UPSERT)


class ImportSubmitter:
    """Checks submissions, and turns them into jobs."""

    def __init__(self, tenant: Tenant, jobs: ImportJobs, quirks: Quirks) -> None:
        self._tenant = tenant
        self._jobs = jobs
        self._quirks = quirks

    def task(self, object_name: str, operation: str, keys: str) -> ImportTask:
        """What to do with the rows; raises ApiError for what cannot be done."""
        if operation not in _OPERATIONS:
            raise ApiError(ErrorCode.BAD_DATA, f"operation is one of {', '.join(_OPERATIONS)}.")
        try:
            schema = self._tenant.ready(object_name)
        except ObjectNotFoundError as error:
            raise ApiError(ErrorCode.BAD_DATA, f"There is no object {object_name}.") from error
        refuse_bulk(schema)
        # An insert needs no keys: those named are of no use to it.
        fields = () if operation == Operation.INSERT else parse_keys(schema, keys)
        return ImportTask(schema, Operation(operation), fields)

    def submit(self, call: Call, task: ImportTask, *, api: str) -> ImportJob:
        """Submit a job; a fault on the call may make it fail or hang."""
        upload = call.upload or Upload()
        file = self._file(upload)
        return self._jobs.submit(
            task,
            file,
            upload.file_name,
            api=api,
            stuck=call.effect is Effect.JOB_STUCK,
            failure=call.fault.job_code
            if call.fault and call.effect is Effect.JOB_FAILED
            else None,
        )

    def _file(self, upload: Upload) -> IO[bytes]:
        """The uploaded file; raises ApiError if it is missing, empty or too large."""
        if upload.file is None:
            raise ApiError(ErrorCode.BAD_DATA, "A file is required.")
        if not upload.size:
            raise ApiError(EMPTY_FILE, "The file is empty.")
        if upload.size > self._quirks.import_max_bytes:
            raise ApiError(
                ErrorCode.BAD_DATA,
                f"The file is larger than {self._quirks.import_max_bytes} bytes.",
            )
        return upload.file


def asked_for(call: Call, jobs: ImportJobs) -> ImportJob:
    """The job that a call names; raises ApiError for one that is unknown or forgotten."""
    job = jobs.find(call.parameters["job"])
    if job is not None and call.effect is Effect.JOB_EXPIRED:
        jobs.forget(job)
        raise job_gone(call.fault)
    if job is None:
        raise no_entity(status=HTTPStatus.NOT_FOUND)
    return job


def form_fields(call: Call) -> dict[str, str]:
    """The text fields of the form that was sent."""
    return call.upload.fields if call.upload else {}
