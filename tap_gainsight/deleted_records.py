"""The stream of what was deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from typing_extensions import override

from gainsight_api.errors import (
    DataError,
    GainsightError,
    GatewayError,
    NotFoundError,
    RequestError,
)
from gainsight_api.objects.records import WRONG_API
from tap_gainsight.catalog.spec import DELETE_LOGS, MAIN_DELETE_LOG
from tap_gainsight.extract.cursor import UNKNOWN_NAME
from tap_gainsight.extract.extract import Method
from tap_gainsight.streams import WRONG_FILTER, GainsightStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from tap_gainsight.extract.extract import Extract
    from tap_gainsight.extract.paging import ExtractWindow
    from tap_gainsight.records.block import Block, Column

_LOG_KEPT = timedelta(days=15)
_LONG_AGO = datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC, as all times here


def may_lack(log: str, exc: RequestError) -> bool:
    """Whether a refused read says that the tenant has no such log, and a tenant may have none."""
    absent = isinstance(exc, NotFoundError) or exc.code in {*UNKNOWN_NAME, WRONG_API}
    return absent and log != MAIN_DELETE_LOG


class DeletedRecordsStream(GainsightStream):
    """What was deleted, from both delete logs (article "Data Management APIs").

    The logs are small and kept for 15 days, so they are always read by query. Each has a bookmark
    of its own, since a tenant may lack the second one, and what it holds once it is there must not
    be passed over. The lists of the setting `deleted_lists` are read whole in every run.
    """

    @override
    def blocks(self) -> Iterator[Block]:
        self._warn_if_late()
        began = ""
        for log, name in DELETE_LOGS.items():
            before = self._log_bookmark(name)
            extract = self.log_extract(log)
            try:
                if self.ABORT_AT_RECORD_COUNT is not None:
                    yield from extract.sample(self.ABORT_AT_RECORD_COUNT)
                    return
                extract.cursor.progress.begin()
                for block in extract.blocks():
                    yield block
                    extract.cursor.progress.wrote(block.rows - self.left_out)
            except RequestError as exc:
                if extract.cursor.progress.rows or not may_lack(log, exc):
                    raise self._named(exc) from None
                self.logger.warning("stream %s: this tenant has no %s", self.name, log)
                self._stay(name, before)
            except GainsightError as exc:
                raise self._named(exc) from None
            else:
                extract.cursor.progress.finished()
                began = began or extract.cursor.began
                self._read_through(name, extract.cursor.began)
        missing = yield from self._all_listed()
        if self._incremental_key():
            self._move_bookmark(began, began)
            self._write_state()
        if missing:
            raise self._named(missing)

    @override
    def _reason(self, code: str | None) -> str:
        if code != WRONG_FILTER:
            return super()._reason(code)
        return (
            ". If the tenant takes no parentheses in filters, its delete logs cannot be read: "
            "deselect this stream"
        )

    def log_extract(self, log: str) -> Extract:
        """An extract of a delete log, from where its bookmark says."""
        columns = self._columns()
        before = self._log_bookmark(DELETE_LOGS[log])
        return self._wiring.extract(
            self._log_window(log, columns, self._start(before)),
            self._decoder(columns),
            extract_method=Method.QUERY,
            save=lambda _: None,
            announce=lambda _: None,
            drop_missing_fields=lambda: None,
            logger=self.logger,
        )

    def _log_bookmark(self, name: str) -> datetime | None:
        return self._bookmark(name) or self._bookmark()

    def _log_window(self, log: str, columns: Sequence[Column], start: str | None) -> ExtractWindow:
        """A log is always read by time, since a record may be in it twice."""
        window = self._window(log, "RecordId", columns, start)
        return replace(window, replication_key=self.replication_key, key_comes_again=True)

    def _all_listed(self) -> Generator[Block, None, DataError | None]:
        """What all lists show that the user names; in the end, an error if some are not there."""
        absent: list[str] = []
        for name in self._settings.listed_deletions:
            is_there = yield from self._listed(name)
            absent += [] if is_there else [name]
        if not absent:
            return None
        return DataError(
            f"this tenant has no list of deleted {', '.join(absent)}: take it out of "
            "`deleted_lists`; all other deletions have been read"
        )

    def _listed(self, name: str) -> Generator[Block, None, bool]:
        """What an object's own list of deleted records shows; in the end, whether there is one."""
        decoder = self._decoder(self._columns())
        progress = self._wiring.progress(self.name, self.logger)
        progress.begin()
        try:
            for page in self._wiring.deleted_lists.deletions(name):
                rows = [
                    {"ObjectName": name, "RecordId": each.record_id, "DeletedOn": each.moment}
                    for each in page
                ]
                for block in decoder.from_query(rows):
                    yield block
                    progress.page(block.rows)
                    progress.wrote(block.rows - self.left_out)
        except GainsightError as exc:
            absent = isinstance(exc, NotFoundError) or exc.code == WRONG_API
            if isinstance(exc, GatewayError):
                exc.args = (
                    f"{exc}. Where other calls succeed, take {name} out of `deleted_lists`",
                )
            if progress.rows or not absent:
                raise self._named(exc) from None
            return False
        progress.finished()
        return True

    def _stay(self, name: str, before: datetime | None) -> None:
        """Keep a log's bookmark, where the stream's own may move past it."""
        if self._incremental_key():
            begin = before or self._settings.earliest or _LONG_AGO
            self.stream_state[name] = f"{begin.isoformat('T', 'milliseconds')}Z"

    def _read_through(self, name: str, began: str) -> None:
        """All that was in a log has been read, however long ago anything was deleted."""
        if self._incremental_key():
            self._move_bookmark(began, began, name)

    def _warn_if_late(self) -> None:
        bookmark = self._bookmark()
        if not bookmark or self._incremental_key() is None:
            return
        kept_from = datetime.fromtimestamp(self._wiring.clock.now(), UTC) - _LOG_KEPT
        if bookmark < kept_from.replace(tzinfo=None):
            self.logger.error(
                "stream %s: the bookmark %s is older than the 15 days for which Gainsight keeps "
                "its delete logs: deletions before %s are lost; compare whole tables to find them",
                self.name,
                bookmark,
                kept_from.date(),
            )
