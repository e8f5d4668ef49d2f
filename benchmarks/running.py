"""How a program is run, by its name."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import data
from benchmarks.cases import CHUNKS, JOB_SECONDS, STREAM_ROWS, STREAMS
from benchmarks.measuring import Cost, measure, python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.inputs import Inputs
    from benchmarks.measured.loaders import Loaders
    from benchmarks.measured.servers import Tenant

_READS_LINES = {"target", "many", "sdk-target", "target-csv"}
_WRITES_FILES = {"batch", "sdk-target:csv"}


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs programs.

    Attributes:
        inputs: What they read.
        tenant: What they call.
        loaders: What is at the end of pipes.
        folder: For files of theirs.
    """

    inputs: Inputs
    tenant: Tenant
    loaders: Loaders
    folder: Path
    _runs: Iterator[int] = field(default_factory=count)

    def run(self, program: str, rows: int, written: Path | None = None) -> Cost:
        """Run a program on so many rows.

        Args:
            program: Its name.
            rows: 0 for none.
            written: The file or folder that keeps what it writes; else that is thrown away.
        """
        kind, _, option = program.partition(":")
        if kind == "start":
            return measure(python("-m", *option.split()))
        if kind == "streams":
            return measure(self._streams(option))
        scratch = self.folder / f"written_{next(self._runs)}"
        try:
            if kind == "pipe":
                return self._pipe(option, rows, written or scratch)
            files = {kind, program} & _WRITES_FILES
            place = written or (scratch if files else Path(os.devnull))
            return self._alone(program, rows, place)
        finally:
            remove(scratch)

    def _alone(self, program: str, rows: int, place: Path) -> Cost:
        """Run a tap, whose output goes to the place, or a target, beside a process of lines."""
        kind, _, option = program.partition(":")
        command = self._command(program, rows, place)
        if kind not in _READS_LINES:
            prints = kind not in _WRITES_FILES
            return measure(command, output=str(place) if prints else os.devnull)
        lines, repeats = self.inputs.lines(rows)
        streams = option if kind == "many" else "1"
        return measure(
            command, python("-m", "benchmarks.measured.feed", str(lines), str(repeats), streams)
        )

    def _command(self, program: str, rows: int, place: Path) -> tuple[str, ...]:
        """The command of a program, for whom the tenant begins again."""
        kind = program.partition(":")[0]
        if kind == "download":
            rows = CHUNKS * data.CHUNK_ROWS
        chunk, repeats = self.inputs.chunk(rows)
        pages = self.inputs.pages(rows) if kind in {"query", "rest"} else 0
        self.tenant.begin(pages, chunk, repeats, slow=kind == "download")
        arguments = (program, str(chunk), str(repeats), self.tenant.url, str(place))
        return python("-m", "benchmarks.measured.programs", *arguments)

    def _pipe(self, option: str, rows: int, place: Path) -> Cost:
        """Run a tap and a loader."""
        tap, _, loader = option.partition("+")
        files = self.folder / "files"
        try:
            return measure(self.loaders.command(loader, place), self._command(tap, rows, files))
        finally:
            remove(files)

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
        return python(*sandbox, *rows, "--", *tap)


def remove(place: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
