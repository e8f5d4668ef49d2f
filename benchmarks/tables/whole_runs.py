"""Tables of what a user feels: files, both ends of a pipe, many streams, memory, and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.calls import PAGE_ROWS
from benchmarks.cases import BATCHES, CALLS, MANY, MEMORY, PIPES
from benchmarks.plan import memory_sizes
from benchmarks.tables.results import Spread, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cases import Case, Rate
    from benchmarks.plan import Scope
    from benchmarks.tables.results import Results


def batch_files(results: Results, scope: Scope) -> Iterator[str]:
    """How quickly BATCH files are written."""
    rates = [rate for rate in BATCHES if scope.wants(rate) and results.has(rate.program)]
    if not rates:
        return
    yield from ("### BATCH files", "")
    yield "Written by the tap from the chunks of an export job, without a network."
    yield from ("", "| | rows/s of one core | us a row | peak MB |", "|---|---|---|---|")
    for rate in rates:
        found = results.rate(rate.program)
        yield (
            f"| {short(rate)} "
            f"| {found.median:,.0f} ({found.least:,.0f} to {found.greatest:,.0f}) "
            f"| {1e6 / found.median:.1f} | {results.peak(rate.program):.0f} |"
        )


def end_to_end(results: Results, scope: Scope) -> Iterator[str]:
    """Both processes of a pipe."""
    pipes = [case for case in PIPES if scope.wants(case) and results.has(case.program)]
    if not pipes:
        return
    yield from ("### End to end", "", "![Seconds of the processor of both](end-to-end.svg)", "")
    yield (
        f"A tap over HTTP, and the loader that reads what it writes: {results.size('pipe:'):,} "
        "rows, seconds of the processor, net of each pipe's run on no rows. BATCH is jsonl.gz. "
        "Those into target-postgres that are held against each other ran in up to three rounds, "
        "the others once."
    )
    yield ""
    yield "| | tap | loader | both | of the SDK's tap's both | loader's peak MB |"
    yield "|---|---|---|---|---|---|"
    for case in pipes:
        left, right, both = (
            Spread.of(results.net(case.program, what)) for what in ("fed", "cpu", "both")
        )
        yield (
            f"| {short(case)} | {left.median:.2f} | {right.median:.2f} | {shown(both)} "
            f"| {_of_the_sdk(results, case, both)} | {results.peak(case.program):.0f} |"
        )
    left_out = [short(case) for case in PIPES if scope.wants(case) and case not in pipes]
    if left_out:
        yield from ("", f"Not run, as the loader is not installed: {'; '.join(left_out)}.")


def _of_the_sdk(results: Results, case: Case, both: Spread) -> str:
    sdk = f"pipe:sdk-http+{case.program.rpartition('+')[2]}"
    if case.program == sdk or not results.has(sdk):
        return ""
    return f"{both.median / Spread.of(results.net(sdk, 'both')).median:.0%}"


def many_streams(results: Results, scope: Scope) -> Iterator[str]:
    """The target's cost by the number of streams."""
    cases = [case for case in MANY if scope.wants(case) and results.has(case.program)]
    if not cases:
        return
    yield from ("### Many streams", "")
    yield (
        f"The target, by insert calls: {results.size('many:'):,} rows, of each stream one in "
        "turn. Seconds of the processor, net of a run of one stream without rows: what each stream "
        "costs by itself, as its SCHEMA does, is in them."
    )
    yield ""
    yield "| streams | seconds of the processor | of one stream's | schemas alone | peak MB |"
    yield "|---|---|---|---|---|"
    for case in cases:
        found = results.streams_cpu(case.program)
        one = results.streams_cpu(case.ours).median if results.has(case.ours) else found.median
        yield (
            f"| {short(case)} | {shown(found)} | {found.median / one:.2f}x "
            f"| {results.streams_cpu(case.program, 0).median:.2f} "
            f"| {results.peak(case.program):.0f} |"
        )


def memory(results: Results, scope: Scope) -> Iterator[str]:
    """The tap's peak memory by the number of rows."""
    cases = [case for case in MEMORY if scope.wants(case) and results.peaks(case.program)]
    if not cases:
        return
    few, many = memory_sizes(results.rows)
    yield from ("### Peak memory of the tap", "")
    yield from (f"| | MB at {few:,} rows | MB at {many:,} rows |", "|---|---|---|")
    for case in cases:
        peaks = results.peaks(case.program)
        yield f"| {short(case)} | {peaks[few]:.0f} | {peaks[many]:.0f} |"


def calls(results: Results, _: Scope) -> Iterator[str]:
    """What syncs take in calls."""
    if not results.calls:
        return
    yield from ("### Calls", "", f"{short(CALLS).capitalize()}, counted by the sandbox.")
    yield (
        f"An object of a million rows would add {10**6 // PAGE_ROWS} calls to the first sync by "
        "offset, and to this tap's one page, a job, and the calls for its status and chunks."
    )
    yield ""
    yield "| | first sync: ordinary calls | jobs | nothing new: ordinary calls | jobs |"
    yield "|---|---|---|---|---|"
    for price in results.calls:
        cells = " | ".join(str(count) for count in (*price.full, *price.idle))
        yield f"| {price.who} | {cells} |"


def short(case: Case | Rate) -> str:
    """A title without its table's name."""
    return case.title.partition(": ")[2]
