"""The sandbox's time: the real time, or one that a test moves by hand."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


class SystemClock:
    """The machine's own clock, `turned` by some seconds."""

    def __init__(self) -> None:
        self.turned = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.turned

    def sleep(self, seconds: float) -> None:
        """Really wait."""
        time.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is moved; sleeping moves it at once.

    It shows the time passed, `turned` by some seconds.
    """

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self.turned = 0.0
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now + self.turned

    def sleep(self, seconds: float) -> None:
        """Move on without waiting."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        with self._lock:
            self._now += seconds


def time_passed(clock: Clock) -> float:
    """Seconds by which to measure how long something takes, whoever turns the clock."""
    turned = clock.turned if isinstance(clock, SystemClock | ManualClock) else 0.0
    return clock.now() - turned


def turn(clock: Clock, seconds: float) -> None:
    """Turn a clock, as somebody might who sets it; raises ValueError for one of another kind."""
    if not isinstance(clock, SystemClock | ManualClock):
        raise ValueError("this clock cannot be turned")  # noqa: TRY004 - as the docstring has it
    clock.turned += seconds
