"""`make bench`: each pair in turn, several times, and a table of medians, in Markdown."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PROGRAMS = ("-m", "benchmarks.programs")
PAIRS = (
    ("chunk CSV to Singer lines, against the SDK as it comes", "tap", "sdk", "8x"),
    ("the same, against csv, types and orjson without SDK", "tap", "none", "0.9x"),
    ("with a stream map, against the SDK with the same map", "tap:map", "sdk:map", "3x"),
    ("with a stream map, against the SDK without", "tap:map", "sdk", "3x"),
    ("with flattening, against the SDK with flattening", "tap:flatten", "sdk:flatten", "3x"),
    ("with flattening, against the SDK without", "tap:flatten", "sdk", "3x"),
    ("query, against the SDK's RESTStream", "query", "rest", "3x"),
)
_TIMES = (
    ("`tap-gainsight --version`", ("-m", "tap_gainsight", "--version")),
    ("`tap-gainsight --about`", ("-m", "tap_gainsight", "--about")),
    ("a bare SDK tap's import", ("-c", "import singer_sdk")),
)


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds of the processor, of the clock, and MB at most."""

    cpu: float
    wall: float
    peak: float


def measure(arguments: Sequence[str]) -> Cost:
    """Run Python, its output thrown away.

    Raises:
        SystemExit: It failed.
    """
    began = time.perf_counter()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        {**os.environ, "SINGER_SDK_LOG_CONFIG": str(Path(__file__).with_name("quiet.yaml"))},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed")
    wall = time.perf_counter() - began
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


class Pages(ThreadingHTTPServer):
    """The query calls of a tenant, whose answers are the same pages in turn, then none."""

    def __init__(self, folder: Path, repeats: int) -> None:
        super().__init__(("127.0.0.1", 0), _PagesHandler)
        # They are not kept: a child's peak memory counts from its parent's.
        self.pages = sorted(folder.glob("page-*.json"), key=lambda path: int(path.stem[5:]))
        self.repeats = repeats
        self.asked = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def next_page(self) -> bytes:
        """The next answer."""
        self.asked += 1
        if self.asked > len(self.pages) * self.repeats:
            return b'{"result":true,"data":{"records":[]}}'
        return self.pages[(self.asked - 1) % len(self.pages)].read_bytes()


class _PagesHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Pages

    def do_POST(self) -> None:
        """Answer a query."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.server.next_page()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[Pages]:
    """A server of the folder's pages."""
    server = Pages(folder, 1)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Bench:
    """A set of measurements on one machine."""

    folder: Path
    server: Pages
    rows: int
    runs: int
    costs: dict[tuple[str, int], list[Cost]] = field(default_factory=dict)

    def run(self, program: str, rows: int) -> Cost:
        """One run of a program on so many rows."""
        self.server.asked = 0 if rows else 10**9
        chunk, repeats = self.folder / "chunk.csv", rows // data.CHUNK_ROWS
        arguments = [program, str(chunk), str(repeats), self.server.url]
        cost = measure([*_PROGRAMS, *arguments])
        self.costs.setdefault((program, rows), []).append(cost)
        return cost

    def measure_pairs(self) -> None:
        """All programs in turn, so that the machine's moods meet them all."""
        programs = list(
            dict.fromkeys(name for _, ours, theirs, _ in PAIRS for name in (ours, theirs))
        )
        for number in range(self.runs + 1):
            for program in programs:
                if not number:
                    self.run(program, 0)  # a warm-up, and the start that is left out
                    self.costs.pop((program, 0))
                    continue
                for rows in (0, self.rows):
                    self.run(program, rows)
            print(f"{number} of {self.runs} rounds", file=sys.stderr)

    def seconds(self, program: str, what: str) -> list[float]:
        """Each run's seconds, net of the start."""
        full = [getattr(cost, what) for cost in self.costs[program, self.rows]]
        start = statistics.median(getattr(cost, what) for cost in self.costs[program, 0])
        return [seconds - start for seconds in full]

    def table(self) -> Iterator[str]:
        """The pairs, as Markdown."""
        yield "| | rows/s of one core | against | ratio | by the clock | at least |"
        yield "|---|---|---|---|---|---|"
        for title, ours, theirs, goal in PAIRS:
            mine, other = self.seconds(ours, "cpu"), self.seconds(theirs, "cpu")
            walls = [statistics.median(self.seconds(name, "wall")) for name in (theirs, ours)]
            ratios = sorted(b / a for a, b in zip(mine, other, strict=True))
            yield (
                f"| {title} | {self.rows / statistics.median(mine):,.0f} "
                f"| {self.rows / statistics.median(other):,.0f} "
                f"| **{statistics.median(ratios):.1f}x** ({ratios[0]:.1f} to {ratios[-1]:.1f}) "
                f"| {walls[0] / walls[1]:.1f}x | {goal} |"
            )


def memory(bench: Bench, many: Sequence[int]) -> Iterator[str]:
    """The peak memory of the tap for so many rows, as Markdown."""
    yield "| rows | peak MB | seconds |"
    yield "|---|---|---|"
    for rows in many:
        cost = bench.run("tap", rows)
        yield f"| {rows:,} | {cost.peak:.0f} | {cost.wall:.1f} |"


def starts(bench: Bench) -> Iterator[str]:
    """What it takes to start, as Markdown."""
    yield "| | seconds |"
    yield "|---|---|"
    for title, arguments in _TIMES:
        costs = [measure(arguments) for _ in range(max(bench.runs, 3))]
        yield f"| {title} | {statistics.median(cost.wall for cost in costs):.2f} |"
    for title, program in (
        ("a sync that finds nothing new", "tap"),
        ("the same by query, one call", "query"),
        ("the SDK as it comes, no rows", "sdk"),
    ):
        costs = [bench.run(program, 0) for _ in range(max(bench.runs, 3))]
        yield f"| {title} | {statistics.median(cost.wall for cost in costs):.2f} |"


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--memory", type=int, nargs="*", default=[1_000_000, 5_000_000])
    given = parser.parse_args()
    rows = max(given.rows // data.CHUNK_ROWS, 1) * data.CHUNK_ROWS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data.write_chunk(folder / "chunk.csv", data.CHUNK_ROWS)
        data.write_pages(folder, rows)
        with serving(folder) as server:
            bench = Bench(folder, server, rows, given.runs)
            bench.measure_pairs()
            print(
                f"{rows:,} rows of {len(data.KINDS)} columns; medians of {given.runs} runs, in "
                f"turn; processor time net of the start, least and greatest ratio in brackets. "
                f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}."
                "\n"
            )
            for table in (bench.table(), memory(bench, given.memory), starts(bench)):
                print(*table, sep="\n", end="\n\n")


if __name__ == "__main__":
    main()
