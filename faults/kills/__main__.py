"""`python -m faults.kills`: kills at instants drawn by lot, as many as are wanted."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count, islice, product
from pathlib import Path
from typing import TYPE_CHECKING

from faults.kills.page import part
from faults.kills.running import PROGRAMS, SIGNALS, Result, Trial, measure, run_trial
from faults.kills.striking import hear_interrupts
from faults.parts import PAGE, write_part

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator, Sequence

_WORKERS = 2
_ROUND = 10


def main() -> None:
    """Kill, say what was not right, and write the page's part; exit 1 if anything was not."""
    given = _options()
    began = time.monotonic()
    results: list[Result] = []
    hear_interrupts()
    programs = [name for name in PROGRAMS if given.only in {None, name}]
    whole = dict(zip(programs, map(measure, programs), strict=True))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        given.workers, mp_context=context, initializer=hear_interrupts
    ) as pool:
        for wanted in range(_ROUND, given.count + _ROUND, _ROUND):  # so that it may be cut short
            for program, number in product(programs, SIGNALS):
                trials = _trials(program, number, given.seed, results)
                work = partial(run_trial, whole=whole[program])
                missing = min(wanted, given.count) - _kills(program, number, results)
                while missing > 0:
                    wave = list(islice(trials, max(given.workers, missing // 3)))
                    done = list(pool.map(work, wave))
                    results += done
                    missing -= sum(result.strikes for result in done)
                    _say_flaws(done)
            write_part(given.out, "kills", part(results, given.seed, time.monotonic() - began))
            print(f"{sum(result.strikes for result in results):,} kills", file=sys.stderr)
    wrong = [result for result in results if result.flaws]
    print(f"{len(results):,} trials, {sum(r.strikes for r in results):,} kills, {len(wrong)} wrong")
    raise SystemExit(1 if wrong else 0)


def _trials(
    program: str, number: signal.Signals, seed: int, before: Sequence[Result]
) -> Iterator[Trial]:
    """Those that have not been yet."""
    begun = sum((r.trial.program, r.trial.signal) == (program, number) for r in before)
    for each in count(seed * 10_000 + begun):
        yield Trial(program, number, each)


def _kills(program: str, number: signal.Signals, results: Sequence[Result]) -> int:
    return sum(r.strikes for r in results if (r.trial.program, r.trial.signal) == (program, number))


def _say_flaws(results: Sequence[Result]) -> None:
    for result in results:
        if result.flaws:
            lines = "\n  ".join(result.instants)
            print(f"{result.trial.name}: {result.flaws}\n  {lines}", flush=True)


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
