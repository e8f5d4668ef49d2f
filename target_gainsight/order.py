"""Which batch goes before which, over all streams of a run.

Of the batches that are due, the one with the oldest record goes first. All batches are due at the
end of the input, a full one at once, and one whose records have waited for some minutes if that
costs no import job. A batch that is due takes others with it that would only hold back its STATE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BATCH_AGE_SECONDS = 300.0


class Collecting(Protocol):
    """A stream's batch, as far as it matters to the order."""

    @property
    def oldest_pending(self) -> int | None:
        """The number, among all records of the run, of its oldest one; None if it is empty."""

    @property
    def last_received(self) -> int:
        """The number of its newest record."""

    @property
    def opened_at(self) -> float:
        """When it was begun, in seconds since 1970."""

    @property
    def goes_by_rest(self) -> bool:
        """Whether it would cost no import job."""


_Batch = TypeVar("_Batch", bound=Collecting)


def everything(batches: Iterable[_Batch]) -> list[_Batch]:
    """All batches that hold records, in the order in which they are to be loaded."""
    return _in_order(batch for batch in batches if batch.oldest_pending is not None)


def due_when_full(batches: Iterable[_Batch], full: _Batch) -> list[_Batch]:
    """A full batch, and before it what would otherwise hold its STATE back at no gain.

    These are batches of streams that seem to have ended, and those that cost no import job.
    """
    begun = full.oldest_pending or 0
    return _in_order(
        batch
        for batch in batches
        if batch is full
        or (
            batch.oldest_pending is not None and (batch.last_received < begun or batch.goes_by_rest)
        )
    )


def due_by_age(batches: Iterable[_Batch], now: float) -> list[_Batch]:
    """What has waited for some minutes, except for what would cost an import job.

    Args:
        batches: The batches of all streams.
        now: Seconds since 1970.
    """
    return _in_order(
        batch
        for batch in batches
        if batch.oldest_pending is not None
        and batch.goes_by_rest
        and now - batch.opened_at >= MAX_BATCH_AGE_SECONDS
    )


def oldest_pending(batches: Iterable[_Batch]) -> int | None:
    """The number of the oldest record that waits in any batch; None if none does."""
    numbers = (batch.oldest_pending for batch in batches)
    return min((number for number in numbers if number is not None), default=None)


def _in_order(due: Iterable[_Batch]) -> list[_Batch]:
    return sorted(due, key=lambda batch: batch.oldest_pending or 0)
