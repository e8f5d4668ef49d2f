"""The tap: settings to streams."""

from __future__ import annotations

import copy
import threading
from contextlib import nullcontext, suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap
from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TapCapabilities,
)
from singer_sdk.mapper import MAPPER_SOURCE_OPTION
from typing_extensions import override

from gainsight_api.errors import ConfigError, GainsightError
from gainsight_api.objects.query import LARGEST_PAGE
from gainsight_api.quota import Budget
from gainsight_singer.plugin import GainsightPlugin
from gainsight_singer.words import one_line
from tap_gainsight.catalog.discovery import complete, discover_specs, spec_from_catalog
from tap_gainsight.catalog.spec import DELETED_RECORDS, deleted_records
from tap_gainsight.deleted_records import DeletedRecordsStream
from tap_gainsight.extract.progress import WRITTEN
from tap_gainsight.extract.queue import ExtractQueue
from tap_gainsight.given_files import catalog_file, state_file
from tap_gainsight.output import LineWriter, OutputError
from tap_gainsight.settings import CONFIG_SCHEMA, TapSettings
from tap_gainsight.streams import GainsightStream
from tap_gainsight.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from gainsight_api.quota import Quota
    from tap_gainsight.extract.extract import Extract

_GLOB = frozenset("*?[")


