"""`make bench`: each program in turn, several times; tables of medians, and pictures."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import calls, data
from benchmarks.cases import CALLS
from benchmarks.check import check
from benchmarks.inputs import Inputs
from benchmarks.measured.loaders import Loaders
from benchmarks.measured.servers import serving
from benchmarks.plan import Scope, carry_out, plan
from benchmarks.running import Runner
from benchmarks.tables import machine
from benchmarks.tables.report import report
from benchmarks.tables.results import Results

_OUT = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- results -->", "<!-- end of the results -->"


def main() -> None:
    """Measure, print the tables, and write them and the pictures."""
    given = _options()
    scope = Scope(given.runs, given.only, given.peer_growth)
    results = Results(data.rounded(given.rows), data.rounded(given.peer_rows))
    wanted = plan(scope, results)
    if not wanted and not scope.wants(CALLS):
        raise SystemExit(f"nothing is called {given.only!r}")
    load = machine.load()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")  # filled by the warm-up
        with serving(folder) as tenant, ExitStack() as servers:
            loaders = Loaders(folder, servers)
            runner = Runner(Inputs(folder, given.plain), tenant, loaders, folder)
            check(runner, {program for program, _ in wanted})
            carry_out(wanted, runner, results)
    if scope.wants(CALLS):
        results.calls = calls.measured()
    about = (
        *(("Plain rows: see below",) if given.plain else ()),
        machine.described(),
        f"Load averages at the start {load}, at the end {machine.load()}",
        machine.packages(),
    )
    text = "\n".join(report(results, scope, about)) + "\n"
    print(text)
    if given.out:
        _write(given.out, text, results)


def _write(out: Path, text: str, results: Results) -> None:
    # Only now: what it takes would count among the peak memory of the programs.
    from benchmarks.tables import pictures

    out.write_text(_placed(text, out), encoding="utf-8")
    for path in (out, *pictures.write(results, out.parent)):
        print(f"written: {path}", file=sys.stderr)


def _placed(text: str, out: Path) -> str:
    """The results in the place of those that a file has, if it has any."""
    old = out.read_text(encoding="utf-8") if out.exists() else ""
    before, begin, rest = old.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    return f"{before}{begin}\n\n{text}\n{end}{after}" if end else text


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rows", type=int, default=1_000_000, help="for the fast programs")
    parser.add_argument("--peer-rows", type=int, default=100_000, help="for the slow ones")
    parser.add_argument("--peer-growth", type=int, default=100_000, help="their most, for growth")
    parser.add_argument("--runs", type=int, default=5, help="rounds")
    parser.add_argument("--only", default="", help="what a title has to hold")
    parser.add_argument("--plain", action="store_true", help="rows without marks, all times alike")
    parser.add_argument("--out", type=Path, help="a Markdown file; the pictures go beside it")
    given = parser.parse_args()
    if not (given.out or given.only or given.plain):
        given.out = _OUT  # a part, or other rows, do not take the place of the whole
    return given


if __name__ == "__main__":
    main()
