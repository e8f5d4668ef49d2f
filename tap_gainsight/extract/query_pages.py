"""Reading by query: a page a call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gainsight_api.calls.replies import printable
from gainsight_api.errors import DataError, RequestError
from tap_gainsight.extract.paging import hidden, next_read, start_of, unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gainsight_api.objects.query import Query
    from tap_gainsight.extract.cursor import Cursor
    from tap_gainsight.records.block import Block

_BEYOND_ALL_ROWS = 10**9


@dataclass(slots=True)
class QueryPages:
    """The query pages of one stream's reading, and the questions that one row answers.

    Attributes:
        cursor: What is read, and how far.
        query: The calls.
        page_rows: Rows that one call asks for.
        fetched: The rows of the next page and whether they are certainly the last, if they are
            there already.
    """

    cursor: Cursor
    query: Query
    page_rows: int
    fetched: tuple[Sequence[Mapping[str, Any]], bool] | None = None
    _last_rows: Sequence[Mapping[str, Any]] | None = None

    def fetch(self) -> tuple[Sequence[Mapping[str, Any]], bool]:
        """The rows of the next page, and whether it is certain that they are the last."""
        if self.fetched is None:
            cursor = self.cursor
            try:
                rows = self._rows()
            except RequestError as exc:
                if not cursor.drops_missing_fields(exc):
                    raise
                rows = self._rows()
            last = not rows
            # Without a key a row may come again with the next page, unless there is none.
            if rows and cursor.window.key is None:
                last = (cursor.counted or len(rows) < self.page_rows) and not self.more_than(
                    len(rows)
                )
                if cursor.counted and not last:
                    self._check_offset(rows)
            self.fetched = rows, last
        return self.fetched

    def _check_offset(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Raise if the tenant gives the same rows whatever row number is asked for.

        Raises:
            DataError: It does.
        """
        same, self._last_rows = rows == self._last_rows, rows
        if same and self.more_than(_BEYOND_ALL_ROWS):
            raise DataError(
                f"stream {self.cursor.stream}: the tenant gives the same rows whatever row number "
                "is asked for, and these rows have no key: read them by `extract_method: bulk`"
            )

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        cursor, before = self.cursor, self.query.repaired
        rows = self.query.page(cursor.read(self.page_rows))
        if self.query.repaired > before:
            halved = {name for row in rows for name, value in row.items() if "\ufffd" in str(value)}
            cursor.logger.warning(
                "stream %s: half a character in %s is read as U+FFFD",
                cursor.stream,
                ", ".join(sorted(map(printable, halved))),
            )
        return rows

    def more_than(self, rows: int) -> bool:
        """Whether there are more rows than that behind the position."""
        read = self.cursor.read(limit=1)
        return bool(self.query.page(replace(read, offset=read.offset + rows)))

    def page(self) -> Iterator[Block]:
        """The next page's rows."""
        cursor = self.cursor
        rows, last = self.fetch()
        cursor.begin_page()
        yield from cursor.track(cursor.decoder.from_query(rows))
        yield from cursor.released(last=last)
        self.fetched = None
        if rows:
            cursor.progress.page(len(rows))
            yield from self.twins()
        elif self._found_hidden():
            return
        cursor.end_page(last=last)
        short = 0 < len(rows) < self.page_rows
        if short and cursor.written.may_hide and not self.anything_left():
            self.finish()

    def twins(self) -> Iterator[Block]:
        """The rows that lie beside the page's last one, and would be passed over behind it."""
        cursor = self.cursor
        read = cursor.twins()
        if read:
            for block in cursor.new_twins(cursor.decoder.from_query(self.query.page(read))):
                cursor.progress.page(block.rows)
                yield block

    def finish(self) -> None:
        """Go on as after an empty page."""
        self.cursor.begin_page()
        self.cursor.end_page(last=True)

    def anything_left(self) -> bool:
        """Whether a row is left behind the position, or hides before it; for one call mostly."""
        cursor = self.cursor
        cursor.written.settle()
        if not self.query.page(unread(cursor.window, cursor.position, cursor.written.unsure)):
            for second, _ in cursor.written.unsure:
                cursor.written.sure_of(second)
            return False
        if not cursor.written.unsure:
            return True
        return self._found_hidden() or bool(self.query.page(cursor.read(limit=1)))

    def _found_hidden(self) -> bool:
        """Whether a span that was read by going on behind a key has more rows; it is read then."""
        cursor = self.cursor
        cursor.written.settle()
        for second, rows in cursor.written.unsure:
            if self.query.page(hidden(cursor.window, cursor.position, second, rows)):
                cursor.drain(second)
                return True
            cursor.written.sure_of(second)
        return False

    def sample(self, rows: int) -> Iterator[Block]:
        """A few records, for one call."""
        window = self.cursor.window
        read = next_read(window, start_of(window), min(rows, self.page_rows))
        yield from self.cursor.decoder.from_query(self.query.page(read))
