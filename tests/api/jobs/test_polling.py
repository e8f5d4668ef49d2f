"""When a job is asked after: often enough at first, and ever less often."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gainsight_api.jobs.polling import polls


class Time:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def asked(interval: float, timeout: float = 7200) -> list[float]:
    return list(polls(Time(), interval, timeout))


@pytest.mark.parametrize("interval", [0.1, 1, 3, 5])
def test_the_end_of_a_job_of_under_a_minute_is_noticed_within_a_few_seconds(
    interval: float,
) -> None:
    moments = asked(interval)
    for end in range(1, 60):
        noticed = next(moment for moment in moments if moment >= end)
        assert noticed - end <= max(interval, 3)
    assert sum(moment < 60 for moment in moments) < 35


def test_a_long_job_is_asked_after_once_a_minute() -> None:
    pauses = [later - earlier for earlier, later in pairwise(asked(5))]
    assert pauses[0] == 5
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses) == 60
    assert sum(pauses) == 7200


def test_the_pauses_are_never_shorter_than_the_setting() -> None:
    assert asked(30, 100) == [0, 30, 60, 100]
