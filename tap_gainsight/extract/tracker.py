"""What of a page's rows matters for the next page and for the bookmark."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NAMED_AT_MOST = 20
"""Keys that a filter leaves out by name; more make it long, and slow for the tenant."""


def _itself(second: str) -> str:
    return second


class Tracker(msgspec.Struct, omit_defaults=True):
    """What of a page's rows matters for the next page and for the bookmark.

    Attributes:
        rows: Rows seen.
        latest: The highest replication value seen.
        second: The first second of the span that the last row with a replication value is in.
        crowd: How many rows that span has had.
        keys: The keys seen in that span, or those of the first few.
        key: The last row's key.
        null_key: The key of the last row without a replication value.
        ordered: Whether replication values came in order, by the span.
        ascending: Whether the keys of that span came in ascending order.
        dated_key: The last key of that span.
    """

    rows: int = 0
    latest: str = ""
    second: str = ""
    crowd: int = 0
    keys: list[str] = []
    key: str | None = None
    null_key: str | None = None
    ordered: bool = True
    ascending: bool = True
    dated_key: str | None = None

    def see_all(
        self,
        values: Sequence[str],
        keys: Sequence[str],
        start_of: Callable[[str], str] = _itself,
    ) -> int:
        """Note the replication values, empty where they are null, and the keys of some rows.

        Args:
            values: The replication values.
            keys: The keys; empty where there is none.
            start_of: From a second to the first second of its span.

        Returns:
            From which row on all rows are in the last row's span.
        """
        seconds = [value[:19] for value in values]
        if not any(seconds):
            self._see_undated(keys)
            return 0
        if not seconds[0] or seconds[0] < self.second or sorted(seconds) != seconds:
            return self._see_each(values, keys, start_of)
        start = start_of(seconds[-1])
        first = bisect_left(seconds, start)
        self.rows += len(seconds)
        self.latest = max(self.latest, *values)
        self.key = keys[-1] or None
        if start != self.second:
            self._begin(start)
        self._crowd(keys[first:])
        return first

    def _see_undated(self, keys: Sequence[str]) -> None:
        if keys:
            self.rows += len(keys)
            self.key = self.null_key = keys[-1] or None

    def _see_each(
        self, values: Sequence[str], keys: Sequence[str], start_of: Callable[[str], str]
    ) -> int:
        first = 0
        for n, (value, key) in enumerate(zip(values, keys, strict=True)):
            self.rows += 1
            self.key = key or None
            if not value:
                self.null_key = key or None
                continue
            start = start_of(value[:19])
            if start != self.second:
                self.ordered = self.ordered and start > self.second
                self._begin(start)
                first = n
            self.latest = max(self.latest, value)
            self._crowd((key,))
        return first

    def _begin(self, start: str) -> None:
        self.second = start
        self.crowd = 0
        self.keys = []
        self.ascending = True
        self.dated_key = None

    def _crowd(self, keys: Sequence[str]) -> None:
        """Note the keys of rows in the last span."""
        self.crowd += len(keys)
        before = [] if self.dated_key is None else [self.dated_key]
        if self.ascending:
            self.ascending = all(one < other for one, other in pairwise((*before, *keys)))
        if keys:
            self.dated_key = keys[-1]
        if (room := NAMED_AT_MOST + 1 - len(self.keys)) > 0:
            self.keys += [key for key in keys[:room] if key]
