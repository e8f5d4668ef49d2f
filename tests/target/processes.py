"""The target as a real process, and what stops it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from tests.target.support import as_lines

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_sandbox import LoggedRequest

PATIENCE = 60


class Process:
    """The target's command, fed from a file."""

    def __init__(self, folder: Path, config: dict[str, Any], *messages: Any) -> None:
        settings, feed = folder / "config.json", folder / "feed.jsonl"
        settings.write_text(json.dumps({"rejects_path": str(folder / "rejects"), **config}))
        feed.write_text(as_lines(messages))
        self.command = [sys.executable, "-m", "target_gainsight", "--config", str(settings)]
        with feed.open("rb") as stdin:
            self.popen = subprocess.Popen(
                self.command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )

    def end(self) -> tuple[int, list[Any], str]:
        """Exit status, states and standard error."""
        out, err = self.popen.communicate(timeout=PATIENCE)
        return self.popen.returncode, [json.loads(line) for line in out.splitlines()], err.decode()


class Striker:
    """Sends a signal to a process when the tenant gets its n-th request."""

    def __init__(self) -> None:
        self.number, self.after = 0, 0
        self.process: Process | None = None
        self.ready = threading.Event()

    def arm(self, number: int, after: int) -> None:
        self.number, self.after = number, after
        self.process = None
        self.ready.clear()

    def __call__(self, request: LoggedRequest) -> None:
        del request
        if self.number:
            self.after -= 1
            if self.after == 0 and self.ready.wait(PATIENCE) and self.process:
                self.process.popen.send_signal(self.number)
                self.number = 0
