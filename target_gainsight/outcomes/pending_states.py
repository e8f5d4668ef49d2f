"""Which STATE may be written: only one whose records are all confirmed or dead-lettered."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush, heapreplace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PENDING_STATES = 10_000
MAX_PENDING_BYTES = 1 << 24
_FEWEST = 2


class PendingStates:
    """The STATE messages received, each written once all records before it are done.

    Args:
        write: Takes the JSON text of a STATE's value.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._states: deque[tuple[int, bytes]] = deque()
        self.held = 0
        """The size of the STATE messages that wait."""
        self._last: bytes | None = None
        self.received = 0
        """How many records have been received, over all streams."""

    def records(self, count: int) -> range:
        """Count records; the result is their numbers, from 1."""
        first = self.received + 1
        self.received += count
        return range(first, first + count)

    def state(self, value: bytes) -> None:
        """Remember a STATE, which covers all records received so far."""
        if self._states and self._states[-1][0] == self.received:
            self.held -= len(self._states.pop()[1])
        self._states.append((self.received, value))
        self.held += len(value)
        while len(self._states) > MAX_PENDING_STATES or (
            self.held > MAX_PENDING_BYTES and len(self._states) > _FEWEST
        ):
            self._thin_out()

    def _thin_out(self) -> None:
        """Keep the last and every other one: each but the last saves some work of a next run."""
        last = self._states.pop()
        self._states = deque([*list(self._states)[::2], last])
        self.held = sum(len(value) for _, value in self._states)

    def done(self, oldest_pending: int | None) -> None:
        """Write the newest STATE that is covered.

        Args:
            oldest_pending: The number of the oldest record that is neither confirmed nor
                dead-lettered; None if there is none.
        """
        newest: bytes | None = None
        while self._states and (oldest_pending is None or self._states[0][0] < oldest_pending):
            newest = self._states.popleft()[1]
            self.held -= len(newest)
        if newest is not None and newest != self._last:
            self._write(newest)
            self._last = newest


class Pending(Protocol):
    """Records of a stream, as far as they hold back a STATE."""

    @property
    def oldest_pending(self) -> int | None:
        """The number of the oldest that is neither confirmed nor dead-lettered, if there is one."""


class OldestPending:
    """The oldest record that is not done, over all streams, found without a look at each."""

    def __init__(self) -> None:
        self._numbers: list[tuple[int, int]] = []
        self._streams: dict[int, Pending] = {}

    def watch(self, stream: Pending) -> None:
        """Watch a stream from now on, until all of its records are done."""
        if id(stream) not in self._streams:
            self._streams[id(stream)] = stream
            heappush(self._numbers, (stream.oldest_pending or 0, id(stream)))

    @property
    def number(self) -> int | None:
        """Its number; None if all are done."""
        while self._numbers:
            known, stream = self._numbers[0]
            number = self._streams[stream].oldest_pending
            if number == known:
                return number
            if number is None:
                heappop(self._numbers)
                del self._streams[stream]
            else:
                heapreplace(self._numbers, (number, stream))
        return None
