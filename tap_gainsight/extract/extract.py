"""An extract: all that one stream's reading still has to give, by query or by export job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gainsight_api.errors import GatewayError, RequestError, ServerError
from gainsight_api.quota import Budget, QuotaExhaustedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_api.quota import Quota
    from tap_gainsight.extract.cursor import Cursor
    from tap_gainsight.extract.export_pages import ExportPages
    from tap_gainsight.extract.query_pages import QueryPages
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
        cursor: What is read, and how far.
        query_pages: Its pages by query.
        export_pages: Its pages by export job.
        quota: What calls are left.
        extract_method: By query, by job, or by what costs less.
        bulk_threshold_rows: Rows after which `auto` takes a job.
    """

    cursor: Cursor
    query_pages: QueryPages
    export_pages: ExportPages
    quota: Quota
    extract_method: Method
    bulk_threshold_rows: int
    _large: bool = False
    _ask_first: bool = False
    _by_query: int = 0
    _no_exports: bool = False
    _warned: bool = False

    def __post_init__(self) -> None:
        needed_before = self.cursor.checkpoint.request is not None
        self._large = self.extract_method is Method.BULK or needed_before
        self._ask_first = needed_before and not self.export_pages.job_id

    def prepare(self) -> None:
        """Do what can be done before the records are wanted: ask for a page, or submit a job."""
        if self._ask_first:
            self._ask_first = False
            self._ask_whether_done()
        if not (self.query_pages.fetched or self.export_pages.job_id or self.cursor.done):
            self._begin_next()

    def blocks(self) -> Iterator[Block]:
        """All records that are left."""
        while not self.cursor.done:
            self.prepare()
            if self.export_pages.job_id:
                before = self.cursor.position
                yield from self.export_pages.blocks()
                self._go_on_after_job(came_further=self.cursor.position != before)
            elif self.query_pages.fetched:
                yield from self.query_pages.page()

    def _go_on_after_job(self, *, came_further: bool) -> None:
        """Ask whether a job has left anything; a little is asked for by query first."""
        if self.export_pages.completed:
            self._by_query = self.cursor.progress.rows
            self._large = self._large and self.export_pages.was_full
        if self.export_pages.gave_nothing:
            # Another job would most likely give as little.
            self._no_exports = True
            self.cursor.logger.warning(
                "stream %s: an export job gave no rows, though there are some: going on by query",
                self.cursor.stream,
            )
        elif came_further:
            self._ask_whether_done()

    def sample(self, rows: int) -> Iterator[Block]:
        """A few records, for one ordinary call and no job."""
        yield from self.query_pages.sample(rows)

    def _begin_next(self) -> None:
        """Have the next page's rows, or a job under way: the one decision between the two.

        - `query` never takes a job, and `bulk` begins with one.
        - Rows without a key are read whole: by one page, else by one job, and by pages only where
          no job can be had.
        - `auto` reads by query up to `bulk_threshold_rows`, and takes a job for what is beyond,
          unless no bulk call is left.
        """
        by_query = self.extract_method is Method.QUERY or self._no_exports
        if self._large and not by_query and self._job_begun():
            return
        if self.cursor.done:
            return
        rows, last = self.query_pages.fetch()
        if by_query or self.cursor.position.offset:
            self._warn_of_moving(last=last and not self.cursor.position.offset)
        elif self._goes_beyond(len(rows), last=last):
            self.query_pages.fetched = None
            self._large = True
            if not self._job_begun():
                self._warn_of_moving(last=self.query_pages.fetch()[1])

    def _goes_beyond(self, rows: int, *, last: bool) -> bool:
        """Whether there are more rows than are to be read by query."""
        if last or not rows:
            return False
        if self.cursor.counted:
            return self.cursor.position.offset == 0
        done = self.cursor.progress.rows - self._by_query
        beyond = done >= max(self.bulk_threshold_rows, 1) or rows > self.bulk_threshold_rows
        if not (beyond or done or rows < self.query_pages.page_rows):
            beyond = self.query_pages.more_than(self.bulk_threshold_rows)
        return beyond and self._bulk_calls_left()

    def _bulk_calls_left(self) -> bool:
        return self.quota.remaining(Budget.BULK).left > 0

    def _job_begun(self) -> bool:
        """Have a job under way; False if none is needed or to be had."""
        auto = self.extract_method is Method.AUTO
        counted = self.cursor.counted
        try:
            self.export_pages.submit(wait=counted or not auto)
        except QuotaExhaustedError as exc:
            if not (auto or counted) or exc.budget is not Budget.BULK:
                raise
            self.cursor.logger.info("%s Going on by query", exc)
        except (RequestError, GatewayError, ServerError) as exc:
            if not auto:
                raise
            self._no_exports = True
            self.cursor.logger.warning(
                "stream %s: no export job can be had, going on by query: %s",
                self.cursor.stream,
                exc,
            )
        return self.export_pages.job_id is not None

    def _ask_whether_done(self) -> None:
        """Ask by an ordinary call whether a further page, or job, would bring anything."""
        if self.cursor.done or self.export_pages.job_id or self.cursor.counted:
            return
        try:
            left = self.query_pages.anything_left()
        except RequestError:
            left = self.export_pages.was_full  # what no query gives may be exported all the same
        if not left:
            self.query_pages.finish()

    def _warn_of_moving(self, *, last: bool) -> None:
        """Warn if rows that only their number tells are read in more than one piece."""
        if self.cursor.counted and not last and not self._warned:
            self._warned = True
            self.cursor.logger.warning(
                "stream %s has no key and is read in several pieces by their row numbers: if the "
                "table moves meanwhile, rows may be missing. Name a `primary_keys` in a `streams` "
                "entry, or let it be read by one export job (`extract_method: bulk`)",
                self.cursor.stream,
            )
