"""One cell: its run, the reruns of a scheduler, and what is wrong in the end."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faults import verdict
from faults.launching import Ended, launch
from faults.phases import OBJECT, TAP
from faults.tenants import CREDENTIALS, FEW_CALLS, messages, tenant_for
from gainsight_sandbox import Effect, ManualClock

if TYPE_CHECKING:
    from faults.cells import Cell
    from gainsight_sandbox import Fault, Sandbox

MOST_RUNS = 3
"""A run and its reruns; what lasts is mended before the last."""
_SECONDS_BETWEEN_RUNS = 120
_MEMORY = "/dev/shm"  # noqa: S108 - where it is, folders of random names are made in it


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a cell.

    Attributes:
        name: The cell's name.
        phase: Its phase.
        mishap: Its fault.
        lasting: Whether it struck each time.
        runs: The runs' exit statuses.
        strikes: How often it struck.
        flaws: What was wrong, in words; nothing, if all was well.
        unanswered: Submissions whose reply never arrived.
        last_line: What the first run that failed said at its end.
        seconds: How long it took.
    """

    name: str
    phase: str
    mishap: str
    lasting: bool
    runs: tuple[int, ...]
    strikes: int
    flaws: tuple[str, ...]
    unanswered: int
    last_line: str
    seconds: float


@dataclass(slots=True)
class Rig:
    """A cell's tenant and folder, and the runs that there were.

    Attributes:
        cell: The cell.
        sandbox: Its tenant.
        folder: Where its runs keep their files.
        fault: What strikes.
        ended: How the runs ended.
    """

    cell: Cell
    sandbox: Sandbox
    folder: Path
    fault: Fault
    ended: list[Ended] = field(default_factory=list)

    def run(self, *, real: bool) -> int:
        """Run the connector once, with what the runs before it have left."""
        arguments = ["--config", str(self._settings(real=real))]
        state = self._last_state()
        if self.cell.phase.connector == TAP:
            if state is not None:
                arguments += ["--state", str(self._file("state.json", json.dumps(state)))]
        else:
            fed = messages(self.cell, after=state["done"] if state else 0)
            lines = "".join(json.dumps(message) + "\n" for message in fed)
            arguments += ["--input", str(self._file("input.jsonl", lines))]
        done = launch(self.sandbox, self.cell.phase.connector, self.folder, arguments, real=real)
        self.ended.append(done)
        return done.status

    def mend(self) -> None:
        """Somebody has noticed, and put it right."""
        self.sandbox.faults.clear()
        self.sandbox.gate.revoked = False
        self.sandbox.release_jobs()

    def _last_state(self) -> Any:
        tap = self.cell.phase.connector == TAP
        for done in reversed(self.ended):
            states = [
                m["value"] if tap else m for m in done.messages if not tap or m["type"] == "STATE"
            ]
            if states:
                return states[-1]
        return None

    def _settings(self, *, real: bool) -> Path:
        phase = self.cell.phase
        few = self.cell.mishap.effect is Effect.WINDOWS_SHIFTED
        settings: dict[str, Any] = {
            "domain": self.sandbox.url,
            "quota_store": str(self.folder / "quota.sqlite"),
            "sync_calls_per_minute": FEW_CALLS if few else 10**6,
            "sync_calls_per_day": 10**6,
            "max_retries": 2,
            "request_timeout": 1.0,
            "job_poll_interval": 0.2,
            "job_timeout": 20 if real else 600,
            "max_quota_wait": 5 if real else 3600,
        }
        if phase.oauth:
            settings["oauth_client_id"] = CREDENTIALS.client_id
            settings["oauth_client_secret"] = CREDENTIALS.client_secret
        else:
            settings["access_key"] = CREDENTIALS.access_key
        if phase.connector == TAP:
            zoo = ["zoo__gc"] if self.cell.mishap.effect is Effect.OBJECT_DELETED else []
            settings |= {"objects": [OBJECT, *(f"{name[:-1]}*" for name in zoo)], **phase.settings}
        else:
            own = dict(phase.settings)
            settings["deletes"] = own.pop("deletes", "ignore")
            settings |= {"max_rejects": 1, "rest_batch_size": 5, "rejects_path": "rejects", **own}
            if phase.load.lookups:
                settings["streams"] = [{"name": phase.load.object, "lookups": phase.load.lookups}]
        return self._file("config.json", json.dumps(settings))

    def _file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def begin_worker() -> None:
    """What threads of a run still have to say after its end is nobody's; and files cost nothing."""
    if os.access(_MEMORY, os.W_OK):
        tempfile.tempdir = _MEMORY
    logging.lastResort = None
    logging.getLogger().addHandler(logging.NullHandler())


def run_cell(cell: Cell, *, real: bool = False) -> Result:
    """Run a cell, and ask its tenant what is true."""
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        tenant_for(cell, real=real) as sandbox,
    ):
        fault = cell.mishap.fault(cell.phase, cell.strikes)
        rig = Rig(cell, sandbox, Path(folder), fault)
        sandbox.faults.add(fault)
        for number in range(1, MOST_RUNS + 1):
            if number == MOST_RUNS:
                rig.mend()
            if rig.run(real=real) == 0:
                break
            if isinstance(sandbox.clock, ManualClock):
                sandbox.clock.advance(_SECONDS_BETWEEN_RUNS)
        flaws = verdict.flaws(rig)
        unanswered = verdict.unanswered_submissions(rig)
    return Result(
        name=cell.name,
        phase=cell.phase.name,
        mishap=cell.mishap.name,
        lasting=cell.strikes is None,
        runs=tuple(done.status for done in rig.ended),
        strikes=fault.struck,
        flaws=tuple(flaws),
        unanswered=unanswered,
        last_line=next((verdict.last_line(done) for done in rig.ended if done.status), ""),
        seconds=time.monotonic() - started,
    )
