"""The parts that the streams of a run share, and what is built of them for one route."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from gainsight_api.connect import connect
from gainsight_api.jobs.imports import ConnectorImports, JobImports
from gainsight_api.objects.metadata import GainsightObject, Metadata
from gainsight_api.objects.query import Query
from gainsight_api.objects.records import Records
from target_gainsight.bulk.jobs import Importer
from target_gainsight.bulk.loader import BulkLoader
from target_gainsight.bulk.row_numbers import BASES
from target_gainsight.incoming.storage import Storage
from target_gainsight.loading.descriptions import Descriptions
from target_gainsight.loading.keyed_loader import KeyedLoader, KeyedRest
from target_gainsight.loading.route import LoadMode, Lookup, Route
from target_gainsight.own_apis.apis import OwnApis
from target_gainsight.rest.deletes import Deleter
from target_gainsight.rest.history import WriteHistory
from target_gainsight.rest.loader import RestLoader
from target_gainsight.rest.multiselects import Multiselects
from target_gainsight.rest.pending_deletions import PendingDeletions
from target_gainsight.rest.resolving import ResolvingRest
from target_gainsight.rest.skipping import SkippingRest
from target_gainsight.rest.verdicts import Verdicts
from target_gainsight.search.existing import Existing, Seen
from target_gainsight.search.key_finder import KeyedDeletions, KeyFinder
from target_gainsight.search.lookups import LookupCache, Resolver
from target_gainsight.search.matching import Matcher
from target_gainsight.search.unchanged import Unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gainsight_api.calls.session import Session
    from gainsight_singer.run import Run
    from target_gainsight.loading.loaders import FindsDeletions, Loader, RestPath, RestWriter
    from target_gainsight.search.lookups import NewCache
    from target_gainsight.settings import TargetSettings

    Paths = tuple[RestPath, Loader | None]
    """By REST calls, and by import jobs, if there is a choice."""

logger = logging.getLogger(__name__)


class Parts:
    """What the streams of a run share.

    Args:
        settings: The target's settings.
        run: Where it is written down what the run does.

    Attributes:
        session: The tenant's session.
        descriptions: The tenant's objects and picklists.
        storage: Where records and rows wait.

    Raises:
        ConfigError: A setting of the connection cannot be used; the text names it.
        QuotaStoreError: The quota store cannot be used.
    """

    def __init__(self, settings: TargetSettings, run: Run) -> None:
        self._settings = settings
        self._run = run
        self._clock = run.clock
        self.session = connect(settings, clock=run.clock)
        self.descriptions = Descriptions(Metadata(self.session))
        self.storage = Storage()
        self._deletions: dict[str, PendingDeletions] = {}
        self._multiselects = Multiselects(settings.multiselect_format)
        self._histories: dict[str, WriteHistory] = {}

    @cached_property
    def bulk_session(self) -> Session:
        """The session of import jobs."""
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

    def paths(
        self, route: Route, build: Callable[[Route], Paths], query: Query, resolver: Resolver
    ) -> Paths:
        """The ways of a stream's rows; what the target matches goes by two routes on each.

        Args:
            route: Where they go.
            build: Builds the ways of a route's rows, which have their keys and lookups.
            query: The calls by which the target matches keys.
            resolver: Does the lookups, except for import jobs whose keys Gainsight matches.
        """
        if not route.matches_keys:
            rest, bulk = build(route)
            if route.resolves_for_rest:
                rest = ResolvingRest(route, rest, resolver)
            return rest, bulk
        (rest_found, bulk_found), (rest_new, bulk_new) = build(route.of_found), build(route.of_new)
        shared: dict[str, Any] = {
            "route": route,
            "finder": KeyFinder(route.object, route.keys, query),
            "resolver": resolver,
            "storage": self.storage,
        }
        keyed_bulk = None
        if bulk_found and bulk_new:
            before = bulk_new.finish_inserts if isinstance(bulk_new, BulkLoader) else None
            keyed_bulk = KeyedLoader(found=bulk_found, new=bulk_new, before=before, **shared)
        return KeyedRest(found=rest_found, new=rest_new, **shared), keyed_bulk

    def writing_paths(self, route: Route) -> Paths:
        """The ways of a route's rows, which are written."""
        if own := self._own_loader(route):
            return own, None
        existing, query = self._existing(route), Query(self.session)
        rest = self._rest_loader(route, existing)
        skipping = SkippingRest(rest, self.unchanged(route, query, existing.seen, by_call=True))
        return skipping, self._bulk_loader(route, existing, rest)

    def deleter(self, route: Route) -> Deleter:
        """What deletes the records of a stream."""
        return Deleter(
            route,
            Records(self.session),
            self._finds_deletions(route),
            self._pending_deletions(route.object),
            Verdicts(route, WriteHistory()),
        )

    def rest_loader(self, route: Route) -> RestWriter:
        """What writes a route's rows by REST calls."""
        return self._own_loader(route) or self._rest_loader(route, self._existing(route))

    def _own_loader(self, route: Route) -> RestWriter | None:
        own = OwnApis(
            self.session, self._multiselects, self.descriptions, self._settings.rest_batch_size
        )
        return own.loader(route, self._history(route.object))

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
            storage=self.storage,
            resolver=self.resolver(route),
            existing=existing,
            unchanged=self.unchanged(route, Query(self.session), existing.seen),
            rest=rest if route.load_mode is LoadMode.AUTO else None,
            bulk_threshold_rows=self._settings.bulk_threshold_rows,
            max_bulk_bytes=self._settings.max_bulk_bytes,
            history=self._history(route.object),
            bases=BASES if base == "auto" else (int(base),),
        )

    def unchanged(
        self, route: Route, query: Query, seen: Seen, *, by_call: bool = False
    ) -> Unchanged:
        """What finds out which of a route's rows need not be written.

        Args:
            route: Where the rows go.
            query: The calls by which their records are read.
            seen: Takes the rows that are to be written and whose records were read.
            by_call: Whether Gainsight's own calls do the lookups that are still to be done.
        """
        looks_up = by_call and route.raw_lookups is not None
        sources = route.lookup_sources if looks_up else frozenset[str]()
        return Unchanged(route, query, self.storage, seen, sources)

    @cached_property
    def _importer(self) -> Importer:
        session = self.bulk_session
        connector = self._settings.bulk_import_api == "connector"
        return Importer(
            ConnectorImports(session) if connector else JobImports(session),
            self._run,
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

    def _finds_deletions(self, route: Route) -> FindsDeletions:
        if not route.matches_keys:
            return self._existing(route)
        query = Query(self.session)
        lookups = [lookup for lookup in route.lookups if lookup.field in route.keys]
        finder = KeyFinder(route.object, route.keys, query)
        return KeyedDeletions(finder, self.resolver(route, query, lookups=lookups))

    def resolver(
        self,
        route: Route,
        query: Query | None = None,
        new_cache: NewCache = LookupCache,
        lookups: Sequence[Lookup] | None = None,
    ) -> Resolver:
        """What does the lookups of a route.

        Args:
            route: The route.
            query: The calls, if they are to be counted.
            new_cache: Makes what finds the values of one lookup.
            lookups: Those of its lookups that are to be done; all, if None.
        """
        return Resolver(
            route.lookups if lookups is None else lookups,
            partial(self.descriptions.object_for, route.stream),
            query or Query(self.session),
            route.lookup_sources - set(route.object.fields),
            new_cache,
        )
