"""The tenant of a cell, and what it ought to hold in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from faults.mishaps import START
from faults.phases import OBJECT, RECORDS, TAP, UPSERTED
from gainsight_sandbox import (
    Credentials,
    DataType,
    Effect,
    Field,
    JobSettings,
    Limits,
    ManualClock,
    ObjectSchema,
    Sandbox,
    SystemClock,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.cells import Cell

ROWS, CHUNK_ROWS, PAGE_ROWS = 30, 10, 10
DELETED = 3
CREDENTIALS = Credentials("key-that-no-output-may-hold", "some-client", "secret-to-be-kept")
SECRETS = (CREDENTIALS.access_key, CREDENTIALS.client_secret)
BAD = 5
"""The number of the record that Gainsight must refuse."""
LONGEST_CODE = 10
FEW_CALLS = 5
"""What a limit lets through in a minute, where its windows matter."""


def _schema(name: str, prefix: str) -> ObjectSchema:
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


def tenant_for(cell: Cell, *, real: bool) -> Sandbox:
    """A tenant that waits for the cell's run; with real time, or one that passes by itself."""
    few = cell.mishap.effect is Effect.WINDOWS_SHIFTED
    limits = Limits(sync_per_minute=FEW_CALLS) if few else Limits(10**6, 10**6)
    sandbox = Sandbox(
        demo=False,
        clock=SystemClock() if real else ManualClock(START),
        jobs=JobSettings(chunk_rows=CHUNK_ROWS),
        credentials=CREDENTIALS,
        limits=limits,
    )
    tenant = sandbox.tenant
    if cell.phase.connector == TAP:
        tenant.add_object(_schema(OBJECT, "1T01"), _rows(ROWS + DELETED, "1T01", "code"))
        tenant.add_object(_schema("zoo__gc", "1Z01"), _rows(2, "1Z01", "zoo"))
        tenant.delete(OBJECT, [f"1T01{number:032}" for number in range(ROWS, ROWS + DELETED)])
    else:
        for name, prefix in ((OBJECT, "1T01"), (UPSERTED, "1P05")):
            there = cell.phase.there if name == cell.phase.target_object else 0
            tenant.add_object(_schema(name, prefix), _rows(there, prefix, "old"))
    return sandbox


@dataclass(slots=True)
class Truth:
    """What the target's object ought to hold: each name's code, once."""

    codes: dict[str, str] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)


def truth_of(cell: Cell) -> Truth:
    """What a target's run must come to."""
    phase = cell.phase
    codes = {f"n{number}": "old" for number in range(phase.there)}
    if phase.deletes:
        return Truth({name: code for name, code in codes.items() if int(name[1:]) >= RECORDS})
    for number in range(RECORDS):
        if number != BAD:
            codes[f"n{number}"] = f"new {number}"
    return Truth(codes, {f"n{BAD}"})


def messages(cell: Cell, after: int = 0) -> list[dict[str, Any]]:
    """What the target is fed that has the STATE `after`: a STATE after every fourth record."""
    names = ["Name", "Code__gc", "Size__gc", "_sdc_deleted_at"]
    found: list[dict[str, Any]] = [
        {
            "type": "SCHEMA",
            "stream": cell.phase.target_object,
            "schema": {"type": "object", "properties": {name: {} for name in names}},
            "key_properties": ["Name"],
        }
    ]
    for number in range(after, RECORDS):
        code = "far too long a code" if number == BAD else f"new {number}"
        record: dict[str, Any] = {"Name": f"n{number}", "Code__gc": code, "Size__gc": number}
        if cell.phase.deletes:
            record = {"Name": f"n{number}", "_sdc_deleted_at": "2025-06-01T00:00:00Z"}
        found.append({"type": "RECORD", "stream": cell.phase.target_object, "record": record})
        if number % 4 == 3:  # noqa: PLR2004 - as the docstring has it
            found.append({"type": "STATE", "value": {"done": number + 1}})
    return found
