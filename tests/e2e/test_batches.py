"""BATCH files between processes: into this project's target, and into a real PostgreSQL."""

from __future__ import annotations

import gzip
import json
import shlex
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import Hooks, JobSettings, Sandbox
from tests.e2e.support import environment, run
from tests.e2e.test_copy import (
    NAME,
    pipe,
    select,
    sqlalchemy_url,
    target,
    without_inactive_items,
    written,
)
from tests.e2e.test_kills import Killer, assert_whole
from tests.e2e.test_kills import pipe as pipe_with_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TAP = f"{shlex.quote(sys.executable)} -m tap_gainsight --config=ENV"
ROWS, CHUNK = 200, 20
SETTINGS = {
    "objects": '["company"]',
    "extract_method": "bulk",
    "job_poll_interval": "0.05",
}


def batch_config(folder: Path) -> str:
    return json.dumps(
        {
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": f"file://{folder}", "prefix": "run-"},
        }
    )


def test_an_object_is_copied_by_files_value_for_value(tmp_path: Path) -> None:
    with (
        Sandbox(rows={NAME: 200}, jobs=JobSettings(chunk_rows=60)) as source,
        Sandbox(empty=True) as copy,
    ):
        without_inactive_items(source)
        files = tmp_path / "batch files"
        env = environment(
            source,
            objects=json.dumps([NAME]),
            extract_method="bulk",
            batch_config=batch_config(files),
        )
        catalog = tmp_path / "catalog.json"
        catalog.write_text(run("bash", "-c", f"{TAP} --discover", env=env).stdout)
        select(catalog, NAME)
        tap = f"{TAP} --catalog {shlex.quote(str(catalog))}"
        done = pipe(
            tap, target(tmp_path, copy, streams=[{"name": NAME, "keys": ["Name"]}]), env=env
        )
        assert done.returncode == 0, done.stderr
        assert written(copy) == written(source)
        assert (
            len(list(files.glob(f"run-tap-gainsight--{NAME}-*"))) == len(list(files.iterdir())) == 4
        )


def test_files_are_loaded_into_a_real_postgresql(tmp_path: Path, postgres_url: str) -> None:
    pytest.importorskip("target_postgres", reason="the group `loaders` is not installed")
    psycopg = pytest.importorskip("psycopg")
    loader = tmp_path / "loader.json"
    loader.write_text(
        json.dumps(
            {
                "sqlalchemy_url": sqlalchemy_url(postgres_url),
                "default_target_schema": "batches",
            }
        )
    )
    with Sandbox(rows={NAME: 200}, jobs=JobSettings(chunk_rows=60)) as sandbox:
        env = environment(
            sandbox,
            objects=json.dumps([NAME]),
            extract_method="bulk",
            batch_config=batch_config(tmp_path / "files"),
        )
        done = pipe(TAP, f"target-postgres --config {shlex.quote(str(loader))}", env=env)
        assert done.returncode == 0, done.stderr
        expected = {str(row["Gsid"]): row for row in sandbox.tenant.rows(NAME)}
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute(
            'SELECT "Gsid", "Name", "Text__gc", "Amount__gc", "Flag__gc" FROM batches.awkward__gc'
        ).fetchall()
    assert len(found) == len(expected) == 200
    for gsid, name, text, amount, flag in found:
        row = expected[gsid]
        assert (name, text, flag) == (row["Name"], row["Text__gc"] or None, row["Flag__gc"])
        assert (None if amount is None else Decimal(amount)) == row["Amount__gc"]


def state_of(output: str) -> str | None:
    lines = [line for line in output.splitlines() if '"STATE"' in line]
    return json.dumps(json.loads(lines[-1])["value"]) if lines else None


def keys_of(output: str) -> list[str]:
    """The keys in the files that the output names, each of which is whole."""
    lines = [line for line in output.splitlines() if line.startswith('{"type":"BATCH"')]
    return [
        json.loads(line)["Gsid"]
        for message in map(json.loads, lines)
        if message["stream"] == "company"
        for url in message["manifest"]
        for line in gzip.decompress(Path(url.removeprefix("file://")).read_bytes()).splitlines()
    ]


