"""Which batch goes before which."""

from __future__ import annotations

from dataclasses import dataclass

from target_gainsight import order


@dataclass(eq=False, kw_only=True)
class Batch:
    """A stream's batch; without an oldest record it is empty."""

    oldest_pending: int | None
    last_received: int = 99
    goes_by_rest: bool = False
    opened_at: float = 0.0


EMPTY = Batch(oldest_pending=None, goes_by_rest=True)


def test_everything_goes_in_the_order_of_the_oldest_records() -> None:
    late, early = Batch(oldest_pending=5), Batch(oldest_pending=2)
    assert order.everything([late, EMPTY, early]) == [early, late]


def test_a_full_batch_takes_the_streams_that_ended_before_it_and_what_costs_no_job() -> None:
    full = Batch(oldest_pending=10)
    ended = Batch(oldest_pending=1, last_received=9)
    under_way = Batch(oldest_pending=2, last_received=11)
    by_rest = Batch(oldest_pending=20, goes_by_rest=True)
    batches = [by_rest, full, under_way, EMPTY, ended]
    assert order.due_when_full(batches, full) == [ended, full, by_rest]


def test_age_makes_due_what_costs_no_job() -> None:
    by_rest = Batch(oldest_pending=3, goes_by_rest=True)
    younger = Batch(oldest_pending=2, goes_by_rest=True, opened_at=0.5)
    batches = [by_rest, Batch(oldest_pending=1), younger, EMPTY]
    assert order.due_by_age(batches, 299.9) == []
    assert order.due_by_age(batches, 300.0) == [by_rest]
    assert order.due_by_age(batches, 301.0) == [younger, by_rest]


def test_the_oldest_record_of_all_streams_is_found() -> None:
    assert order.oldest_pending([Batch(oldest_pending=7), EMPTY, Batch(oldest_pending=4)]) == 4
    assert order.oldest_pending([EMPTY]) is None
