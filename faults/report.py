"""The page that says how it went: totals, and fault by phase."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faults.cells import all_cells
from faults.mishaps import all_mishaps
from faults.phases import PHASES
from faults.trials.flaws import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faults.trials.running import Result

_INTRODUCTION = """\
# Reliability

What can go wrong between a connector and Gainsight, tried: each fault of the
[sandbox](sandbox.md#faults) in each phase of the tap and of the target that can meet it, once and
lasting; besides, runs that are killed (SIGKILL) or stopped (SIGTERM) at a phase's call, with their
STATE or their quota store lost, Redis and PostgreSQL servers with the quota store that vanish or
restart, and tenants that do what the documents leave open in another way. This page is written by
`make faults`; a part of it is run by each `make test`.

A cell is a fault in a phase. Its tenant is a sandbox, its data a few records, one of them bad. The
connector runs, and is run again after a failure with the last STATE, as a scheduler would: at most
three times, and what lasts is mended before the third. Then the tenant is asked for the truth. A
cell is right if

- in the end a run exits 0; one that failed exits 1, and its last line is the error, without a
  traceback; one that was stopped exits 143;
- no row is missing, changed, or written twice in a run that exits 0; no good record is rejected,
  and the bad one is;
- no job is paid for twice, unless the first one is gone; a submission whose reply never arrived is
  counted apart;
- no output, log, STATE, report page, dead letter or other file, no quota store, and no command of a
  program that ran (`/proc/PID/cmdline`, read at each call) holds the access key, the bulk key, the
  OAuth pair or a token, or the password of the quota store.

Some things are counted as right, because nobody could do better: an insert by REST call that a
failed run has done is sent again by the next one ([target.md](target.md)); so is an insert job that
the tenant has forgotten (the error says to look in Gainsight first), or that was not done within
`job_timeout`; an upsert job that was done before its run could say so, and any job of
`bulk_import_api: connector`, whose jobs cannot be listed, is submitted again; and a record alone
that Gainsight itself refuses, or twice does not confirm, is rejected.

What the page would not show if it were always green: `tests/faults/test_mutations.py` breaks the
connectors in five ways (a 404 that is not Gainsight's is believed; an insert is sent again without
a look; what a chunk gave that comes again is written and counted again; no STATE is written, or no
paid job remembered, once a job is submitted), and each is found.
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was run.

    Attributes:
        only: What the names of its cells hold.
        possible: How many cells there are of these.
        seed: By which lot some of them were drawn; None if all were run.
        seconds: How long it took.
        real: Whether each run had a process of its own.
    """

    only: str
    possible: int
    seed: int | None
    seconds: float
    real: bool


def report(results: Sequence[Result], scope: Scope) -> str:
    """The page."""
    return "\n".join(
        [
            _INTRODUCTION,
            *_totals(results, scope),
            *_table(results),
            *_readings(results),
            *_flaws(results),
        ]
    )


def _totals(results: Sequence[Result], scope: Scope) -> Iterator[str]:
    drawn = f", drawn by lot (seed {scope.seed}) of {scope.possible:,}" if scope.seed else ""
    named = f" whose name holds `{scope.only}`" if scope.only else ""
    how = "each run in a process of its own, in real time"
    if not scope.real:
        how = (
            "each run through the connector's command in the process of the cell, by a clock that "
            "passes as fast as it is waited for: processes of their own take five times as long "
            '(`make faults FAULTS="--processes --sample 40"`)'
        )
    work = f"of which a processor worked {sum(result.work for result in results):,.0f} s"
    right = [result for result in results if not result.flaws]
    runs = Counter(len(result.runs) for result in results)
    yield "## Totals\n"
    yield f"{len(results):,} cells{named}{drawn}; {how}. It took {scope.seconds:,.0f} s, {work}.\n"
    yield "| | |"
    yield "|---|---:|"
    yield f"| cells | {len(results):,} |"
    yield f"| right | {len(right):,} |"
    yield f"| not right | {len(results) - len(right):,} |"
    for kind in Kind:
        count = sum(any(flaw.kind is kind for flaw in result.flaws) for result in results)
        yield f"| {kind} | {count:,} |"
    yield f"| done by the first run | {runs[1]:,} |"
    yield f"| done by the second run | {runs[2]:,} |"
    yield f"| done once what lasts was mended | {runs[3]:,} |"
    yield f"| strikes of faults | {sum(result.strikes for result in results):,} |"
    yield f"| cells whose fault never struck | {sum(not r.strikes for r in results):,} |"
    unanswered = sum(result.unanswered for result in results)
    yield f"| submissions whose reply never arrived | {unanswered:,} |\n"


def _table(results: Sequence[Result]) -> Iterator[str]:
    """A row for each fault, a column for each phase."""
    yield "## Fault by phase\n"
    yield (
        "How many runs it took where the fault struck once / each time until it was mended; `-` "
        "was not drawn, or strikes once only; empty cannot be; **!** is not right. Each phase gets "
        "each status in two of its forms: `e` with Gainsight's envelope, `g` with the gateway's, "
        "`h` with a page of HTML, `n` with nothing.\n"
    )
    mishaps = {mishap.name: mishap for mishap in all_mishaps() if not mishap.reading}
    results = [result for result in results if result.mishap in mishaps]
    found: dict[tuple[str, str], dict[bool, str]] = {}
    for result in results:
        mishap = mishaps[result.mishap]
        place = found.setdefault((mishap.row, result.phase), {})
        place[result.lasting] = f"{len(result.runs)}{mishap.mark}{' **!**' if result.flaws else ''}"
    possible = {(cell.mishap.row, cell.phase.name) for cell in all_cells()}
    drawn = {row for row, _ in found}
    rows = dict.fromkeys(mishap.row for mishap in mishaps.values() if mishap.row in drawn)
    for connector in ("tap", "target"):
        phases = [phase.name for phase in PHASES if phase.connector == connector]
        phases = [name for name in phases if any(result.phase == name for result in results)]
        if not phases:
            continue
        titles = [name.partition(": ")[2] for name in phases]
        yield f"### The {connector}\n"
        yield f"| fault | {' | '.join(titles)} |"
        yield f"|---|{':-:|' * len(titles)}"
        for row in rows:
            cells = [
                _cell(found.get((row, phase), {})) if (row, phase) in possible else ""
                for phase in phases
            ]
            if any(each.strip("- /") for each in cells):
                yield f"| {row} | {' | '.join(cells)} |"
        yield ""


def _cell(pair: dict[bool, str]) -> str:
    return " / ".join(pair.get(lasting, "-") for lasting in (False, True))


def _readings(results: Sequence[Result]) -> Iterator[str]:
    """How many runs there were with tenants of each other reading of the documents."""
    names = {mishap.name for mishap in all_mishaps() if mishap.reading}
    tried = Counter(result.mishap for result in results if result.mishap in names)
    if not tried:
        return
    wrong = Counter(result.mishap for result in results if result.flaws)
    yield "## Other readings of the documents\n"
    yield (
        "Tenants with another value of a [quirk](sandbox.md#quirks), each in one run of every kind "
        "that may meet it: kinds of runs tried. A few are refused, clearly, until a setting tells "
        "the connector of them: `import_api`, `bulk_key_for_jobs`, `parentheses` (without which "
        "`deleted_records` cannot be read).\n"
    )
    yield ", ".join(
        f"`{name}` {count}{' **!**' if wrong[name] else ''}" for name, count in tried.items()
    )
    yield ""


def _flaws(results: Sequence[Result]) -> Iterator[str]:
    yield "## Not right\n"
    wrong = [result for result in results if result.flaws]
    for result in wrong:
        yield f"- {result.name.replace('|', '/')}: {'; '.join(map(str, result.flaws))}"
    if not wrong:
        yield "Nothing."
    yield ""
