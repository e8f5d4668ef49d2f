"""The tenant of a cell, and what it ought to hold in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from faults.mishaps import ROWS, START
from faults.phases import DELETE_LOG, LISTED, OBJECT, RECORDS, TAP
from faults.trials.loads import BAD, COMPANY, RELATIONSHIPS, THINGS
from gainsight_sandbox import (
    Credentials,
    DataType,
    Effect,
    Field,
    Hooks,
    JobSettings,
    Limits,
    ManualClock,
    ObjectSchema,
    Quirks,
    Sandbox,
    SystemClock,
)
from gainsight_sandbox.tenant.tenant import delete_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.cells import Cell
    from faults.phases import Phase
    from gainsight_sandbox.tenant.tenant import Tenant

CHUNK_ROWS, PAGE_ROWS = 10, 10
DELETED = 3
OLD = "old"
"""The value of the records that are in the tenant before."""
CREDENTIALS = Credentials(
    "key-that-no-output-may-hold",
    "client-that-no-output-may-hold",
    "secret-to-be-kept",
    "bulk-key-to-be-kept",
)
DATA_JOB = "job-of-an-admin"
"""What an admin has set up, for import jobs of the connector's API."""
FEW_CALLS = 5
"""What a limit lets through in a minute, where its windows matter."""


def _schema(name: str, prefix: str) -> ObjectSchema:
    return ObjectSchema(
        name,
        (
            Field("Gsid", DataType.GSID, read_only=True),
            Field("Name"),
            Field("Code__gc", length=THINGS.longest),
            Field("Size__gc", DataType.NUMBER),
            Field("CreatedDate", DataType.DATETIME, read_only=True),
            Field("ModifiedDate", DataType.DATETIME, read_only=True),
        ),
        key_prefix=prefix,
    )


def _rows(count: int, prefix: str, code: str) -> Iterator[dict[str, Any]]:
    first = datetime.fromtimestamp(START, UTC) - timedelta(days=10)
    for number in range(count):
        moment = first + timedelta(seconds=number)
        yield {
            "Gsid": f"{prefix}{number:032}",
            "Name": f"n{number}",
            "Code__gc": code,
            "Size__gc": number,
            "CreatedDate": moment,
            "ModifiedDate": moment,
        }


def tenant_for(cell: Cell, hooks: Hooks, *, real: bool) -> Sandbox:
    """A tenant that waits for the cell's run; with real time, or one that passes by itself."""
    few = cell.mishap.effect is Effect.WINDOWS_SHIFTED
    own_api, reading = cell.phase.load.own_api, cell.mishap.reading
    sandbox = Sandbox(
        demo=own_api,
        empty=own_api,
        clock=SystemClock() if real else ManualClock(START),
        jobs=JobSettings(chunk_rows=CHUNK_ROWS),
        credentials=CREDENTIALS,
        limits=Limits(sync_per_minute=FEW_CALLS) if few else Limits(10**6, 10**6),
        quirks=Quirks(**({reading.quirk: reading.value} if reading else {})),
        hooks=hooks,
    )
    if cell.phase.connector == TAP:
        _fill_for_tap(sandbox.tenant)
    elif own_api:
        _fill_own(sandbox.tenant, cell.phase)
    else:
        for load, prefix in ((THINGS, "1T01"), (RELATIONSHIPS, "1P05")):
            there = cell.phase.there if load == cell.phase.load else 0
            sandbox.tenant.add_object(_schema(load.object, prefix), _rows(there, prefix, OLD))
        if cell.phase.data_job:
            sandbox.data_jobs.add(OBJECT, "UPSERT", ("Name",), DATA_JOB)
    return sandbox


def _fill_for_tap(tenant: Tenant) -> None:
    tenant.add_object(_schema(LISTED, "1S01"), _rows(DELETED, "1S01", "listed"))
    tenant.delete(LISTED, listed_deletions())
    tenant.delete_object(DELETE_LOG)  # its list alone is to have them
    tenant.add_object(delete_log(DELETE_LOG))
    tenant.add_object(_schema(OBJECT, "1T01"), _rows(ROWS + DELETED, "1T01", "code"))
    tenant.add_object(_schema("zoo__gc", "1Z01"), _rows(2, "1Z01", "zoo"))
    tenant.delete(OBJECT, [f"1T01{number:032}" for number in range(ROWS, ROWS + DELETED)])


def listed_deletions() -> list[str]:
    """The records that only their object's own list of deleted ones has."""
    return [f"1S01{number:032}" for number in range(DELETED)]


def _fill_own(tenant: Tenant, phase: Phase) -> None:
    """Fill a tenant of the demo's objects for one that has an API of its own."""
    load = phase.load
    tenant.insert("company", {"Name": COMPANY})
    for number in range(phase.there):
        named = {**load.names(number), load.value: OLD}
        tenant.insert(load.object, {**named, **load.there})


@dataclass(slots=True)
class Truth:
    """What the target's object ought to hold: each name's value, once."""

    values: dict[str, str] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)


def truth_of(cell: Cell) -> Truth:
    """What a target's run must come to."""
    phase, load = cell.phase, cell.phase.load
    there = range(phase.there)
    if phase.deletes:
        return Truth({load.name(number): OLD for number in there if number >= RECORDS})
    values = {load.name(number): OLD for number in there}
    bad = bad_of(phase)
    values |= {load.name(number): f"new {number}" for number in range(RECORDS) if number not in bad}
    return Truth(values, {load.name(number) for number in bad})


def bad_of(phase: Phase) -> set[int]:
    """The numbers of the records that Gainsight must refuse.

    A job that an admin has set up tells only how many it has refused, and has none.
    """
    return set() if phase.data_job else {BAD}


def messages(cell: Cell, after: int = 0) -> list[dict[str, Any]]:
    """What the target is fed that has the STATE `after`: a STATE after every fourth record."""
    load = cell.phase.load
    names = [*load.record(0, ""), "_sdc_deleted_at"]
    found: list[dict[str, Any]] = [
        {
            "type": "SCHEMA",
            "stream": load.object,
            "schema": {"type": "object", "properties": {name: {} for name in names}},
            "key_properties": [load.named_by],
        }
    ]
    for number in range(after, RECORDS):
        is_bad = number in bad_of(cell.phase)
        value = "x" * (load.longest + 1) if is_bad else f"new {number}"
        deleted = cell.phase.deletes
        record = load.deletion(number) if deleted else load.record(number, value)
        record |= load.bad if is_bad else {}
        found.append({"type": "RECORD", "stream": load.object, "record": record})
        if number % 4 == 3:  # noqa: PLR2004 - as the docstring has it
            found.append({"type": "STATE", "value": {"done": number + 1}})
    return found
