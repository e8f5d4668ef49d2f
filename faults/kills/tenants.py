"""The tenants of a trial, what the connectors are told, and what the target is fed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from faults.trials.tenants import CREDENTIALS
from gainsight_sandbox import (
    DataType,
    Field,
    JobSettings,
    Limits,
    ObjectSchema,
    Quirks,
    Sandbox,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gainsight_sandbox import Hooks

JOBS, PAGES, REMOVED, INSERTED = "jobs__gc", "pages__gc", "removed__gc", "inserted__gc"
TIMELINE, PERSON = "activity_timeline", "person"
PREFIXES = {JOBS: "1J01", PAGES: "1P01", REMOVED: "1R01", INSERTED: "1I01"}
ROWS = {JOBS: 160, PAGES: 40, REMOVED: 6}
"""What the tap finds; it reads JOBS by jobs, PAGES by pages, and that REMOVED are deleted."""
CHUNK_ROWS, ROWS_PER_JOB = 20, 80
"""Each job has as many chunks as the others."""
LONGEST_CODE = 10
TOO_LONG = "far too long a code"
NO_LIMIT = 10**6
SETTLED_SECONDS = 1
"""After so long a deletion is done, and an activity can be found."""
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)

FED = {PAGES: 40, JOBS: 40, INSERTED: 40, REMOVED: 10, TIMELINE: 4, PERSON: 4}
"""How many records of each stream the target is fed."""
BAD = {PAGES: 7, JOBS: 11}
"""Which of them Gainsight must refuse."""
STATE_EVERY = 5
BATCH_ROWS = 20


def schema(name: str) -> ObjectSchema:
    """An object."""
    return ObjectSchema(
        name,
        (
            Field("Gsid", DataType.GSID, read_only=True),
            Field("Name"),
            Field("Code__gc", length=LONGEST_CODE),
            Field("Size__gc", DataType.NUMBER),
            Field("CreatedDate", DataType.DATETIME, read_only=True),
            Field("ModifiedDate", DataType.DATETIME, read_only=True),
        ),
        key_prefix=PREFIXES[name],
    )


def _rows(name: str, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        moment = _FIRST + timedelta(seconds=number // 3)
        yield {
            "Gsid": f"{PREFIXES[name]}{number:032}",
            "Name": f"n{number}",
            "Code__gc": "old",
            "Size__gc": number,
            "CreatedDate": moment,
            "ModifiedDate": moment,
        }


def _sandbox(hooks: Hooks, job_seconds: float, *, empty: bool = False) -> Sandbox:
    return Sandbox(
        demo=empty,
        empty=empty,
        jobs=JobSettings(chunk_rows=CHUNK_ROWS, job_seconds=job_seconds),
        credentials=CREDENTIALS,
        quirks=Quirks(delete_seconds=SETTLED_SECONDS, timeline_seconds=SETTLED_SECONDS),
        limits=Limits(NO_LIMIT, NO_LIMIT, NO_LIMIT, NO_LIMIT, timeline_per_minute=NO_LIMIT),
        hooks=hooks,
    )


def source(hooks: Hooks, job_seconds: float) -> Sandbox:
    """The tenant that the tap reads."""
    sandbox = _sandbox(hooks, job_seconds)
    for name, count in ROWS.items():
        sandbox.tenant.add_object(schema(name), _rows(name, count))
    gone = [str(row["Gsid"]) for row in sandbox.tenant.rows(REMOVED)]
    sandbox.tenant.delete(REMOVED, gone)
    return sandbox


def destination(hooks: Hooks, job_seconds: float, there: int = 20) -> Sandbox:
    """The tenant that the target loads into: `there` of its records it has already."""
    sandbox = _sandbox(hooks, job_seconds, empty=True)
    sandbox.tenant.insert("company", {"Name": "Acme"})
    for name in PREFIXES:
        count = 0 if name == INSERTED else FED[name] if name == REMOVED else there
        sandbox.tenant.add_object(schema(name), _rows(name, count))
    return sandbox


def settings(sandbox: Sandbox, folder: Path, **more: Any) -> dict[str, Any]:
    """The settings that both connectors have."""
    return {
        "domain": sandbox.url,
        "access_key": CREDENTIALS.access_key,
        "quota_store": str(folder / "quota.sqlite"),
        "sync_calls_per_minute": NO_LIMIT,
        "sync_calls_per_day": NO_LIMIT,
        "timeline_calls_per_minute": NO_LIMIT,
        "bulk_calls_per_hour": NO_LIMIT,
        "bulk_calls_per_day": NO_LIMIT,
        "job_poll_interval": 0.1,
        **more,
    }


def tap_settings(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """The tap reads one object by jobs, one by pages, and the delete log."""
    return settings(
        sandbox,
        folder,
        objects=[JOBS, PAGES],
        extract_method="query",
        max_rows_per_job=ROWS_PER_JOB,
        streams=[{"name": JOBS, "object": JOBS, "extract_method": "bulk"}],
    )


def target_settings(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """The target upserts by call and by job, inserts by job, deletes, and writes activities."""
    return settings(
        sandbox,
        folder,
        rejects_path=str(folder / "rejects"),
        max_rejects=-1,
        batch_size_rows=BATCH_ROWS,
        rest_batch_size=5,
        load_mode="rest",
        streams=[
            {"name": JOBS, "load_mode": "bulk"},
            {"name": INSERTED, "load_mode": "bulk", "operation": "insert"},
            {"name": REMOVED, "deletes": "delete"},
        ],
    )


def pipe_settings(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """The target upserts all that the tap gives; what is deleted goes into a list."""
    fields = {"Gsid": "Name", "Code__gc": "Code__gc", "Size__gc": "Size__gc"}
    return target_settings(sandbox, folder) | {
        "streams": [
            {"name": PAGES, "fields": fields, "load_mode": "bulk"},
            {"name": JOBS, "fields": fields},
            {"name": "deleted_records", "object": REMOVED, "fields": {"RecordId": "Name"},
             "keys": ["Name"]},
        ],
    }  # fmt: skip


def record(stream: str, number: int, author: str) -> dict[str, Any]:
    """A record that the target is fed."""
    if stream == TIMELINE:
        return {
            "id": f"n{number}",
            "ContextName": "Company",
            "TypeName": "Email",
            "Subject": f"Note {number}",
            "Notes": "All is well",
            "ActivityDate": "2026-07-01T13:36:00Z",
            "Author": author,
            "companyName": "Acme",
        }
    if stream == PERSON:
        return {"Email": f"n{number}@acme.example", "Name": f"new {number}"}
    if stream == REMOVED:
        return {"Name": f"n{number}", "_sdc_deleted_at": "2026-06-01T00:00:00Z"}
    code = TOO_LONG if number == BAD.get(stream) else f"new {number}"
    return {"Name": f"n{number}", "Code__gc": code, "Size__gc": number}


_KEYS = {TIMELINE: "id", PERSON: "Email"}


def feed(author: str, done: dict[str, int]) -> str:
    """What the target is fed that has the STATE `done`: a STATE after every few records."""
    lines: list[dict[str, Any]] = []
    done = dict(done)
    for stream, count in FED.items():
        names = [*record(stream, 0, author), "_sdc_deleted_at"]
        schema_message = {
            "type": "SCHEMA",
            "stream": stream,
            "schema": {"type": "object", "properties": {name: {} for name in names}},
            "key_properties": [_KEYS.get(stream, "Name")],
        }
        lines.append(schema_message)
        for number in range(done.get(stream, 0), count):
            values = record(stream, number, author)
            lines.append({"type": "RECORD", "stream": stream, "record": values})
            if (number + 1) % STATE_EVERY == 0 or number + 1 == count:
                done[stream] = number + 1
                lines.append({"type": "STATE", "value": dict(done)})
    return "".join(json.dumps(line) + "\n" for line in lines)
