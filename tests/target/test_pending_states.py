"""Which STATE is written when."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_gainsight.pending_states import PendingStates


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
