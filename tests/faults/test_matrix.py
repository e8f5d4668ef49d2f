"""Faults in phases of both connectors: a sample, and what their table holds."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from faults.__main__ import main
from faults.cells import all_cells, sampled, takes_minutes
from faults.mishaps import STATUSES, all_mishaps
from faults.phases import PHASES
from faults.report import Scope, report
from faults.trials.flaws import Flaw, Kind
from faults.trials.running import Result, run_cell
from gainsight_sandbox import Effect, Quirks

if TYPE_CHECKING:
    from faults.cells import Cell

ROOT = Path(__file__).parents[2]
CELLS = all_cells()
QUICK = [cell for cell in CELLS if not takes_minutes(cell)]


@pytest.mark.parametrize("cell", sampled(CELLS, len(PHASES), seed=7), ids=lambda cell: cell.name)
def test_a_fault_loses_doubles_and_tells_nothing(cell: Cell) -> None:
    assert run_cell(cell).flaws == ()


@pytest.mark.slow
@pytest.mark.parametrize("cell", sampled(QUICK, 8, seed=3), ids=lambda cell: cell.name)
def test_it_does_as_little_in_a_process_of_its_own(cell: Cell) -> None:
    assert run_cell(cell, real=True).flaws == ()


def test_the_command_runs_cells_once_and_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page, kept = tmp_path / "page.md", tmp_path / "results"
    options = ["--only", "tap: poll | 503 with HTML", "--workers", "1"]
    options += ["--out", str(page), "--results", str(kept)]
    command = [sys.executable, "-m", "faults", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 of 1 cells, 0 not right" in done.stdout
    assert "| 503 | 1h / - |" in page.read_text()
    (line,) = kept.read_text().splitlines()
    monkeypatch.setattr(sys, "argv", ["faults", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "1 of 1 cells, 0 not right" in capsys.readouterr().out
    assert kept.read_text() == f"{line}\n"


def test_every_effect_of_the_sandbox_and_every_phase_is_in_the_table() -> None:
    assert {cell.mishap.effect for cell in CELLS} - {None} == set(Effect)
    assert {cell.mishap.name for cell in CELLS} == {mishap.name for mishap in all_mishaps()}
    assert {cell.phase.name for cell in CELLS} == {phase.name for phase in PHASES}
    assert len({cell.name for cell in CELLS}) == len(CELLS) > 600


def test_every_quirk_of_the_sandbox_is_in_the_table() -> None:
    met = {cell.mishap.reading.quirk for cell in CELLS if cell.mishap.reading is not None}
    assert met == {each.name for each in fields(Quirks)}


def test_each_phase_gets_each_status_once_and_lasting_in_two_forms() -> None:
    found = Counter(
        (cell.phase.name, cell.mishap.row, cell.strikes) for cell in CELLS if cell.mishap.mark
    )
    statuses = map(str, STATUSES)
    assert found == Counter(product((phase.name for phase in PHASES), statuses, (1, None)))
    forms = {cell.mishap.name for cell in CELLS if cell.mishap.mark}
    assert len(forms) == 4 * len(STATUSES)


def test_a_sample_is_alike_for_the_same_seed_and_has_all_phases() -> None:
    count = len(PHASES)
    drawn = sampled(CELLS, count, seed=1)
    assert drawn == sampled(CELLS, count, seed=1) != sampled(CELLS, count, seed=2)
    assert {cell.phase.name for cell in drawn} == {phase.name for phase in PHASES}


def test_the_page_tells_what_ran_and_what_was_not_right() -> None:
    once, lasting = False, True
    fine = Result("a", "tap: poll", "503 with HTML", once, (0,), 1, (), 0, "", 0.1, 0.1)
    flaws = (Flaw(Kind.LOST, "1 row missing"),)
    wrong = Result("b", "tap: poll", "503 without a body", lasting, (1, 0), 4, flaws, 0, "", 1, 1)
    page = report([fine, wrong], Scope("poll", 10, 5, 12.0, real=False))
    assert "2 cells whose name holds `poll`, drawn by lot (seed 5) of 10" in page
    assert "| 503 | 1h / 2n **!** |" in page
    assert "| lost | 1 |" in page
    assert "- b: lost: 1 row missing" in page
