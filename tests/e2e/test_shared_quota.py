"""Several taps at once, as on several machines, that share one credential and one budget."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import Credentials, Sandbox
from tests.e2e.support import environment

if TYPE_CHECKING:
    from pathlib import Path

OBJECTS = (
    "account_scorecard_history",
    "call_to_action",
    "company",
    "company_person",
    "gsuser",
    "nps_survey_response",
    "relationship",
    "relationship_type",
)


@pytest.mark.parametrize("store", ["sqlite", "redis", "postgres"])
def test_together_they_never_pass_the_limit(
    store: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = (
        str(tmp_path / "quota.sqlite")
        if store == "sqlite"
        else str(request.getfixturevalue(f"{store}_url"))
    )
    with Sandbox(
        rows=dict.fromkeys(OBJECTS, 20), credentials=Credentials(access_key=f"a-key-for-{store}")
    ) as sandbox:
        taps = [
            subprocess.Popen(
                [sys.executable, "-m", "tap_gainsight", "--config=ENV"],
                env=environment(
                    sandbox,
                    quota_store=url,
                    extract_method="bulk",
                    objects=json.dumps(OBJECTS),
                    on_quota_exhausted="fail",
                    start_date=start_date,  # else the one would take the other's jobs
                ),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for start_date in ("2001-01-01T00:00:00Z", "2002-01-01T00:00:00Z")
        ]
        errors = [tap.communicate(timeout=120)[1] for tap in taps]
        used = sandbox.usage()
        assert used.violations == 0
        assert used.bulk == 10
        failed = [text for tap, text in zip(taps, errors, strict=True) if tap.returncode]
        assert failed
        for text in failed:
            assert "10 of 10 used this hour" in text.splitlines()[-1]
            assert sandbox.access_key not in text
