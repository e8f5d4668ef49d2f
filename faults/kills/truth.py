"""What a tenant says after a trial of what its runs have done."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faults.kills.tenants import (
    BAD,
    CHUNK_ROWS,
    FED,
    INSERTED,
    JOBS,
    PAGES,
    PERSON,
    REMOVED,
    ROWS_PER_JOB,
    TIMELINE,
)
from gainsight_sandbox import CallKind, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gainsight_sandbox import Sandbox

_JOB_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COMPARED = ("Name", "Code__gc", "Size__gc")


def whole_messages(out: str) -> list[dict[str, Any]]:
    """The messages of a run; half a line counts as none."""
    return [json.loads(line) for line in out.split("\n")[:-1] if line]


def covered(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those up to the last STATE: whoever goes on from it has nothing else."""
    last = max((n for n, m in enumerate(messages) if m["type"] == "STATE"), default=-1)
    return messages[: last + 1]


def records(messages: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Stream, key and values of the messages' records, and of those in their BATCH files."""
    for message in messages:
        if message["type"] == "RECORD":
            record = message["record"]
            yield message["stream"], record.get("Gsid") or record["RecordId"], record
        elif message["type"] == "BATCH":
            stream = message["stream"]
            for url in message["manifest"]:
                for line in Path(url.removeprefix("file://")).read_text("utf-8").splitlines():
                    record = json.loads(line)
                    yield stream, record.get("Gsid") or record["RecordId"], record


def tap_flaws(
    sandbox: Sandbox, got: dict[tuple[str, str], dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    """What the tenant has and nobody got, and what somebody got and it has otherwise."""
    for name in (JOBS, PAGES):
        rows = {(name, str(row["Gsid"])): row for row in sandbox.tenant.rows(name)}
        if missing := rows.keys() - got.keys():
            yield "lost", f"{len(missing)} of {len(rows)} rows of {name}"
        both = rows.keys() & got.keys()
        if changed := [
            key for key in both if any(got[key][field] != rows[key][field] for field in _COMPARED)
        ]:
            yield "changed", f"{len(changed)} rows of {name}"
    logged = {str(row["RecordId"]) for row in sandbox.tenant.rows("record_delete_log")}
    if missing_log := logged - {key for stream, key in got if stream == "deleted_records"}:
        yield "lost", f"{len(missing_log)} of {len(logged)} rows of deleted_records"


@dataclass(frozen=True, slots=True)
class Exports:
    """The export jobs of a trial.

    Attributes:
        asked: Those that somebody asked for.
        read: Those of them that somebody has read whole.
        unheard: Submissions whose answer reached nobody.
    """

    asked: int
    read: int
    unheard: int


def exports(sandbox: Sandbox) -> Exports:
    """The export jobs, by the tenant's own log."""
    log = [entry for entry in list(sandbox.log) if entry.status == HTTPStatus.OK]
    submitted = sum(entry.kind is CallKind.EXPORT_SUBMIT for entry in log)
    asked = {_job(entry.path) for entry in log if entry.kind is CallKind.EXPORT_STATUS}
    chunks = {entry.path for entry in log if entry.kind is CallKind.EXPORT_CHUNK}
    fetched = Counter(map(_job, chunks))
    read = [job for job in asked if fetched[job] >= ROWS_PER_JOB // CHUNK_ROWS]
    return Exports(len(asked), len(read), submitted - len(asked))


def _job(path: str) -> str:
    found = _JOB_ID.search(path)
    return found[0] if found else path


def imports(sandbox: Sandbox, job_seconds: float) -> tuple[int, int]:
    """Import jobs that were submitted again while they ran, or for an insert; and all others.

    An upsert that has been done, and that no STATE covers, has to come again: the record may have
    been changed by somebody else since.
    """
    twice = again = 0
    before: dict[tuple[str, str], float] = {}
    for job in list(sandbox.journal.imports):
        content = job.object, job.sha256
        if content in before:
            under_way = job.moment < before[content] + job_seconds
            is_twice = under_way or job.operation is Operation.INSERT
            twice, again = twice + is_twice, again + (not is_twice)
        before[content] = job.moment
    return twice, again


def letters(folder: Path) -> dict[str, set[str]]:
    """The names of the rejected records by stream."""
    found: dict[str, set[str]] = {}
    for path in folder.glob("rejects/*.jsonl"):
        for line in path.read_text("utf-8").split("\n"):
            try:
                letter = json.loads(line)
            except ValueError:  # half a line, at which a run was killed
                continue
            found.setdefault(letter["stream"], set()).add(str(letter["record"].get("Name")))
    return found


def target_flaws(sandbox: Sandbox, folder: Path) -> Iterator[tuple[str, str]]:
    """What the tenant ought to have of the feed and has not, or has twice."""
    rejected = letters(folder)
    for stream, count in FED.items():
        if stream == REMOVED:
            there = {str(row["Name"]) for row in sandbox.tenant.rows(REMOVED)}
            if there & {f"n{number}" for number in range(count)}:
                yield "lost", f"deletions of {stream}"
            continue
        names = {_name(stream, number) for number in range(count)}
        yield from _held(sandbox, stream, names - _bad(stream))
        if good := rejected.get(stream, set()) & names - _bad(stream):
            yield "lost", f"{len(good)} good records of {stream} rejected"
        if unsaid := _bad(stream) - rejected.get(stream, set()):
            yield "lost", f"{len(unsaid)} dead letter of {stream}"


def _held(sandbox: Sandbox, stream: str, expected: set[str]) -> Iterator[tuple[str, str]]:
    field = {TIMELINE: "Subject", PERSON: "Email"}.get(stream, "Name")
    rows = list(sandbox.tenant.rows(stream))
    names = Counter(str(row[field]) for row in rows)
    if missing := expected - names.keys():
        yield "lost", f"{len(missing)} of {len(expected)} records of {stream}"
    if doubled := [name for name, times in names.items() if times > 1]:
        yield "doubled", f"{len(doubled)} records of {stream}"
    if stream in {PAGES, JOBS, INSERTED}:
        changed = [
            row
            for row in rows
            if row["Name"] in expected and row["Code__gc"] != f"new {str(row['Name'])[1:]}"
        ]
        if changed:
            yield "changed", f"{len(changed)} records of {stream}"


def pipe_flaws(source: Sandbox, target: Sandbox) -> Iterator[tuple[str, str]]:
    """What the one tenant has and the other has not, or otherwise, or twice."""
    for name in (JOBS, PAGES):
        wanted = {str(row["Gsid"]): row for row in source.tenant.rows(name)}
        yield from _compared(name, wanted, list(target.tenant.rows(name)))
    log = source.tenant.rows("record_delete_log")
    gone: dict[str, Any] = {str(row["RecordId"]): {} for row in log}
    yield from _compared("deleted_records", gone, list(target.tenant.rows(REMOVED)))


def _compared(
    name: str, wanted: dict[str, Any], rows: list[dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    names = Counter(str(row["Name"]) for row in rows)
    if missing := wanted.keys() - names.keys():
        yield "lost", f"{len(missing)} of {len(wanted)} rows of {name}"
    if doubled := [key for key, times in names.items() if times > 1]:
        yield "doubled", f"{len(doubled)} rows of {name}"
    held = {str(row["Name"]): row for row in rows}
    if changed := [
        key
        for key, row in wanted.items()
        if row and key in held and any(held[key][each] != row[each] for each in _COMPARED[1:])
    ]:
        yield "changed", f"{len(changed)} rows of {name}"


def _name(stream: str, number: int) -> str:
    if stream == TIMELINE:
        return f"Note {number}"
    return f"n{number}@acme.example" if stream == PERSON else f"n{number}"


def _bad(stream: str) -> set[str]:
    return {f"n{BAD[stream]}"} if stream in BAD else set()
