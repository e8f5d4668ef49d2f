"""Which STATE is written when."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_gainsight.outcomes.pending_states import MAX_PENDING_BYTES, PendingStates


@given(
    st.lists(st.sampled_from(["record", "state", "confirm"]), max_size=40),
    st.randoms(use_true_random=False),
)
def test_no_state_is_written_before_its_records_are_done(steps: list[str], random: Any) -> None:
    written: list[int] = []
    states = PendingStates(lambda value: written.append(int(value)))
    pending: list[int] = []
    covered = 0
    for step in [*steps, "end"]:
        if step == "record":
            pending += states.records(random.randint(1, 3))
        elif step == "state":
            covered = states.received
            states.state(str(covered).encode())
        elif step == "confirm" and pending:
            pending.remove(random.choice(pending))
        elif step == "end":
            pending.clear()
        states.done(min(pending, default=None))
        assert not written or not pending or written[-1] < min(pending)
    assert written == sorted(set(written))
    if "state" in steps:
        assert written[-1] == covered


def test_states_that_wait_for_long_take_a_bounded_part_of_memory() -> None:
    written: list[bytes] = []
    states = PendingStates(written.append)
    size = MAX_PENDING_BYTES // 10
    for number in range(25):
        states.records(1)
        states.state(b"%03d" % number + b" " * size)
        assert states.held <= MAX_PENDING_BYTES
    states.done(oldest_pending=None)
    assert [value[:3] for value in written] == [b"024"]


def test_two_states_are_kept_however_large() -> None:
    written: list[bytes] = []
    states = PendingStates(written.append)
    for number in range(3):
        states.records(1)
        states.state(b"%d" % number + b" " * MAX_PENDING_BYTES)
    states.done(oldest_pending=3)
    assert [value[:1] for value in written] == [b"0"]
    states.done(oldest_pending=None)
    assert [value[:1] for value in written] == [b"0", b"2"]
