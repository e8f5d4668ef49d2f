"""What a user types, and what the screen says."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Credentials, Effect, Fault, Limits, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.e2e.support import SMALL, environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "key-that-must-not-be-seen-4711"
TAP = (sys.executable, "-m", "tap_gainsight", "--config=ENV")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=SMALL, credentials=Credentials(access_key=KEY)) as running:
        yield running


@pytest.fixture(autouse=True)
def without_faults(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.faults.clear()


def tap(sandbox: Sandbox, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    done = run(*TAP, *arguments, env=environment(sandbox, **settings))
    assert KEY not in done.stdout + done.stderr
    return done


def failure(sandbox: Sandbox, *arguments: str, **settings: str) -> str:
    """The last line of a run that must fail as a user's mistake does."""
    done = tap(sandbox, *arguments, **settings)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_version_and_about_need_no_settings() -> None:
    for arguments in (["--version"], ["--about"], ["--about", "--format=markdown"]):
        done = run(sys.executable, "-m", "tap_gainsight", *arguments, env=dict(os.environ))
        assert done.returncode == 0, done.stderr
        assert "tap-gainsight" in done.stdout


def test_about_lists_every_setting_and_hides_none_of_the_secrets() -> None:
    done = run(
        sys.executable, "-m", "tap_gainsight", "--about", "--format=json", env=dict(os.environ)
    )
    about = json.loads(done.stdout)
    assert about["version"] != "[could not be detected]"
    settings = about["settings"]["properties"]
    secrets = {name for name, schema in settings.items() if schema.get("secret")}
    assert secrets == {"access_key", "oauth_client_id", "oauth_client_secret", "quota_store"}
    assert all(schema.get("description") for schema in settings.values())


def test_discover_prints_a_catalog_of_what_can_be_read(sandbox: Sandbox) -> None:
    done = tap(sandbox, "--discover")
    assert done.returncode == 0, done.stderr
    catalog = json.loads(done.stdout)
    readable = {
        name
        for name, schema in sandbox.tenant.schemas.items()
        if schema.readable and not name.startswith("record_delete_log")
    }
    assert {stream["tap_stream_id"] for stream in catalog["streams"]} == {
        *readable,
        "deleted_records",
    }


def test_the_connection_test_reads_one_record_a_stream_and_costs_no_bulk_call(
    sandbox: Sandbox,
) -> None:
    before = sandbox.usage().bulk
    done = tap(sandbox, "--test", extract_method="bulk")
    assert done.returncode == 0, done.stderr
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    per_stream: dict[str, int] = {}
    for message in messages:
        if message["type"] == "RECORD":
            per_stream[message["stream"]] = per_stream.get(message["stream"], 0) + 1
    assert set(per_stream.values()) == {1}
    assert {"company", "awkward__gc", "email_logs"} <= per_stream.keys()
    assert sandbox.usage().bulk == before


@pytest.mark.parametrize("arguments", [(), ("--discover",), ("--test",)])
def test_a_wrong_key_ends_in_one_line(sandbox: Sandbox, arguments: tuple[str, ...]) -> None:
    line = failure(sandbox, *arguments, access_key="wrong-" + KEY[::-1])
    assert "`access_key`" in line
    assert KEY[::-1] not in line


def test_a_domain_that_does_not_exist_ends_in_one_line(sandbox: Sandbox) -> None:
    assert "`domain`" in failure(sandbox, domain="no-such-tenant.invalid")


def test_a_host_that_takes_no_connections_ends_in_one_line(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "`domain`" in failure(sandbox, domain=f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("domain", ["http://acme.gainsightcloud.com", "user:pw@acme.com", "a/b"])
def test_a_domain_that_is_none_ends_in_one_line(sandbox: Sandbox, domain: str) -> None:
    line = failure(sandbox, domain=domain)
    assert "`domain`" in line
    assert "pw" not in line


def test_an_unknown_object_ends_in_one_line(sandbox: Sandbox) -> None:
    line = failure(sandbox, "--discover", objects='["company", "compnay"]')
    assert "`objects`" in line
    assert "'compnay'" in line


def test_a_failed_job_ends_in_one_line(sandbox: Sandbox) -> None:
    sandbox.faults.add(
        Fault(
            Effect.JOB_FAILED,
            on=CallKind.EXPORT_SUBMIT,
            count=None,
        )
    )
    line = failure(sandbox, objects='["company"]', extract_method="bulk")
    assert "failed" in line
    assert "GSOBJ_ESS_9150" in line


def test_a_used_up_quota_ends_in_one_line_if_it_is_not_waited_for() -> None:
    with Sandbox(
        rows=SMALL, credentials=Credentials(access_key=KEY), limits=Limits(bulk_per_hour=1)
    ) as small:
        line = failure(
            small,
            objects='["company", "relationship"]',
            extract_method="bulk",
            on_quota_exhausted="fail",
            bulk_calls_per_hour="1",
        )
        assert "bulk" in line
        assert re.search(r"\d\d:\d\d:\d\d UTC", line)
        assert small.usage().violations == 0


@pytest.mark.parametrize(
    ("name", "text"), [("max_retries", "many"), ("job_poll_interval", "soon"), ("objects", "{")]
)
def test_a_setting_that_does_not_read_ends_in_one_line(
    sandbox: Sandbox, name: str, text: str
) -> None:
    assert name.upper() in failure(sandbox, **{name: text}).upper()


def test_a_secret_that_is_no_text_is_not_quoted(sandbox: Sandbox, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"domain": "acme", "access_key": 4711471147}))
    done = run(
        sys.executable, "-m", "tap_gainsight", f"--config={config}", env=environment(sandbox)
    )
    assert done.returncode == 1
    assert "`access_key`" in done.stderr.splitlines()[-1]
    assert "4711471147" not in done.stdout + done.stderr


def test_a_chunk_that_stays_longer_than_announced_is_an_error(sandbox: Sandbox) -> None:
    sandbox.faults.add(
        Fault(
            Effect.LONG_CHUNK,
            on=CallKind.EXPORT_CHUNK,
            count=None,
        )
    )
    line = failure(sandbox, objects='["company"]', extract_method="bulk")
    assert "its key Gsid comes twice" in line


def test_a_reader_that_goes_away_ends_the_tap_with_one_line(sandbox: Sandbox) -> None:
    process = subprocess.Popen(
        TAP,
        env=environment(sandbox, extract_method="query"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(30) == 1
    process.stderr.close()
    assert "Traceback" not in errors
    assert "has gone" in errors.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_no_success(sandbox: Sandbox, number: signal.Signals) -> None:
    sandbox.faults.add(
        Fault(
            Effect.JOB_STUCK,
            on=CallKind.EXPORT_SUBMIT,
            count=None,
        )
    )
    sandbox.log.clear()
    process: subprocess.Popen[Any] = subprocess.Popen(
        TAP,
        env=environment(sandbox, extract_method="bulk", objects='["company"]'),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not any(call.kind is CallKind.EXPORT_STATUS for call in list(sandbox.log)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Traceback" not in errors
    states = [json.loads(line)["value"] for line in out.splitlines() if '"STATE"' in line]
    assert states[-1]["bookmarks"]["company"]["export_job_id"]
