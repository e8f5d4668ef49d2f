import logging
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.quota import (
    Budget,
    Limits,
    Quota,
    QuotaExhaustedError,
    QuotaStoreError,
    Store,
    Usage,
    open_store,
    quota_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BULK, SYNC = Budget.BULK, Budget.SYNC
MINUTE, HOUR, DAY = 60, 3_600, 86_400
MIDNIGHT = datetime(2025, 6, 16, tzinfo=UTC).timestamp()
TEN = MIDNIGHT + 10 * HOUR


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, now: float = TEN) -> None:
        self.at = now
        self.sleeps: list[float] = []
        self.on_waking: Callable[[], object] = lambda: None

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.at += seconds
        self.on_waking()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store() -> Store:
    return open_store("memory")


@pytest.fixture
def quota(store: Store, time: Time) -> Quota:
    return Quota(store, "key", Limits(), clock=time)


def other(store: Store, time: Time, **limits: int) -> Quota:
    """The quota of another process that shares the store."""
    return Quota(store, "key", Limits(**limits), clock=time)


def taken(quota: Quota, budget: Budget) -> float | None:
    """When a call was taken; None if none is left."""
    try:
        return quota.acquire(budget, wait=False)
    except QuotaExhaustedError:
        return None


def take(quota: Quota, budget: Budget, calls: int) -> int:
    return sum(taken(quota, budget) is not None for _ in range(calls))


def test_an_hour_on_the_clock_holds_ten_bulk_calls(quota: Quota, time: Time) -> None:
    time.at = TEN + 59 * MINUTE
    assert take(quota, BULK, 20) == 10
    time.at = TEN + HOUR - 0.001
    assert take(quota, BULK, 20) == 0
    time.at = TEN + HOUR
    assert take(quota, BULK, 20) == 10


def test_a_minute_on_the_clock_holds_a_hundred_ordinary_calls(quota: Quota, time: Time) -> None:
    time.at = TEN + 59.5
    assert take(quota, SYNC, 200) == 100
    time.at = TEN + 60
    assert take(quota, SYNC, 200) == 100


def test_a_day_ends_at_midnight_utc(quota: Quota, time: Time) -> None:
    taken = 0
    for hour in range(10, 24):
        time.at = MIDNIGHT + hour * HOUR
        taken += take(quota, BULK, 20)
    assert taken == 100
    assert quota.next_at(BULK) == MIDNIGHT + DAY
    time.at = MIDNIGHT + DAY
    assert take(quota, BULK, 20) == 10


def test_a_refused_take_costs_nothing(quota: Quota, time: Time) -> None:
    take(quota, BULK, 50)
    assert [usage.used for usage in quota.remaining(BULK).windows] == [10, 10]
    time.at += HOUR
    assert [usage.used for usage in quota.remaining(BULK).windows] == [0, 10]


def test_budgets_and_keys_are_apart(quota: Quota, store: Store, time: Time) -> None:
    take(quota, BULK, 10)
    assert taken(quota, SYNC)
    assert taken(Quota(store, "another", Limits(), clock=time), BULK)


def test_all_who_share_the_store_share_the_budget(quota: Quota, store: Store, time: Time) -> None:
    assert take(quota, BULK, 7) + take(other(store, time), BULK, 7) == 10
    assert str(quota.remaining(BULK)) == "bulk calls: 10 of 10 used this hour, 10 of 100 used today"


def test_remaining_takes_nothing(quota: Quota, time: Time) -> None:
    take(quota, BULK, 3)
    quota.remaining(BULK)
    usage = quota.remaining(BULK)
    assert usage.left == 7
    assert (usage.windows[0].left, usage.windows[0].end) == (7, TEN + HOUR)
    assert usage.next_at() == time.at


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (7, TEN + 5),
        (8, TEN + HOUR),
        (17, TEN + HOUR),
        (18, TEN + 2 * HOUR),
        (97, TEN + 9 * HOUR),
        (98, MIDNIGHT + DAY),
    ],
)
def test_when_several_calls_will_have_been_possible(
    quota: Quota, time: Time, calls: int, expected: float
) -> None:
    take(quota, BULK, 3)
    time.at += 5
    assert quota.next_at(BULK, calls) == expected


