"""How a program is run, by its name."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import data
from benchmarks.cases import CHUNKS, JOB_SECONDS, STREAM_ROWS, STREAMS
from benchmarks.measuring import Cost, measure

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.inputs import Inputs
    from benchmarks.servers import Tenant

_PROGRAMS = ("-m", "benchmarks.programs")
_FEED = ("-m", "benchmarks.feed")


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs programs.

    Attributes:
        inputs: What they read.
        tenant: What they call.
        folder: For files of theirs.
    """

    inputs: Inputs
    tenant: Tenant
    folder: Path

    def run(self, program: str, rows: int, written: str = "") -> Cost:
        """Run a program on so many rows.

        Args:
            program: Its name.
            rows: 0 for none.
            written: Where a target writes to, else nowhere.
        """
        kind, _, option = program.partition(":")
        if kind == "start":
            return measure(("-m", *option.split()))
        if kind == "streams":
            return measure(self._streams(option))
        if kind == "download":
            rows = CHUNKS * data.CHUNK_ROWS
        chunk, repeats = self.inputs.chunk(rows)
        self.tenant.begin(self.inputs.pages(rows) if kind in {"query", "rest"} else 0, chunk)
        output = self.folder / "written.csv"
        if not written:
            written = str(output) if program == "sdk-target:csv" else os.devnull
        arguments = (program, str(chunk), str(repeats), self.tenant.url, written)
        feed: tuple[str, ...] = ()
        if kind in {"target", "sdk-target", "target-csv"}:
            lines, repeats = self.inputs.lines(rows)
            feed = (*_FEED, str(lines), str(repeats))
        cost = measure((*_PROGRAMS, *arguments), feed)
        output.unlink(missing_ok=True)
        return cost

    def _streams(self, at_once: str) -> tuple[str, ...]:
        """The tap beside a sandbox, whose export jobs take a while."""
        config = {
            "objects": STREAMS,
            "extract_method": "bulk",
            "quota_store": "memory",
            "job_poll_interval": 1,
            "max_concurrent_jobs": int(at_once) if at_once else None,
        }
        path = self.folder / f"streams-{at_once}.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        sandbox = ("-m", "gainsight_sandbox", "run", f"--job-seconds={JOB_SECONDS}")
        rows = (f"--rows={name}={STREAM_ROWS}" for name in STREAMS)
        tap = (sys.executable, "-m", "tap_gainsight", "--config=ENV", f"--config={path}")
        return (*sandbox, *rows, "--", *tap)
