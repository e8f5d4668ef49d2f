"""`python -m faults.kills`: kills at instants drawn by lot, as many as are wanted."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from faults.kills.page import part
from faults.kills.running import PROGRAMS, SIGNALS, Result, Trial, measure, run_trial
from faults.parts import PAGE, write_part

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator

    from faults.kills.striking import Measured

_WORKERS = 2


def main() -> None:
    """Kill, say what was not right, and write the page's part; exit 1 if anything was not."""
    given = _options()
    began = time.monotonic()
    results: list[Result] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.workers, mp_context=context) as pool:
        programs = [name for name in PROGRAMS if given.only in {None, name}]
        whole = dict(zip(programs, map(measure, programs), strict=True))
        for program, found in whole.items():
            print(f"{program}: {found}", file=sys.stderr)
        for program in programs:
            for number in SIGNALS:
                done = _struck(pool, program, number, given, whole[program])
                results += done
                print(f"{program} {number.name}: {len(results):,} trials", file=sys.stderr)
                if given.out:
                    text = part(results, given.seed, time.monotonic() - began)
                    write_part(given.out, "kills", text)
    wrong = [result for result in results if result.flaws]
    print(f"{len(results):,} trials, {sum(r.strikes for r in results):,} kills, {len(wrong)} wrong")
    raise SystemExit(1 if wrong else 0)


def _struck(
    pool: ProcessPoolExecutor,
    program: str,
    number: signal.Signals,
    given: argparse.Namespace,
    whole: Measured,
) -> Iterator[Result]:
    """Trials until there were as many kills as are wanted."""
    kills = begun = 0
    while kills < given.count:
        wave = [
            Trial(program, number, given.seed * 10_000 + begun + each)
            for each in range(max(given.workers, (given.count - kills) // 3))
        ]
        begun += len(wave)
        for result in pool.map(partial(run_trial, whole=whole), wave):
            kills += result.strikes
            if result.flaws:
                print(f"{result.trial.name}: {result.flaws}", *result.instants, sep="\n  ")
            yield result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults-long")
    parser.add_argument("--count", type=int, default=100, help="kills of a program by a signal")
    parser.add_argument("--seed", type=int, default=1, help="another one draws other instants")
    parser.add_argument("--only", choices=PROGRAMS, help="only this program")
    parser.add_argument("--workers", type=int, default=_WORKERS, help="trials at the same time")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page that gets the part")
    return parser.parse_args()


if __name__ == "__main__":
    main()