def test_acquire_waits_once_for_the_next_window(
    quota: Quota, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    take(quota, BULK, 10)
    time.at += 600.5
    slept_at_checkpoint: list[int] = []
    quota.before_wait = lambda: slept_at_checkpoint.append(len(time.sleeps))
    assert quota.acquire(BULK) == TEN + HOUR
    assert time.sleeps == [2999.5]
    assert slept_at_checkpoint == [0]
    [message] = caplog.messages
    assert message == (
        "No bulk call is left: 10 of 10 used this hour (bulk_calls_per_hour)."
        " Waiting 3000 s, until 2025-06-16 11:00:00 UTC"
    )


def test_the_time_of_the_checkpoint_shortens_the_wait(quota: Quota, time: Time) -> None:
    take(quota, BULK, 10)
    quota.before_wait = lambda: time.sleep(600)
    quota.acquire(BULK)
    assert time.sleeps == [600, 3000]


def test_a_checkpoint_may_outlast_the_window(quota: Quota, time: Time) -> None:
    take(quota, BULK, 10)
    quota.before_wait = lambda: time.sleep(HOUR + 5)
    assert quota.acquire(BULK) == TEN + HOUR + 5
    assert time.sleeps == [HOUR + 5]


def test_acquire_does_not_wait_without_need(quota: Quota, time: Time) -> None:
    assert [quota.acquire(BULK) for _ in range(10)] == [TEN] * 10
    assert not time.sleeps


def test_waking_too_early_is_no_harm(quota: Quota, time: Time) -> None:
    def too_early() -> None:
        if len(time.sleeps) == 1:
            time.at -= 0.25

    take(quota, BULK, 10)
    time.on_waking = too_early
    assert quota.acquire(BULK) == TEN + HOUR
    assert time.sleeps == [HOUR, 0.25]


def test_fail_raises_at_once(store: Store, time: Time) -> None:
    quota = Quota(store, "key", Limits(), on_exhausted="fail", clock=time)
    checkpoints: list[None] = []
    quota.before_wait = lambda: checkpoints.append(None)
    take(quota, BULK, 10)
    with pytest.raises(QuotaExhaustedError) as caught:
        quota.acquire(BULK)
    assert str(caught.value) == (
        "No bulk call is left: 10 of 10 used this hour (bulk_calls_per_hour)."
        " The next one is possible at 2025-06-16 11:00:00 UTC."
        ' Run again after that, or set on_quota_exhausted to "wait".'
    )
    assert caught.value.budget is BULK
    assert caught.value.until == TEN + HOUR
    assert caught.value.limit == "10 of 10 used this hour (bulk_calls_per_hour)"
    assert len(checkpoints) == 1
    assert not time.sleeps


def test_a_wait_that_would_be_too_long_fails_before_waiting(store: Store, time: Time) -> None:
    quota = Quota(store, "key", Limits(), max_wait=1800, clock=time)
    take(quota, BULK, 10)
    time.at = TEN + 1799
    with pytest.raises(QuotaExhaustedError, match=r"max_quota_wait \(1800 s\)"):
        quota.acquire(BULK)
    assert not time.sleeps
    time.at = TEN + 1800
    assert quota.acquire(BULK) == TEN + HOUR


def test_waits_add_up_to_no_more_than_allowed(store: Store, time: Time) -> None:
    quota = Quota(store, "key", Limits(), max_wait=150, clock=time)
    time.on_waking = lambda: take(other(store, time), SYNC, 100)
    take(quota, SYNC, 100)
    time.at += 15
    with pytest.raises(QuotaExhaustedError, match="100 of 100 used this minute"):
        quota.acquire(SYNC)
    assert time.sleeps == [45, 60]


def test_a_full_day_names_the_day(store: Store, time: Time) -> None:
    quota = other(store, time, bulk_calls_per_day=4)
    take(quota, BULK, 4)
    with pytest.raises(QuotaExhaustedError, match=r"4 of 4 used today \(bulk_calls_per_day\)"):
        quota.acquire(BULK)
    assert not time.sleeps


def test_a_429_keeps_everybody_away_until_the_given_time(
    quota: Quota, store: Store, time: Time
) -> None:
    quota.acquire(SYNC)
    quota.exhausted(SYNC, TEN + 90)
    neighbour = other(store, time)
    assert taken(neighbour, SYNC) is None
    assert neighbour.remaining(SYNC).left == 0
    assert neighbour.next_at(SYNC) == TEN + 90
    assert taken(neighbour, BULK)
    assert neighbour.acquire(SYNC) == TEN + 90
    assert time.sleeps == [90]


@pytest.mark.parametrize(("budget", "end"), [(SYNC, TEN + MINUTE), (BULK, TEN + HOUR)])
def test_a_429_without_a_time_lasts_for_the_shortest_window(
    quota: Quota, time: Time, budget: Budget, end: float
) -> None:
    time.at += 7
    quota.exhausted(budget)
    assert quota.next_at(budget) == end
    time.at = end
    assert taken(quota, budget)


def test_a_429_says_so(store: Store, time: Time) -> None:
    quota = Quota(store, "key", Limits(), on_exhausted="fail", clock=time)
    quota.exhausted(BULK, TEN + 61.5)
    with pytest.raises(
        QuotaExhaustedError,
        match=r"^No bulk call is left: Gainsight answered that its limit is reached\."
        r" The next one is possible at 2025-06-16 10:01:02 UTC\.",
    ):
        quota.acquire(BULK)


def test_a_429_does_not_shorten_an_earlier_one(quota: Quota) -> None:
    quota.exhausted(SYNC, TEN + 300)
    quota.exhausted(SYNC, TEN + 30)
    assert quota.next_at(SYNC) == TEN + 300


def test_a_429_is_believed_for_a_day_at_most(quota: Quota) -> None:
    quota.exhausted(SYNC, TEN + 30 * DAY)
    assert quota.next_at(SYNC) == TEN + DAY


def test_a_429_of_the_past_changes_nothing(quota: Quota) -> None:
    quota.exhausted(SYNC, TEN - 1)
    assert taken(quota, SYNC)


def test_calls_count_on_after_a_429(quota: Quota, time: Time) -> None:
    take(quota, BULK, 4)
    quota.exhausted(BULK, TEN + 60)
    time.at += 60
    assert take(quota, BULK, 20) == 6


def test_a_refund_gives_the_call_back_to_every_window(quota: Quota) -> None:
    taken_at = quota.acquire(BULK)
    take(quota, BULK, 3)
    quota.refund(BULK, taken_at)
    assert [usage.used for usage in quota.remaining(BULK).windows] == [3, 3]


def test_a_refund_leaves_later_windows_alone(quota: Quota, time: Time) -> None:
    taken_at = quota.acquire(BULK)
    time.at += HOUR
    take(quota, BULK, 3)
    quota.refund(BULK, taken_at)
    assert [usage.used for usage in quota.remaining(BULK).windows] == [3, 3]
    time.at += DAY
    quota.refund(BULK, time.at)
    assert [usage.used for usage in quota.remaining(BULK).windows] == [0, 0]


def test_a_clock_set_back_a_little_stays_in_the_window_begun(quota: Quota, time: Time) -> None:
    time.at = TEN + HOUR
    take(quota, BULK, 4)
    time.at = TEN + HOUR - 1
    assert take(quota, BULK, 20) == 6
    assert quota.next_at(BULK) == TEN + 2 * HOUR


def test_a_clock_that_was_wrong_by_much_is_forgotten(quota: Quota, time: Time) -> None:
    time.at = TEN + 365 * DAY
    take(quota, BULK, 10)
    quota.exhausted(BULK, time.at + HOUR)
    time.at = TEN
    assert take(quota, BULK, 20) == 10


def test_a_limit_that_was_lowered_holds_at_once(quota: Quota, store: Store, time: Time) -> None:
    take(quota, BULK, 8)
    lower = other(store, time, bulk_calls_per_hour=5)
    assert taken(lower, BULK) is None
    assert lower.next_at(BULK) == TEN + HOUR
    assert lower.remaining(BULK).left == 0


@pytest.mark.parametrize(
    "setting",
    [
        "sync_calls_per_minute",
        "sync_calls_per_day",
        "timeline_calls_per_minute",
        "bulk_calls_per_hour",
        "bulk_calls_per_day",
    ],
)
def test_a_limit_below_one_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"{setting} must be at least 1, not 0"):
        Limits(**{setting: 0})


