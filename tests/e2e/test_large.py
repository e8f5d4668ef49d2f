"""An object of more rows than a job may hold."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gainsight_sandbox import JobSettings, Sandbox
from tests.e2e.support import environment

NAME = "usage_event__gc"
ROWS = 3_000_000


@pytest.mark.slow
def test_three_million_rows_take_three_jobs_and_flat_memory() -> None:
    with Sandbox(rows={NAME: ROWS}, jobs=JobSettings(job_seconds=1)) as sandbox:
        env = environment(sandbox, objects=f'["{NAME}"]')
        with subprocess.Popen(
            [sys.executable, "-m", "tap_gainsight", "--config=ENV"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as tap:
            assert tap.stdout
            mark = f'{{"type":"RECORD","stream":"{NAME}"'.encode()
            keys = {
                line[line.index(b'"Gsid":"') + 8 :][:36]
                for line in tap.stdout
                if line.startswith(mark)
            }
            _, status, usage = os.wait4(tap.pid, 0)
            tap.returncode = os.waitstatus_to_exitcode(status)
        assert tap.returncode == 0
        assert len(keys) == ROWS
        assert sandbox.usage().bulk <= 3
        assert sandbox.usage().violations == 0
        assert usage.ru_maxrss < 200 * 1024  # KiB