class TapGainsight(GainsightPlugin, Tap):
    """Singer tap for Gainsight CS: bulk export jobs and the Query API."""

    name = "tap-gainsight"
    package_name = "singer-gainsight"
    # The SDK adds its own settings to this one.
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(dict(CONFIG_SCHEMA))
    dynamic_catalog = True
    # No ACTIVATE_VERSION: a full table that a killed run goes on with has one version before the
    # kill and another after it, and a target would drop the first part.
    message_writer_class = LineWriter
    message_writer: LineWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        PluginCapabilities.BATCH,
    ]

    page_rows: ClassVar[int] = LARGEST_PAGE

    @classmethod
    @override
    def invoke(
        cls, *, state: IO[str] | None = None, catalog: IO[str] | None = None, **options: Any
    ) -> None:
        cls._syncs = True
        try:
            super().invoke(state=state_file(state), catalog=catalog_file(catalog), **options)
        finally:
            cls._syncs = False

    _saving: bool = False
    """Whether a STATE is on its way."""
    _syncs: ClassVar[bool] = False
    """Whether taps are made to sync, so that one that cannot be made is a run that failed."""
    _begun = False
    """Whether the sync has begun; before it, what is printed is a catalog, or not the tap's."""

    @cached_property
    def settings(self) -> TapSettings:
        """The settings."""
        return TapSettings.from_config(self.config)

    @cached_property
    def wiring(self) -> Wiring:
        """What the streams share."""
        return Wiring(
            self.settings, self.this_run, page_rows=self.page_rows, before_wait=self._save_state
        )

    @cached_property
    def _queue(self) -> ExtractQueue:
        """The extracts of this run's streams."""
        streams = {
            stream.name: stream
            for stream in self.streams.values()
            if isinstance(stream, GainsightStream)
            and not isinstance(stream, DeletedRecordsStream)
            and stream.selected
        }
        for stream in streams.values():
            _ = stream.stream_state  # is there before another thread reads it
        return ExtractQueue(
            tuple(streams),
            make=lambda name: streams[name].extract(),
            bulk_usage=lambda: self.wiring.session.quota.remaining(Budget.BULK),
            max_concurrent_jobs=self.settings.max_concurrent_jobs,
            logger=self.logger,
            waiting=self.this_run.clock.waiting,
        )

    @override
    def quotas(self) -> Sequence[Quota]:
        return self.wiring.quotas if "wiring" in vars(self) else ()

    def _next_extract(self, name: str) -> Extract:
        return self._queue.next(name)

    def _work_ahead(self) -> None:
        self._queue.work_ahead()

    def _save_state(self) -> None:
        """Write the state, if it is not what was written last."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._saving = True
        self._take_up()
        if self._begun:
            self.state_writer.write_state(self.state)
        self._saving = False

    def _take_up(self, *, jobs_alone: bool = False) -> None:
        for stream in self.streams.values():
            if isinstance(stream, GainsightStream):
                stream.take_up(jobs_alone=jobs_alone)

    def _save_jobs(self) -> None:
        """At a bad end, write a STATE of jobs that are paid for, and that no STATE tells of yet.

        The quota store may not know them either, if it has ceased to answer. It is the last STATE
        with nothing but the jobs added, since other rows may not be out.
        """
        if self._saving or not self._begun:  # that STATE has not come out
            return
        self._take_up(jobs_alone=True)
        # The error that ends the run matters, or the signal.
        with suppress(OutputError, BrokenPipeError, SystemExit):
            self.state_writer.write_state(self.state)

    @override
    def setup_mapper(self) -> None:
        for entry in self.input_catalog.streams if self.input_catalog else ():
            complete(entry)
        # It asks the tenant for its objects.
        with self.ending.if_it_fails() if self._syncs else nullcontext():
            try:
                super().setup_mapper()
            except (MapExpressionError, StreamMapConfigError) as exc:
                raise ConfigError(f"setting `stream_maps`: {exc}") from None
        self._warn_of_idle_maps()

    def _warn_of_idle_maps(self) -> None:
        """Name the stream maps of streams that are not there: most likely they are misspelt."""
        sources = {
            str(given.get(MAPPER_SOURCE_OPTION, name) if isinstance(given, dict) else name)
            for name, given in self.mapper.stream_maps_dict.items()
        }
        # A glob may be meant for whatever there is.
        idle = sorted(
            each for each in sources - set(self.mapper.stream_maps) if not _GLOB.intersection(each)
        )
        if idle:
            self.logger.warning(
                "setting `stream_maps`: there is no stream %s, so what is said of it does nothing; "
                "correct the name, or take it out",
                ", ".join(map(one_line, idle)),
            )

    @override
    def discover_streams(self) -> Sequence[GainsightStream]:
        """The streams of the catalog, without a call; else those of the tenant."""
        own = self.settings.stream_settings
        settings = self.settings
        # Wrong ones cost no call.
        _ = settings.batches, settings.listed_deletions, settings.earliest, settings.zone
        if self.input_catalog is not None:
            specs = [spec_from_catalog(entry, own) for entry in self.input_catalog.streams]
        else:
            specs = discover_specs(self.wiring.metadata, self.wiring.objects, self.settings)
            specs.append(deleted_records())
        return [
            (DeletedRecordsStream if spec.name == DELETED_RECORDS else GainsightStream)(
                self,
                spec,
                wiring=self.wiring,
                next_extract=self._next_extract,
                work_ahead=self._work_ahead,
                save=self._save_state,
            )
            for spec in specs
        ]

    @override  # type: ignore[misc]  # final, but nothing comes after it
    def sync_all(self) -> None:
        """Sync all streams; one stream's error lets the others finish.

        Raises:
            GainsightError: Streams have failed; it names them all.
        """
        if not any(stream.selected for stream in self.streams.values()):
            self.logger.warning("No stream is selected in the catalog: there is nothing to sync")
        self._begun = True
        with self.ending.after():
            for stream in self.streams.values():
                if stream.selected:
                    self.this_run.stream(stream.name, WRITTEN).begun = False
            try:
                super().sync_all()
                self._fail_for_streams()
            except BaseException:
                self._save_jobs()
                raise

    def _fail_for_streams(self) -> None:
        failed = {
            stream.name: stream.error
            for stream in self.streams.values()
            if isinstance(stream, GainsightStream) and stream.error
        }
        if len(failed) == 1:
            raise next(iter(failed.values()))
        if failed:
            texts = "; ".join(str(error) for error in failed.values())
            raise GainsightError(f"{len(failed)} streams failed: {texts}")

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # The state is written after every page, so `sync_all` has only new jobs to add; and a run
        # that was stopped has not done all that was asked.
        with suppress(RuntimeError):  # it may have come while a line of the log is being written
            self.logger.warning("Stopped by a signal; the next run goes on from the last state")
        self.message_writer.output.stop(signum)
