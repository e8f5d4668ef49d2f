"""Puts a run together, once, as its settings say."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from gainsight_api.connect import connect
from gainsight_api.errors import ConfigError
from gainsight_api.imports import ConnectorImports, JobImports
from gainsight_api.metadata import Field, GainsightObject, Metadata, Option
from gainsight_api.query import Query
from gainsight_api.records import Records
from target_gainsight.bulk.jobs import Importer
from target_gainsight.bulk.loader import BulkLoader
from target_gainsight.bulk.row_numbers import BASES
from target_gainsight.dry_run import (
    DryRunBulk,
    DryRunDeleter,
    DryRunLetters,
    DryRunRest,
    DryRunStream,
    dry_run_report,
)
from target_gainsight.incoming.merge import Merger
from target_gainsight.incoming.storage import Storage
from target_gainsight.loaders import Loaders
from target_gainsight.rejects import DeadLetters, Sender
from target_gainsight.rest.deletes import Deleter
from target_gainsight.rest.history import WriteHistory
from target_gainsight.rest.loader import RestLoader
from target_gainsight.rest.multiselects import Multiselects
from target_gainsight.rest.pending_deletions import PendingDeletions
from target_gainsight.rest.resolving import ResolvingRest
from target_gainsight.route import LoadMode, Operation, Route, build_route
from target_gainsight.rows.mapping import RecordMap
from target_gainsight.search.existing import Existing
from target_gainsight.search.lookups import Resolver
from target_gainsight.search.matching import Matcher
from target_gainsight.stream_load import StreamLoad
from target_gainsight.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gainsight_api.quota import Quota
    from gainsight_api.session import Session
    from gainsight_singer.run import Run
    from target_gainsight.loaders import RestPath
    from target_gainsight.settings import TargetSettings

logger = logging.getLogger(__name__)


class Received(NamedTuple):
    """A stream as its SCHEMA describes it, before stream maps.

    Attributes:
        stream: Its name.
        key_properties: Its key properties.
        properties: The JSON Schema of each property.
    """

    stream: str
    key_properties: Sequence[str]
    properties: Mapping[str, Any]


class Wiring:
    """The parts that the streams of a run share, and how those of one stream are put together.

    Args:
        settings: The target's settings.
        run: Where it is written down what the run does.

    Attributes:
        session: The tenant's session.
        tally: The run's counts.

    Raises:
        ConfigError: A setting of the connection cannot be used; the text names it.
        QuotaStoreError: The quota store cannot be used.
    """

    def __init__(self, settings: TargetSettings, run: Run) -> None:
        self._settings = settings
        self._clock = run.clock
        self.session = connect(settings, clock=run.clock)
        self._metadata = Metadata(self.session)
        self._objects: dict[str, GainsightObject] = {}
        self._dropdowns: dict[str, list[Option]] = {}
        self._deletions: dict[str, PendingDeletions] = {}
        self._multiselects = Multiselects(settings.multiselect_format)
        self._histories: dict[str, WriteHistory] = {}
        self._dry_run_streams: list[DryRunStream] = []
        self._storage = Storage()
        self._run_id = uuid4().hex
        self._rejects = Path(settings.rejects_path)
        self.tally = Tally(-1 if settings.dry_run else settings.max_rejects, run)

    @property
    def quotas(self) -> list[Quota]:
        """What pays for the calls."""
        return list(dict.fromkeys([self.session.quota, self._bulk_session.quota]))

    @cached_property
    def _bulk_session(self) -> Session:
        key = self._settings.bulk_access_key
        if not key:
            return self.session
        if self._settings.bulk_import_api != "connector":
            logger.warning(
                "setting `bulk_access_key` is not used: it is for `bulk_import_api: connector`, "
                "whose connection may have a key of its own"
            )
            return self.session
        own = replace(
            self._settings, access_key=key, oauth_client_id=None, oauth_client_secret=None
        )
        return connect(own, clock=self._clock)

    def stream_load(
        self,
        stream: str,
        key_properties: Sequence[str],
        *,
        received: Received,
        on_progress: Callable[[], None],
        logger: logging.Logger,
    ) -> StreamLoad:
        """Build the `StreamLoad` of a stream.

        Args:
            stream: The stream's name.
            key_properties: The stream's own key properties.
            received: What the stream was before stream maps.
            on_progress: Called whenever records have been confirmed or dead-lettered.
            logger: The stream's logger.

        Raises:
            ConfigError: Its settings do not go with its object.
        """
        route = self._route(stream, key_properties)
        loaders = (
            self._dry_run_loaders(route)
            if self._settings.dry_run
            else self._loaders(route, received)
        )
        self.tally.run.stream(stream, f"{loaders.done} {route.object.name}")
        return StreamLoad(
            route=route,
            merger=self._merger(route),
            loaders=loaders,
            tally=self.tally,
            settings=self._settings,
            quota=self.session.quota,
            bulk_quota=self._bulk_session.quota,
            clock=self._clock,
            storage=self._storage,
            received_as=received.stream,
            on_progress=on_progress,
            logger=logger,
        )

    def dry_run_report(self) -> Iterator[str]:
        """What a dry run says at its end, line by line; nothing, if the run is not dry."""
        if self._settings.dry_run:
            quota, bulk_quota = self.session.quota, self._bulk_session.quota
            yield from dry_run_report(self._dry_run_streams, quota, bulk_quota)

    def _route(self, stream: str, key_properties: Sequence[str]) -> Route:
        settings = self._settings.for_stream(stream)
        return build_route(
            stream,
            key_properties,
            settings,
            self._object(stream, settings.object or stream),
            connector=self._settings.bulk_import_api == "connector",
        )

    def _merger(self, route: Route) -> Merger:
        return Merger(
            mapping=RecordMap(route, self._dropdown),
            merges=route.operation is not Operation.INSERT,
            deletes=route.delete,
        )

    def _loaders(self, route: Route, received: Received) -> Loaders:
        existing = self._existing(route)
        rest = self._rest_loader(route, existing)
        sender = Sender(
            stream=received.stream,
            object=route.object.name,
            operation=route.operation.value,
            key_properties=received.key_properties,
            properties=received.properties,
            run_id=self._run_id,
        )
        return Loaders(
            rest=self._rest_path(route, rest),
            bulk=self._bulk_loader(route, existing, rest),
            deleter=Deleter(
                route, Records(self.session), existing, self._pending_deletions(route.object)
            ),
            letters=DeadLetters(self._rejects, sender, self._clock, self.tally),
            done="loaded into",
        )

    def _dry_run_loaders(self, route: Route) -> Loaders:
        counts = DryRunStream(route)
        self._dry_run_streams.append(counts)
        rest = DryRunRest(counts, self._rest_loader(route, self._existing(route)))
        bulk = None
        if route.load_mode is not LoadMode.REST:
            few_by_rest = rest if route.load_mode is LoadMode.AUTO else None
            bulk = DryRunBulk(counts, self._resolver(route), few_by_rest, self._settings)
        return Loaders(
            rest=self._rest_path(route, rest),
            bulk=bulk,
            deleter=DryRunDeleter(counts),
            letters=DryRunLetters(counts),
            done="planned for",
        )

    def _rest_loader(self, route: Route, existing: Existing) -> RestLoader:
        records = Records(self.session)
        return RestLoader(
            route,
            records,
            existing,
            self._clock,
            self._settings.rest_batch_size,
            self._history(route.object),
            self._multiselects,
        )

    def _bulk_loader(self, route: Route, existing: Existing, rest: RestLoader) -> BulkLoader | None:
        if route.load_mode is LoadMode.REST:
            return None
        base = str(self._settings.bulk_row_number_base)
        return BulkLoader(
            route=route,
            importer=self._importer,
            storage=self._storage,
            resolver=self._resolver(route),
            existing=existing,
            rest=rest if route.load_mode is LoadMode.AUTO else None,
            bulk_threshold_rows=self._settings.bulk_threshold_rows,
            max_bulk_bytes=self._settings.max_bulk_bytes,
            history=self._history(route.object),
            bases=BASES if base == "auto" else (int(base),),
        )

    @cached_property
    def _importer(self) -> Importer:
        session = self._bulk_session
        connector = self._settings.bulk_import_api == "connector"
        return Importer(
            ConnectorImports(session) if connector else JobImports(session),
            self.tally.run,
            job_poll_interval=self._settings.job_poll_interval,
            job_timeout=self._settings.job_timeout,
        )

    def _pending_deletions(self, described: GainsightObject) -> PendingDeletions:
        """What the run has deleted of an object, for all streams that go into it."""
        if described.name not in self._deletions:
            self._deletions[described.name] = PendingDeletions(
                Query(self.session), Matcher(described), self._clock
            )
        return self._deletions[described.name]

    def _history(self, described: GainsightObject) -> WriteHistory:
        """What has become of writes to an object, for all streams that go into it."""
        return self._histories.setdefault(described.name, WriteHistory())

    def _existing(self, route: Route) -> Existing:
        return Existing(Query(self.session), Matcher(route.object), route.keys)

    def _resolver(self, route: Route) -> Resolver:
        find_object = partial(self._object, route.stream)
        no_fields = route.lookup_sources - set(route.object.fields)
        return Resolver(route.lookups, find_object, Query(self.session), no_fields)

    def _rest_path(self, route: Route, rest: RestPath) -> RestPath:
        if not route.resolves_for_rest:
            return rest
        return ResolvingRest(route, rest, self._resolver(route))

    def _object(self, stream: str, name: str) -> GainsightObject:
        if name not in self._objects:
            self._objects |= self._metadata.describe([name])
        if name not in self._objects:
            raise ConfigError(
                f"stream {stream}: this tenant has no object {name!r}; name the one it is to be "
                "loaded into as `object` of its `streams` entry"
            )
        return self._objects[name]

    def _dropdown(self, field: Field) -> Sequence[Option]:
        """The items of a picklist that its description lacks."""
        category = field.category_id
        if not category:
            return ()
        if category not in self._dropdowns:
            self._dropdowns[category] = self._metadata.dropdown(category)
        return self._dropdowns[category]
