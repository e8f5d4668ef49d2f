"""`make faults`: every fault in every phase, or a sample; docs/reliability.md says how it went."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from faults.cells import all_cells, sampled, takes_minutes
from faults.parts import PAGE, write_part
from faults.report import Scope, report
from faults.trials.running import Result, begin_worker, run_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faults.cells import Cell

_WORKERS = 2
_SAID_EVERY = 100


def main() -> None:
    """Run the cells, say which were not right, and write the page; exit 1 if any was not."""
    given = _options()
    cells = [cell for cell in all_cells() if given.only in cell.name]
    if given.processes:
        cells = [cell for cell in cells if not takes_minutes(cell)]
    possible = len(cells)
    if given.sample:
        cells = sampled(cells, given.sample, given.seed)
    if not cells:
        raise SystemExit(f"no cell's name holds {given.only!r}")
    started = time.monotonic()
    known = _read(given.results)
    results = [known[cell.name] for cell in cells if cell.name in known]
    open_ones = [cell for cell in cells if cell.name not in known]
    for result in _results(open_ones, given.workers, real=given.processes):
        results.append(result)
        if result.flaws:
            print(f"{result.name}: {'; '.join(map(str, result.flaws))}", flush=True)
        elif given.results:
            with given.results.open("ab") as file:
                file.write(msgspec.json.encode(result) + b"\n")
    wrong = sum(bool(result.flaws) for result in results)
    print(f"{len(results):,} of {possible:,} cells, {wrong} not right")
    if given.out:
        seed = given.seed if given.sample else None
        seconds = time.monotonic() - started
        seconds += sum(result.seconds for result in known.values()) / given.workers
        scope = Scope(given.only, possible, seed, seconds, real=given.processes)
        write_part(given.out, "matrix", report(results, scope))
        print(f"written: {given.out}", file=sys.stderr)
    raise SystemExit(1 if wrong else 0)


def _read(path: Path | None) -> dict[str, Result]:
    """The results that an earlier run has kept, by their cells' names."""
    if path is None or not path.exists():
        return {}
    lines = path.read_bytes().splitlines()
    found = [msgspec.json.decode(line, type=Result) for line in lines]
    return {result.name: result for result in found}


def _results(cells: Sequence[Cell], workers: int, *, real: bool) -> Iterator[Result]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=begin_worker) as pool:
        for number, result in enumerate(pool.map(partial(run_cell, real=real), cells), 1):
            yield result
            if number % _SAID_EVERY == 0:
                print(f"{number:,} of {len(cells):,}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--sample", type=int, help="so many cells, drawn by lot")
    parser.add_argument("--seed", type=int, default=1, help="another one draws other cells")
    parser.add_argument("--only", default="", help="what a cell's name has to hold")
    parser.add_argument("--workers", type=int, default=_WORKERS, help="cells at the same time")
    parser.add_argument(
        "--processes",
        action="store_true",
        help="each run a process, in real time; without the cells that take minutes",
    )
    parser.add_argument(
        "--results",
        type=Path,
        help="a file of what came out right, cell by cell; what it holds is not run again",
    )
    parser.add_argument("--out", type=Path, help="the page to write, if not all cells are run")
    given = parser.parse_args()
    if not (given.out or given.sample or given.only or given.processes):
        given.out = PAGE
    return given


if __name__ == "__main__":
    main()
