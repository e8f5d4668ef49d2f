"""A call that is still to be made: its rows, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_gainsight.loading.route import Operation
    from target_gainsight.rows.blocks import Row


@dataclass(frozen=True, slots=True)
class Call:
    """Rows to write by one call.

    Attributes:
        rows: The rows; at most as many as a call takes, and at least one.
        operation: What the call does.
        certain_to_fail: Whether Gainsight is known to refuse the rows if they are sent together.
            They are not sent then, unless there is only one, whose refusal gives the reason.
        other_half: Where the rows are the first half of those of a refused call, the second half;
            it is written after them. Two halves cannot both be good: if the first one is not
            refused, the second one is certain to fail.
        sent_before: Whether the rows have been sent already, and the reply did not confirm them.
    """

    rows: Sequence[Row]
    operation: Operation
    certain_to_fail: bool = False
    other_half: Sequence[Row] = ()
    sent_before: bool = False

    def second_half(self, *, refused: bool) -> list[Call]:
        """The call for the other half, once these rows have been dealt with; none without one.

        Args:
            refused: Whether the call for these rows was refused.
        """
        if not self.other_half:
            return []
        return [Call(self.other_half, self.operation, certain_to_fail=not refused)]


def bisect(call: Call) -> list[Call]:
    """Halve a call of several rows, of which at least one cannot be written."""
    middle = len(call.rows) // 2
    return [Call(call.rows[:middle], call.operation, other_half=call.rows[middle:])]
