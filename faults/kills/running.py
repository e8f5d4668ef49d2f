"""A trial: a run that is struck, and those after it, until one is done."""

from __future__ import annotations

import json
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faults.kills import tenants, truth
from faults.kills.striking import Instant, Measured, Pipe, Ran, Watch
from faults.trials.verdict import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_sandbox import Sandbox

TAP, TARGET, PIPE = "tap", "target", "pipe"
PROGRAMS = (TAP, TARGET, PIPE)
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
MOST_RUNS = 12
_MOST_STRIKES = 4
_GONE_WITHIN = 5.0
_JOB_SECONDS = (0.1, 0.1, 0.3, 1.5)
_ERROR = re.compile(r"\b(?:ERROR|CRITICAL)\b")


@dataclass(frozen=True, slots=True)
class Trial:
    """What is struck, by which signal, and the seed of all that is drawn by lot."""

    program: str
    signal: signal.Signals
    seed: int

    @property
    def name(self) -> str:
        """The trial in words."""
        return f"{self.program} {self.signal.name} {self.seed}"


@dataclass(slots=True)
class Result:
    """What came of a trial.

    Attributes:
        trial: The trial.
        runs: How many runs it took.
        strikes: How many of them were struck.
        slowest_end: Seconds that the slowest struck process went on after a signal.
        flaws: What was wrong: its kind, and what of it.
        unheard: Submissions of exports whose answer reached nobody.
        unloaded: Exports that the tap had read when the target died without a STATE of them.
        again: Upsert jobs that were done, but not acknowledged, and so were submitted again.
        instants: When it was struck, to look into what was wrong.
    """

    trial: Trial
    runs: int = 0
    strikes: int = 0
    slowest_end: float = 0.0
    flaws: list[tuple[str, str]] = field(default_factory=list)
    unheard: int = 0
    unloaded: int = 0
    again: int = 0
    instants: list[str] = field(default_factory=list)


class Site:
    """A trial's tenants and folder, and what its runs have come to.

    Attributes:
        more: Settings that a run has besides the usual ones.
        syncs: Runs that began when the object read by jobs had been read, so that they are a
            further sync of it.
    """

    def __init__(self, program: str, folder: Path, job_seconds: float, seed: int) -> None:
        self.program = program
        self.folder = folder
        self.job_seconds = job_seconds
        self.watch = Watch(seed)
        self.state: Any = None
        self.more: dict[str, Any] = {}
        self.syncs = 0
        self.got: dict[tuple[str, str], dict[str, Any]] = {}
        self.source: Sandbox | None = None
        self.target: Sandbox | None = None
        self._opened = ExitStack()
        if program != TARGET:
            self.source = tenants.source(self.watch.hooks, job_seconds)
            self._opened.enter_context(self.source)
        if program != TAP:
            there = 0 if program == PIPE else 20
            self.target = tenants.destination(self.watch.hooks, job_seconds, there)
            self._opened.enter_context(self.target)

    def close(self) -> None:
        """Let go of the tenants."""
        self._opened.close()

    def commands(self) -> list[list[str]]:
        """What a run has to start."""
        commands = []
        if self.source:
            config = self._file(
                "tap.json", tenants.tap_settings(self.source, self.folder) | self.more
            )
            state = ["--state", self._file("state.json", self.state)] if self.state else []
            commands.append([sys.executable, "-m", "tap_gainsight", "--config", config, *state])
        if self.target:
            found = tenants.pipe_settings if self.source else tenants.target_settings
            config = self._file("target.json", found(self.target, self.folder) | self.more)
            commands.append([sys.executable, "-m", "target_gainsight", "--config", config])
        return commands

    def feed(self) -> Path | None:
        """What the first process reads."""
        if self.source or not self.target:
            return None
        author = str(next(iter(self.target.tenant.rows("gsuser")))["Email"])
        path = self.folder / "feed.jsonl"
        path.write_text(tenants.feed(author, self.state or {}), "utf-8")
        return path

    def keep(self, ran: Ran) -> Iterator[tuple[str, str]]:
        """Go on from what a run has left; what it wrote twice is wrong."""
        messages = truth.whole_messages(ran.out)
        if self.program != TAP:
            self.state = messages[-1] if messages else self.state
            return
        times = Counter((stream, key) for stream, key, _ in truth.records(messages))
        if doubled := sum(count > 1 for count in times.values()):
            yield "doubled", f"{doubled} rows in one run"
        for message in messages:
            if message["type"] == "STATE":
                self.state = message["value"]
        kept = messages if ran.done else truth.covered(messages)
        self.got |= {(stream, key): record for stream, key, record in truth.records(kept)}

    def begin(self) -> None:
        """See what a run begins with."""
        found = (self.state or {}).get("bookmarks", {}).get(tenants.JOBS, {})
        under_way = any(value for name, value in found.items() if name.startswith("export_"))
        self.syncs += bool(found.get("replication_key_value")) and not under_way

    def complete(self) -> bool:
        """Whether a struck run had done all, so that the next one would be another sync."""
        if self.program == TARGET or not self.state:
            return False
        bookmarks = self.state.get("bookmarks", {}).values()
        under_way = any(each.get("export_job_id") for each in bookmarks)
        return not under_way and not any(self.flaws())

    def flaws(self) -> Iterator[tuple[str, str]]:
        """What is wrong at the end."""
        if self.program == TAP and self.source:
            yield from truth.tap_flaws(self.source, self.got)
        elif self.program == TARGET and self.target:
            time.sleep(tenants.SETTLED_SECONDS)
            yield from truth.target_flaws(self.target, self.folder)
        elif self.source and self.target:
            yield from truth.pipe_flaws(self.source, self.target)

    def _file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content), "utf-8")
        return str(path)


