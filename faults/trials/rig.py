"""A cell's tenant, folder and settings, and the runs that there were."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from faults.phases import OBJECT, TAP
from faults.trials.launching import Ended, launch
from faults.trials.tenants import CREDENTIALS, DATA_JOB, FEW_CALLS, messages
from gainsight_sandbox import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from faults.cells import Cell
    from faults.strikes import Strike
    from faults.trials.stores import StoreServer
    from gainsight_sandbox import Fault, Sandbox


@dataclass(slots=True)
class Rig:
    """All that a cell's runs have to do with.

    Attributes:
        cell: The cell.
        sandbox: Its tenant.
        folder: Where its runs keep their files.
        fault: What strikes in the sandbox, if that is where it does.
        strike: What strikes elsewhere.
        server: The server that holds the quota store; None if that is a file.
        ended: How the runs ended.
        pid: The run's process, if it has one of its own.
        mended: Whether what lasts has been mended.
    """

    cell: Cell
    sandbox: Sandbox
    folder: Path
    fault: Fault | None
    strike: Strike
    server: StoreServer | None = None
    ended: list[Ended] = field(default_factory=list)
    pid: int | None = None
    mended: bool = False

    def run(self, *, real: bool) -> int:
        """Run the connector once, with what the runs before it have left."""
        arguments = ["--config", str(self._settings(real=real))]
        state = self._last_state()
        if self.cell.phase.connector == TAP:
            if state is not None:
                arguments += ["--state", str(self._file("state.json", json.dumps(state)))]
            if self.deselected is not None:
                arguments += ["--catalog", str(self._catalog(arguments[:2], real=real))]
        else:
            fed = messages(self.cell, after=state["done"] if state else 0)
            lines = "".join(json.dumps(message) + "\n" for message in fed)
            arguments += ["--input", str(self._file("input.jsonl", lines))]
        real = real or (self.cell.mishap.kills is not None and not self.ended)
        done = self._launched(arguments, real=real)
        self.ended.append(done)
        return done.status

    @property
    def told(self) -> Mapping[str, Any]:
        """What the connector is told of how its tenant reads the documents."""
        reading = self.cell.mishap.reading
        return {} if reading is None or (reading.refused and not self.mended) else reading.told

    @property
    def deselected(self) -> str | None:
        """The stream of the tap's that somebody has left out."""
        reading = self.cell.mishap.reading
        return reading.deselected if reading and self.mended else None

    def _catalog(self, config: list[str], *, real: bool) -> Path:
        """A catalog without that stream."""
        catalog = json.loads(self._launched([*config, "--discover"], real=real).out)
        for stream in catalog["streams"]:
            selected = stream["tap_stream_id"] != self.deselected
            whole = [each for each in stream["metadata"] if not each["breadcrumb"]]
            whole[0]["metadata"]["selected"] = selected
        return self._file("catalog.json", json.dumps(catalog))

    def _launched(self, arguments: list[str], *, real: bool) -> Ended:
        place = self.folder, self.sandbox
        return launch(self.cell.phase.connector, place, arguments, real=real, begun=self._begun)

    def prepare(self) -> None:
        """Let what is to go wrong go wrong."""
        mishap = self.cell.mishap
        if self.fault is not None:
            self.sandbox.faults.add(self.fault)
        if self.server is not None:
            if not mishap.store_is_away:
                self.server.start()
            self.strike.deed = self.server.restart if mishap.restarts else self.server.stop
        if mishap.kills is not None:
            self.strike.deed = self._kill

    def lose(self) -> None:
        """Lose what a run has left, where a cell has it so: as if the next were elsewhere."""
        if self.cell.mishap.loses_store:
            for path in self.folder.glob("quota.sqlite*"):
                path.unlink()

    def mend(self) -> None:
        """Somebody has noticed, and put it right."""
        self.mended = True
        self.sandbox.faults.clear()
        self.sandbox.gate.revoked = False
        self.sandbox.release_jobs()
        if self.server is not None:
            self.strike.deed = None
            self.server.restart()

    @property
    def struck(self) -> int:
        """How often the cell's mishap has struck."""
        if self.fault is not None:
            return self.fault.struck
        if self.cell.mishap.store_is_away:
            return len(self.ended)
        if self.cell.mishap.reading:
            kinds = [request.kind for request in list(self.sandbox.log)]
            return sum(done.status != 0 for done in self.ended) or kinds.count(self.cell.phase.kind)
        return self.strike.struck

    @property
    def _store(self) -> str:
        return self.server.url if self.server is not None else str(self.folder / "quota.sqlite")

    def _begun(self, pid: int) -> None:
        self.pid = pid

    def _kill(self) -> None:
        if self.pid is not None and self.cell.mishap.kills is not None:
            os.kill(self.pid, self.cell.mishap.kills)

    def _last_state(self) -> Any:
        if self.cell.mishap.loses_state:
            return None
        tap = self.cell.phase.connector == TAP
        for done in reversed(self.ended):
            states = [
                m["value"] if tap else m for m in done.messages if not tap or m["type"] == "STATE"
            ]
            if states:
                return states[-1]
        return None

    def _settings(self, *, real: bool) -> Path:
        phase, mishap = self.cell.phase, self.cell.mishap
        few = mishap.effect is Effect.WINDOWS_SHIFTED
        settings: dict[str, Any] = {
            "domain": self.sandbox.url,
            "quota_store": self._store,
            "sync_calls_per_minute": FEW_CALLS if few else 10**6,
            "sync_calls_per_day": 10**6,
            "max_retries": 2,
            "request_timeout": 1.0,
            "job_poll_interval": 0.2,
            "job_timeout": 20 if real else 600,
            "max_quota_wait": 5 if real else 3600,
            "report_path": "report.html",
            **_credentials(self.cell),
        }
        if phase.connector == TAP:
            zoo = ["zoo__gc"] if mishap.effect is Effect.OBJECT_DELETED else []
            settings |= {"objects": [OBJECT, *(f"{name[:-1]}*" for name in zoo)], **phase.settings}
        else:
            settings |= {"max_rejects": 1, "rest_batch_size": 5, "rejects_path": "rejects"}
            settings |= {**phase.settings, "streams": [_stream(self.cell)]}
        return self._file("config.json", json.dumps({**settings, **self.told}))

    def _file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def _credentials(cell: Cell) -> dict[str, str]:
    found = {"access_key": CREDENTIALS.access_key}
    if cell.phase.oauth:
        found = {
            "oauth_client_id": CREDENTIALS.client_id,
            "oauth_client_secret": CREDENTIALS.client_secret,
        }
    if cell.phase.data_job:
        found["bulk_access_key"] = str(CREDENTIALS.bulk_access_key)
    return found


def _stream(cell: Cell) -> dict[str, Any]:
    """The stream's own settings."""
    load = cell.phase.load
    own: dict[str, Any] = {"lookups": load.lookups} if load.lookups else {}
    if cell.phase.data_job:
        own["bulk_job_id"] = DATA_JOB
    if cell.mishap.reading is not None:
        own |= cell.mishap.reading.in_stream
    return {"name": load.object, **own}
