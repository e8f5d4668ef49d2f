"""Memory: a chunk's rows and a job's chunks pass through, and none of them stays."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.tap.support import tenant_of, things

# A process of its own: the tenant's server has its own ways with memory.
PROBE = """
import contextlib, sys, tracemalloc
from tap_gainsight.tap import TapGainsight

class Sink:
    def write(self, text):
        return len(text)
    def flush(self):
        pass

tracemalloc.start()
for domain in sys.argv[2:]:
    tracemalloc.reset_peak()
    config = {"domain": domain, "access_key": sys.argv[1], "quota_store": "memory",
              "extract_method": "bulk", "job_poll_interval": 0.05}
    with contextlib.redirect_stdout(Sink()):
        TapGainsight(config=config).sync_all()
    print(tracemalloc.get_traced_memory()[1] >> 10)
"""


def peaks(*rows: int, chunk_rows: int) -> list[int]:
    """The most memory, in KiB, that a process had in use during each of these exports."""
    few, many = rows
    with (
        tenant_of(things(few, apart=0.001), chunk_rows=chunk_rows, clock=None) as small,
        tenant_of(things(many, apart=0.001), chunk_rows=chunk_rows, clock=None) as large,
    ):
        command = [sys.executable, "-c", PROBE, small.access_key, small.url, large.url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [int(line) for line in done.stdout.split()]


def test_the_peak_does_not_grow_with_a_chunks_rows() -> None:
    first, second = peaks(1_000, 8_000, chunk_rows=10**6)
    assert second <= first + 1_500


@pytest.mark.slow
def test_the_peak_of_200_000_rows_is_that_of_50_000() -> None:
    first, second = peaks(50_000, 200_000, chunk_rows=20_000)
    assert second <= first + 2_000
