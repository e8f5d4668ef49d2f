"""What is counted: calls in fixed windows on the clock, as plain values.

A window begins where the clock divides by its length: a minute at :00 seconds, an hour at :00
minutes, a day at midnight UTC. Gainsight counts so, for a whole organisation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Budget(StrEnum):
    """What a call is counted against.

    Attributes:
        SYNC: Every ordinary HTTP call.
        TIMELINE: A write to the timeline.
        BULK: The submission of an export or import job.
    """

    SYNC = "sync"
    TIMELINE = "timeline"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Window:
    """A limit on the calls of one minute, hour or day.

    Attributes:
        seconds: Its length.
        limit: Calls at most.
        setting: The setting that holds the limit.
        label: What a reader calls the present one, such as `this hour`.
    """

    seconds: int
    limit: int
    setting: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many calls Gainsight allows in a window, by budget; each at least 1."""

    sync_calls_per_minute: int = 100
    sync_calls_per_day: int = 50_000
    timeline_calls_per_minute: int = 200
    bulk_calls_per_hour: int = 10
    bulk_calls_per_day: int = 100

    def __post_init__(self) -> None:
        for budget in Budget:
            for window in self.windows(budget):
                if window.limit < 1:
                    raise ValueError(f"{window.setting} must be at least 1, not {window.limit}")

    def windows(self, budget: Budget) -> tuple[Window, ...]:
        """The windows that a call of this budget counts in, the shortest first."""
        match budget:
            case Budget.SYNC:
                return (
                    Window(60, self.sync_calls_per_minute, "sync_calls_per_minute", "this minute"),
                    Window(86_400, self.sync_calls_per_day, "sync_calls_per_day", "today"),
                )
            case Budget.TIMELINE:
                name = "timeline_calls_per_minute"
                return (Window(60, self.timeline_calls_per_minute, name, "this minute"),)
            case Budget.BULK:
                return (
                    Window(3_600, self.bulk_calls_per_hour, "bulk_calls_per_hour", "this hour"),
                    Window(86_400, self.bulk_calls_per_day, "bulk_calls_per_day", "today"),
                )


@dataclass(frozen=True, slots=True)
class WindowUsage:
    """How far a window is used, by all who share the store.

    Attributes:
        window: The window's length and limit.
        start: When it began, in seconds since 1970.
        used: Calls so far.
    """

    window: Window
    start: int
    used: int

    @property
    def end(self) -> int:
        """When the next one begins, in seconds since 1970."""
        return self.start + self.window.seconds

    @property
    def left(self) -> int:
        """How many more calls fit in."""
        return max(0, self.window.limit - self.used)

    def __str__(self) -> str:
        return f"{self.used} of {self.window.limit} used {self.window.label}"


class _Ledger(msgspec.Struct, frozen=True):
    """What a store keeps of a budget.

    Attributes:
        windows: By its length in seconds: when the last window began, and its used calls.
        refused_until: Before this time Gainsight refuses calls, in seconds since 1970.
        hours: The calls of the last hours, by their begin; earlier versions do not keep it.
        callers: The hours of each caller; earlier versions do not keep it, and drop it.
    """

    windows: dict[int, tuple[int, int]] = {}
    refused_until: float = 0.0
    hours: dict[int, int] = {}
    callers: dict[str, dict[int, int]] = {}


_HOUR = 3_600
_MOST_CALLERS = 40
OTHERS = "others"
"""Stands for the callers past the first 40 of a day, so that what is kept stays small."""


