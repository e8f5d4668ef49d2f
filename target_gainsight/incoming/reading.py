"""What the target says of its input while it reads it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_singer.words import counted, rate, spell

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from gainsight_api.clock import Clock

_SECONDS_BETWEEN_LINES = 10


@dataclass(slots=True)
class Reading:
    """The reading of the input.

    Attributes:
        clock: Time.
        logger: Where it is said.
        stream: The stream that the last records are of.
        records: Records so far.
    """

    clock: Clock
    logger: logging.Logger
    stream: str = ""
    records: int = 0
    _said: tuple[float, int] = field(init=False)
    _last: float = field(init=False)
    _loading: bool = False

    def __post_init__(self) -> None:
        self._last = self.clock.now()
        self._said = (self._last, 0)

    def received(self, stream: str, records: int) -> None:
        """Records have been read."""
        self.stream = stream
        self.records += records

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        """What is done in here is not to read, and says itself how it goes on."""
        self._loading = True
        try:
            yield
        finally:
            self._loading = False
            self._last = self.clock.now()
            self._said = (self._last, self.records)

    @contextmanager
    def said(self, seconds: float = _SECONDS_BETWEEN_LINES) -> Iterator[None]:
        """While the input is read in here, it is said at times, also if nothing comes."""
        ended = threading.Event()

        def work() -> None:
            while not ended.wait(seconds):
                self.say()

        threading.Thread(target=work, name="reading", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def say(self) -> None:
        """Say how far the input has been read."""
        if self._loading:
            return
        now, (at, before) = self.clock.now(), self._said
        of_stream = f"stream {self.stream}: " if self.stream else ""
        so_far = f"{of_stream}{counted(self.records, 'record')} received so far"
        if self.records == before:
            self.logger.info("%s; waiting for input for %s", so_far, spell(now - self._last))
            return
        self.logger.info("%s%s", so_far, rate(self.records - before, now - at, "records"))
        self._last = now
        self._said = (now, self.records)
