"""The Gainsight Bulk REST APIs: submit an export job, ask for its status, fetch its chunks."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import BadQueryError, export_refusal, job_gone, no_entity
from gainsight_sandbox.behaviour.faults import Effect, odd_status
from gainsight_sandbox.behaviour.quirk_choices import ExportEmpty
from gainsight_sandbox.reads.export_jobs import ExportJob, ExportJobs, JobStatus
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.reads.planner import Planner
    from gainsight_sandbox.reads.spool import Chunk

_CSV = "text/csv; charset=utf-8"


class ChunkResponse(FileResponse):
    """A chunk's file, read in larger pieces."""

    chunk_size = 1 << 20


class ExportRoutes:
    """Answers the calls of an export."""

    def __init__(self, planner: Planner, jobs: ExportJobs, quirks: Quirks) -> None:
        self._planner = planner
        self._jobs = jobs
        self._quirks = quirks

    def endpoints(self) -> list[Endpoint]:
        """Submit, status, chunk."""
        job = "/v3/exports/data/job"
        return [
            Endpoint("POST", "/v3/exports/data/bulk/{object}", CallKind.EXPORT_SUBMIT, self.submit),
            Endpoint("GET", f"{job}/status/{{job}}", CallKind.EXPORT_STATUS, self.status),
            Endpoint(
                "GET",
                f"{job}/{{job}}/chunk/{{chunk:int}}/results",
                CallKind.EXPORT_CHUNK,
                self.chunk,
            ),
        ]

    def submit(self, call: Call) -> Response:
        """Submit Bulk Job Request."""
        try:
            plan = self._planner.plan(
                call.parameters["object"], call.body, max_limit=self._quirks.export_max_limit
            )
            job = self._jobs.submit(plan)
        except BadQueryError as error:
            refusal = export_refusal(error)
            if not self._quirks.export_late_errors:
                raise refusal from error
            job = self._jobs.submit_failing(str(refusal.code))
        job.stuck = call.effect is Effect.JOB_STUCK
        if call.fault and call.effect is Effect.JOB_FAILED:
            job.error_code = call.fault.job_code
        url = self._url(call, f"v3/exports/data/job/status/{job.id}")
        return success({"jobId": job.id, "statusURL": url})

    def status(self, call: Call) -> Response:
        """Bulk API Job Status."""
        job = self._job(call)
        if call.effect is Effect.JOB_EXPIRED:
            self._jobs.forget(job)
            raise job_gone(call.fault)
        status = self._jobs.status(job)
        shown = odd_status(call.fault) or status
        data: dict[str, object] = {"jobId": job.id, "jobStatus": shown}
        if status is JobStatus.FAILED:
            data |= {
                "errorDesc": "Malformed Query Exception.",
                "errorCode": job.error_code,
                "internalRequestId": job.id,
            }
        elif status is JobStatus.COMPLETED:
            data |= self._completed(call, job)
        return success(data)

    def _completed(self, call: Call, job: ExportJob) -> dict[str, object]:
        """The total and the list of chunks, as they are or as a fault has them."""
        chunks = job.chunks() or []
        details = self._details(call, job, chunks)
        total = sum(chunk.limit for chunk in chunks)
        match call.effect:
            case Effect.LATE_CHUNKS:
                return {"totalRecords": total}
            case Effect.LOST_CHUNK | Effect.SHORT_EXPORT:
                details = details[:-1] if details else details
                if call.effect is Effect.SHORT_EXPORT:
                    total = sum(chunk.limit for chunk in chunks[:-1])
            case Effect.SHUFFLED_CHUNKS:
                details = details[-1:] + details[:-1] if details else details
            case Effect.REPEATED_CHUNK:
                details = details[:1] + details if details else details
            case Effect.WRONG_TOTAL:
                total += call.fault.by if call.fault else 0
        return {"totalRecords": total, "chunkDetails": details}

    def chunk(self, call: Call) -> Response:
        """Fetch Chunk Data."""
        job = self._job(call)
        if call.effect is Effect.CHUNK_EXPIRED:
            job.chunks_gone = True
        number = int(call.parameters["chunk"])
        finished = not job.chunks_gone and self._jobs.status(job) is JobStatus.COMPLETED
        chunks = (job.chunks() or []) if finished else []
        if not 0 < number <= len(chunks):
            raise no_entity(status=HTTPStatus.NOT_FOUND)
        chunk = chunks[number - 1]
        if call.effect in {Effect.SHORT_CHUNK, Effect.LONG_CHUNK}:
            return _wrong_rows(chunk, longer=call.effect is Effect.LONG_CHUNK)
        return ChunkResponse(chunk.path, media_type=_CSV)

    def _job(self, call: Call) -> ExportJob:
        job = self._jobs.find(call.parameters["job"])
        if job is None:
            raise no_entity(status=HTTPStatus.NOT_FOUND)
        return job

    def _details(
        self, call: Call, job: ExportJob, chunks: list[Chunk]
    ) -> list[dict[str, object]] | None:
        if not chunks and self._quirks.export_empty is ExportEmpty.NULL:
            return None
        return [
            {
                "chunkURL": self._url(call, f"v3/exports/data/job/{job.id}/chunk/{number}/results"),
                "offset": chunk.offset,
                "limit": chunk.limit,
            }
            for number, chunk in enumerate(chunks, start=1)
        ]

    def _url(self, call: Call, relative: str) -> str:
        """A URL as the article prints it: relative, with no slash at its start."""
        if call.fault and call.effect is Effect.FOREIGN_URL:
            return f"{call.fault.location.rstrip('/')}/{relative}"
        return relative


def _wrong_rows(chunk: Chunk, *, longer: bool) -> Response:
    """A chunk with its last row missing, or twice."""
    body = Path(chunk.path).read_bytes()
    body = body + body[chunk.last_row :] if longer else body[: chunk.last_row]
    return Response(body, media_type=_CSV)
