"""The tap killed at any point of a sync into a real loader, and run again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import Hooks, JobSettings, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.e2e.support import BIN, ROOT, environment, rows_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gainsight_sandbox import LoggedRequest

ROWS, CHUNK = 200, 20
PATIENT = {
    "objects": '["company"]',
    "extract_method": "bulk",
    "job_poll_interval": "0.05",
}
JOB_CALLS = {
    CallKind.EXPORT_STATUS,
    CallKind.EXPORT_CHUNK,
}


class Killer:
    """Kills a process at the n-th call that it makes for its job."""

    def __init__(self) -> None:
        self.countdown = 0
        self.victim: Callable[[], int | None] = lambda: None
        self.killed = False

    def __call__(self, request: LoggedRequest) -> None:
        if request.kind not in JOB_CALLS or not self.countdown:
            return
        self.countdown -= 1
        if not self.countdown and (pid := self.victim()):
            os.kill(pid, signal.SIGKILL)
            self.killed = True


@pytest.fixture
def killer() -> Killer:
    return Killer()


@pytest.fixture
def sandbox(killer: Killer) -> Iterator[Sandbox]:
    with Sandbox(
        rows={"company": ROWS},
        jobs=JobSettings(chunk_rows=CHUNK, job_seconds=0.2),
        hooks=Hooks(before_request=killer),
    ) as running:
        yield running


def assert_whole(sandbox: Sandbox, found: set[str]) -> None:
    assert found == {str(row["Gsid"]) for row in sandbox.tenant.rows("company")}
    assert sandbox.usage().bulk == 1
    assert sandbox.usage().violations == 0


def pipe(
    folder: Path,
    env: Mapping[str, str],
    killer: Killer,
    loader: str = "target-csv",
    settings: Mapping[str, str] | None = None,
) -> int:
    """Run tap | loader; the state goes on from the loader's last line."""
    state, config = folder / "state.json", folder / "loader.json"
    config.write_text(json.dumps(settings or {"output_path": str(folder)}))
    arguments = [f"--state={state}"] if state.exists() else []
    with (
        (folder / "new_state.jsonl").open("w") as states,
        subprocess.Popen(
            [sys.executable, "-m", "tap_gainsight", "--config=ENV", *arguments],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as tap,
    ):
        killer.victim = lambda: tap.pid
        subprocess.run(
            [str(BIN / loader), f"--config={config}"],
            env=env,
            stdin=tap.stdout,
            stdout=states,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    lines = (folder / "new_state.jsonl").read_text().splitlines()
    if lines:
        state.write_text(lines[-1])
    return tap.returncode


@pytest.mark.parametrize(
    "point", [2, 7, *(pytest.param(point, marks=pytest.mark.slow) for point in (1, 4, 10))]
)
def test_a_tap_killed_in_a_pipe_goes_on_with_the_job_it_has_paid_for(
    sandbox: Sandbox, killer: Killer, tmp_path: Path, point: int
) -> None:
    env = environment(sandbox, **PATIENT)
    killer.countdown = point
    assert pipe(tmp_path, env, killer) == -signal.SIGKILL
    found = keys_in(tmp_path / "company.csv")
    assert pipe(tmp_path, env, killer) == 0
    assert_whole(sandbox, found | keys_in(tmp_path / "company.csv"))


def keys_in(file: Path) -> set[str]:
    return {row["Gsid"] for row in rows_in(file)} if file.exists() else set()


def descendant(pid: int, name: str) -> int | None:
    """The process of that name below another one."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            command = (entry / "cmdline").read_text()
        except OSError:
            continue
        program = [Path(part).name for part in command.split("\0")[:2]]
        if name in program and pid in ancestors(entry.name):
            return int(entry.name)
    return None


def ancestors(pid: str) -> set[int]:
    found: set[int] = set()
    while pid != "0":
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            break
        pid = status.rpartition(")")[2].split()[1]
        found.add(int(pid))
    return found


@pytest.mark.slow
def test_a_tap_killed_at_twenty_points_under_meltano_pays_for_no_second_job(
    killer: Killer, tmp_path: Path
) -> None:
    declared = (ROOT / "meltano.yml").read_text().replace("pip_url: -e .", f"pip_url: -e {ROOT}")
    (tmp_path / "meltano.yml").write_text(declared)
    for point in range(1, 21):
        with Sandbox(
            rows={"company": ROWS},
            jobs=JobSettings(chunk_rows=CHUNK // 2, job_seconds=0.5),
            hooks=Hooks(before_request=killer),
        ) as sandbox:
            killer.countdown, killer.killed = point, False
            found: set[str] = set()
            for attempt in range(4):
                output = tmp_path / "output"
                shutil.rmtree(output, ignore_errors=True)
                output.mkdir()
                command = ["run", *(["--full-refresh"] if not attempt else [])]
                with subprocess.Popen(
                    [str(BIN / "meltano"), *command, "tap-gainsight", "target-csv"],
                    env={
                        **environment(sandbox, **PATIENT),
                        "TAP_GAINSIGHT__SELECT": '["company.*"]',
                    },
                    cwd=tmp_path,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                ) as meltano:
                    killer.victim = lambda: descendant(meltano.pid, "tap-gainsight")
                for file in output.glob("company-*.csv"):
                    found |= keys_in(file)
                if meltano.returncode == 0:
                    break
            assert_whole(sandbox, found)
            assert killer.killed
