"""Real processes: signals, kills, broken pipes, and what a command says and returns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Effect, Fault, Hooks, JobSettings, Limits, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.target.processes import PATIENCE, Process, Striker
from tests.target.support import (
    THING,
    Runner,
    as_lines,
    config_for,
    record,
    records,
    schema,
    state,
    thing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


OTHER = "other__gc"


@pytest.fixture(scope="module")
def striker() -> Striker:
    return Striker()


@pytest.fixture(scope="module")
def tenant(striker: Striker) -> Iterator[Sandbox]:
    objects = [thing(), thing(OTHER)]
    limits = Limits(10**6, 10**6, 10**6, 10**6)  # a real clock would be waited for
    with Sandbox(
        empty=True,
        objects=objects,
        jobs=JobSettings(job_seconds=0.3),
        limits=limits,
        hooks=Hooks(before_request=striker),
    ) as sandbox:
        yield sandbox


def empty(sandbox: Sandbox) -> None:
    for name in (THING, OTHER):
        sandbox.tenant.delete(name, [str(row["Gsid"]) for row in sandbox.tenant.rows(name)])
    sandbox.journal.clear()
    sandbox.faults.clear()


def feed(mark: int) -> list[dict[str, Any]]:
    """Two streams, one after the other; no two feeds hold the same records."""
    messages: list[dict[str, Any]] = []
    for part in range(6):
        names = range(part * 50, part * 50 + 50)
        messages += [record(Name=f"n{mark}-{index}") for index in names]
        messages.append(state({"things": part + 1}))
    for part in range(2):
        names = range(part * 100, part * 100 + 100)
        messages += [record(OTHER, Name=f"o{mark}-{index}") for index in names]
        messages.append(state({"things": 6, "others": part + 1}))
    return messages


_SETTINGS: dict[str, Any] = {
    "streams": [
        {"name": THING, "load_mode": "rest"},
        {"name": OTHER, "load_mode": "bulk", "operation": "insert"},
    ],
    "batch_size_rows": 100,
    "job_poll_interval": 0.1,
    "sync_calls_per_minute": 10_000,
    "bulk_calls_per_hour": 1_000,
    "bulk_calls_per_day": 1_000,
}


def from_state(mark: int, written: Any) -> list[Any]:
    """What a tap sends that begins at a state."""
    messages = feed(mark)
    start = 0
    for position, message in enumerate(messages):
        if message["type"] == "STATE" and message["value"] == written:
            start = position + 1
    return [schema(), schema(OTHER), *messages[start:]]


@pytest.mark.parametrize(
    ("after", "number"),
    [
        (after, signal.SIGKILL if index % 2 else signal.SIGTERM)
        for index, after in enumerate((2, 3, 5, 6, 9, 11, 12, 13, 14, 16))
    ],
)
def test_a_run_that_is_stopped_anywhere_is_made_good_by_the_next(
    tenant: Sandbox, striker: Striker, tmp_path: Path, number: int, after: int
) -> None:
    empty(tenant)
    striker.arm(number, after)
    config = {**config_for(tenant), **_SETTINGS}
    first = Process(tmp_path, config, *from_state(after, None))
    striker.process = first
    striker.ready.set()
    status, states, err = first.end()
    assert status in ({128 + number} if number == signal.SIGTERM else {-number}), err
    last = states[-1] if states else None
    # Whatever is acknowledged is there.
    done = (last or {}).get("things", 0) * 50
    names = {row["Name"] for row in tenant.tenant.rows(THING)}
    assert names >= {f"n{after}-{index}" for index in range(done)}
    others = (last or {}).get("others", 0) * 100
    assert len(list(tenant.tenant.rows(OTHER))) >= others
    assert others < 200

    rerun = Runner(tenant, tmp_path).loaded(*from_state(after, last), **_SETTINGS)
    assert rerun.states[-1] == {"things": 6, "others": 2}
    assert sorted(str(row["Name"]) for row in tenant.tenant.rows(THING)) == sorted(
        f"n{after}-{index}" for index in range(300)
    )
    assert sorted(str(row["Name"]) for row in tenant.tenant.rows(OTHER)) == sorted(
        f"o{after}-{index}" for index in range(200)
    )
    assert max(tenant.journal.imports_by_content().values()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_input_waits_acknowledges_nothing_unwritten(
    tenant: Sandbox, tmp_path: Path, number: int
) -> None:
    empty(tenant)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**config_for(tenant), "rejects_path": str(tmp_path)}))
    popen = subprocess.Popen(
        [sys.executable, "-m", "target_gainsight", "--config", str(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # With a buffer, a signal that comes while a line of the log is written must not be lost.
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )
    assert popen.stdin
    assert popen.stderr
    popen.stdin.write(as_lines([schema(THING, "Name", "Foo"), *records(3), state(1)]).encode())
    popen.stdin.flush()
    while b"Not sent" not in popen.stderr.readline():
        pass
    popen.send_signal(number)
    out, err = popen.communicate(timeout=PATIENCE)
    assert popen.returncode == 128 + number
    assert out == b""
    assert b"Traceback" not in err


def test_a_reader_that_has_gone_ends_the_run_with_one_line(tenant: Sandbox, tmp_path: Path) -> None:
    empty(tenant)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**config_for(tenant), "rejects_path": str(tmp_path)}))
    feed = tmp_path / "feed.jsonl"
    feed.write_text(as_lines([schema(), *records(3), state(1)]))
    reader, writer = os.pipe()
    os.close(reader)
    with feed.open("rb") as stdin:
        popen = subprocess.run(
            [sys.executable, "-m", "target_gainsight", "--config", str(config)],
            stdin=stdin,
            stdout=writer,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    os.close(writer)
    assert popen.returncode == 1
    assert b"Traceback" not in popen.stderr


def test_rejects_end_the_run_with_one_line_and_status_1(tenant: Sandbox, tmp_path: Path) -> None:
    empty(tenant)
    bad = record(Name="SECRET", Number__gc="SECRET")
    status, states, err = Process(
        tmp_path, config_for(tenant), schema(), *records(3), bad, state(1)
    ).end()
    assert status == 1
    assert states == []
    assert "Traceback" not in err
    assert "SECRET" not in err
    assert "1 record was rejected, and `max_rejects` is 0" in err.splitlines()[-1]
    letters = tmp_path / "rejects" / f"{THING}.jsonl"
    assert letters.stat().st_mode & 0o777 == 0o600
    assert json.loads(letters.read_text())["record"] == bad["record"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"operation": "delete"}, "'delete' is not one of"),
        ({"streams": [{"name": THING, "object": "nowhere"}]}, "has no object 'nowhere'"),
        ({"access_key": "wrong"}, "refused the credential"),
    ],
)
def test_wrong_settings_end_the_run_with_one_line(
    tenant: Sandbox, tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    config = {**config_for(tenant), **settings}
    status, states, err = Process(tmp_path, config, schema(), *records(1), state(1)).end()
    assert status == 1
    assert words in err
    assert "Traceback" not in err
    assert states == []


def test_a_line_cut_short_by_a_dying_tap_stops_the_run(tenant: Sandbox, tmp_path: Path) -> None:
    empty(tenant)
    status, states, err = Process(
        tmp_path, config_for(tenant), schema(), *records(2), state(1), '{"type":"RECORD","str'
    ).end()
    assert status == 1
    assert "not a Singer message" in err
    assert "Traceback" not in err
    assert states == []


def test_a_failing_tenant_ends_the_run_with_one_line(tenant: Sandbox, tmp_path: Path) -> None:
    empty(tenant)
    tenant.faults.add(
        Fault(
            Effect.STATUS,
            on=CallKind.QUERY,
            status=503,
            count=None,
        )
    )
    config = {**config_for(tenant), "max_retries": 0}
    status, states, err = Process(tmp_path, config, schema(), *records(2), state(1)).end()
    tenant.faults.clear()
    assert status == 1
    assert "HTTP 503" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert states == []
