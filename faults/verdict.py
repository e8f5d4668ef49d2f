"""What is wrong after a cell's runs, by the tenant's own store and all that was written."""

from __future__ import annotations

import json
import re
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from faults.loads import PERSONS
from faults.phases import DELETE_LOG, OBJECT, TAP
from faults.tenants import SECRETS, truth_of
from gainsight_sandbox import CallKind, Effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.launching import Ended
    from faults.running import Rig

_ERROR = re.compile(r"\bERROR\b")
_JOB_UNKNOWN = {Effect.JOB_EXPIRED, Effect.ODD_STATUS, Effect.CLOCK_TURNED}
"""What leaves a job of which it cannot be told whether it was done."""
_SUBMITS = {CallKind.EXPORT_SUBMIT, CallKind.IMPORT_SUBMIT}


def flaws(rig: Rig) -> list[str]:
    """All that is wrong, in words."""
    found = [*_ends(rig), *_secrets(rig), *_jobs(rig)]
    rows = _tap_rows(rig) if rig.cell.phase.connector == TAP else _target_rows(rig)
    return [*found, *rows]


def last_line(done: Ended) -> str:
    """What a command said last."""
    return done.err.rstrip("\n").rpartition("\n")[2]


def unanswered_submissions(rig: Rig) -> int:
    """Submissions whose reply never arrived, as far as the fault has it."""
    phase, mishap = rig.cell.phase, rig.cell.mishap
    lost = phase.kind in _SUBMITS and not mishap.answers and not mishap.refuses
    return rig.fault.struck if lost else 0


def _ends(rig: Rig) -> Iterator[str]:
    if rig.ended[-1].status:
        yield f"never done: {last_line(rig.ended[-1])}"
    for done in rig.ended:
        if "Traceback" in done.err or "Traceback" in done.out:
            yield f"a traceback: {last_line(done)}"
        if done.status not in {0, 1}:
            yield f"exit status {done.status}"
        if done.status and not _ERROR.search(last_line(done)):
            yield f"the last line is no error: {last_line(done)!r}"


def _secrets(rig: Rig) -> Iterator[str]:
    texts = {f"output of run {n}": done.out + done.err for n, done in enumerate(rig.ended, 1)}
    for path in rig.folder.rglob("*"):
        if path.is_file() and path.name != "config.json":
            texts[path.name] = path.read_bytes().decode("utf-8", "replace")
    for place, text in texts.items():
        if any(secret in text for secret in SECRETS):
            yield f"a secret in {place}"


def _jobs(rig: Rig) -> Iterator[str]:
    """Jobs beyond the one that the run needs: each must have a reason in the fault."""
    taken = {HTTPStatus.OK, 0}  # 0 is no reply at all
    submitted = sum(
        entry.kind in _SUBMITS and entry.status in taken for entry in list(rig.sandbox.log)
    )
    needed = _streams(rig)
    refused = rig.cell.mishap.settings.get("status", HTTPStatus.OK) != HTTPStatus.OK
    reasons = 0 if refused else unanswered_submissions(rig)
    if rig.cell.mishap.refuses:  # one that is gone is submitted anew, once in a run
        reasons += min(rig.fault.struck, 2 * len(rig.ended))
    if submitted - reasons > needed:
        yield f"{submitted} jobs paid for, of which {needed} needed and {reasons} explained"


def _streams(rig: Rig) -> int:
    """How many jobs a run needs."""
    phase = rig.cell.phase
    if phase.connector == TAP:
        streams = 2 if rig.cell.mishap.effect is Effect.OBJECT_DELETED else 1
        return streams if phase.settings["extract_method"] == "bulk" else 0
    return 1 if phase.settings["load_mode"] == "bulk" else 0


def _tap_rows(rig: Rig) -> Iterator[str]:
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
            yield f"{doubled} rows doubled in run {number}"
    rows = {str(row["Gsid"]): row for row in tenant.rows(OBJECT)}
    yield from _compared(OBJECT, rows, got.get(OBJECT, {}))
    logged: dict[str, dict[str, Any]] = {
        str(row["RecordId"]): {} for row in tenant.rows(DELETE_LOG)
    }
    yield from _compared("deleted_records", logged, got.get("deleted_records", {}))


def _compared(
    name: str, rows: dict[str, dict[str, Any]], got: dict[str, dict[str, Any]]
) -> Iterator[str]:
    if missing := rows.keys() - got.keys():
        yield f"{len(missing)} of {len(rows)} rows of {name} missing"
    if strange := got.keys() - rows.keys():
        yield f"{len(strange)} rows of {name} that the tenant does not have"
    compared = ("Name", "Code__gc", "Size__gc")
    changed = [
        key
        for key in rows.keys() & got.keys()
        if any(field in rows[key] and got[key].get(field) != rows[key][field] for field in compared)
    ]
    if changed:
        yield f"{len(changed)} rows of {name} changed"


def _target_rows(rig: Rig) -> Iterator[str]:
    phase, truth, load = rig.cell.phase, truth_of(rig.cell), rig.cell.phase.load
    quirks = rig.sandbox.quirks
    rig.sandbox.clock.sleep(abs(rig.fault.seconds) if phase.deletes else 0)
    rig.sandbox.clock.sleep(max(quirks.delete_seconds, quirks.timeline_seconds))
    rows = list(rig.sandbox.tenant.rows(load.object))
    names = Counter(str(row[load.named_by]) for row in rows)
    values = {str(row[load.named_by]): row[load.value] for row in rows}
    letters = _letters(rig)
    if missing := truth.values.keys() - values.keys() - letters:
        yield f"{len(missing)} of {len(truth.values)} records missing"
    if strange := values.keys() - truth.values.keys() - letters:
        yield f"{len(strange)} records that ought not to be there"
    shared = values.keys() & truth.values.keys()
    if changed := [name for name in shared - letters if values[name] != truth.values[name]]:
        yield f"{len(changed)} records with another value"
    doubled = sum(count > 1 for count in names.values())
    # An insert that is sent again, and a job of which nothing is known any more.
    forgotten = rig.cell.mishap.effect in _JOB_UNKNOWN
    may_double = (phase.inserts or forgotten) and len(rig.ended) > 1
    if doubled and not may_double:
        yield f"{doubled} records doubled"
    if load is PERSONS:
        yield from _links(rig)
    # What is twice not written, nor confirmed, is rejected; so is what is not deleted, by its word.
    good = set() if _by_word(rig) else letters - truth.rejected
    if good:
        yield f"{len(good)} good records rejected"
    if not rig.ended[-1].status and (bad := truth.rejected - letters):
        yield f"{len(bad)} bad record without a dead letter"


def _links(rig: Rig) -> Iterator[str]:
    """What is wrong with the persons' links to the company, of which each has one."""
    links = Counter(str(row["Person_ID"]) for row in rig.sandbox.tenant.rows("company_person"))
    doubled = sum(count > 1 for count in links.values())
    if doubled:
        yield f"{doubled} links of persons doubled"
    good = truth_of(rig.cell).values.keys() - _letters(rig)
    if len(links) < len(good):
        yield f"{len(good) - len(links)} links of persons missing"


def _by_word(rig: Rig) -> bool:
    """Whether it is by Gainsight's own word about a record alone that it is not written."""
    phase, mishap = rig.cell.phase, rig.cell.mishap
    lasting = rig.cell.strikes is None
    if mishap.effect is Effect.SKIPPED or (
        # What its update has written, a query of a call to action need not show.
        mishap.effect is Effect.UNCONFIRMED and phase.kind is CallKind.CTA_UPDATE
    ):
        return lasting
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
