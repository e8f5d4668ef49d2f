"""The tap: settings to streams."""

from __future__ import annotations

import copy
import select
import sys
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from singer_sdk import Tap
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TapCapabilities,
)
from typing_extensions import override

from gainsight_api.clock import Clock, SystemClock
from gainsight_api.connect import connect
from gainsight_api.errors import ConfigError, RequestError
from gainsight_api.exports import Exports
from gainsight_api.filters.build import NOT_NULL, Given, respelled
from gainsight_api.metadata import Metadata
from gainsight_api.paid_jobs import PaidJobs
from gainsight_api.query import LARGEST_PAGE, Query
from gainsight_api.quota import Budget
from gainsight_api.read import Read
from gainsight_api.settings import ConnectionSettings, with_defaults
from gainsight_singer.plugin import GainsightPlugin
from tap_gainsight.catalog.custom import StreamSetting
from tap_gainsight.catalog.discovery import catalogued, discovered
from tap_gainsight.catalog.objects import Objects
from tap_gainsight.catalog.spec import DELETED_RECORDS, deleted_records, path_of
from tap_gainsight.extract.cursor import Reading
from tap_gainsight.extract.export_pages import Exporting
from tap_gainsight.extract.extract import Extract, Method
from tap_gainsight.extract.jobs import Jobs
from tap_gainsight.extract.progress import Progress
from tap_gainsight.extract.queue import Ahead
from tap_gainsight.records.block import Label
from tap_gainsight.records.lines import whole_lines
from tap_gainsight.settings import CONFIG_SCHEMA
from tap_gainsight.streams import DeletedRecordsStream, GainsightStream

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence
    from datetime import tzinfo
    from types import FrameType

    from gainsight_api.session import Session
    from tap_gainsight.extract.checkpoint import Checkpoint
    from tap_gainsight.extract.paging import Window
    from tap_gainsight.records.decode import Decoder


