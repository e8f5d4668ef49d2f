"""When to ask how a job is getting on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_api.clock import Clock

_MAX_PAUSE_SECONDS = 60.0
_GROWTH = 1.5


def polls(clock: Clock, interval: float, timeout: float) -> Iterator[float]:
    """Pause between questions about a job, longer each time, until the time is over.

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
        pause = min(pause * _GROWTH, _MAX_PAUSE_SECONDS)
        yield clock.now() - started
