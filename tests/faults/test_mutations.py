"""Connectors that are broken on purpose, each in a copy: the matrix must call them wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.cells import all_cells
from faults.trials.flaws import Kind

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "faults", "gainsight_api", "gainsight_sandbox", "gainsight_singer", "tap_gainsight",
    "target_gainsight",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutation:
    """A line of a connector that is replaced, and where that must show.

    Attributes:
        name: What the connector then does wrong.
        path: The file.
        old: The line.
        new: What is put in its place.
        cells: What the names of the cells hold that meet it.
        kind: What they must find.
    """

    name: str
    path: str
    old: str
    new: str
    cells: str
    kind: Kind


MUTATIONS = (
    Mutation(
        "believes a 404 that is not Gainsight's",
        "gainsight_api/calls/replies.py",
        '        reason = "Gainsight failed to answer"\n',
        '        reason = "Gainsight failed to answer"\n'
        "    elif reply.status == HTTPStatus.NOT_FOUND:\n"
        '        return NotFoundError("Gainsight knows nothing at this address", **details)\n',
        "tap: poll | 404 with",
        Kind.PAID_TWICE,
    ),
    Mutation(
        "sends an insert again without a look whether it was done",
        "target_gainsight/rest/work.py",
        "        done, more = self.look_for(replace(call, rows=left))\n",
        "        done, more = Outcome(), [replace(call, rows=left)]\n",
        "insert | done, and connection dropped after it | once",
        Kind.DOUBLED,
    ),
    Mutation(
        "writes no STATE when a job is submitted",
        "tap_gainsight/extract/cursor.py",
        "        self.announce(self._with_job(job))\n\n"
        "    def begin_job(self, job: Job) -> None:\n"
        '        """A job is under way for what is to be read next."""\n'
        "        self.checkpoint = self._with_job(job)\n"
        "        self._gate.begin(self.position.key)\n"
        "        self._job_began = self.begin_chunk()\n"
        "        self._keep()\n",
        "        pass\n\n"
        "    def begin_job(self, job: Job) -> None:\n"
        "        self.checkpoint = self._with_job(job)\n"
        "        self._gate.begin(self.position.key)\n"
        "        self._job_began = self.begin_chunk()\n",
        "tap: poll | killed |",
        Kind.PAID_TWICE,
    ),
    Mutation(
        "writes and counts again what a chunk gave that comes again",
        "tap_gainsight/extract/export_pages.py",
        "without_first(given.writing(blocks), known if same else 0)",
        "without_first(given.writing(blocks), 0)",
        "tap: chunk | chunk without its last row | once",
        Kind.DOUBLED,
    ),
    Mutation(
        "does not remember a paid job beside the quota",
        "gainsight_api/jobs/exports.py",
        "        self._remember(read, job, began)\n",
        "",
        "tap: poll | killed, its STATE lost",
        Kind.PAID_TWICE,
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_the_matrix_finds_a_connector_that(mutation: Mutation, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package)
    path = tmp_path / mutation.path
    text = path.read_text()
    assert text.count(mutation.old) == 1
    path.write_text(text.replace(mutation.old, mutation.new))
    done = subprocess.run(
        [sys.executable, "-m", "faults", "--only", mutation.cells],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert f"{mutation.kind}: " in done.stdout


def test_the_cells_that_meet_the_mutations_are_there() -> None:
    names = [cell.name for cell in all_cells()]
    for mutation in MUTATIONS:
        assert any(mutation.cells in name for name in names), mutation.name
