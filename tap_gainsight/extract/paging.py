"""Where an extract stands, and what to ask for next: by key, never by counting rows.

Rows move while they are read, so a page is asked for by what comes after the last one: in the
order of (replication key, key) where there is a replication key, else of the key. Only an object
without a key and without a replication key is read by offset, if it must be.

The next page begins with the span of time in which the last one ended (`spans`), most often a
second, and leaves out what of that span was on it already: by name, if it is little; by going on
behind its last key, if the span's rows came in key order; else the span is read on its own, by key,
and what was written already is passed over.

Rows without a replication value are asked for together with the others and have a place of their
own, because it is the tenant's choice whether they come first or last. Where there is no key they
are asked for on their own, after the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from gainsight_api.filters.build import Condition, Filter, Operator, all_of, any_of
from gainsight_api.objects.read import Read
from tap_gainsight.extract.spans import Span, filter_time, span_of
from tap_gainsight.extract.tracker import NAMED_AT_MOST, Tracker

if TYPE_CHECKING:
    from collections.abc import Sequence

_ANY_SECOND = "2000-01-01T00:00:00"
TWINS_AT_MOST = 1000
"""Rows whose keys a tenant may take for the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractWindow:
    """What an extract covers.

    Attributes:
        object: The object that is read.
        fields: Field names and lookup paths.
        key: The field that tells its rows apart, if there is one.
        replication_key: The DATETIME field by which it is read, for an incremental extract.
        start: The earliest replication value, `2022-06-23T09:37:02` in UTC; None for all.
        filter: A condition on all rows.
        zone: The zone in which the tenant reads filter times.
        key_comes_again: Whether two rows may have one key, at different times, as the delete logs
            do of a record that was restored and deleted again.
    """

    object: str
    fields: tuple[str, ...]
    key: str | None = None
    replication_key: str | None = None
    start: str | None = None
    filter: Filter | None = None
    zone: tzinfo = UTC
    key_comes_again: bool = False

    def span(self, second: str) -> Span:
        """The span that a second is in."""
        return span_of(second, self.zone)


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far an extract has come; small enough to be kept in a state.

    Attributes:
        second: Rows before this second of the replication key have been read.
        named: Keys of the rows in that second's span that have been read, too.
        draining: Whether that span is being read on its own.
        key: The last key read: of the span, or of all in an extract without replication key.
        null_key: The last key read of the rows without a replication value.
        undated: Whether, without a key, only the rows without a replication value are left.
        offset: Rows read where only their number tells them.
        done: Nothing is left.
    """

    second: str | None = None
    named: tuple[str, ...] = ()
    draining: bool = False
    key: str | None = None
    null_key: str | None = None
    undated: bool = False
    offset: int = 0
    done: bool = False


def start_of(window: ExtractWindow) -> Position:
    """The position before the first page."""
    return Position(second=window.start)


def counts(window: ExtractWindow, position: Position) -> bool:
    """Whether the rows at this position can only be told by their number."""
    return window.key is None and (
        window.replication_key is None or position.draining or position.undated
    )


def next_read(window: ExtractWindow, position: Position, limit: int) -> Read:
    """What to ask for at this position."""
    time, key = window.replication_key, window.key
    if time is None:
        return _read(window, _behind(key, position.key), _order(key), limit, position.offset)
    if position.draining and position.second:
        within = _within(window, window.span(position.second))
        where = all_of(within, _behind(key, position.key))
        return _read(window, where, _order(key), limit, position.offset)
    if key is None:
        undated = Condition(time, Operator.IS_NULL) if position.undated else None
        where = undated or _from(window, position.second)
        order = () if position.undated else (time,)
        return _read(window, where, order, limit, position.offset)
    return _read(window, _by_time(window, position), (time, key), limit)


def _read(
    window: ExtractWindow,
    where: Filter | None,
    order: tuple[str, ...],
    limit: int,
    offset: int = 0,
) -> Read:
    return Read(
        object=window.object,
        fields=window.fields,
        where=all_of(window.filter, where),
        order_by=order,
        limit=limit,
        offset=offset,
    )


def _order(key: str | None) -> tuple[str, ...]:
    return (key,) if key else ()


def _by_time(window: ExtractWindow, position: Position) -> Filter | None:
    """From the position on, and the rows without a replication value."""
    name, key = window.replication_key, window.key
    untouched = position.second is None and position.null_key is None
    if name is None or untouched:
        return None
    if position.key is not None and position.second:
        span = window.span(position.second)
        inside = all_of(_within(window, span), _behind(key, position.key))
        dated = any_of(inside, _from(window, span.end) if span.end else None)
    else:
        dated = all_of(
            _from(window, position.second),
            *(Condition(key, Operator.NE, (seen,)) for seen in position.named if key),
        )
    undated = all_of(Condition(name, Operator.IS_NULL), _behind(key, position.null_key))
    return any_of(dated, undated)


def _from(window: ExtractWindow, second: str | None) -> Filter:
    """From a second's span on; without one, whatever is not null, which has no sure operator."""
    name = str(window.replication_key)
    start = window.span(second).start if second else _ANY_SECOND
    time = (filter_time(start, window.zone),)
    later = Condition(name, Operator.GTE, time)
    return later if second else any_of(Condition(name, Operator.LT, time), later) or later


