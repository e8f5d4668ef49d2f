"""What is wrong with the rows that a cell's runs have brought, or have loaded."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from faults.phases import DELETE_LOG, DELETED_RECORDS, OBJECT
from faults.trials.flaws import Flaw, Kind
from faults.trials.loads import PERSONS
from faults.trials.tenants import listed_deletions, truth_of
from gainsight_sandbox import CallKind, Effect, ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.trials.rig import Rig

_JOB_UNKNOWN = {Effect.JOB_EXPIRED, Effect.ODD_STATUS, Effect.CLOCK_TURNED}
"""What leaves a job of which it cannot be told whether it was done."""


def tap_rows(rig: Rig) -> Iterator[Flaw]:
    """Compare what a tap has written with what its tenant holds."""
    tenant = rig.sandbox.tenant
    got: dict[str, dict[str, dict[str, Any]]] = {}
    for number, done in enumerate(rig.ended, 1):
        once: Counter[tuple[str, str]] = Counter()
        for message in done.messages:
            if message["type"] == "RECORD":
                stream, record = message["stream"], message["record"]
                key = record.get("Gsid") or record.get("RecordId")
                once[stream, key] += 1
                got.setdefault(stream, {})[key] = record
        doubled = sum(count > 1 for count in once.values())
        if doubled and not done.status:  # one that failed is made good by rows that come again
            yield Flaw(Kind.DOUBLED, f"{doubled} rows doubled in run {number}")
    rows = {str(row["Gsid"]): row for row in tenant.rows(OBJECT)}
    yield from _compared(OBJECT, rows, got.get(OBJECT, {}))
    if rig.deselected == DELETED_RECORDS:
        return
    logged: dict[str, dict[str, Any]] = {
        str(row["RecordId"]): {} for row in tenant.rows(DELETE_LOG)
    }
    if {**rig.cell.phase.settings, **rig.told}.get("deleted_lists"):
        logged |= {key: {} for key in listed_deletions()}
    yield from _compared(DELETED_RECORDS, logged, got.get(DELETED_RECORDS, {}))


def _compared(
    name: str, rows: dict[str, dict[str, Any]], got: dict[str, dict[str, Any]]
) -> Iterator[Flaw]:
    if missing := rows.keys() - got.keys():
        yield Flaw(Kind.LOST, f"{len(missing)} of {len(rows)} rows of {name} missing")
    if strange := got.keys() - rows.keys():
        yield Flaw(Kind.CHANGED, f"{len(strange)} rows of {name} that the tenant does not have")
    compared = ("Name", "Code__gc", "Size__gc")
    changed = [
        key
        for key in rows.keys() & got.keys()
        if any(field in rows[key] and got[key].get(field) != rows[key][field] for field in compared)
    ]
    if changed:
        yield Flaw(Kind.CHANGED, f"{len(changed)} rows of {name} changed")


def target_rows(rig: Rig) -> Iterator[Flaw]:
    """Compare what a target was given with what its tenant holds."""
    phase, truth, load = rig.cell.phase, truth_of(rig.cell), rig.cell.phase.load
    quirks = rig.sandbox.quirks
    if rig.fault and isinstance(rig.sandbox.clock, ManualClock):
        rig.sandbox.clock.advance(abs(rig.fault.seconds))
    rig.sandbox.clock.sleep(max(quirks.delete_seconds, quirks.timeline_seconds))
    rows = list(rig.sandbox.tenant.rows(load.object))
    names = Counter(str(row[load.named_by]) for row in rows)
    values = {str(row[load.named_by]): row[load.value] for row in rows}
    letters = _letters(rig)
    if missing := truth.values.keys() - values.keys() - letters:
        yield Flaw(Kind.LOST, f"{len(missing)} of {len(truth.values)} records missing")
    if strange := values.keys() - truth.values.keys() - letters:
        yield Flaw(Kind.DOUBLED, f"{len(strange)} records that ought not to be there")
    shared = values.keys() & truth.values.keys()
    if changed := [name for name in shared - letters if values[name] != truth.values[name]]:
        yield Flaw(Kind.CHANGED, f"{len(changed)} records with another value")
    doubled = sum(count > 1 for count in names.values())
    # An insert that is sent again, and a job of which nothing is known any more.
    forgotten = rig.cell.mishap.effect in _JOB_UNKNOWN
    may_double = (phase.inserts or forgotten) and len(rig.ended) > 1
    if doubled and not may_double:
        yield Flaw(Kind.DOUBLED, f"{doubled} records doubled")
    if load == PERSONS:
        yield from _links(rig)
    # What is twice not written, nor confirmed, is rejected; so is what is not deleted, by its word.
    good = set() if _by_word(rig) else letters - truth.rejected
    if good:
        yield Flaw(Kind.BLAMED, f"{len(good)} good records rejected")
    if not rig.ended[-1].status and (bad := truth.rejected - letters):
        yield Flaw(Kind.LOST, f"{len(bad)} bad record without a dead letter")


def _links(rig: Rig) -> Iterator[Flaw]:
    """What is wrong with the persons' links to the company, of which each has one."""
    links = Counter(str(row["Person_ID"]) for row in rig.sandbox.tenant.rows("company_person"))
    doubled = sum(count > 1 for count in links.values())
    if doubled:
        yield Flaw(Kind.DOUBLED, f"{doubled} links of persons doubled")
    good = truth_of(rig.cell).values.keys() - _letters(rig)
    if len(links) < len(good):
        yield Flaw(Kind.LOST, f"{len(good) - len(links)} links of persons missing")


def _by_word(rig: Rig) -> bool:
    """Whether it is by Gainsight's own word about a record alone that it is not written."""
    phase, mishap = rig.cell.phase, rig.cell.mishap
    lasting = rig.cell.strikes is None
    if mishap.effect is Effect.SKIPPED or (
        # What its update has written, a query of a call to action need not show.
        mishap.effect is Effect.UNCONFIRMED and phase.kind is CallKind.CTA_UPDATE
    ):
        return lasting
    if mishap.effect is Effect.FIELD_DELETED:  # until the next run leaves the field out
        return True
    # A call of one record, among others that were done.
    among_others = phase.skip > 0 or phase.one_by_one or (phase.deletes and not lasting)
    return among_others and mishap.refuses


def _letters(rig: Rig) -> set[str]:
    """The names of the records that were rejected in any run."""
    return {
        str(json.loads(line)["record"][rig.cell.phase.load.named_by])
        for path in rig.folder.glob("rejects/*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
