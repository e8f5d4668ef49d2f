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
    """What one run took: seconds of the processor, of the clock, and MB at most."""

    cpu: float
    wall: float
    peak: float


def measure(arguments: Sequence[str], feed: Sequence[str] = ()) -> Cost:
    """Run Python, its output thrown away.

    Args:
        arguments: Its arguments.
        feed: Those of another one, which writes what the first reads, and is not measured.

    Raises:
        SystemExit: It failed.
    """
    began = time.perf_counter()
    source, feeder = _fed(feed)
    try:
        pid = _spawned(arguments, source, None)
    finally:
        os.close(source)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    fed = os.waitpid(feeder, 0)[1] if feeder else 0
    if status or fed:
        raise SystemExit(f"{' '.join(arguments)} failed")
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def _fed(feed: Sequence[str]) -> tuple[int, int | None]:
    """What is to be read, and the process that writes it."""
    if not feed:
        return os.open(os.devnull, os.O_RDONLY), None
    source, sink = os.pipe()
    try:
        return source, _spawned(feed, None, sink)
    finally:
        os.close(sink)


def _environment() -> dict[str, str]:
    """The environment of every program that is measured, whatever is set here.

    PYTHONUNBUFFERED would make a call of the system of each line that some programs write, and
    PYTHONDONTWRITEBYTECODE would make their modules be compiled in each run.
    """
    left_out = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    plain = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**plain, "SINGER_SDK_LOG_CONFIG": _QUIET}


def _spawned(arguments: Sequence[str], stdin: int | None, stdout: int | None) -> int:
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = []
    if stdin is not None:
        actions.append((os.POSIX_SPAWN_DUP2, stdin, 0))
    if stdout is not None:
        actions.append((os.POSIX_SPAWN_DUP2, stdout, 1))
    else:
        actions.append((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0))
    return os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        _environment(),
        file_actions=actions,
    )
