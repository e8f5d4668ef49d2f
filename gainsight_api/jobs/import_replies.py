"""What the tenant says of import jobs, in every form in which it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gainsight_api.calls.replies import count
from gainsight_api.jobs.job_states import JobState, state_of
from gainsight_api.objects.datatypes import timestamp

# The article "Bulk Status API" names the counts in words alone.
_SUCCEEDED = ("successCount", "succeededRecords", "successRecords", "succeeded", "success")
_FAILED = ("failureCount", "failedRecords", "failureRecords", "failedCount", "failed", "failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """What the tenant says of a job; a count or time it does not tell is None.

    Attributes:
        id: Its id.
        state: Where it stands.
        succeeded: Rows written.
        failed: Rows not written.
        file_name: The file's name.
        object: The object's name.
        operation: What was asked for.
        created_at: When it was submitted, in seconds since 1970.
    """

    id: str
    state: JobState
    succeeded: int | None = None
    failed: int | None = None
    file_name: str | None = None
    object: str | None = None
    operation: str | None = None
    created_at: float | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was not written; `row` counts from where the tenant does, None for the file."""

    row: int | None
    message: str
    field: str | None = None


def import_job(entry: Mapping[str, Any], job_id: str) -> ImportJob:
    """What a reply says of a job.

    Args:
        entry: The reply, or an entry of a list of jobs.
        job_id: Its id, where the reply names none.
    """
    state = state_of(first_of(entry, "status", "jobStatus"))
    counts = _flat(entry)
    return ImportJob(
        id=named(first_of(entry, "jobId", "statusId")) or job_id,
        state=JobState.RUNNING if state is JobState.UNKNOWN else state,
        succeeded=count(first_of(counts, *_SUCCEEDED)),
        failed=count(first_of(counts, *_FAILED)),
        file_name=_text(entry.get("fileName")),
        object=_text(entry.get("objectName")),
        operation=_text(entry.get("operation")),
        created_at=_seconds(entry.get("createdDate")),
    )


def first_of(entry: Mapping[str, Any], *names: str) -> Any:
    """The first of these that is there, however its name is cased or spaced."""
    folded = {"".join(filter(str.isalnum, name)).lower(): value for name, value in entry.items()}
    found = (folded.get(name.lower()) for name in names)
    return next((value for value in found if value is not None), None)


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with what is nested in it; what it has itself comes first."""
    nested = [_flat(value) for value in entry.values() if isinstance(value, Mapping)]
    own = {name: value for name, value in entry.items() if not isinstance(value, Mapping)}
    return {name: value for part in (*nested, own) for name, value in part.items()}


def row_error(entry: Mapping[str, Any]) -> RowError:
    """What an entry of a job's errors says."""
    return RowError(
        count(entry.get("rowNumber")),
        str(entry.get("errorMessage") or ""),
        named(entry.get("fieldName")),
    )


def named(value: object) -> str | None:
    """What the tenant calls something, as it may stand in a line of a log."""
    return "".join(filter(str.isprintable, str(value))) if value else None


def _text(value: object) -> str | None:
    return str(value) if value else None


def _seconds(value: object) -> float | None:
    try:
        return datetime.fromisoformat(timestamp(str(value))).timestamp() if value else None
    except ValueError:
        return None
