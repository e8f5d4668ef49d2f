"""Where the matrix looks for secrets: also in the commands of programs, and in quota stores."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from faults import strikes
from faults.cells import all_cells
from faults.trials.commands import commands
from faults.trials.flaws import Kind
from faults.trials.running import run_cell
from faults.trials.stores import PASSWORD, SERVERS, StoreServer
from faults.trials.tenants import CREDENTIALS

KEY = CREDENTIALS.access_key


def test_the_commands_of_what_a_process_has_started_are_seen() -> None:
    program = [sys.executable, "-c", "print(flush=True); input()", KEY]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        child.stdout.readline()  # it is not shown before it has begun
        seen = list(commands(os.getpid()))
        child.communicate(b"\n")
    assert any(KEY in command for command in seen)
    assert not any(KEY in command for command in commands(os.getpid()))


def flaws(name: str) -> set[str]:
    (cell,) = (each for each in all_cells() if each.name == name)
    return {flaw.text for flaw in run_cell(cell).flaws if flaw.kind is Kind.SECRET}


def test_a_key_in_a_command_is_a_flaw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strikes, "commands", lambda _: [f"tap-gainsight --key {KEY}"])
    assert flaws("tap: poll | 200 with {} | once") == {"the access key in a command"}


@pytest.mark.skipif("Redis" not in SERVERS, reason="this machine has no Redis")
def test_a_key_in_a_quota_store_is_a_flaw(monkeypatch: pytest.MonkeyPatch) -> None:
    content = SERVERS["Redis"].content
    monkeypatch.setattr(SERVERS["Redis"], "content", lambda self: f"{content(self)} {KEY}")
    found = flaws("tap: poll | Redis store restarted | once")
    assert found == {"the access key in the quota store"}


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_a_server_of_a_quota_store_shows_no_password_in_its_command(
    server: type[StoreServer],
) -> None:
    started = server()
    try:
        started.start()
        assert not any(PASSWORD in command for command in commands(os.getpid()))
        started.stop()
        assert not started.is_there
        started.restart()
        assert started.content() == ("[] []" if server is SERVERS.get("Redis") else "[]")
    finally:
        started.close()
