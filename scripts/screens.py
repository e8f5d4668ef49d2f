"""Make the documents' pictures: real commands on a local tenant, on a terminal and in a browser."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.text import Text

from gainsight_sandbox import Effect, Fault, JobSettings, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
BIN = Path(sys.executable).parent
COLUMNS = 112
HOST = "etl-1"
"""Stands for the name of this machine."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
STREAMS: list[dict[str, Any]] = [
    {"name": "accounts", "object": "company", "keys": ["Name"], "fields": {"name": "Name"}},
    {"name": "people", "object": "compnay"},
    {"name": "events", "object": "usage_event__gc", "keys": ["Event_Id__gc"]},
]
REJECTED = [
    {"name": "Globex", "Employees": "a lot"},
    {"name": "Initech", "Employees": "some", "Status": "Active"},
    {"name": "Hooli", "Employees": "12", "Status": "Gone fishing"},
]
LINES = {"TAP_GAINSIGHT_LOGLEVEL": "WARNING"}
"""Leaves out the Singer SDK's METRIC lines; the others are let through below."""
MESSAGES_ALONE = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"bare": {"format": "%(message)s"}},
    "handlers": {
        "err": {"class": "logging.StreamHandler", "formatter": "bare", "stream": "ext://sys.stderr"}
    },
    "root": {"level": "INFO", "handlers": ["err"]},
}


def main() -> int:
    """Make all pictures; the status is 1 if there is no browser for those of the report's page."""
    PICTURES.mkdir(exist_ok=True)
    rows = {"usage_event__gc": 100_000, "activity_timeline": 40_000}
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(rows=rows, jobs=JobSettings(job_seconds=4, chunk_rows=10_000), port=8787) as tenant,
    ):
        own = Path(folder)
        sync(tenant, own)
        for name, command, config in (
            ("check", "check --target", {"streams": STREAMS}),
            ("quota", "quota --tap", {}),
        ):
            write(own, tenant, **config)
            picture(name, f"gainsight {command}", frames(own, "gainsight", *command.split()))
        rejects(tenant, own)
        return pages(own / "report.html")


def write(folder: Path, tenant: Sandbox, **settings: Any) -> None:
    """Write the config file by which the commands go."""
    given = {"domain": tenant.url, "access_key": tenant.access_key, "quota_store": "quota.sqlite"}
    (folder / "config.json").write_text(json.dumps(given | settings))


def sync(tenant: Sandbox, folder: Path) -> None:
    """A sync in its midst; then one that leaves a job under way."""
    objects = ["activity_timeline", "call_to_action", "company", "usage_event__gc"]
    for name in objects:
        next(iter(tenant.tenant.rows(name)))  # they are drawn when they are first asked for
    settings = {"objects": objects, "job_poll_interval": 0.5, "extract_method": "bulk"}
    write(folder, tenant, **settings, report_path="report.html")
    seen = list(frames(folder, "tap-gainsight", output="out.jsonl"))
    midst = [
        text
        for text in seen
        if (bars := "".join(text.splitlines()[-6:])) and "━" in bars and "is under way" in bars
    ]
    picture(
        "sync",
        "tap-gainsight --config config.json > out.jsonl",
        [midst[len(midst) // 2]] if midst else seen,
    )
    tenant.faults.add(Fault(Effect.JOB_STUCK, on=CallKind.EXPORT_SUBMIT))
    left = {"objects": ["email_logs"], "job_timeout": 1}
    write(folder, tenant, **settings | left)
    list(frames(folder, "tap-gainsight", output="out.jsonl"))


def rejects(tenant: Sandbox, folder: Path) -> None:
    """Records that are rejected, listed and shown."""
    write(folder, tenant, streams=STREAMS[:1], max_rejects=-1)
    properties = {name: {} for record in REJECTED for name in record}
    schema = {"type": "object", "properties": properties}
    messages = [
        {"type": "SCHEMA", "stream": "accounts", "schema": schema, "key_properties": ["name"]},
        *({"type": "RECORD", "stream": "accounts", "record": record} for record in REJECTED),
    ]
    text = "".join(json.dumps(message) + "\n" for message in messages)
    command = [BIN / "target-gainsight", "--config", "config.json"]
    subprocess.run(
        command, input=text, text=True, check=True, cwd=folder, stderr=subprocess.DEVNULL
    )
    shown: list[str] = []
    for action in ("list", "show"):
        *_, last = frames(folder, "gainsight", "rejects", action)
        shown += [*([f"\n$ gainsight rejects {action}"] if shown else []), last]
    picture("rejects", "gainsight rejects list", ["\n".join(shown)])


def frames(folder: Path, *command: str, output: str = "") -> Iterator[str]:
    """What a command shows on a terminal, as often as it changes.

    Args:
        folder: Where it runs, by the config file that is there.
        *command: The command.
        output: The file that its standard output goes to; without one, that is the terminal, too.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS"}}
    log = folder / "log.json"
    log.write_text(json.dumps(MESSAGES_ALONE))
    out = (folder / output).open("w") if output else theirs
    process = subprocess.Popen(
        [BIN / command[0], *command[1:], "--config", "config.json"],
        stdin=theirs,
        stdout=out,
        stderr=theirs,
        cwd=folder,
        env={**environment, **LINES, "TERM": "xterm-256color", "SINGER_SDK_LOG_CONFIG": str(log)},
    )
    os.close(theirs)
    screen = Screen()
    try:
        while part := os.read(ours, 65_536):
            screen.write(part.decode(errors="replace"))
            yield screen.text
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
        process.wait()


class Screen:
    """As much of a terminal as rich's bars need: lines are cleared, and gone back to."""

    def __init__(self) -> None:
        self._lines = [""]
        self._row = 0

    def write(self, text: str) -> None:
        """Take what a program has written."""
        for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\n|\r)", text):
            if part == "\n":
                self._row += 1
                self._lines += [""] * (self._row - len(self._lines) + 1)
            elif part == "\x1b[2K":
                self._lines[self._row] = ""
            elif up := re.fullmatch(r"\x1b\[(\d*)A", part):
                self._row = max(0, self._row - int(up[1] or 1))
            elif part != "\r" and not re.fullmatch(r"\x1b\[\?25[lh]", part):
                self._lines[self._row] += part

    @property
    def text(self) -> str:
        """What is to be seen."""
        return "\n".join(self._lines).rstrip()


def picture(name: str, command: str, seen: Sequence[str] | Iterator[str]) -> None:
    """Draw the last of what a terminal has shown, below the command."""
    *_, last = seen
    host = socket.gethostname()
    last = last.replace(host, f"{HOST:<{len(host)}}")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"$ {command}\n{last}"))
    # Rich would have the picture load its font from elsewhere.
    own = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    own = own.replace("Fira Code, monospace", "Menlo, Consolas, DejaVu Sans Mono, monospace")
    svg = console.export_svg(title="", code_format=own, unique_id=name)
    (PICTURES / f"{name}.svg").write_text("\n".join(map(str.rstrip, svg.splitlines())) + "\n")


def pages(report: Path) -> int:
    """Photograph a run's page: light, and dark on a phone."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("There is no Chromium here: the pictures of the report's page are left as they are.")
        return 1
    for name, size, scheme in (("report", "960,1640", 1), ("report-dark", "390,1960", 0)):
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                f"--blink-settings=preferredColorScheme={scheme}",
                f"--window-size={size}",
                f"--screenshot={PICTURES / name}.png",
                report.as_uri(),
            ],
            check=True,
            capture_output=True,
            env={**os.environ, "HOME": str(report.parent)},
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
