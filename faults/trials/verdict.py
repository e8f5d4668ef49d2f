"""What is wrong after a cell's runs, by the tenant's own store and all that was written."""

from __future__ import annotations

import base64
import re
import signal
from http import HTTPStatus
from typing import TYPE_CHECKING

from faults.mishaps import GATEWAY_CODE
from faults.phases import TAP
from faults.trials.flaws import Flaw, Kind
from faults.trials.rows import tap_rows, target_rows
from faults.trials.stores import PASSWORD
from faults.trials.tenants import CREDENTIALS
from gainsight_sandbox import CallKind, Effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.mishaps import Mishap
    from faults.trials.launching import Ended
    from faults.trials.rig import Rig

_ERROR = re.compile(r"\bERROR\b")
_SUBMITS = {CallKind.EXPORT_SUBMIT, CallKind.IMPORT_SUBMIT}
_KILLED = {-signal.SIGKILL, 128 + signal.SIGTERM}
_PAIR = f"{CREDENTIALS.client_id}:{CREDENTIALS.client_secret}"
SECRETS = {
    "the access key": CREDENTIALS.access_key,
    "the bulk key": str(CREDENTIALS.bulk_access_key),
    "the OAuth client": CREDENTIALS.client_id,
    "the OAuth secret": CREDENTIALS.client_secret,
    "the OAuth pair, encoded": base64.b64encode(_PAIR.encode()).decode(),
    "the quota store's password": PASSWORD,
}


def flaws(rig: Rig) -> list[Flaw]:
    """All that is wrong, in words."""
    rows = tap_rows if rig.cell.phase.connector == TAP else target_rows
    return [*_ends(rig), *_secrets(rig), *_jobs(rig), *rows(rig)]


def last_line(done: Ended) -> str:
    """What a command said last."""
    return done.err.rstrip("\n").rpartition("\n")[2]


def unanswered_submissions(rig: Rig) -> int:
    """Submissions whose reply never arrived, as far as the mishap has it."""
    phase, mishap = rig.cell.phase, rig.cell.mishap
    if phase.kind not in _SUBMITS:
        return 0
    lost = mishap.kills is not None
    if mishap.effect is not None:
        lost = not mishap.answers and not mishap.refuses
    return rig.struck if lost else 0


def _ends(rig: Rig) -> Iterator[Flaw]:
    if rig.ended[-1].status:
        yield Flaw(Kind.LOST, f"never done: {last_line(rig.ended[-1])}")
    for number, done in enumerate(rig.ended, 1):
        if "Traceback" in done.err or "Traceback" in done.out:
            yield Flaw(Kind.EXIT, f"a traceback: {last_line(done)}")
        if number == 1 and rig.cell.mishap.kills is not None and done.status in _KILLED:
            continue
        if done.status not in {0, 1}:
            yield Flaw(Kind.EXIT, f"exit status {done.status}")
        if done.status and not _ERROR.search(last_line(done)):
            yield Flaw(Kind.EXIT, f"the last line is no error: {last_line(done)!r}")


def _secrets(rig: Rig) -> Iterator[Flaw]:
    texts = {f"output of run {n}": done.out + done.err for n, done in enumerate(rig.ended, 1)}
    texts["a command"] = "\n".join(rig.strike.commands)
    if rig.server is not None and rig.server.is_there:
        texts["the quota store"] = rig.server.content()
    for path in rig.folder.rglob("*"):
        if path.is_file() and path.name != "config.json":
            texts[path.name] = path.read_bytes().decode("utf-8", "replace")
    secrets = SECRETS | {f"token {n}": text for n, text in enumerate(rig.sandbox.gate.given, 1)}
    for place, text in texts.items():
        for what, secret in secrets.items():
            if secret in text:
                yield Flaw(Kind.SECRET, f"{what} in {place}")


def _jobs(rig: Rig) -> Iterator[Flaw]:
    """Jobs beyond the one that the run needs: each must have a reason in the mishap."""
    taken = {HTTPStatus.OK, 0}  # 0 is no reply at all
    submitted = sum(
        entry.kind in _SUBMITS and entry.status in taken for entry in list(rig.sandbox.log)
    )
    mishap, needed = rig.cell.mishap, _streams(rig)
    refused = mishap.settings.get("status", HTTPStatus.OK) != HTTPStatus.OK
    reasons = 0 if refused else unanswered_submissions(rig)
    if mishap.refuses:  # one that is gone is submitted anew, once in a run
        reasons += min(rig.struck, 2 * len(rig.ended))
    if rig.cell.phase.connector == TAP and _gateway_refuses(mishap):
        # A run leaves the job of one before it where it is refused, by whomever.
        reasons += len(rig.ended) - 1
    if rig.cell.phase.data_job or (mishap.server and _is_upsert_job(rig)):
        # The job was done, or cannot be asked for by name, when its run failed.
        reasons += len(rig.ended) - 1
    if mishap.reading is not None and mishap.reading.refused:
        # A run that another stream has ended had done its job; and a tap may be told to use one.
        reasons += len(rig.ended)
    if submitted - reasons > needed:
        text = f"{submitted} jobs paid for, of which {needed} needed and {reasons} explained"
        yield Flaw(Kind.PAID_TWICE, text)


def _gateway_refuses(mishap: Mishap) -> bool:
    status: int = mishap.settings.get("status", 0)
    if mishap.settings.get("code") != GATEWAY_CODE or status == HTTPStatus.TOO_MANY_REQUESTS:
        return False
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def _is_upsert_job(rig: Rig) -> bool:
    settings = rig.cell.phase.settings
    return settings.get("load_mode") == "bulk" and settings["operation"] == "upsert"


def _streams(rig: Rig) -> int:
    """How many jobs a run needs."""
    phase = rig.cell.phase
    if phase.connector == TAP:
        streams = 2 if rig.cell.mishap.effect is Effect.OBJECT_DELETED else 1
        return streams if phase.settings["extract_method"] == "bulk" else 0
    return 1 if phase.settings["load_mode"] == "bulk" else 0