def run_until_killed(
    folder: Path,
    env: Mapping[str, str],
    killing: Callable[[subprocess.Popen[str]], None] = lambda _: None,
) -> tuple[int, str]:
    state = folder / "state.json"
    arguments = [f"--state={state}"] if state.exists() else []
    with subprocess.Popen(
        [sys.executable, "-m", "tap_gainsight", "--config=ENV", *arguments],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as tap:
        killing(tap)
        output = tap.stdout.read() if tap.stdout else ""
    if value := state_of(output):
        state.write_text(value)
    return tap.returncode, output


POINTS = [5, *(pytest.param(point, marks=pytest.mark.slow) for point in (1, 2, 3, 4, 7, 9, 11))]


@pytest.mark.parametrize("point", POINTS)
def test_a_tap_killed_between_files_goes_on_with_the_job_it_has_paid_for(
    tmp_path: Path, point: int
) -> None:
    killer = Killer()
    with Sandbox(
        rows={"company": ROWS},
        jobs=JobSettings(chunk_rows=CHUNK, job_seconds=0.2),
        hooks=Hooks(before_request=killer),
    ) as sandbox:
        env = environment(sandbox, **SETTINGS, batch_config=batch_config(tmp_path / "files"))
        killer.countdown = point

        def kill_at_a_call(tap: subprocess.Popen[str]) -> None:
            killer.victim = lambda: tap.pid

        status, output = run_until_killed(tmp_path, env, kill_at_a_call)
        assert status == -signal.SIGKILL
        found = keys_of(output)
        status, output = run_until_killed(tmp_path, env)
        assert status == 0
        assert_whole(sandbox, {*found, *keys_of(output)})


@pytest.mark.slow
@pytest.mark.parametrize("point", range(1, 11))
def test_a_tap_killed_in_a_pipe_of_files_into_postgresql_loses_nothing_and_takes_one_job(
    tmp_path: Path, postgres_url: str, point: int
) -> None:
    pytest.importorskip("target_postgres", reason="the group `loaders` is not installed")
    psycopg = pytest.importorskip("psycopg")
    killer, schema = Killer(), f"killed_at_{point}"
    url = sqlalchemy_url(postgres_url)
    loader = "target-postgres", {"sqlalchemy_url": url, "default_target_schema": schema}
    with Sandbox(
        rows={"company": ROWS},
        jobs=JobSettings(chunk_rows=CHUNK, job_seconds=0.2),
        hooks=Hooks(before_request=killer),
    ) as sandbox:
        env = environment(sandbox, **SETTINGS, batch_config=batch_config(tmp_path / "files"))
        killer.countdown = point
        assert pipe_with_state(tmp_path, env, killer, *loader) == -signal.SIGKILL
        assert pipe_with_state(tmp_path, env, killer, *loader) == 0
        with psycopg.connect(postgres_url) as connection:
            rows = connection.execute(f'SELECT "Gsid" FROM {schema}.company').fetchall()
        assert len(rows) == ROWS
        assert_whole(sandbox, {gsid for (gsid,) in rows})


@pytest.mark.slow
def test_a_tap_killed_while_it_writes_a_file_names_whole_files_alone(tmp_path: Path) -> None:
    files = tmp_path / "files"
    with Sandbox(rows={"company": 12_000}, jobs=JobSettings(chunk_rows=4_000)) as sandbox:
        env = environment(sandbox, **SETTINGS, batch_config=batch_config(files))
        found: set[str] = set()
        begun: set[Path] = set()

        def kill_in_the_second_file(tap: subprocess.Popen[str]) -> None:
            before = len(begun)
            while tap.poll() is None and len(begun) < before + 2:
                begun.update(files.glob("*.part"))
            tap.kill()

        for _ in range(2):
            status, output = run_until_killed(tmp_path, env, kill_in_the_second_file)
            assert status == -signal.SIGKILL
            found |= {*keys_of(output)}
        assert len(begun) > 2
        status, output = run_until_killed(tmp_path, env)
        assert status == 0
        assert_whole(sandbox, {*found, *keys_of(output)})
