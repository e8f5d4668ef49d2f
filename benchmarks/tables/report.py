"""The results as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import data
from benchmarks.cases import (
    CHUNKS,
    GROWTH,
    JOB_SECONDS,
    LEFT_OUT,
    PAIRS,
    PEERS,
    STARTS,
    STREAM_ROWS,
    STREAMS,
    WAITS,
    Case,
    Pair,
)
from benchmarks.measured.servers import BYTES_PER_SECOND, LATENCY
from benchmarks.tables.goals import goals
from benchmarks.tables.results import Results, Spread, shown
from benchmarks.tables.whole_runs import batch_files, calls, end_to_end, many_streams, memory, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.plan import Scope
    from benchmarks.tables.results import What


def report(results: Results, scope: Scope, machine: Sequence[str]) -> Iterator[str]:
    """All tables, line by line.

    Args:
        results: What was measured.
        scope: What was asked for.
        machine: Lines about the machine.
    """
    yield from (f"- {line}" for line in machine)
    yield (
        f"- {scope.runs} round{'s' * (scope.runs > 1)} after a warm-up, all programs in turn in "
        "each of them. Medians; least and greatest in brackets"
    )
    yield (
        f"- Rows of {len(data.KINDS)} columns: {results.rows:,} for the tap's export jobs, the "
        f"target and the way without SDK, {results.peer_rows:,} for queries and for the others, "
        "which would take hours. Seconds are net of the same program's run on no rows, and rates "
        "and ratios are by row; that this compares, the growth below shows"
    )
    for table in (
        goals,
        _pairs,
        _programs,
        _peers,
        batch_files,
        end_to_end,
        many_streams,
        memory,
        _growth,
        _starts,
        _waits,
        calls,
    ):
        lines = list(table(results, scope))
        if lines:
            yield ""
            yield from lines


def _pairs(results: Results, _: Scope) -> Iterator[str]:
    pairs = results.measured(PAIRS)
    if not pairs:
        return
    yield from ("### Pairs", "", "![Rows a second of each pair](pairs.svg)", "")
    yield (
        "| | rows/s of one core | the other | ratio, by the processor | ratio, by the clock "
        "| at least | |"
    )
    yield "|---|---|---|---|---|---|---|"
    for pair in pairs:
        ratio = results.ratio(pair.ours, pair.theirs)
        yield (
            f"| {pair.title} | {results.rate(pair.ours).median:,.0f} "
            f"| {results.rate(pair.theirs).median:,.0f} "
            f"| **{_ratio(results, pair.ours, pair.theirs, 'cpu')}** "
            f"| {_ratio(results, pair.ours, pair.theirs, 'wall')} | {goal(pair)} "
            f"| {'reached' if ratio.median >= pair.goal else 'missed'} |"
        )


def goal(pair: Pair) -> str:
    """What is asked of a pair, as text."""
    return f"{pair.goal:g}x" + (f", aim {pair.aim:g}x" if pair.aim else "")


def _ratio(results: Results, ours: str, theirs: str, what: What) -> str:
    if not all(results.tells(program, what) for program in (ours, theirs)):
        return "too few rows to tell"
    ratio = results.ratio(ours, theirs, what)
    return f"{ratio.median:.2f}x ({ratio.least:.2f} to {ratio.greatest:.2f})"


def _programs(results: Results, _: Scope) -> Iterator[str]:
    compared = [name for pair in results.measured(PAIRS) for name in (pair.ours, pair.theirs)]
    others = [peer.program for peer in PEERS if results.has(peer.program)]
    programs = list(dict.fromkeys([*compared, *others]))
    if not programs:
        return
    yield from ("### Programs", "")
    yield (
        "| as in `benchmarks/measured/programs.py` | rows | seconds of the processor, net "
        "| by the clock | us a row | start, processor | peak MB |"
    )
    yield "|---|---|---|---|---|---|---|"
    for name in programs:
        size = results.size(name)
        cpu = Spread.of(results.net(name, "cpu"))
        yield (
            f"| `{name}` | {size:,} | {shown(cpu)} "
            f"| {shown(Spread.of(results.net(name, 'wall')))} | {cpu.median / size * 1e6:.1f} "
            f"| {results.start(name, 'cpu').median:.2f} | {results.peak(name):.0f} |"
        )


def _peers(results: Results, scope: Scope) -> Iterator[str]:
    peers = [case for case in _measured(PEERS, results, scope) if results.has(case.ours)]
    if not peers:
        return
    yield from ("### Other programs", "")
    yield "| | rows/s of one core | ours | ours is | by the clock |"
    yield "|---|---|---|---|---|"
    for case in peers:
        yield (
            f"| {short(case)} | {results.rate(case.program).median:,.0f} "
            f"| {results.rate(case.ours).median:,.0f} "
            f"| **{_ratio(results, case.ours, case.program, 'cpu')}** "
            f"| {_ratio(results, case.ours, case.program, 'wall')} |"
        )
    yield from ("", LEFT_OUT)


def _measured(cases: Sequence[Case], results: Results, scope: Scope) -> list[Case]:
    return [case for case in cases if scope.wants(case) and results.has(case.program, 0)]


def _growth(results: Results, scope: Scope) -> Iterator[str]:
    cases = _measured(GROWTH, results, scope)
    if not cases:
        return
    yield from ("### Growth", "", "![Rows a second by the number of rows](growth.svg)", "")
    yield "| | rows | rows/s of one core | seconds by the clock, with the start | peak MB |"
    yield "|---|---|---|---|---|"
    for case in cases:
        for rows in grown(results, case.program):
            wall = Spread.of([cost.wall for cost in results.costs[case.program, rows]])
            yield (
                f"| {short(case)} | {rows:,} "
                f"| {results.rate(case.program, rows=rows).median:,.0f} "
                f"| {wall.median:.1f} | {results.peak(case.program, rows):.0f} |"
            )


def grown(results: Results, program: str) -> list[int]:
    """The numbers of rows on which a program was run."""
    return sorted(rows for name, rows in results.costs if name == program and rows)


def _starts(results: Results, scope: Scope) -> Iterator[str]:
    cases = _measured(STARTS, results, scope)
    if not cases:
        return
    yield from ("### Start", "", "| | seconds by the clock | of the processor |", "|---|---|---|")
    for case in cases:
        wall, cpu = (results.start(case.program, what) for what in ("wall", "cpu"))
        yield f"| {short(case)} | {shown(wall)} | {shown(cpu)} |"


def _waits(results: Results, scope: Scope) -> Iterator[str]:
    cases = _measured(WAITS, results, scope)
    if not cases:
        return
    yield from ("### Waiting", "")
    yield (
        f"{CHUNKS} chunks of {data.CHUNK_ROWS:,} rows from a server that takes {LATENCY:g} s to "
        f"answer and sends {BYTES_PER_SECOND // 10**6} MB/s on a connection; {len(STREAMS)} "
        f"streams of {STREAM_ROWS:,} rows, whose export jobs take {JOB_SECONDS} s each in "
        "`gainsight-sandbox`, both started for it. Whole runs, each once."
    )
    yield from ("", "| | seconds by the clock |", "|---|---|")
    for case in cases:
        yield f"| {short(case)} | {results.start(case.program, 'wall').median:.1f} |"