def measure(program: str) -> Measured:
    """Run a program once to its end."""
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        site = Site(program, Path(folder), 0.1, 1)
        try:
            began = time.monotonic()
            site.watch.arm(None, lambda: None)
            ran = Pipe(site.commands(), site.folder, site.feed()).end()
            flaws = [*site.keep(ran), *site.flaws()]
            if not ran.done or flaws:
                raise RuntimeError(f"a whole run of {program}: {flaws} {''.join(ran.errs)}")
            jobs = truth.exports(site.source).asked if site.source else 0
            calls, first = site.watch.answered, site.watch.first_call - began
        finally:
            site.close()
    return Measured(ran.seconds, first, calls, jobs)


def run_trial(trial: Trial, whole: Measured) -> Result:
    """Strike a program, run it again until it is done, and ask its tenants what is true."""
    lots = random.Random(trial.name)
    result = Result(trial)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        site = Site(trial.program, Path(folder), lots.choice(_JOB_SECONDS), trial.seed)
        try:
            strikes = lots.randint(1, _MOST_STRIKES)
            for number in range(MOST_RUNS):
                instant = Instant.drawn(lots, whole) if number < strikes else None
                ran = _run(site, trial, instant, lots, result)
                if ran.done or site.complete():
                    break
            else:
                result.flaws.append(("not done", f"in {MOST_RUNS} runs"))
            result.flaws += site.flaws()
            _count_jobs(site, whole, result)
        finally:
            site.close()
    return result


def _run(
    site: Site, trial: Trial, instant: Instant | None, lots: random.Random, result: Result
) -> Ran:
    site.begin()
    commands = site.commands()
    victims = lots.choice(((0,), (1,), (0, 1))) if len(commands) > 1 else (0,)
    pipe: list[Pipe] = []

    def strike() -> None:
        if pipe:
            pipe[0].strike(trial.signal, victims)

    site.watch.arm(instant, strike)
    pipe.append(Pipe(commands, site.folder, site.feed()))
    ran = pipe[0].end()
    result.runs += 1
    result.strikes += bool(ran.struck)
    result.slowest_end = max(result.slowest_end, ran.seconds_to_end)
    result.instants.append(f"{instant} {victims} -> {ran.statuses} in {ran.seconds:.2f} s")
    result.flaws += site.keep(ran)
    result.flaws += _end_flaws(trial, ran, early=not site.watch.came or len(commands) > 1)
    site.watch.disarm()
    return ran


def _end_flaws(trial: Trial, ran: Ran, *, early: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with how a run ended."""
    if ran.hung:
        yield "hung", "a run"
    if ran.seconds_to_end > _GONE_WITHIN:
        yield "late", f"{ran.seconds_to_end:.1f} s after the signal"
    for number, (status, err) in enumerate(zip(ran.statuses, ran.errs, strict=True)):
        last = err.rstrip("\n").rpartition("\n")[2]
        if number in ran.struck:
            if status not in {0, -trial.signal, 128 + trial.signal}:
                yield "exit", f"status {status} after {trial.signal.name}: {last}"
        elif status not in {0, 1} or (status == 1 and not _ERROR.search(last)):
            yield "exit", f"status {status}: {last}"
        elif status and not ran.struck:
            yield "exit", f"status {status} of a run that nobody struck: {last}"
        # Before the connector's first line Python itself ends, in its own way.
        if "Traceback" in err and not (early and status == -signal.SIGINT):
            yield "traceback", last
    said = ran.out + "".join(ran.errs)
    if any(secret in said for secret in SECRETS.values()):
        yield "secret", "in the output"


def _count_jobs(site: Site, whole: Measured, result: Result) -> None:
    if site.source:
        found = truth.exports(site.source)
        result.unheard = found.unheard
        more = max(found.asked - whole.jobs * (1 + site.syncs), 0)
        if site.program == PIPE:
            # What the tap has read it forgets; without a STATE of it, it has to come again.
            result.unloaded = min(more, found.read - whole.jobs)
        if more > result.unloaded:
            result.flaws.append(("paid twice", f"{more} export jobs more than {whole.jobs}"))
    if site.target:
        twice, result.again = truth.imports(site.target, site.job_seconds)
        if twice:
            result.flaws.append(("paid twice", f"{twice} import jobs"))
