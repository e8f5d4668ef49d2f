"""An extract: all that a reading still has to give, by query or by export job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import RequestError
from gainsight_api.quota import Budget, Quota, QuotaExhaustedError
from tap_gainsight.extract.paging import Tracker, next_read, start_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gainsight_api.query import Query
    from tap_gainsight.extract.cursor import Reading
    from tap_gainsight.extract.export_pages import Exporting
    from tap_gainsight.records.block import Block


class Method(StrEnum):
    """How rows are read: the setting `extract_method`."""

    AUTO = "auto"
    QUERY = "query"
    BULK = "bulk"


@dataclass(slots=True, kw_only=True)
class Extract:
    """One stream's extract.

    Attributes:
        reading: What is read, and how far.
        exporting: Its export jobs.
        query: The query calls.
        quota: What calls are left.
        method: By query, by job, or by what costs less.
        threshold: Rows after which `auto` takes a job.
        page_rows: Rows that one query asks for.
    """

    reading: Reading
    exporting: Exporting
    query: Query
    quota: Quota
    method: Method
    threshold: int
    page_rows: int
    _first: tuple[Sequence[Mapping[str, Any]], bool] | None = None
    _large: bool = False

    def __post_init__(self) -> None:
        self._large = self.reading.at.request is not None  # a job was needed already

    def prepare(self) -> None:
        """Do what can be done before the records are wanted: ask for a page, or submit a job.

        `auto` takes a job if there are more rows than its threshold, for which it asks.
        """
        if self._first or self.exporting.job_id or self.reading.done:
            return
        if not self._by_job():
            self._first = self._fetched()
            if self.method is Method.AUTO and self._is_large(*self._first):
                self._large, self._first = True, None
        if self._by_job():
            self._take_job()

    def blocks(self) -> Iterator[Block]:
        """All records that are left."""
        self.prepare()
        while not self.reading.done:
            if not self._by_job():
                yield from self._page()
            elif self._take_job():
                yield from self.exporting.blocks()

    def sample(self, rows: int) -> Iterator[Block]:
        """A few records, for one ordinary call and no job."""
        window = self.reading.window
        read = next_read(window, start_of(window), min(rows, self.page_rows))
        yield from self.reading.decoder.from_query(self.query.page(read))

    def _by_job(self) -> bool:
        if self.exporting.job_id or self.method is Method.BULK:
            return True
        if self.method is Method.QUERY or self._first:
            return False
        large = self._large or self.reading.progress.rows >= max(self.threshold, 1)
        return large and self._bulk_calls_left() > 0

    def _bulk_calls_left(self) -> int:
        return self.quota.remaining(Budget.BULK).left

    def _is_large(self, rows: Sequence[object], last: bool) -> bool:  # noqa: FBT001
        """Whether there are more rows than `auto` reads by query."""
        if last or not self._bulk_calls_left():
            return False
        if len(rows) > self.threshold or self.reading.window.key is None:
            return True  # what has no key is read whole, or it shifts between the pages
        if len(rows) < self.page_rows:
            return False
        read = self.reading.read(limit=1)
        return bool(self.query.page(replace(read, offset=self.threshold)))

    def _take_job(self) -> bool:
        """Have a job under way; False if none is needed, or `auto` had better go on by query."""
        if self.exporting.job_id:
            return True
        if self._nothing_left():
            return False
        try:
            self.exporting.submit(wait=self.method is not Method.AUTO)
        except QuotaExhaustedError as exc:
            if self.method is not Method.AUTO or exc.budget is not Budget.BULK:
                raise
            self.reading.logger.info("%s Going on by query", exc)
            return False
        return True

    def _nothing_left(self) -> bool:
        """Whether an ordinary call tells that a further job would be paid for nothing."""
        reading = self.reading
        if reading.at.request is None:
            return False  # the first job is not worth the question
        try:
            rows = self.query.page(reading.read(limit=1))
        except RequestError:
            return False  # what the Query API does not give may be exported all the same
        if not rows:
            reading.at.seen = Tracker()
            self._advance(last=False, full=False)
        return not rows

    def _page(self) -> Iterator[Block]:
        """The next page, by query."""
        reading = self.reading
        rows, last = self._first or self._fetched()
        reading.at.seen = Tracker()
        yield from reading.seen(reading.decoder.from_query(rows))
        self._first = None
        if rows:
            reading.progress.page(len(rows))
        self._advance(last=last, full=len(rows) >= self.page_rows)

    def _fetched(self) -> tuple[Sequence[Mapping[str, Any]], bool]:
        """The next page's rows, and whether it is certain that they are the last."""
        reading = self.reading
        try:
            rows = self.query.page(reading.read(self.page_rows))
        except RequestError as exc:
            if not reading.narrowed(exc):
                raise
            rows = self.query.page(reading.read(self.page_rows))
        last = not rows
        if rows and reading.window.key is None:
            read = reading.read(limit=1)
            last = not self.query.page(replace(read, offset=read.offset + len(rows)))
        return rows, last

    def _advance(self, *, last: bool, full: bool) -> None:
        self.reading.move(self.reading.following(last=last, full=full), self.reading.at.seen)
