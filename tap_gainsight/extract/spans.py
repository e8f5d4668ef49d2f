"""The smallest stretches of time that a filter can tell apart, in the tenant's time zone.

Mostly that is a second: a tenant may store milliseconds and compare by the second, or show seconds
and compare by the millisecond. Where clocks are set back, one clock time is two moments, and a
tenant that reads filter times by its own clock may take either: so the doubled hour is one stretch
from just before it to its end. And before zones had offsets of whole minutes, no filter can name a
moment of theirs: all of that time is one stretch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_YEAR = timedelta(days=366)
FIRST_SECOND = "0001-01-01T00:00:00"
LAST_SECOND = "9999-12-31T23:59:59"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in UTC as `2022-06-23T09:37:02`.

    Attributes:
        start: Its first second.
        end: The first second after it; None at the end of the calendar.
    """

    start: str
    end: str | None


def span_of(second: str, zone: tzinfo) -> Span:
    """The stretch that a second is in."""
    return _span(second, zone) if zone is not UTC else Span(second, _text(_after(_moment(second))))


def filter_time(second: str, zone: tzinfo) -> str:
    """A span's start or end as a filter value, as the clocks of `zone` show it.

    The offset is written out, so that a tenant that heeds it and one that reads the clock time in
    its own zone understand the same moment.
    """
    moment = _moment(second).replace(tzinfo=UTC)
    try:
        local = moment.astimezone(zone)
    except OverflowError:  # at the ends of the calendar
        local = moment
    if local.utcoffset() % _MINUTE:  # type: ignore[operator]  # a zone has an offset
        local = moment
    return local.isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=1024)
def _span(second: str, zone: tzinfo) -> Span:
    moment = _moment(second)
    if _offset(moment, zone) % _MINUTE:
        return Span(FIRST_SECOND, _text(_first_whole(moment, zone)))
    after = _after(moment)
    # The second before a doubled hour is the first one of its stretch.
    if doubled := _doubled(moment, zone) or (_doubled(after, zone) if after else None):
        return doubled
    return Span(second, _text(after))


def _doubled(moment: datetime, zone: tzinfo) -> Span | None:
    """The hour that comes twice, if a moment lies in it."""
    try:
        local = moment.replace(tzinfo=UTC).astimezone(zone)
    except OverflowError:
        return None
    first, second = (local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    length = first - second
    if length <= timedelta():
        return None
    clock = local.replace(tzinfo=None)
    change = _change(clock - first, clock - second, zone)
    return Span(_text(change - length - _SECOND) or FIRST_SECOND, _text(change + length))


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The first second after `before` that has the offset of `after`."""
    wanted = _offset(after, zone)
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if _offset(middle, zone) == wanted:
            after = middle
        else:
            before = middle
    return after


def _first_whole(moment: datetime, zone: tzinfo) -> datetime | None:
    """The first second from which the zone's offset is of whole minutes."""
    later = moment
    while _offset(later, zone) % _MINUTE:
        try:
            later += _YEAR
        except OverflowError:
            return None
    return _change(moment, later, zone)


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    try:
        return moment.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()
    except OverflowError:
        return timedelta()


def _after(moment: datetime) -> datetime | None:
    try:
        return moment + _SECOND
    except OverflowError:
        return None


def _moment(second: str) -> datetime:
    return datetime.fromisoformat(second)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
