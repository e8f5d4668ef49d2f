"""Bars for a person at a terminal, and for nobody else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.support import environment
from tests.tap.support import THING, things

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

from gainsight_sandbox import JobSettings, Sandbox

TAP = (sys.executable, "-m", "tap_gainsight", "--config=ENV")
ESCAPE = "\x1b["


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(demo=False, jobs=JobSettings(1.0, chunk_rows=50)) as running:
        running.tenant.add_object(THING, things(200))
        yield running


def at_a_terminal(sandbox: Sandbox, stdout: int, stdin: int, **variables: str) -> str:
    """What a tap writes to a terminal."""
    ours, theirs = pty.openpty()
    variables = {"TERM": "xterm-256color", "COLUMNS": "200", **variables}
    settings = {"extract_method": "bulk", "objects": f'["{THING.name}"]'}
    env = {**environment(sandbox, **settings), **variables}
    process = subprocess.Popen(TAP, env=env, stdin=stdin, stdout=stdout, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while read := os.read(ours, 65536):
            said += read
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(30) == 0, said.decode()
    return said.decode()


def test_a_terminal_sees_the_job_and_the_lines_of_the_log_without_colour_if_so_wished(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("w") as out:
        said = at_a_terminal(sandbox, out.fileno(), subprocess.DEVNULL, NO_COLOR="1")
    assert ESCAPE in said
    assert "waiting for the job" in said
    assert f"stream {THING.name}: 200 rows written" in said
    assert ESCAPE not in (tmp_path / "out").read_text()
    assert f"{ESCAPE}3" not in said
    assert f"{ESCAPE}9" not in said


def test_a_pipe_never_sees_them(sandbox: Sandbox, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        come, go = os.pipe()
        said = at_a_terminal(sandbox, out.fileno(), come)
        os.close(come)
        os.close(go)
    assert ESCAPE not in said
    env = environment(sandbox, objects=f'["{THING.name}"]')
    done = subprocess.run(TAP, env=env, capture_output=True, text=True, check=True)
    assert ESCAPE not in done.stderr + done.stdout
