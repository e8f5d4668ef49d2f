"""Each line of the threat model is held by a test that there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()


def test_each_line_names_tests_that_there_are() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    threats = [row for row in rows if row[0] != "who, and what"]
    assert len(threats) > 20
    for threat, answer, tests in threats:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
        assert answer
        assert named, threat
        for file, name in named:
            assert f"def {name}(" in (ROOT / file).read_text(), (file, name)