def _within(window: ExtractWindow, span: Span) -> Filter | None:
    name = str(window.replication_key)
    end = (filter_time(span.end, window.zone),) if span.end else None
    return all_of(
        Condition(name, Operator.GTE, (filter_time(span.start, window.zone),)),
        Condition(name, Operator.LT, end) if end else None,
    )


def _behind(key: str | None, value: str | None) -> Filter | None:
    return Condition(key, Operator.GT, (value,)) if key and value is not None else None


def may_have_twin(field: str, key: str) -> bool:
    """Whether a tenant that compares without regard to case may take another key for this one.

    A Gsid is of digits and capital letters.
    """
    return key != key.upper() or (field != "Gsid" and key != key.lower())


def twins(window: ExtractWindow, position: Position, page: Tracker) -> Read | None:
    """A question for the rows whose key the tenant takes for the last one of a page.

    They are not behind that key, and so no later page would have them. None where there are none.
    """
    key, time = window.key, window.replication_key
    among: Filter | None = None
    last = page.key
    if position.draining and position.second:
        among = _within(window, window.span(position.second))
    elif time:
        among, last = Condition(time, Operator.IS_NULL), page.null_key
    if key is None or last is None or not may_have_twin(key, last):
        return None
    equal = (Condition(key, operator, (last,)) for operator in (Operator.GTE, Operator.LTE))
    return _read(window, all_of(among, *equal), _order(key), TWINS_AT_MOST)


def unread(window: ExtractWindow, position: Position, spans: Sequence[tuple[str, int]]) -> Read:
    """A question for one row that has not been read, behind a position or inside spans.

    Args:
        window: What is read.
        position: Where the reading stands.
        spans: Spans that were read by going on behind a key, each by its first second, with the
            number of rows that it had: a row may have come to hide before that key.
    """
    read = next_read(window, position, 1)
    if not spans:
        return read
    name = str(window.replication_key)
    inside = [_within(window, window.span(second)) for second, _ in spans]
    behind = _by_time(window, position) or Condition(name, Operator.IS_NULL)
    offset = sum(rows for _, rows in spans)
    order = (name, *_order(window.key))
    return _read(window, any_of(*inside, behind), order, 1, offset)


def hidden(window: ExtractWindow, position: Position, second: str, rows: int) -> Read:
    """A question for one row of a span, up to the last key read, beyond the number that was."""
    key = position.key if position.second == second and not position.draining else None
    read = Condition(str(window.key), Operator.LTE, (key,)) if key is not None else None
    where = all_of(_within(window, window.span(second)), read)
    return _read(window, where, _order(window.key), 1, rows)


def advance(
    window: ExtractWindow, position: Position, page: Tracker, *, last: bool = False
) -> Position:
    """The position after a page.

    Args:
        window: What is read.
        position: Where the page began.
        page: The page's rows.
        last: Whether it is certain that the page held all that was asked for.
    """
    if last or not page.rows:
        return _after_the_last(window, position)
    if counts(window, position):
        return replace(position, offset=position.offset + page.rows)
    if window.replication_key is None or position.draining:
        return replace(position, key=page.key)
    position = replace(position, null_key=page.null_key or position.null_key)
    return _in_time(window, position, page) if page.second else position


def _in_time(window: ExtractWindow, position: Position, page: Tracker) -> Position:
    """The position in, or behind, the span in which a page of rows with a date has ended."""
    if window.key is None:
        crowded = page.crowd == page.rows  # the span does not fit in a page
        return replace(position, second=page.second, draining=crowded)
    same = position.second is not None and page.second == window.span(position.second).start
    if same and position.key is not None and page.ascending:
        return replace(position, key=page.dated_key)
    named = [*position.named, *page.keys] if same else page.keys
    nameable = not any(may_have_twin(window.key, key) for key in named)
    if nameable and len(named) <= NAMED_AT_MOST and not (same and position.key is not None):
        return replace(position, second=page.second, named=tuple(named), key=None)
    if page.ascending and (not same or _follows(position, page)):
        return replace(position, second=page.second, named=(), key=page.dated_key)
    return replace(position, second=page.second, named=(), draining=True, key=None)


def _follows(position: Position, page: Tracker) -> bool:
    """Whether a page's keys go on in ascending order behind those of its span's earlier rows."""
    run = (*position.named, *page.keys[:1])
    return position.key is None and all(one < other for one, other in pairwise(run))


def _after_the_last(window: ExtractWindow, position: Position) -> Position:
    """The position where nothing more has come."""
    if position.draining and position.second:
        end = window.span(position.second).end
        if end is not None:
            return replace(position, second=end, draining=False, key=None, offset=0)
        # Nothing is later than the calendar's end: what is left, if anything, has no date.
        if window.key is not None:
            return replace(position, draining=False)
    if window.key is None and window.replication_key and not position.undated:
        return replace(position, undated=True, draining=False, offset=0)
    return replace(position, done=True)
