"""`python -m faults.limits`: each limit once, and the page's part about them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from faults.kills.striking import hear_interrupts
from faults.limits import files, outputs, sizes, stores, together
from faults.limits.stage import Limit, Tried, attempt
from faults.parts import PAGE, write_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LIMITS: tuple[Limit, ...] = (
    *files.LIMITS,
    *stores.LIMITS,
    *outputs.LIMITS,
    *sizes.LIMITS,
    *together.LIMITS,
)
_INTRODUCTION = """\
## Limits

Written by `make faults-long`. Each is tried with real processes: a run at the limit, and one after
it, once it is gone. No run may end in a traceback, hang, or tell a secret, and in the end the
tenants are asked, as after the [kills](#kills): nothing may be missing, changed or doubled, and no
job paid for twice. Full disks and read-only folders are real ones, which root alone can mount.

A job that was just submitted is noted in the quota store, and told by the last STATE of a run that
is stopped meanwhile. So a store that hangs loses no job, nor does a reader of standard output that
blocks; both in the same seconds can, and the next run pays for that job again.
"""


def part(tried: Sequence[Tried]) -> str:
    """The page's part."""
    return "\n".join([_INTRODUCTION, *_lines(tried)])


def _lines(tried: Sequence[Tried]) -> Iterator[str]:
    wrong = sum(bool(each.flaws) for each in tried)
    missed = sum(bool(each.not_tried) for each in tried)
    yield f"{len(tried) - missed} limits tried, {wrong} not right, {missed} not tried.\n"
    yield "| limit | what must come | |"
    yield "|---|---|---|"
    for each in tried:
        verdict = f"**{'; '.join(each.flaws)}**" if each.flaws else "right"
        if each.not_tried:
            verdict = f"not tried: {each.not_tried}"
        yield f"| {each.name} | {each.must} | {verdict.replace('|', '/')} |"


def main() -> None:
    """Try the limits, say what was not right, and write the part; exit 1 if anything was not."""
    given = _options()
    hear_interrupts()
    tried = []
    for limit in LIMITS:
        if given.only in limit.name:
            tried.append(attempt(limit))
            end = "; ".join(tried[-1].flaws) or tried[-1].not_tried or "right"
            print(f"{limit.name}: {end}", flush=True)
            for line in tried[-1].said:
                print(f"  {line}", file=sys.stderr)
    if given.out:
        write_part(given.out, "limits", part(tried))
    raise SystemExit(1 if any(each.flaws for each in tried) else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults.limits")
    parser.add_argument("--only", default="", help="what a limit's name has to hold")
    parser.add_argument("--out", type=Path, help="the page that gets the part, if few are tried")
    given = parser.parse_args()
    if not (given.out or given.only):
        given.out = PAGE
    return given


if __name__ == "__main__":
    main()
