"""Where an extract stands: every row is read, by few reads, whatever the tenant's ways."""

from __future__ import annotations

import logging
import math
import operator
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gainsight_api.filters import build as filters
from gainsight_api.objects.datatypes import Kind
from gainsight_sandbox import ManualClock
from gainsight_singer.run import Run, RunClock
from tap_gainsight.extract.cursor import Cursor
from tap_gainsight.extract.paging import ExtractWindow, Position, next_read, start_of
from tap_gainsight.extract.progress import Progress
from tap_gainsight.extract.query_pages import QueryPages
from tap_gainsight.extract.tracker import Tracker
from tap_gainsight.records.block import Column
from tap_gainsight.records.decode import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from gainsight_api.objects.read import Read
    from tap_gainsight.extract.checkpoint import Checkpoint

T = TypeVar("T")
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "NE": operator.ne,
    "GT": operator.gt,
    "GTE": operator.ge,
    "LT": operator.lt,
    "LTE": operator.le,
}
BASE = datetime(2025, 6, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A record: its key, its modified date in milliseconds from `BASE`, and another field."""

    key: str
    at: int | None
    color: str = "red"

    @property
    def moment(self) -> datetime | None:
        return None if self.at is None else BASE + timedelta(milliseconds=self.at)

    @property
    def value(self) -> str | None:
        if self.moment is None:
            return None
        return self.moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@dataclass
class Server:
    """A tenant that holds rows, and answers reads by its own understanding of their bodies."""

    rows: list[Row]
    by_second: bool = False
    nulls_last: bool = False
    shows_milliseconds: bool = True
    reads: int = 0

    def __call__(self, read: Read) -> list[Row]:
        self.reads += 1
        body = read.body()
        found = list(filter(self._test(body["where"]), self.rows))
        for name, direction in reversed(list(body["orderBy"].items())):
            assert direction == "asc"
            found.sort(key=self._by_key if name == "Gsid" else self._by_time)
        return found[body["offset"] : body["offset"] + body["limit"]]

    @staticmethod
    def _by_key(row: Row) -> str:
        return row.key

    def _by_time(self, row: Row) -> tuple[bool, int]:
        return (row.at is None) is self.nulls_last, row.at or 0

    def _test(self, where: dict[str, Any] | None) -> Callable[[Row], bool]:
        if where is None:
            return lambda _: True
        names = {item["alias"] for item in where["conditions"]}
        assert len(names) == len(where["conditions"])
        python = re.sub(
            r"\w+",
            lambda word: f"c_{word[0]}(row)" if word[0] in names else word[0].lower(),
            where["expression"],
        )
        assert set(re.findall(r"c_(\w+)", python)) == names
        conditions = {f"c_{item['alias']}": self._condition(item) for item in where["conditions"]}
        test: Callable[[Row], bool] = eval(f"lambda row: {python}", conditions)
        return test

    def _condition(self, condition: dict[str, Any]) -> Callable[[Row], bool]:
        read = {"Gsid": self._by_key, "Color": lambda row: row.color, "ModifiedDate": self._time}
        left: Callable[[Row], Any] = read[condition["name"]]
        values = condition["value"]
        if condition["operator"] == "IS_NULL":
            assert values == []
            return lambda row: left(row) is None
        (right,) = values
        if condition["name"] == "ModifiedDate":
            right = (datetime.fromisoformat(right) - BASE) // timedelta(milliseconds=1)
        compare = OPERATORS[condition["operator"]]
        # As in SQL, nothing compares with null.
        return lambda row: (value := left(row)) is not None and compare(value, right)

    def _time(self, row: Row) -> int | None:
        return row.at if row.at is None or not self.by_second else row.at // 1000 * 1000

    def shown(self, row: Row) -> str | None:
        if row.value is None or self.shows_milliseconds:
            return row.value
        return row.value[:20] + "000Z"


def window(**options: Any) -> ExtractWindow:
    given: dict[str, Any] = {"key": "Gsid", "replication_key": "ModifiedDate", **options}
    return ExtractWindow(object="thing", fields=("Gsid", "ModifiedDate"), **given)


class Query:
    """The query calls of a server, as the client makes them."""

    repaired = 0

    def __init__(self, server: Server) -> None:
        self._server = server

    def page(self, read: Read) -> list[Mapping[str, Any]]:
        assert self._server.reads <= 10_000
        rows = [
            {"Gsid": row.key, "ModifiedDate": self._server.shown(row)} for row in self._server(read)
        ]
        return [{name: row[name] for name in read.fields} for row in rows]


def kept(kind: type[T], value: T) -> T:
    """A value as the next run reads it out of the state."""
    text = msgspec.json.encode(value).decode()
    assert len(text) < 2_000
    again = msgspec.json.decode(text, type=kind)
    assert again == value
    return again


@dataclass
class Walk:
    """A reading, page by page, and where its bookmark would be."""

    server: Server
    asked: ExtractWindow
    size: int
    bookmark: str = ""

    def __iter__(self) -> Iterator[list[str]]:
        columns = (
            Column("Gsid", "Gsid", Kind.TEXT, required=True),
            Column("ModifiedDate", "ModifiedDate", Kind.DATETIME),
        )
        clock = ManualClock()
        logger = logging.getLogger("walk")
        cursor = Cursor(
            window=self.asked,
            decoder=Decoder("thing", columns),
            max_rows_per_job=1_000,
            save=self._save,
            announce=self._save,
            drop_missing_fields=lambda: None,
            progress=Progress("thing", logger, Run("walk", RunClock(clock))),
            logger=logger,
            clock=clock,
            tenant_time=lambda moment: moment,
        )
        pages = QueryPages(cursor, cast("Any", Query(self.server)), self.size)
        while not cursor.done:
            yield [key for block in pages.page() for key in block.of("Gsid")]

    def _save(self, at: Checkpoint) -> None:
        kept(Position, at.position)
        kept(Tracker, at.seen)
        if at.seen.ordered:
            latest = at.seen.latest
            self.bookmark = max(self.bookmark, min(latest, at.unsure) if at.unsure else latest)


def read_all(server: Server, asked: ExtractWindow, size: int) -> list[str]:
    """The keys of all rows, as often as they were written."""
    return [key for page in Walk(server, asked, size) for key in page]


@st.composite
def tenants(draw: st.DrawFn) -> Server:
    moment = st.one_of(
        st.integers(0, 3_999),
        st.sampled_from([0, 1, 999, 1000, 1001, 1999, 60_000, -1, -1000]),
        st.integers(-(10**9), 10**9),
        st.none(),
    )
    crowds = st.lists(st.tuples(moment, st.integers(1, 40)), max_size=5)
    moments = [at for at, count in draw(crowds) for _ in range(count)]
    keys = draw(st.permutations(range(len(moments))))
    colors = draw(st.lists(st.sampled_from(["red", "blue"]), min_size=1, max_size=5))
    return Server(
        rows=[
            Row(f"1T01{key:06}", at, colors[n % len(colors)])
            for n, (key, at) in enumerate(zip(keys, moments, strict=True))
        ],
        by_second=draw(st.booleans()),
        nulls_last=draw(st.booleans()),
        shows_milliseconds=draw(st.booleans()),
    )


WINDOWS = {
    "incremental": window(),
    "full table": window(replication_key=None),
    "without key": window(key=None),
    "without either": window(key=None, replication_key=None),
    "another zone": window(zone=ZoneInfo("America/St_Johns")),
}
RED = filters.parse_user_filter(
    {"conditions": [{"name": "Color", "operator": "EQ", "value": ["red"]}]}, {}, "here"
)
RED_OR_BLUE = filters.parse_user_filter(
    {
        "conditions": [
            {"name": "Color", "alias": "one", "operator": "EQ", "value": ["red"]},
            {"name": "Color", "alias": "two", "operator": "EQ", "value": ["blue"]},
        ],
        "expression": "one OR two",
    },
    {},
    "here",
)
CROWD = Server([Row(f"1T01{n:06}", 5_000 + n % 7) for n in range(200)])


@settings(max_examples=150, deadline=None)
@given(tenants(), st.sampled_from(sorted(WINDOWS)), st.integers(1, 50))
@example(CROWD, "incremental", 1)
@example(CROWD, "incremental", 21)
@example(CROWD, "incremental", 50)
def test_every_row_is_written_once_by_few_reads(server: Server, name: str, size: int) -> None:
    server.reads = 0
    asked = WINDOWS[name]
    read = read_all(server, asked, size)
    assert sorted(read) == sorted(row.key for row in server.rows)
    # At worst crowded seconds are read once more on their own, with a question or two for each.
    crowded = sum(count > 20 for count in seconds(server.rows).values())
    pages = math.ceil(len(server.rows) / size)
    if asked.key is not None:
        assert server.reads <= 2 * pages + 4 * crowded + 2


def seconds(rows: Iterable[Row]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        if row.value is not None:
            counts[row.value[:19]] = counts.get(row.value[:19], 0) + 1
    return counts


@settings(max_examples=80, deadline=None)
@given(tenants(), st.integers(1, 50), st.sampled_from([None, RED, RED_OR_BLUE]), st.data())
def test_from_a_start_and_with_a_filter_what_is_asked_for_is_read_and_no_more(
    server: Server, size: int, where: filters.Filter | None, data: st.DataObject
) -> None:
    second = data.draw(st.sampled_from([-5, 0, 1, 2, 60]), label="start")
    start = (BASE + timedelta(seconds=second)).replace(tzinfo=None).isoformat()
    asked = window(start=start, filter=where)
    assert sorted(read_all(server, asked, size)) == sorted(
        row.key
        for row in server.rows
        if (row.value is None or row.value[:19] >= start)
        and (where is not RED or row.color == "red")
    )


@settings(max_examples=60, deadline=None)
@given(tenants(), st.integers(1, 50))
def test_pages_come_in_the_order_of_time_so_that_a_bookmark_may_follow_them(
    server: Server, size: int
) -> None:
    rest = {row.key: row.value[:19] for row in server.rows if row.value}
    walk = Walk(server, window(), size)
    for page in walk:
        for key in page:
            rest.pop(key, None)
        # What is not read yet is no earlier than the second that the bookmark is in.
        assert walk.bookmark[:19] <= min(rest.values(), default=walk.bookmark)


@pytest.mark.parametrize("name", sorted(WINDOWS))
@pytest.mark.parametrize("rows", [0, 1, 20])
def test_a_run_that_finds_little_new_needs_at_most_two_reads(name: str, rows: int) -> None:
    server = Server([Row(f"1T01{n:06}", 10 * n) for n in range(rows)])
    read = read_all(server, WINDOWS[name], 5_000)
    assert len(read) == rows
    keyless = WINDOWS[name].key is None
    undated = keyless and WINDOWS[name].replication_key is not None
    assert server.reads == (2 if rows else 1) + undated


def test_few_rows_of_a_pages_last_second_are_left_out_by_key_and_not_read_again() -> None:
    server = Server([Row(f"1T01{n:06}", n // 5 * 1000) for n in range(100)])
    read = read_all(server, window(), 12)
    assert len(read) == 100


def test_a_page_that_ends_within_a_second_goes_on_within_it() -> None:
    rows = [n // 2 * 1000 for n in range(2_800)]
    rows += [2_000_000] * 8_400 + [3_000_000 + n * 1000 for n in range(2_800)]
    server = Server([Row(f"1T01{n:06}", at) for n, at in enumerate(rows)])
    assert len(read_all(server, window(), 5_000)) == 14_000
    assert server.reads == 4


def test_rows_that_hide_in_two_seconds_are_found_and_the_reading_ends() -> None:
    rows = [Row(f"1T01{n:06}", 0) for n in (0, *range(2, 22))]
    rows += [Row("1T01000001", 1), Row("1T01000022", 1001)]
    rows += [Row(f"1T01{n:06}", 1000) for n in range(23, 44)]
    for size in (1, 2, 3, 7):
        assert len(read_all(Server(rows, by_second=True), window(), size)) == 44


def test_a_row_that_hides_before_the_key_that_was_gone_on_behind_is_found() -> None:
    rows = [Row(f"1T01{n:06}", 5_000) for n in range(100, 200)]
    server = Server([*rows, Row("1T01000001", 5_500), Row("1T01000300", 9_000)])
    read = read_all(server, window(), 60)
    assert sorted(read) == sorted(row.key for row in server.rows)


def test_a_second_larger_than_a_page_is_read_on_by_key() -> None:
    server = Server([Row(f"1T01{n:06}", 5_000) for n in range(1000)])
    assert len(read_all(server, window(), 100)) == 1000
    assert server.reads <= 1000 // 100 + 2


@pytest.mark.parametrize("nulls_last", [False, True])
@pytest.mark.parametrize("year", [1, 1600, 1899, 1969])
def test_the_oldest_dates_are_read_also_beside_rows_without_one(
    year: int, *, nulls_last: bool
) -> None:
    at = (datetime(year, 6, 1, tzinfo=UTC) - BASE) // timedelta(milliseconds=1)
    undated = [Row(f"n{n}", None) for n in range(7)]
    server = Server([Row("old", at), *undated, Row("new", 0)], nulls_last=nulls_last)
    assert sorted(read_all(server, window(), 3)) == sorted(row.key for row in server.rows)


def test_filter_times_are_whole_seconds_with_their_offset() -> None:
    asked = window(zone=ZoneInfo("Asia/Kolkata"), start="2025-06-01T12:00:00")
    body = next_read(asked, start_of(asked), 10).body()
    values = [item["value"] for item in body["where"]["conditions"]]
    assert values == [["2025-06-01T17:30:00+05:30"], []]
    asked = window(start="2025-06-01T12:00:00")
    body = next_read(asked, start_of(asked), 10).body()
    assert body["where"]["conditions"][0]["value"] == ["2025-06-01T12:00:00Z"]


def test_the_first_page_of_a_whole_object_is_asked_for_without_a_filter() -> None:
    for asked in WINDOWS.values():
        if asked.key is not None or asked.replication_key is None:
            assert next_read(asked, start_of(asked), 10).body()["where"] is None


def test_an_order_other_than_by_time_is_noticed() -> None:
    tracker = Tracker()
    for value in ("2025-06-01T12:00:01.000Z", None, "2025-06-01T12:00:00.999Z"):
        tracker.see_all([value or ""], ["k"])
    assert not tracker.ordered
    tracker = Tracker()
    for value in ("2025-06-01T12:00:01.500Z", "2025-06-01T12:00:01.000Z", None):
        tracker.see_all([value or ""], ["k"])  # within a second there may be any order
    assert tracker.ordered
    assert tracker.latest == "2025-06-01T12:00:01.500Z"


def test_the_latest_value_is_the_highest_and_nulls_do_not_count() -> None:
    tracker = Tracker()
    for value, key in (("2025-06-01T12:00:01.000Z", "a"), (None, "b")):
        tracker.see_all([value or ""], [key])
    assert (tracker.rows, tracker.latest) == (2, "2025-06-01T12:00:01.000Z")
    assert (tracker.key, tracker.null_key) == ("b", "b")
