"""The budgets of calls, each in fixed windows.

The Relationship APIs article describes two; writes to the timeline have one of their own, by the
article Timeline APIs.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.errors import ApiError

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.clock import Clock

MINUTE = 60
HOUR = 3600
DAY = 86400


class Budget(StrEnum):
    """Which of the limits a call counts in."""

    NONE = "none"
    SYNC = "sync"
    BULK = "bulk"
    TIMELINE = "timeline"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits, by default the recommended ones.

    Windows begin at the full minute, hour and day (UTC) plus `phase_seconds`: a client that
    counts in windows of its own is out of step with a tenant whose phase is not 0.
    """

    sync_per_minute: int = 100
    sync_per_day: int = 50_000
    bulk_per_hour: int = 10
    bulk_per_day: int = 100
    phase_seconds: float = 0.0
    timeline_per_minute: int = 200


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls used: in the present windows, and since the start."""

    sync_this_minute: int
    sync_this_day: int
    bulk_this_hour: int
    bulk_this_day: int
    sync: int
    bulk: int
    violations: int
    timeline_this_minute: int = 0
    timeline: int = 0


@dataclass(slots=True)
class _Window:
    seconds: int
    limit: int
    number: int = -1
    used: int = 0


@dataclass(slots=True)
class _Account:
    windows: tuple[_Window, ...]
    total: int = 0


@dataclass(slots=True)
class Meter:
    """Counts calls, and refuses those over a limit."""

    clock: Clock
    limits: Limits
    retry_after: bool = False
    _accounts: dict[Budget, _Account] = field(init=False)
    _violations: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        limits = self.limits
        self._accounts = {
            Budget.SYNC: _Account(
                (_Window(MINUTE, limits.sync_per_minute), _Window(DAY, limits.sync_per_day))
            ),
            Budget.BULK: _Account(
                (_Window(HOUR, limits.bulk_per_hour), _Window(DAY, limits.bulk_per_day))
            ),
            Budget.TIMELINE: _Account((_Window(MINUTE, limits.timeline_per_minute),)),
        }

    def count(self, budget: Budget) -> None:
        """Count a call; raises HTTP 429 if a window has no room for it."""
        if budget is Budget.NONE:
            return
        with self._lock:
            self._roll()
            account = self._accounts[budget]
            full = [window for window in account.windows if window.used >= window.limit]
            if full:
                self._violations += 1
                raise self._too_many(max(full, key=lambda window: window.seconds))
            for window in account.windows:
                window.used += 1
            account.total += 1

    def usage(self) -> Usage:
        """The calls used up so far."""
        with self._lock:
            self._roll()
            sync, bulk = self._accounts[Budget.SYNC], self._accounts[Budget.BULK]
            timeline = self._accounts[Budget.TIMELINE]
            return Usage(
                sync_this_minute=sync.windows[0].used,
                sync_this_day=sync.windows[1].used,
                bulk_this_hour=bulk.windows[0].used,
                bulk_this_day=bulk.windows[1].used,
                sync=sync.total,
                bulk=bulk.total,
                violations=self._violations,
                timeline_this_minute=timeline.windows[0].used,
                timeline=timeline.total,
            )

    def shift(self, seconds: float) -> None:
        """Let all windows begin so many seconds later."""
        with self._lock:
            phase = self.limits.phase_seconds + seconds
            self.limits = replace(self.limits, phase_seconds=phase)

    def _roll(self) -> None:
        """Reset the windows whose time is over."""
        now = self.clock.now() - self.limits.phase_seconds
        for account in self._accounts.values():
            for window in account.windows:
                number = math.floor(now / window.seconds)
                if number != window.number:
                    window.number, window.used = number, 0

    def _too_many(self, window: _Window) -> ApiError:
        headers = {"x-ratelimit-limit": str(window.limit)}
        if self.retry_after:
            now = self.clock.now() - self.limits.phase_seconds
            headers["Retry-After"] = str(math.ceil((window.number + 1) * window.seconds - now))
        return ApiError(
            "GS_APIG_2404",
            "API rate limit exceeded.",
            status=HTTPStatus.TOO_MANY_REQUESTS,
            headers=headers,
        )
