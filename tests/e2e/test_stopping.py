"""A tap that is stopped is gone within seconds, whatever it waits for."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import JobSettings, Sandbox
from tests.api.conftest import Reply
from tests.hostile import Hostile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.api.conftest import Request

AT_MOST = 5.0


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows={"company": 3_000}, jobs=JobSettings(chunk_rows=500)) as sandbox:
        yield sandbox


def start(
    hostile: Hostile, sandbox: Sandbox, folder: Path, **settings: Any
) -> subprocess.Popen[bytes]:
    config = folder / "config.json"
    config.write_text(
        json.dumps(
            {
                "domain": hostile.url,
                "access_key": sandbox.access_key,
                "quota_store": "memory",
                "objects": ["company"],
                "job_poll_interval": 0.1,
                **settings,
            }
        )
    )
    return subprocess.Popen(
        [sys.executable, "-m", "tap_gainsight", f"--config={config}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )


def later_chunks(reply: Reply) -> Callable[..., Reply | None]:
    """That reply to the chunks that are not fetched before the first one has been read."""

    def answer(request: Request, _: int, __: object) -> Reply | None:
        chunk = re.search(r"/chunk/([0-9]+)/", request.path)
        return reply if chunk and int(chunk[1]) >= 4 else None

    return answer


def records(process: subprocess.Popen[bytes], count: int) -> None:
    """Read so many records."""
    assert process.stdout
    while count:
        line = process.stdout.readline()
        assert line, "the run has ended before its time"
        count -= b'"type":"RECORD"' in line


def gone_after(process: subprocess.Popen[bytes], number: int) -> int:
    began = time.monotonic()
    process.send_signal(number)
    rest, _ = process.communicate(timeout=30)
    assert time.monotonic() - began < AT_MOST
    assert rest.endswith(b"\n") or not rest
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", 429, {"Retry-After": "600"}),
        Reply(b"x" * 60, 200, {"Content-Type": "text/csv"}, drip=1.0),
    ],
)
def test_a_signal_ends_a_run_that_waits_for_a_chunk(
    sandbox: Sandbox, tmp_path: Path, reply: Reply, number: int
) -> None:
    with Hostile(sandbox, later_chunks(reply)) as hostile:
        process = start(hostile, sandbox, tmp_path, extract_method="bulk")
        records(process, 400)  # of the first chunk
        assert gone_after(process, number) == 128 + number


def test_a_signal_ends_a_run_whose_reader_does_not_read(sandbox: Sandbox, tmp_path: Path) -> None:
    with Hostile(sandbox, lambda *_: None) as hostile:
        process = start(hostile, sandbox, tmp_path)
        records(process, 1)
        time.sleep(3)  # for the pipe to fill
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 128 + signal.SIGTERM
        assert time.monotonic() - began < AT_MOST
        assert process.stdout
        process.stdout.close()


def test_a_run_whose_reader_has_gone_does_not_wait_for_its_threads(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    waiting = Reply(b"", 429, {"Retry-After": "600"})
    with Hostile(sandbox, later_chunks(waiting)) as hostile:
        process = start(hostile, sandbox, tmp_path, extract_method="bulk")
        records(process, 10)
        assert process.stdout
        process.stdout.close()
        assert process.wait(timeout=15) == 1
