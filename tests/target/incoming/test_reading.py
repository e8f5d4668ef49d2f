"""What the target says while it reads."""

from __future__ import annotations

import logging
import threading

import pytest

from gainsight_sandbox import ManualClock
from target_gainsight.incoming.reading import Reading


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def reading(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> Reading:
    caplog.set_level(logging.INFO)
    return Reading(clock, logging.getLogger("reading"))


def test_it_says_how_many_records_of_which_stream_have_come(
    reading: Reading, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    reading.received("a", 1)
    clock.advance(10)
    reading.say()
    reading.received("b", 5_000)
    clock.advance(10)
    reading.say()
    assert caplog.messages == [
        "stream a: 1 record received so far, 0 records/s",
        "stream b: 5,001 records received so far, 500 records/s",
    ]


def test_it_says_that_it_waits_and_for_how_long(
    reading: Reading, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        clock.advance(10)
        reading.say()
    assert caplog.messages == [
        "0 records received so far; waiting for input for 10.0 s",
        "0 records received so far; waiting for input for 20.0 s",
    ]


def test_it_is_silent_while_records_are_loaded_and_counts_the_time_anew_then(
    reading: Reading, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    reading.received("a", 10)
    with reading.interrupted():
        clock.advance(100)
        reading.say()
    assert caplog.messages == []
    reading.received("a", 100)
    clock.advance(10)
    reading.say()
    assert caplog.messages == ["stream a: 110 records received so far, 10 records/s"]


def test_it_goes_on_by_itself_until_the_input_ends(
    reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    twice = threading.Semaphore(0)

    class Heard(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            twice.release()

    handler = Heard()
    reading.logger.addHandler(handler)
    with reading.said(0.001):
        assert twice.acquire(timeout=10)
        assert twice.acquire(timeout=10)
    reading.logger.removeHandler(handler)
    assert all("waiting for input" in line for line in caplog.messages)
