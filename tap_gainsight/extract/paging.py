"""Where an extract stands, and what to ask for next: by key, never by counting rows.

Rows move while they are read, so a page is asked for by what comes after the last one: in the
order of (replication key, key) where there is a replication key, else of the key. Only an object
without a key is read by offset.

Times are compared by whole seconds alone. A tenant may store milliseconds and compare by the
second, or show seconds and compare by the millisecond; neither must hide a row at a page's edge.
So the next page begins with the second in which the last one ended, and leaves out by key what of
that second was on it already. If that is too much to name, but not much of the page, it is read
once more; if it is most of the page, the second is read on its own, by key.

Rows without a replication value are asked for together with the others and have a place of their
own, because it is the tenant's choice whether they come first or last.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from gainsight_api.filters.build import Condition, Filter, Operator, all_of, any_of, time_value
from gainsight_api.read import Read

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED_AT_MOST = 20
_ANY_SECOND = "2000-01-01T00:00:00"
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What an extract covers.

    Attributes:
        object: The object that is read.
        fields: Field names and lookup paths.
        key: The field that tells its rows apart, if there is one.
        replication_key: The DATETIME field by which it is read, for an incremental extract.
        start: The earliest replication value, `2022-06-23T09:37:02` in UTC; None for all.
        filter: A condition on all rows.
        zone: The zone in which the tenant reads filter times.
    """

    object: str
    fields: tuple[str, ...]
    key: str | None = None
    replication_key: str | None = None
    start: str | None = None
    filter: Filter | None = None
    zone: tzinfo = UTC


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far an extract has come; small enough to be kept in a state.

    Attributes:
        second: Rows before this second of the replication key have been read.
        named: Keys of the rows in that second that have been read, too.
        draining: Whether that second is being read on its own, in key order.
        key: The last key read: of the second, or of all in an extract without replication key.
        null_key: The last key read of the rows without a replication value.
        offset: Rows read, where there is no key.
        done: Nothing is left.
    """

    second: str | None = None
    named: tuple[str, ...] = ()
    draining: bool = False
    key: str | None = None
    null_key: str | None = None
    offset: int = 0
    done: bool = False


class Tracker(msgspec.Struct, omit_defaults=True):
    """What of a page's rows matters for the next page and for the bookmark.

    Attributes:
        rows: Rows seen.
        latest: The highest replication value seen.
        second: The second of the last row that has a replication value.
        crowd: How many rows that second has had.
        keys: The keys seen in that second, or those of the first few.
        key: The last row's key.
        null_key: The key of the last row without a replication value.
        ordered: Whether replication values came in order, by the second.
    """

    rows: int = 0
    latest: str = ""
    second: str = ""
    crowd: int = 0
    keys: list[str] = []
    key: str | None = None
    null_key: str | None = None
    ordered: bool = True

    def see_all(self, values: Sequence[str], keys: Sequence[str]) -> None:
        """Note the replication values, empty where they are null, and the keys of some rows.

        Of rows in order only those of the last second matter one by one.
        """
        seconds = [value[:19] for value in values]
        last = 0
        if seconds and seconds[0] and seconds[0] >= self.second and sorted(seconds) == seconds:
            last = bisect_left(seconds, seconds[-1])
            self.rows += last
            self.latest = max(self.latest, *values[:last], "")
        for value, key in zip(values[last:], keys[last:], strict=True):
            self.see(value or None, key or None)

    def see(self, value: str | None, key: str | None) -> None:
        """Note a row's replication value and key."""
        self.rows += 1
        self.key = key
        if value is None:
            self.null_key = key
            return
        second = value[:19]
        if second != self.second:
            self.ordered = self.ordered and second > self.second
            self.second = second
            self.crowd = 0
            self.keys.clear()
        self.crowd += 1
        if key is not None and len(self.keys) <= _NAMED_AT_MOST:
            self.keys.append(key)
        self.latest = max(self.latest, value)


def start_of(window: Window) -> Position:
    """The position before the first page."""
    return Position(second=window.start)


def next_read(window: Window, position: Position, limit: int) -> Read:
    """What to ask for at this position."""
    if window.key is None:
        return _read(window, _by_time(window, position), _keys(window), limit, position.offset)
    if window.replication_key is None or position.draining:
        where = all_of(
            _within(window.replication_key, position.second, window.zone)
            if window.replication_key and position.second
            else None,
            _after(window.key, position.key),
        )
        return _read(window, where, (window.key,), limit)
    return _read(window, _by_time(window, position), _keys(window), limit)


def _read(
    window: Window, where: Filter | None, order: tuple[str, ...], limit: int, offset: int = 0
) -> Read:
    return Read(
        object=window.object,
        fields=window.fields,
        where=all_of(window.filter, where),
        order_by=order,
        limit=limit,
        offset=offset,
    )


def _keys(window: Window) -> tuple[str, ...]:
    return tuple(name for name in (window.replication_key, window.key) if name)


def _by_time(window: Window, position: Position) -> Filter | None:
    """From the position's second on, and the rows without a replication value."""
    name, key = window.replication_key, window.key
    untouched = position.second is None and position.null_key is None
    if name is None or untouched:
        return None
    dated = all_of(
        _from(name, position.second, window.zone),
        *(Condition(key, Operator.NE, (seen,)) for seen in position.named if key),
    )
    undated = all_of(Condition(name, Operator.IS_NULL), _after(key, position.null_key))
    return any_of(dated, undated)


def _from(name: str, second: str | None, zone: tzinfo) -> Filter | None:
    """From a second on; without one, whatever is not null, which has no sure operator."""
    time = _filter_time(second or _ANY_SECOND, zone)
    before = None if second else Condition(name, Operator.LT, (time,))
    return any_of(before, Condition(name, Operator.GTE, (time,)))


def _within(name: str, second: str, zone: tzinfo) -> Filter | None:
    return all_of(
        Condition(name, Operator.GTE, (_filter_time(second, zone),)),
        Condition(name, Operator.LT, (_filter_time(_following(second), zone),)),
    )


def _after(key: str | None, value: str | None) -> Filter | None:
    return Condition(key, Operator.GT, (value,)) if key and value is not None else None


def _filter_time(second: str, zone: tzinfo) -> str:
    return time_value(datetime.fromisoformat(second).replace(tzinfo=UTC), zone)


def _following(second: str) -> str:
    return (datetime.fromisoformat(second) + _SECOND).isoformat()


def advance(
    window: Window, position: Position, page: Tracker, *, last: bool, full: bool = True
) -> Position:
    """The position after a page.

    Args:
        window: What is read.
        position: Where the page began.
        page: The page's rows.
        last: Whether it is certain that the page held all that was asked for.
        full: Whether it was as long as asked for, so that more may be expected behind it.
    """
    ended = last or not page.rows
    if position.draining and position.second and ended:
        return replace(position, second=_following(position.second), draining=False, key=None)
    if ended:
        return replace(position, done=True)
    if window.key is None:
        return replace(position, offset=position.offset + page.rows)
    if window.replication_key is None or position.draining:
        return replace(position, key=page.key)
    position = replace(position, null_key=page.null_key or position.null_key)
    if not page.second:
        return position
    named = page.keys if page.second != position.second else [*position.named, *page.keys]
    if len(named) > _NAMED_AT_MOST:
        again = full and page.second != position.second and 2 * page.crowd <= page.rows
        return replace(position, second=page.second, named=(), draining=not again, key=None)
    return replace(position, second=page.second, named=tuple(named))
