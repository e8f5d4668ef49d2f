"""When a run is struck, and how its processes are started, struck and waited for."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gainsight_sandbox import CallKind, Hooks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gainsight_sandbox import LoggedRequest

PATIENCE = 300.0
"""Seconds after which a run hangs."""
_LATENCY = 0.03
_LATER = 0.05


@dataclass(frozen=True, slots=True)
class Measured:
    """How long a whole run takes, and what it costs.

    Attributes:
        seconds: From its start to its end.
        first_call: Seconds until its first call.
        calls: How many calls it makes.
        jobs: How many of them submit a job.
    """

    seconds: float
    first_call: float
    calls: int
    jobs: int


@dataclass(frozen=True, slots=True)
class Instant:
    """When a run is struck: so many seconds after its start, or at one of its calls.

    Attributes:
        seconds: After the start, or after the call.
        call: The number of the call, from 1 on; None if it is by the time alone.
        answered: Whether the call has been answered.
    """

    seconds: float
    call: int | None = None
    answered: bool = False

    @classmethod
    def drawn(cls, lots: random.Random, whole: Measured) -> Instant:
        """One of a run's instants: half of them by the clock, half at its calls."""
        if lots.random() < 1 / 2:
            # What comes before the first call is the same in all runs.
            earliest = 0.0 if lots.random() < 1 / 8 else whole.first_call
            return cls(lots.uniform(earliest, whole.seconds))
        later = lots.choice((0.0, lots.uniform(0, _LATER)))
        return cls(later, lots.randint(1, whole.calls), answered=lots.random() < 1 / 2)


class Watch:
    """Sees a tenant's calls, makes them wait a little, and strikes at one of them."""

    def __init__(self, seed: int = 1) -> None:
        self._lots = random.Random(seed)
        self._lock = threading.Lock()
        self._instant: Instant | None = None
        self._strike: Callable[[], object] = lambda: None
        self.first_call = 0.0
        self.came = self.answered = 0

    @property
    def hooks(self) -> Hooks:
        """What the tenant has to call."""
        return Hooks(before_request=self._comes, on_request=self._is_answered)

    def arm(self, instant: Instant | None, strike: Callable[[], object]) -> None:
        """A run begins, which is to be struck at an instant."""
        with self._lock:
            self._instant, self._strike = instant, strike
            self.first_call, self.came, self.answered = 0.0, 0, 0
        if instant and instant.call is None:
            self._later(instant.seconds)

    def disarm(self) -> None:
        """The run has ended."""
        self.arm(None, lambda: None)

    def _comes(self, request: LoggedRequest) -> None:
        del request
        with self._lock:
            self.first_call = self.first_call or time.monotonic()
            self.came += 1
            number, instant = self.came, self._instant
            wait = self._lots.uniform(0, _LATENCY)
        if instant and not instant.answered and instant.call == number:
            self._later(instant.seconds)
        time.sleep(wait)

    def _is_answered(self, request: LoggedRequest) -> None:
        if request.kind is CallKind.CONTROL:
            return
        with self._lock:
            self.answered += 1
            number, instant = self.answered, self._instant
        if instant and instant.answered and instant.call == number:
            self._later(instant.seconds)

    def _later(self, seconds: float) -> None:
        strike = self._strike
        if not seconds:
            strike()
            return
        timer = threading.Timer(seconds, strike)
        timer.daemon = True
        timer.start()


@dataclass(slots=True)
class Ran:
    """A run of one program, or of two in a pipe.

    Attributes:
        statuses: How its processes ended.
        out: What the last one wrote to standard output.
        errs: What each wrote to standard error.
        struck: The processes that got the signal while they ran.
        seconds: How long it took.
        seconds_to_end: How long the slowest struck process went on after the signal, without what
            it waited for a processor, which others held.
        hung: Whether it had to be ended.
    """

    statuses: list[int] = field(default_factory=list)
    out: str = ""
    errs: list[str] = field(default_factory=list)
    struck: list[int] = field(default_factory=list)
    seconds: float = 0.0
    seconds_to_end: float = 0.0
    hung: bool = False

    @property
    def done(self) -> bool:
        """Whether all its processes ended well."""
        return not any(self.statuses)


def environment() -> dict[str, str]:
    """The environment of a connector's process."""
    # Where it is set, each process compiles all modules anew.
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _delay(pid: int) -> float:
    """Seconds for which a process has waited for a processor; 0 if the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def hear_interrupts() -> None:
    """See that SIGINT is heard by what is started, even if this program runs in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Pipe:
    """Processes, each of which reads what the one before it writes.

    Args:
        commands: What each runs.
        folder: Where they run, and where their standard errors are kept.
        feed: What the first one reads; nothing, if None.
        env: Variables besides the usual ones.
        stdout: Where the last one writes; if None, it is read to its end.
    """

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        folder: Path,
        feed: Path | None = None,
        *,
        env: Mapping[str, str] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> None:
        self._began = time.monotonic()
        self._folder = folder
        self._ended, self._delayed = [0.0] * len(commands), [0.0] * len(commands)
        self._struck: dict[int, float] = {}
        self.processes: list[subprocess.Popen[bytes]] = []
        stdin: Any = feed.open("rb") if feed else subprocess.DEVNULL
        for number, command in enumerate(commands):
            with self._err(number).open("wb") as err:
                process = subprocess.Popen(  # noqa: S603 - it runs what it says
                    command,
                    cwd=folder,
                    stdin=stdin,
                    stdout=subprocess.PIPE
                    if stdout is None or number + 1 < len(commands)
                    else stdout,
                    stderr=err,
                    env=environment() | dict(env or {}),
                )
            if not isinstance(stdin, int):  # whoever reads no more must be missed
                stdin.close()
            stdin = process.stdout
            self.processes.append(process)

    def strike(self, number: int, victims: Sequence[int]) -> None:
        """Send a signal to some of them."""
        for victim in victims:
            process = self.processes[victim]
            if not self._ended[victim]:
                self._struck[victim] = time.monotonic() - _delay(process.pid)
                process.send_signal(number)

    def end(self) -> Ran:
        """Wait for all of them."""
        ran = Ran()

        def give_up() -> None:
            ran.hung = True
            for process in self.processes:
                process.kill()

        waiting = [
            threading.Thread(target=self._wait, args=(number,))
            for number in range(len(self.processes))
        ]
        patience = threading.Timer(PATIENCE, give_up)
        for thread in (patience, *waiting):
            thread.start()
        if last := self.processes[-1].stdout:
            with last:
                ran.out = last.read().decode("utf-8", "replace")
        for thread in waiting:
            thread.join()
        patience.cancel()
        ran.seconds = max(self._ended) - self._began
        ran.statuses = [process.returncode for process in self.processes]
        ran.struck = sorted(self._struck)
        ran.seconds_to_end = max(
            (
                self._ended[victim] - self._delayed[victim] - sent
                for victim, sent in self._struck.items()
            ),
            default=0.0,
        )
        ran.errs = [
            self._err(number).read_text("utf-8", "replace") for number in range(len(waiting))
        ]
        return ran

    def _wait(self, number: int) -> None:
        process = self.processes[number]
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self._ended[number] = time.monotonic()
        self._delayed[number] = _delay(process.pid)
        process.wait()

    def _err(self, number: int) -> Path:
        return self._folder / f"stderr-{number}"
