"""When to ask how a job is getting on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_api.clock import Clock

_SOON_SECONDS = 60.0
"""A job that is done within this time is to be noticed at once, or nearly."""
_MAX_PAUSE_SOON_SECONDS = 3.0
_MAX_PAUSE_SECONDS = 60.0
_GROWTH = 1.5


def polls(clock: Clock, interval: float, timeout: float) -> Iterator[float]:
    """Pause between questions about a job, until the time is over.

    Within the first minute the pauses are those of the setting, or grow to 3 seconds if it is less;
    from then on each is longer than the last, up to a minute.

    Args:
        clock: Time.
        interval: Seconds between the first questions.
        timeout: Seconds after which nothing is asked any more.

    Yields:
        For each question, the seconds that have gone by.
    """
    started = clock.now()
    pause = interval
    yield 0.0
    while (waited := clock.now() - started) < timeout:
        clock.sleep(min(pause, timeout - waited))
        waited = clock.now() - started
        soon = waited < _SOON_SECONDS
        longest = max(interval, _MAX_PAUSE_SOON_SECONDS) if soon else _MAX_PAUSE_SECONDS
        pause = min(pause * _GROWTH, longest)
        yield waited
