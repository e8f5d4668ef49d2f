"""The tap and a real loader in a plain pipe."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import JobSettings, Limits, Sandbox
from tests.e2e.support import SMALL, assert_same, environment, rows_in, run

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = Limits(10**6, 10**6, 10**6, 10**6)


@pytest.mark.parametrize("method", ["auto", "query", "bulk"])
def test_the_files_hold_every_row_of_the_tenant_value_for_value(
    tmp_path: Path, method: str
) -> None:
    with Sandbox(rows=SMALL, limits=LIMITS, jobs=JobSettings(chunk_rows=60)) as sandbox:
        config = tmp_path / "loader.json"
        config.write_text(json.dumps({"output_path": str(tmp_path)}))
        tap = f"{shlex.quote(sys.executable)} -m tap_gainsight --config=ENV"
        done = run(
            "bash",
            "-o",
            "pipefail",
            "-c",
            f"{tap} | target-csv --config {shlex.quote(str(config))}",
            env=environment(
                sandbox,
                extract_method=method,
                bulk_threshold_rows="100",
                bulk_calls_per_hour="1000",
                sync_calls_per_minute="10000",
            ),
        )
        assert done.returncode == 0, done.stderr
        for name, count in sandbox.tenant.counts().items():
            if count and sandbox.tenant.schema(name).readable and "delete_log" not in name:
                assert_same(rows_in(tmp_path / f"{name}.csv"), sandbox, name)
