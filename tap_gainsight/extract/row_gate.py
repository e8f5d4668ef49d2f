"""What of the rows that come goes on to be written: each one once, and none of a doubtful key."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.errors import DataError
from tap_gainsight.extract.key_order import KeyOrder
from tap_gainsight.extract.paging import TWINS_AT_MOST
from tap_gainsight.extract.written import Written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_gainsight.extract.paging import ExtractWindow
    from tap_gainsight.extract.tracker import Tracker
    from tap_gainsight.records.block import Block


@dataclass(frozen=True, slots=True)
class Mark:
    """What a gate had let through, and held back, at some time."""

    held: list[Block]
    written: Written


@dataclass(slots=True)
class RowGate:
    """Checks the keys of rows, passes over rows that were written, and holds back unsure ones.

    Attributes:
        stream: The stream's name, for errors.
        written: What has been written and may come again.
    """

    stream: str
    written: Written = field(default_factory=Written)
    _held: list[Block] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)
    _order: KeyOrder = field(default_factory=KeyOrder)
    _last: deque[str] = field(default_factory=lambda: deque(maxlen=TWINS_AT_MOST))

    @property
    def holds(self) -> bool:
        """Whether rows are held back."""
        return bool(self._held)

    def begin(self, after: str | None) -> None:
        """Rows begin to come that follow a key; None for the first ones."""
        self.begin_chunk()
        self._order.begin(after)

    def begin_chunk(self) -> None:
        """Further rows come, in which keys that have come may come again."""
        self._keys.clear()

    def through(
        self,
        blocks: Iterable[Block],
        window: ExtractWindow,
        page: Tracker,
        *,
        by_key: bool,
        counted: bool,
    ) -> Iterator[Block]:
        """The rows that are to be written now.

        Args:
            blocks: Rows as they come.
            window: What is read.
            page: Where they are noted for the next page and the bookmark.
            by_key: Whether they were asked for in the order of their key.
            counted: Whether nothing but their number tells them apart.

        Raises:
            DataError: A key comes again, or does not follow the last one.
        """

        def start_of(second: str) -> str:
            return window.span(second).start

        for block in blocks:
            values, keys = block.of(window.replication_key), block.of(window.key)
            if window.key is not None:
                told = [*map("{} {}".format, keys, values)] if window.key_comes_again else keys
                self._check(window.key, keys, told, by_key=by_key)
            new = self.written.new(block, values, keys)
            first = page.see_all(values, keys, start_of)
            if window.key is not None:
                self.written.note(page.second, values, keys, first, start_of)
                if new:
                    yield new
            elif window.replication_key and not counted:
                yield from self._hold_back(block, first, page)
            else:
                yield block

    def twins(self, blocks: Iterable[Block], window: ExtractWindow) -> Iterator[Block]:
        """The rows that have not come, of those whose keys may be the tenant's for the last one."""
        for block in blocks:
            keys = block.of(window.key)
            fresh = [key not in self._last for key in keys]
            if any(fresh):
                rows = block.kept(fresh)
                new = self.written.new(rows, rows.of(window.replication_key), rows.of(window.key))
                if new:
                    yield new

    def _check(self, key: str, keys: Sequence[str], told: Sequence[str], *, by_key: bool) -> None:
        before = len(self._keys)
        self._keys.update(told)
        self._last.extend(keys[-TWINS_AT_MOST:])
        if len(self._keys) != before + len(keys):
            raise DataError(
                f"stream {self.stream}: its key {key} comes twice among the same rows, "
                "so it does not tell them apart: name another in `primary_keys` of a `streams` "
                "entry, or read it whole by `extract_method: bulk`"
            )
        if by_key and not self._order.explains(keys):
            raise DataError(
                f"stream {self.stream}: rows do not come in the order of their key "
                f"{key} that was asked for, so what comes after them cannot be told"
            )

    def _hold_back(self, block: Block, first: int, page: Tracker) -> Iterator[Block]:
        """Rows before the last span; those of the last one wait until it is known to be whole."""
        if first or not self._held or page.crowd == block.rows:
            yield from self._held
            self._held = []
        if first:
            yield block.part(0, first)
        self._held.append(block.part(first, block.rows))

    def released(self, *, last: bool) -> Iterator[Block]:
        """The rows that were held back; none, if they will come again with the next page."""
        if last:
            yield from self._held
        self._held = []

    def drop_held(self) -> None:
        """Forget the rows that are held back: they will come again."""
        self._held = []

    def mark(self) -> Mark:
        """What `rewind` needs to forget the rows that come from now on."""
        return Mark([*self._held], self.written.copy())

    def rewind(self, mark: Mark, after: str | None) -> None:
        """Forget the rows that have come since a mark; they come again, after a key."""
        self._held, self.written = mark.held, mark.written
        self.begin(after)