@pytest.mark.parametrize("document", [b"", b"\xff", b"[]", b'{"windows": 3}'])
def test_a_damaged_entry_is_reported(quota: Quota, store: Store, document: bytes) -> None:
    store.update("key:bulk", lambda _: (None, document))
    with pytest.raises(QuotaStoreError, match=r"^quota_store: it holds a damaged entry"):
        quota.acquire(BULK)


def test_threads_share_a_quota(quota: Quota) -> None:
    taken: list[int] = []
    threads = [
        threading.Thread(target=lambda: taken.append(take(quota, SYNC, 40))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 100


def test_the_key_names_a_credential_without_disclosing_it() -> None:
    key = quota_key("acme.gainsightcloud.com", "s3cret")
    assert key == quota_key("ACME.gainsightcloud.com", "s3cret")
    assert key != quota_key("acme.gainsightcloud.com", "another")
    assert key != quota_key("other.gainsightcloud.com", "s3cret")
    assert len(key) == 32
    assert "s3cret" not in key
    assert "acme" not in key


small_limits = st.builds(
    Limits,
    bulk_calls_per_hour=st.integers(1, 3),
    bulk_calls_per_day=st.integers(1, 8),
)


@given(limits=small_limits, steps=st.lists(st.floats(0, 3 * HOUR), max_size=60))
def test_windows_never_overflow_and_refuse_only_when_full(
    limits: Limits, steps: list[float]
) -> None:
    time = Time(MIDNIGHT + 20 * HOUR)
    quota = Quota(open_store("memory"), "key", limits, clock=time)
    hours: Counter[float] = Counter()
    days: Counter[float] = Counter()
    for step in steps:
        time.at += step
        hour, day = time.at // HOUR, time.at // DAY
        full = hours[hour] == limits.bulk_calls_per_hour or days[day] == limits.bulk_calls_per_day
        assert (taken(quota, BULK) is None) == full
        if not full:
            hours[hour] += 1
            days[day] += 1


@given(limits=small_limits, steps=st.lists(st.floats(0, 3 * HOUR), max_size=20))
def test_acquire_wakes_when_a_call_is_possible_and_not_later(
    limits: Limits, steps: list[float]
) -> None:
    time = Time(MIDNIGHT + 20 * HOUR)
    quota = Quota(open_store("memory"), "key", limits, max_wait=DAY, clock=time)
    for step in steps:
        time.at += step
        expected = quota.next_at(BULK)
        # A float cannot always be stepped exactly to the boundary, hence the tolerance.
        assert quota.acquire(BULK) == pytest.approx(expected, abs=1e-5)
        assert time.at >= expected
        quota.let_through(BULK)


@given(
    limits=small_limits,
    moves=st.lists(st.tuples(st.floats(-2 * DAY, 2 * DAY), st.booleans()), max_size=60),
)
def test_a_clock_that_jumps_is_survived(limits: Limits, moves: list[tuple[float, bool]]) -> None:
    time = Time()
    quota = Quota(open_store("memory"), "key", limits, clock=time)
    for move, refused in moves:
        time.at += move
        if refused:
            quota.exhausted(BULK)
        taken(quota, BULK)
        usage = quota.remaining(BULK)
        assert all(each.used <= each.window.limit for each in usage.windows)
        assert time.at <= usage.next_at() <= time.at + 2 * DAY


def test_what_this_process_has_used_is_counted_apart_from_what_others_have(
    quota: Quota, store: Store, time: Time
) -> None:
    take(other(store, time), SYNC, 5)
    take(quota, SYNC, 3)
    quota.refund(SYNC, quota.acquire(SYNC))
    assert taken(quota, BULK)
    assert quota.used == {SYNC: 3, BULK: 1}


def test_the_callers_that_are_kept_are_so_many_and_no_more() -> None:
    usage = Usage.from_document(None, Budget.SYNC, Limits().windows(Budget.SYNC), 0)
    for number in range(100):
        usage = usage.with_call(f"tap on pod-{number}")
    again = Usage.from_document(usage.to_document(), Budget.SYNC, (), 0)
    assert len(again.callers) == 41
    assert sum(calls for hours in again.callers.values() for calls in hours.values()) == 100
