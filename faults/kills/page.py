"""The part of the page that says how the kills went."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from faults.kills.running import PROGRAMS, SIGNALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faults.kills.running import Result

_INTRODUCTION = """\
## Kills

Written by `make faults-long`. The tap, the target, and both in a pipe are real processes, each
struck by a signal at an instant drawn by lot: half of the instants by the clock, over the time that
a whole run takes, half at one of the run's calls, before or after its answer; in the pipe the tap,
the target, or both. The calls are up to 30 ms late, the jobs take up to 1.5 s. A run that was
struck is followed by another from the last STATE, which may be struck again, up to four times,
until one is done. The tap reads an object by jobs, one by pages, and the delete log; the target
upserts by call and by job, inserts by job, deletes, writes persons and activities, and has two
records to reject. In the end the tenants are asked for the truth. Of what the tap has written in a
run that was struck, only what comes before its last STATE counts.

A process that gets SIGINT before the connector's own code has begun ends as Python has it, with
its traceback.
"""
_COLUMNS = ("lost", "changed", "doubled", "paid twice")


def part(results: Sequence[Result], seed: int, seconds: float) -> str:
    """The part."""
    return "\n".join([_INTRODUCTION, *_table(results, seed, seconds), *_flaws(results)])


def _table(results: Sequence[Result], seed: int, seconds: float) -> Iterator[str]:
    kills = sum(result.strikes for result in results)
    yield (
        f"{kills:,} kills in {len(results):,} trials (seed {seed}); it took {seconds / 60:,.0f} "
        "minutes.\n"
    )
    yield (
        "| program | signal | kills | runs | lost | changed | doubled | paid twice | other flaws "
        "| unheard | not loaded | again | slowest end |"
    )
    yield "|---|---|" + "---:|" * 11
    for program in PROGRAMS:
        for number in SIGNALS:
            some = [r for r in results if r.trial.program == program and r.trial.signal == number]
            if some:
                yield _row(program, number.name, some)
    yield (
        "\nUnheard: submissions of exports after which the tap was struck before it could ask for "
        "the job. Not loaded: exports that the tap had read to the end when the target died, "
        "without a STATE of them. Again: import jobs of an upsert that were done, but not "
        "acknowledged yet; they have to come again, because the records may have changed since. "
        "Slowest end: seconds from the signal to the end of the last process that got it, "
        "without what it waited for a processor.\n"
    )


def _row(program: str, signal: str, results: Sequence[Result]) -> str:
    kinds = Counter(kind for result in results for kind, _ in result.flaws)
    others = sum(kinds.values()) - sum(kinds[kind] for kind in _COLUMNS)
    numbers = [
        sum(result.strikes for result in results),
        sum(result.runs for result in results),
        *(kinds[kind] for kind in _COLUMNS),
        others,
        sum(result.unheard for result in results),
        sum(result.unloaded for result in results),
        sum(result.again for result in results),
    ]
    slowest = max(result.slowest_end for result in results)
    cells = [program, signal, *(f"{number:,}" for number in numbers), f"{slowest:.1f} s"]
    return f"| {' | '.join(cells)} |"


def _flaws(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        if result.flaws:
            said = "; ".join(f"{kind}: {what}" for kind, what in result.flaws)
            yield f"- {result.trial.name}: {said}"
    yield ""