class TapGainsight(GainsightPlugin, Tap):
    """Singer tap for Gainsight CS: bulk export jobs and the Query API."""

    name = "tap-gainsight"
    package_name = "singer-gainsight"
    # The SDK adds its own settings to this one.
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(dict(CONFIG_SCHEMA))
    dynamic_catalog = True
    # No BATCH, and no ACTIVATE_VERSION: a full table that a killed run goes on with has one
    # version before the kill and another after it, and a target would drop the first part.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    clock: ClassVar[Clock] = SystemClock()
    page_rows: ClassVar[int] = LARGEST_PAGE
    _not_null: tuple[str, ...] = NOT_NULL
    _writing: bool = False
    _stopped_by: int | None = None

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """The settings, defaults filled in."""
        return with_defaults(self.config, CONFIG_SCHEMA["properties"])

    @cached_property
    def session(self) -> Session:
        """The tenant's session, which writes the state before it waits for the quota."""
        session = connect(ConnectionSettings.from_config(self.config), clock=self.clock)
        session.quota.before_wait = self.save_state
        return session

    @cached_property
    def zone(self) -> tzinfo:
        """The setting `filter_timezone`."""
        try:
            return ZoneInfo(self.options["filter_timezone"])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(
                "setting `filter_timezone` is not the name of a time zone, such as Europe/Paris"
            ) from None

    @cached_property
    def _query(self) -> Query:
        return Query(self.session)

    @cached_property
    def _jobs(self) -> Jobs:
        session, quota = self.session, self.session.quota
        timeout = self.options["job_timeout"]
        return Jobs(
            Exports(session, PaidJobs(quota.store, quota.key, session.clock, lifetime=timeout)),
            session.clock,
            poll_interval=self.options["job_poll_interval"],
            timeout=timeout,
        )

    @cached_property
    def _objects(self) -> Objects:
        return Objects(Metadata(self.session))

    @cached_property
    def _stream_settings(self) -> dict[str, StreamSetting]:
        return StreamSetting.read(self.options["streams"])

    @cached_property
    def ahead(self) -> Ahead:
        """The extracts of this run's streams."""
        streams = {
            stream.name: stream
            for stream in self.streams.values()
            if isinstance(stream, GainsightStream)
            and not isinstance(stream, DeletedRecordsStream)
            and stream.selected
        }
        return Ahead(
            tuple(streams),
            make=lambda name: streams[name].extract(),
            bulk_usage=lambda: self.session.quota.remaining(Budget.BULK),
            limit=self.options["max_concurrent_jobs"],
            logger=self.logger,
        )

    def labels(self, object_name: str, sources: Mapping[str, str]) -> tuple[Label, ...]:
        """What makes labels: their properties' names, each with the property of the item."""
        found = self._objects.get(object_name)
        fields = {
            name: self._objects.field(found, path_of(source)) if found else None
            for name, source in sources.items()
        }
        return tuple(
            Label(name, sources[name], {item.id: item.label for item in field.options})
            for name, field in fields.items()
            if field
        )

    def spelled(self, where: Given, object_name: str, field: str) -> Given:
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

    def gone(self, object_name: str, paths: Sequence[str]) -> set[str]:
        """The fields and lookup paths that an object no longer has."""
        objects = Objects(Metadata(self.session))
        found = objects.get(object_name)
        return {path for path in paths if found and not objects.field(found, path)}

    def extract(
        self,
        window: Window,
        decoder: Decoder,
        *,
        method: Method,
        save: Callable[[Checkpoint], None],
        narrow: Callable[[], tuple[Window, Decoder] | None],
        logger: logging.Logger,
        resumed: Checkpoint | None = None,
    ) -> Extract:
        """An extract of this tenant, by this tap's settings."""
        session = self.session
        reading = Reading(
            window=window,
            decoder=decoder,
            job_rows=self.options["max_rows_per_job"],
            save=save,
            narrow=narrow,
            progress=Progress(logger, session.clock, session.quota),
            logger=logger,
            clock=session.clock,
            tenant_time=session.tenant_time,
            resumed=resumed,
        )
        return Extract(
            reading=reading,
            exporting=Exporting(reading, self._jobs),
            query=self._query,
            quota=session.quota,
            method=method,
            threshold=self.options["bulk_threshold_rows"],
            page_rows=self.page_rows,
        )

    def save_state(self) -> None:
        """Write the state, if it is not what was written last."""
        if threading.current_thread() is threading.main_thread():
            self.state_writer.write_state(self.state)

    def write_lines(self, lines: str) -> None:
        """Write messages, all of them: what stops the run waits for the end of the last line.

        They go out by as many whole lines as a pipe takes at once, so that not even a killed run
        leaves a part of one: what reads it would end in an error, and keep no state.
        """
        self._writing = True
        try:
            for part in whole_lines(lines, select.PIPE_BUF):
                sys.stdout.write(part)
                sys.stdout.flush()
        finally:
            self._writing = False
        if self._stopped_by is not None:
            self._stop(self._stopped_by)

    @override
    def discover_streams(self) -> Sequence[GainsightStream]:
        """The streams of the catalog, without a call; else those of the tenant."""
        settings = self._stream_settings
        if self.input_catalog is not None:
            specs = [catalogued(entry.to_dict(), settings) for entry in self.input_catalog.streams]
        else:
            specs = discovered(
                Metadata(self.session),
                self._objects,
                wanted=self.options["objects"],
                settings=settings,
                lookup_names=self.options["include_lookup_names"],
                labels=self.options["include_picklist_labels"],
            )
            specs.append(deleted_records())
        return [
            (DeletedRecordsStream if spec.name == DELETED_RECORDS else GainsightStream)(self, spec)
            for spec in specs
        ]

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        if self._writing:
            self._stopped_by = signum
        else:
            self._stop(signum)

    def _stop(self, signum: int) -> None:
        # The state is written after every page, so there is none to save; and a run that was
        # stopped has not done all that was asked.
        self.logger.warning("Stopped by a signal; the next run goes on from the last state")
        raise SystemExit(128 + signum)
