"""Puts the parts of a run together: the tenant's session, its calls, and a stream's extract."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from gainsight_api.connect import connect
from gainsight_api.errors import RequestError
from gainsight_api.filters.build import NOT_NULL, UserFilter, respelled
from gainsight_api.jobs.exports import Exports
from gainsight_api.jobs.paid_jobs import PaidJobs
from gainsight_api.jobs.row_counts import RowCounts
from gainsight_api.objects.deleted_lists import DeletedLists
from gainsight_api.objects.metadata import Metadata
from gainsight_api.objects.query import Query
from gainsight_api.objects.read import Read
from tap_gainsight.catalog.objects import Objects
from tap_gainsight.catalog.spec import path_of
from tap_gainsight.extract.cursor import Cursor
from tap_gainsight.extract.export_pages import ExportPages
from tap_gainsight.extract.extract import Extract, Method
from tap_gainsight.extract.jobs import Jobs
from tap_gainsight.extract.progress import Progress
from tap_gainsight.extract.query_pages import QueryPages
from tap_gainsight.records.block import PicklistLabel

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence

    from gainsight_api.calls.session import Session
    from gainsight_api.quota import Quota
    from gainsight_singer.run import Run
    from tap_gainsight.extract.checkpoint import Checkpoint
    from tap_gainsight.extract.paging import ExtractWindow
    from tap_gainsight.records.decode import Decoder
    from tap_gainsight.settings import TapSettings


class Wiring:
    """What the streams of a run share.

    Args:
        settings: The tap's settings.
        run: Where it is written down what the run does.
        page_rows: Rows that one query asks for.
        before_wait: Called before a wait for the quota: the place to write the state.
    """

    def __init__(
        self,
        settings: TapSettings,
        run: Run,
        *,
        page_rows: int,
        before_wait: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.run = run
        self.clock = run.clock
        self._page_rows = page_rows
        self._before_wait = before_wait
        self._not_null: tuple[str, ...] = NOT_NULL

    @cached_property
    def session(self) -> Session:
        """The tenant's session."""
        session = connect(self.settings, clock=self.clock)
        session.quota.before_wait = self._before_wait
        return session

    @property
    def quotas(self) -> list[Quota]:
        """What pays for the calls; none before the first call."""
        return [self.session.quota] if "session" in vars(self) else []

    @cached_property
    def metadata(self) -> Metadata:
        """The tenant's metadata."""
        return Metadata(self.session)

    @cached_property
    def objects(self) -> Objects:
        """The tenant's objects, each described once."""
        return Objects(self.metadata)

    @cached_property
    def _query(self) -> Query:
        return Query(self.session)

    @cached_property
    def deleted_lists(self) -> DeletedLists:
        """The tenant's lists of deleted records."""
        return DeletedLists(self.session)

    @cached_property
    def _jobs(self) -> Jobs:
        session, quota, timeout = self.session, self.session.quota, self.settings.job_timeout
        paid = PaidJobs(quota.store, quota.key, session.clock, lifetime=timeout)
        return Jobs(
            Exports(session, paid),
            session.clock,
            job_poll_interval=self.settings.job_poll_interval,
            job_timeout=timeout,
        )

    @cached_property
    def row_counts(self) -> RowCounts:
        """How many rows the last runs have read."""
        quota = self.session.quota
        return RowCounts(quota.store, quota.key, self.clock)

    def picklist_labels(
        self, object_name: str, sources: Mapping[str, str]
    ) -> tuple[PicklistLabel, ...]:
        """What makes picklist labels: their properties, each with the property of the item."""
        if not sources:
            return ()
        found = self.objects.get(object_name)
        fields = {
            name: self.objects.field(found, path_of(source)) if found else None
            for name, source in sources.items()
        }
        return tuple(
            PicklistLabel(
                name, sources[name], {item.id: item.label for item in self.objects.items(field)}
            )
            for name, field in fields.items()
            if field
        )

    def with_null_spelling(self, where: UserFilter, object_name: str, field: str) -> UserFilter:
        """A user's filter, with "is not null" spelled as this tenant understands it.

        Two spellings are about, and which one works costs an ordinary call to learn; an export
        job that is refused for it would cost a bulk call.
        """
        if where == respelled(where, ""):
            return where
        for spelling in self._not_null:
            spelled = respelled(where, spelling)
            read = Read(object=object_name, fields=(field,), where=spelled, limit=1)
            try:
                if len(self._not_null) > 1:
                    self._query.page(read)
            except RequestError:
                continue
            self._not_null = (spelling,)
            return spelled
        return where

    def missing_fields(self, object_name: str, paths: Sequence[str]) -> set[str]:
        """The fields and lookup paths that an object no longer has."""
        objects = Objects(self.metadata)
        found = objects.get(object_name)
        return {path for path in paths if found and not objects.field(found, path)}

    def progress(self, stream: str, logger: logging.Logger) -> Progress:
        """What a stream's reading says of itself."""
        return Progress(stream, logger, self.run)

    def extract(
        self,
        window: ExtractWindow,
        decoder: Decoder,
        *,
        extract_method: Method,
        save: Callable[[Checkpoint], None],
        announce: Callable[[Checkpoint], None],
        drop_missing_fields: Callable[[], tuple[ExtractWindow, Decoder] | None],
        logger: logging.Logger,
        resumed: Checkpoint | None = None,
    ) -> Extract:
        """An extract of this tenant, by this run's settings."""
        session = self.session
        cursor = Cursor(
            window=window,
            decoder=decoder,
            max_rows_per_job=self.settings.max_rows_per_job,
            save=save,
            announce=announce,
            drop_missing_fields=drop_missing_fields,
            progress=self.progress(decoder.stream, logger),
            logger=logger,
            clock=session.clock,
            tenant_time=session.tenant_time,
            resumed=resumed,
        )
        query_pages = QueryPages(cursor, self._query, self._page_rows)
        return Extract(
            cursor=cursor,
            query_pages=query_pages,
            export_pages=ExportPages(cursor, self._jobs, query_pages.more_than, query_pages.twins),
            quota=session.quota,
            extract_method=extract_method,
            bulk_threshold_rows=self.settings.bulk_threshold_rows,
        )
