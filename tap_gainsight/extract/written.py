"""The rows that a run has written and may be given again: those of the last span of time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_gainsight.records.block import Block

_MAX_REMEMBERED_ROWS = 250_000
"""Rows of one span that are remembered: more share it only in the oddest tables."""


@dataclass(slots=True)
class Written:
    """The keys and replication values of rows that may come again.

    Attributes:
        continued: Whether the last span is being read by going on behind a key.
    """

    continued: bool = False
    _span: str = ""
    _rows: dict[str, str] = field(default_factory=dict)
    _count: int = 0
    _unsure: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)

    def copy(self) -> Written:
        """What has been written so far, as it stands."""
        return replace(self, _rows={**self._rows}, _unsure={**self._unsure})

    def new(self, block: Block, values: Sequence[str], keys: Sequence[str]) -> Block | None:
        """The block without the rows whose key and replication value both came before."""
        known = self._rows
        if not known or known.keys().isdisjoint(keys):
            return block
        fresh = [
            known.get(key) != value or not value for key, value in zip(keys, values, strict=True)
        ]
        return block.kept(fresh) if any(fresh) else None

    def note(
        self,
        span: str,
        values: Sequence[str],
        keys: Sequence[str],
        first: int,
        start_of: Callable[[str], str],
    ) -> None:
        """Remember the rows of a span, which is that of all rows from `first` on."""
        if not span:
            return  # none of the page's rows has a date so far
        if span != self._span:
            if self.continued:
                rows = zip(keys[:first], values[:first], strict=True)
                self._add([(k, v) for k, v in rows if v and start_of(v[:19]) == self._span])
                self.settle()
            self._span, self._rows, self._count = span, {}, 0
        self._add([(k, v) for k, v in zip(keys[first:], values[first:], strict=True) if v])

    def _add(self, rows: Sequence[tuple[str, str]]) -> None:
        self._count += sum(1 for key, _ in rows if key not in self._rows)
        if len(self._rows) < _MAX_REMEMBERED_ROWS:
            self._rows.update(rows)

    def settle(self) -> None:
        """Nothing more will come of the last span: if it was read by its keys, rows may hide."""
        if self.continued:
            self._unsure[self._span] = (self._count, self._rows)
            self.continued = False

    @property
    def unsure(self) -> list[tuple[str, int]]:
        """Spans that were read by going on behind a key, and the rows that each has had."""
        return [(span, count) for span, (count, _) in self._unsure.items()]

    @property
    def may_hide(self) -> bool:
        """Whether rows may hide in spans that were read by going on behind a key."""
        return self.continued or bool(self._unsure)

    def sure_of(self, span: str) -> None:
        """Nothing hides in a span."""
        self._unsure.pop(span, None)

    def recall(self, span: str) -> None:
        """The rows of a span are about to come again."""
        self._count, self._rows = self._unsure.pop(span)
        self._span = span
