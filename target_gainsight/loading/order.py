"""Which batch goes before which, over all streams of a run.

All batches are due at the end of the input, a full one at once, and one whose records have waited
for some minutes if that costs no import job. Whatever is due, the streams that its `lookups` look
in go first, with all that waits of them. Else the batch with the oldest record goes first.

A tap may send children before their parent, and begin with the next one's before it has sent that
parent. So where parents and children come in turn, children that came after the newest parent wait
until the next one has come, or the input ends.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_BATCH_AGE_SECONDS = 300.0
_ALL = 1 << 62


class Collecting(Protocol):
    """A stream's batch, as far as it matters to the order; records are numbered over the run."""

    @property
    def object_name(self) -> str:
        """The object that the stream is loaded into, in lower case."""

    @property
    def looks_in(self) -> frozenset[str]:
        """The objects that the stream's lookups look in, in lower case."""

    @property
    def oldest_waiting(self) -> int | None:
        """The number of the batch's oldest record; None if it is empty."""

    @property
    def first_received(self) -> int:
        """The number of the stream's first record in this run; 0 if none has come."""

    @property
    def last_received(self) -> int:
        """The number of its newest record; 0 if none has come."""

    @property
    def opened_at(self) -> float:
        """When the batch was begun, in seconds since 1970."""

    @property
    def goes_by_rest(self) -> bool:
        """Whether it would cost no import job."""


_Batch = TypeVar("_Batch", bound=Collecting)


class Order(Generic[_Batch]):
    """The order of a run's batches.

    Its plans are pairs of a batch and the number of the last record that is to be loaded of it
    now; they are made while the batches are loaded.

    Args:
        batches: The batches of all streams.
    """

    def __init__(self, batches: Iterable[_Batch]) -> None:
        self._batches = list(batches)
        self._into: dict[str, list[_Batch]] = defaultdict(list)
        for batch in self._batches:
            self._into[batch.object_name].append(batch)

    def everything(self) -> Iterator[tuple[_Batch, int]]:
        """All batches that hold records."""
        return self._plan(self._waiting(), hold=False)

    def one(self, batch: _Batch) -> Iterator[tuple[_Batch, int]]:
        """One batch, after what it looks in."""
        return self._plan([batch], hold=False)

    def due_when_full(self, full: _Batch) -> Iterator[tuple[_Batch, int]]:
        """A full batch, and with it what would otherwise hold its STATE back at no gain.

        These are batches of streams that seem to have ended, and those that cost no import job.
        """
        begun = full.oldest_waiting or 0

        def goes_along(batch: _Batch) -> bool:
            return batch is full or batch.last_received < begun or batch.goes_by_rest

        due = [
            batch
            for batch in self._waiting()
            if batch is full or all(map(goes_along, [batch, *self._before(batch)]))
        ]
        return self._plan(due, hold=self._settled(full) >= begun)

    def due_by_age(self, now: float) -> Iterator[tuple[_Batch, int]]:
        """What has waited for some minutes, except for what would cost an import job.

        Args:
            now: Seconds since 1970.
        """
        due = [
            batch
            for batch in self._waiting()
            if now - batch.opened_at >= MAX_BATCH_AGE_SECONDS
            and batch.goes_by_rest
            and all(before.goes_by_rest for before in self._before(batch))
        ]
        return self._plan(due, hold=True)

    def _waiting(self) -> list[_Batch]:
        return [batch for batch in self._batches if batch.oldest_waiting is not None]

    def _plan(self, due: list[_Batch], *, hold: bool) -> Iterator[tuple[_Batch, int]]:
        done: set[int] = set()
        for batch in _by_age(due):
            for circle in self._circles_up_to(batch, done):
                yield from self._as_received(circle, hold=hold)

    def _circles_up_to(self, batch: _Batch, done: set[int]) -> list[list[_Batch]]:
        """The batches that go before a batch, and itself; those that look in each other together.

        Args:
            batch: The batch.
            done: What has gone already; what is returned is added.
        """
        if id(batch) in done:
            return []
        before = self._ancestors(batch)
        circle = [each for each in before if _holds(self._ancestors(each), batch)] or [batch]
        done.update(map(id, circle))
        plan: list[list[_Batch]] = []
        for each in _by_age(before):
            plan += self._circles_up_to(each, done)
        return [*plan, [each for each in circle if each.oldest_waiting is not None]]

    def _as_received(self, circle: list[_Batch], *, hold: bool) -> Iterator[tuple[_Batch, int]]:
        """Batches that look in each other, in parts, so that records go in the order received."""
        while waiting := _by_age(each for each in circle if each.oldest_waiting is not None):
            first, *others = waiting
            cut = self._settled(first) if hold else _ALL
            up_to = min(cut, (others[0].oldest_waiting or 0) - 1 if others else _ALL)
            if up_to >= (first.oldest_waiting or 0):
                yield first, up_to
            if not others:
                return

    def _settled(self, batch: _Batch) -> int:
        """The number of the record up to which all that the batch looks in has come."""
        ancestors = self._ancestors(batch)
        if _holds(ancestors, batch):  # a circle goes in the order received
            return _ALL
        return min(
            (
                min(parent.last_received, _ALL)
                if child.first_received < parent.last_received or not parent.last_received
                else _ALL
                for child in (batch, *ancestors)
                if child.first_received
                for parent in self._parents(child)
                if parent is not child
            ),
            default=_ALL,
        )

    def _before(self, batch: _Batch) -> list[_Batch]:
        """What waits, and goes before a batch."""
        return [each for each in self._ancestors(batch) if each.oldest_waiting is not None]

    def _parents(self, batch: _Batch) -> list[_Batch]:
        return [parent for name in batch.looks_in for parent in self._into.get(name, ())]

    def _ancestors(self, batch: _Batch) -> list[_Batch]:
        """All that a batch looks in, over any number of steps; itself only in a circle."""
        found: dict[int, _Batch] = {}
        to_visit = [each for each in self._parents(batch) if each is not batch]
        while to_visit:
            each = to_visit.pop()
            if id(each) not in found:
                found[id(each)] = each
                to_visit += [parent for parent in self._parents(each) if parent is not each]
        return list(found.values())


def _by_age(batches: Iterable[_Batch]) -> list[_Batch]:
    return sorted(batches, key=lambda batch: batch.oldest_waiting or 0)


def _holds(batches: Iterable[_Batch], batch: _Batch) -> bool:
    return any(each is batch for each in batches)