def _hour_of(moment: float) -> int:
    return int(moment // _HOUR) * _HOUR


def _added(hours: Mapping[int, int], hour: int, calls: int) -> dict[int, int]:
    """Hours after some calls more in one; a call that nothing is known of is not taken away."""
    if calls < 0 and hour not in hours:
        return dict(hours)
    return {**hours, hour: max(0, hours.get(hour, 0) + calls)}


def _last_day(hours: Mapping[int, int], now: float) -> dict[int, int]:
    """The hours of the last day; another's clock may be ahead by one."""
    last = _hour_of(now) + _HOUR
    return {hour: calls for hour, calls in hours.items() if last - 25 * _HOUR < hour <= last}


_decoder = msgspec.json.Decoder(_Ledger)


@dataclass(frozen=True, slots=True)
class Usage:
    """How far a budget is used, by all who share the store.

    Attributes:
        budget: The budget.
        at: When this was so, in seconds since 1970.
        windows: The present windows, the shortest first.
        refused_until: Before this time Gainsight refuses calls, whatever was counted; 0 if it does
            not.
        hours: The calls of the last 24 hours that had any, by the hour's begin in seconds since
            1970; the present hour is the last one.
        callers: The hours of each caller, by its name; calls that an earlier version counted are
            nobody's.
    """

    budget: Budget
    at: float
    windows: tuple[WindowUsage, ...]
    refused_until: float
    hours: Mapping[int, int] = field(default_factory=dict)
    callers: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    @classmethod
    def from_document(
        cls, document: bytes | None, budget: Budget, windows: tuple[Window, ...], now: float
    ) -> Self:
        """Read what a store kept, as of now; None is nothing yet.

        Raises:
            msgspec.DecodeError: The document is not what `to_document` wrote.
        """
        ledger = _Ledger() if document is None else _decoder.decode(document)
        present = []
        for window in windows:
            start = int(now // window.seconds) * window.seconds
            known_start, used = ledger.windows.get(window.seconds, (start, 0))
            # The next window may have begun already: by the clock of another machine, or by this
            # one's before it was set back. It counts on. A later one comes from a clock that was
            # wrong; an earlier one is over.
            if start <= known_start <= start + window.seconds:
                present.append(WindowUsage(window, known_start, used))
            else:
                present.append(WindowUsage(window, start, 0))
        refused = now < ledger.refused_until <= now + windows[-1].seconds
        refused_until = ledger.refused_until if refused else 0.0
        callers = {name: _last_day(hours, now) for name, hours in ledger.callers.items()}
        known = {name: hours for name, hours in callers.items() if hours}
        return cls(budget, now, tuple(present), refused_until, _last_day(ledger.hours, now), known)

    def to_document(self) -> bytes:
        """What a store is to keep."""
        windows = {usage.window.seconds: (usage.start, usage.used) for usage in self.windows}
        ledger = _Ledger(windows, self.refused_until, dict(self.hours), self._hours_of_callers())
        return msgspec.json.encode(ledger)

    def with_call(self, caller: str = "") -> Usage:
        """The usage after one more call.

        Args:
            caller: Who makes it; empty if that is not known.
        """
        windows = tuple(replace(w, used=w.used + 1) for w in self.windows)
        return replace(self, windows=windows, **self._counted(1, self.at, caller))

    def without_call(self, taken_at: float, caller: str = "") -> Usage:
        """The usage without one call of that time; windows that are over by now do not matter."""
        return replace(
            self,
            **self._counted(-1, taken_at, caller),
            windows=tuple(
                replace(w, used=max(0, w.used - 1)) if w.start <= taken_at < w.end else w
                for w in self.windows
            ),
        )

    def _counted(self, calls: int, at: float, caller: str) -> dict[str, Any]:
        """The hours, and those of the caller, after some calls more, or less."""
        hour = _hour_of(at)
        callers = self._hours_of_callers()
        if caller:
            name = caller if caller in callers or len(callers) < _MOST_CALLERS else OTHERS
            callers[name] = _added(callers.get(name, {}), hour, calls)
        return {"hours": _added(self.hours, hour, calls), "callers": callers}

    def _hours_of_callers(self) -> dict[str, dict[int, int]]:
        return {name: dict(hours) for name, hours in self.callers.items()}

    def refused(self, until: float | None) -> Usage:
        """The usage after a refusal; None is until the end of the shortest window.

        It holds for no longer than the longest window lasts, and shortens no earlier refusal.
        """
        end = self.windows[0].end if until is None else until
        end = min(end, self.at + self.windows[-1].window.seconds)
        return replace(self, refused_until=max(self.refused_until, end))

    @property
    def left(self) -> int:
        """How many calls are possible at once."""
        return 0 if self.refused_until else min(usage.left for usage in self.windows)

    def next_at(self, calls: int = 1) -> float:
        """When that many calls are possible if nobody else calls, in seconds since 1970."""
        times = [self.at, self.refused_until]
        for usage in self.windows:
            if (missing := calls - usage.left) > 0:
                full_windows = math.ceil(missing / usage.window.limit) - 1
                times.append(usage.end + full_windows * usage.window.seconds)
        return max(times)

    @property
    def reason(self) -> str:
        """Why no call is possible before `next_at()`."""
        until = self.next_at()
        for usage in self.windows:
            if not usage.left and usage.end == until:
                return f"{usage} ({usage.window.setting})"
        return "Gainsight answered that its limit is reached"

    def __str__(self) -> str:
        return f"{self.budget} calls: {', '.join(map(str, self.windows))}"
