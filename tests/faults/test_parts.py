"""The page of what was tried: each program writes its own part, and leaves the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults.parts import write_part

if TYPE_CHECKING:
    from pathlib import Path


def test_a_part_is_written_in_its_place_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write_part(page, "matrix", "# Old")
    write_part(page, "kills", "1 kill")
    write_part(page, "limits", "2 limits")
    write_part(page, "kills", "3 kills")
    write_part(page, "matrix", "# New")
    kept = [line for line in page.read_text().splitlines() if line and "<!--" not in line]
    assert kept == ["# New", "3 kills", "2 limits"]
    before = page.read_text()
    write_part(page, "limits", "2 limits")
    assert page.read_text() == before
