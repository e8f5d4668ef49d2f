"""Puts a run together, once, as its settings say."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from gainsight_api.objects.query import Query
from target_gainsight.incoming.merge import Merger
from target_gainsight.loading.dry_run import (
    DryRunBulk,
    DryRunDeleter,
    DryRunLetters,
    DryRunLookups,
    DryRunQuery,
    DryRunRest,
    DryRunStream,
    dry_run_report,
)
from target_gainsight.loading.loaders import Loaders
from target_gainsight.loading.parts import Parts
from target_gainsight.loading.route import LoadMode, Route
from target_gainsight.loading.stream_load import StreamLoad
from target_gainsight.outcomes.letter_file import check_folder
from target_gainsight.outcomes.rejects import DeadLetters, Sender
from target_gainsight.outcomes.tally import Tally
from target_gainsight.own_apis.apis import merges
from target_gainsight.own_apis.routes import route_to
from target_gainsight.rows.mapping import RecordMap
from target_gainsight.search.existing import Seen

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gainsight_api.quota import Quota
    from gainsight_singer.run import Run
    from target_gainsight.loading.loaders import Loader, RestPath
    from target_gainsight.search.lookups import Resolver
    from target_gainsight.settings import TargetSettings


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
    """How the parts of a stream are put together.

    Args:
        settings: The target's settings.
        run: Where it is written down what the run does.

    Attributes:
        session: The tenant's session.
        tally: The run's counts.

    Raises:
        ConfigError: A setting of the connection, or `rejects_path`, cannot be used; the text names
            it.
        QuotaStoreError: The quota store cannot be used.
    """

    def __init__(self, settings: TargetSettings, run: Run) -> None:
        self._settings = settings
        self._clock = run.clock
        self._parts = Parts(settings, run)
        self.session = self._parts.session
        self._dry_run_streams: list[DryRunStream] = []
        self._run_id = uuid4().hex
        self._rejects = Path(settings.rejects_path)
        check_folder(self._rejects)
        self.tally = Tally(-1 if settings.dry_run else settings.max_rejects, run)

    @property
    def quotas(self) -> list[Quota]:
        """What pays for the calls."""
        return list(dict.fromkeys([self.session.quota, self._parts.bulk_session.quota]))

    def expect(self, streams: Iterable[str]) -> None:
        """Take note of streams that will be loaded: their objects are described by few calls."""
        names = ((stream, self._settings.for_stream(stream).object) for stream in streams)
        self._parts.descriptions.expect(named or stream for stream, named in names)

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
        route = self._route(stream, key_properties, received)
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
            bulk_quota=self._parts.bulk_session.quota,
            clock=self._clock,
            storage=self._parts.storage,
            received_as=received.stream,
            on_progress=on_progress,
            logger=logger,
        )

    def dry_run_report(self) -> Iterator[str]:
        """What a dry run says at its end, line by line; nothing, if the run is not dry."""
        if self._settings.dry_run:
            quota, bulk_quota = self.session.quota, self._parts.bulk_session.quota
            yield from dry_run_report(self._dry_run_streams, quota, bulk_quota)

    def _route(self, stream: str, key_properties: Sequence[str], received: Received) -> Route:
        settings = self._settings.for_stream(stream)
        return route_to(
            stream,
            key_properties,
            settings,
            self._parts.descriptions.object_for(stream, settings.object or stream),
            properties=received.properties,
            connector=self._settings.bulk_import_api == "connector",
        )

    def _merger(self, route: Route) -> Merger:
        return Merger(
            mapping=RecordMap(route, self._parts.descriptions.dropdown),
            merges=merges(route),
            deletes=route.delete,
        )

    def _loaders(self, route: Route, received: Received) -> Loaders:
        rest, bulk = self._parts.paths(
            route,
            self._parts.writing_paths,
            Query(self.session),
            self._parts.resolver(route),
        )
        sender = Sender(
            stream=received.stream,
            object=route.object.name,
            operation=route.operation.value,
            key_properties=received.key_properties,
            properties=received.properties,
            run_id=self._run_id,
        )
        return Loaders(
            rest=rest,
            bulk=bulk,
            deleter=self._parts.deleter(route),
            letters=DeadLetters(self._rejects, sender, self._clock, self.tally, self.session.hide),
            done="loaded into",
        )

    def _dry_run_loaders(self, route: Route) -> Loaders:
        counts = DryRunStream(route)
        self._dry_run_streams.append(counts)
        query = DryRunQuery(self.session, counts)
        build = partial(self._counting_paths, counts)
        resolver = self._dry_run_resolver(counts, route, query)
        rest, bulk = self._parts.paths(route, build, query, resolver)
        return Loaders(
            rest=rest,
            bulk=bulk,
            deleter=DryRunDeleter(counts),
            letters=DryRunLetters(counts),
            done="planned for",
        )

    def _counting_paths(self, counts: DryRunStream, route: Route) -> tuple[RestPath, Loader | None]:
        query = DryRunQuery(self.session, counts)
        few = self._parts.unchanged(route, query, Seen(), by_call=True)
        rest = DryRunRest(counts, route, self._parts.rest_loader(route), few)
        if route.load_mode is LoadMode.REST:
            return rest, None
        few_by_rest = rest if route.load_mode is LoadMode.AUTO else None
        resolver = self._dry_run_resolver(counts, route, Query(self.session))
        many = self._parts.unchanged(route, query, Seen())
        return rest, DryRunBulk(counts, route, resolver, many, few_by_rest, self._settings)

    def _dry_run_resolver(self, counts: DryRunStream, route: Route, query: Query) -> Resolver:
        new_cache = partial(DryRunLookups, streams=self._dry_run_streams, counts=counts)
        return self._parts.resolver(route, query, new_cache)
