"""One run of a program, and what it took."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUIET = str(Path(__file__).with_name("quiet.yaml"))


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: seconds of the processor, of the clock, and MB at most.

    Attributes:
        cpu: Seconds of the processor.
        wall: Seconds by the clock.
        peak: MB at most.
        fed: Seconds of the processor that the process took which wrote what this one read.
    """

    cpu: float
    wall: float
    peak: float
    fed: float = 0.0

    @property
    def both(self) -> float:
        """Seconds of the processor of both."""
        return self.cpu + self.fed


def python(*arguments: str) -> tuple[str, ...]:
    """The command that runs Python, as this process does."""
    return (sys.executable, *arguments)


def measure(command: Sequence[str], feed: Sequence[str] = (), output: str = os.devnull) -> Cost:
    """Run a command.

    Args:
        command: The program and its arguments.
        feed: A command that writes what the first one reads.
        output: The file that takes what it prints.

    Raises:
        SystemExit: One of them failed.
    """
    began = time.perf_counter()
    source, feeder = _fed(feed)
    sink = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        pid = _spawned(command, source, sink)
    finally:
        os.close(source)
        os.close(sink)
    cpu, peak = _ended(pid, command)
    wall = time.perf_counter() - began
    return Cost(cpu, wall, peak, _ended(feeder, feed)[0] if feeder else 0.0)


def _ended(pid: int, command: Sequence[str]) -> tuple[float, float]:
    """Wait for a process; its seconds of the processor, and MB at most."""
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _fed(feed: Sequence[str]) -> tuple[int, int | None]:
    """What is to be read, and the process that writes it."""
    if not feed:
        return os.open(os.devnull, os.O_RDONLY), None
    source, sink = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        return source, _spawned(feed, nothing, sink)
    finally:
        os.close(sink)
        os.close(nothing)


def _environment() -> dict[str, str]:
    """The environment of every program that is measured, whatever is set here.

    PYTHONUNBUFFERED would make a call of the system of each line that some programs write, and
    PYTHONDONTWRITEBYTECODE would make their modules be compiled in each run.
    """
    left_out = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    plain = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**plain, "SINGER_SDK_LOG_CONFIG": _QUIET}


def _spawned(command: Sequence[str], stdin: int, stdout: int) -> int:
    ends = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, stdout, 1)]
    return os.posix_spawn(command[0], list(command), _environment(), file_actions=ends)
