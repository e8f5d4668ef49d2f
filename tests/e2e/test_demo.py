"""`make demo`: what the README says that it prints."""

from __future__ import annotations

import os
import re
import sys

import pytest

from tests.e2e.support import BIN, ROOT, run


@pytest.mark.slow
def test_the_demo_ends_with_what_the_readme_shows() -> None:
    pytest.importorskip("meltano", reason="the group `meltano` is not installed")
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = run(sys.executable, "scripts/demo.py", env=env, cwd=ROOT, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = (ROOT / "README.md").read_text().split("and ends with:\n\n```\n")[1].split("```")[0]
    numbers = re.compile(r"-\d{4}-\d\d-\d\d\.T\d{6}|\d+ ordinary calls")
    printed = numbers.sub("N", done.stdout)
    assert [line for line in shown.splitlines() if numbers.sub("N", line) not in printed] == []
