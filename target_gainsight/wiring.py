"""Puts the parts of a run together, as its settings say."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gainsight_api.connect import connect
from gainsight_api.errors import ConfigError
from gainsight_api.imports import ConnectorImports, JobImports
from gainsight_api.metadata import Field, GainsightObject, Metadata, Option
from gainsight_api.query import Query
from gainsight_api.records import Records
from gainsight_api.settings import ConnectionSettings
from target_gainsight.bulk.jobs import Importer
from target_gainsight.bulk.loader import BulkLoader
from target_gainsight.bulk.row_numbers import BASES
from target_gainsight.dry_run import (
    PlannedBulk,
    PlannedDeleter,
    PlannedLetters,
    PlannedRest,
    StreamPlan,
    report,
)
from target_gainsight.incoming.merge import Planner
from target_gainsight.rejects import DeadLetters, Sender
from target_gainsight.rest.deletes import Deleter
from target_gainsight.rest.loader import RestLoader
from target_gainsight.route import LoadMode, Operation, Route, route, settings_for
from target_gainsight.rows.mapping import RecordMap
from target_gainsight.search.existing import Existing
from target_gainsight.search.lookups import Resolver
from target_gainsight.search.matching import Matcher
from target_gainsight.stream_load import Sizes, StreamLoad, Tally

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gainsight_api.session import Session

_BATCH_ROWS = 500_000
_REST_BATCH_ROWS = 5_000


class Assembly:
    """What the streams of a run share, and how one is put together.

    Args:
        config: The connection's settings.
        options: The target's own settings, defaults filled in.
        session: The tenant's session.
    """

    def __init__(
        self, config: Mapping[str, Any], options: Mapping[str, Any], session: Session
    ) -> None:
        self._config = config
        self._options = options
        self._session = session
        self._metadata = Metadata(session)
        self._objects: dict[str, GainsightObject] = {}
        self._dropdowns: dict[str, list[Option]] = {}
        self._plans: list[StreamPlan] = []
        self._rejects = Path(options["rejects_path"])
        self.tally = Tally(max_rejects=-1 if options["dry_run"] else options["max_rejects"])

    @cached_property
    def _bulk_session(self) -> Session:
        key = self._options["bulk_access_key"]
        if not key:
            return self._session
        own = {**self._config, "access_key": key}
        own |= dict.fromkeys(("oauth_client_id", "oauth_client_secret"))
        return connect(ConnectionSettings.from_config(own), clock=self._session.clock)

    def stream_load(
        self,
        stream: str,
        key_properties: tuple[str, ...],
        confirmed: Callable[[], None],
        logger: logging.Logger,
    ) -> StreamLoad:
        """The loading of one stream.

        Raises:
            ConfigError: Its settings do not go with its object.
        """
        settings = settings_for(stream, self._options)
        way = route(
            stream,
            key_properties,
            settings,
            self._object(stream, settings["object"]),
            connector=self._options["bulk_import_api"] == "connector",
        )
        records = Records(self._session)
        existing = Existing(Query(self._session), Matcher(way.object), way.keys)
        clock = self._session.clock
        rest = RestLoader(way, records, existing, clock, self._options["rest_batch_size"])
        load = StreamLoad(
            route=way,
            planner=Planner(
                mapping=RecordMap(way, self._dropdown),
                merges=way.operation is not Operation.INSERT,
                deletes=way.delete,
            ),
            rest=rest,
            bulk=self._bulk_loader(way, existing, rest),
            deleter=Deleter(way, records, existing, clock),
            letters=DeadLetters(self._rejects, _sender(way, key_properties), clock),
            tally=self.tally,
            sizes=self._sizes(way),
            quota=self._session.quota,
            bulk_quota=self._bulk_session.quota,
            clock=clock,
            confirmed=confirmed,
            logger=logger,
        )
        if self._options["dry_run"]:
            self._plan_only(load, rest)
        return load

    def check_rejects(self) -> None:
        """Fail the run if more records were rejected than are allowed.

        Raises:
            RejectsError: There were.
        """
        self.tally.check(self._rejects)

    def plan(self) -> Iterator[str]:
        """What a dry run has to say."""
        if self._options["dry_run"]:
            yield from report(self._plans, self._session.quota, self._bulk_session.quota)

    def _plan_only(self, load: StreamLoad, rest: RestLoader) -> None:
        """Have a stream counted instead of loaded."""
        plan = StreamPlan(load.route)
        self._plans.append(plan)
        load.doing = "planned for"
        load.letters = PlannedLetters(plan)
        load.deleter = PlannedDeleter(plan)
        load.rest = planned = PlannedRest(plan, rest)
        if load.bulk:
            load.bulk = PlannedBulk(
                plan,
                self._resolver(load.route),
                planned if load.route.load_mode is LoadMode.AUTO else None,
                load.sizes.threshold,
                load.sizes.file_bytes,
            )

    def _resolver(self, way: Route) -> Resolver:
        return Resolver(way.lookups, partial(self._object, way.stream), Query(self._session))

    @cached_property
    def _importer(self) -> Importer:
        connector = self._options["bulk_import_api"] == "connector"
        session = self._bulk_session
        return Importer(
            ConnectorImports(session) if connector else JobImports(session),
            session.clock,
            poll_interval=self._config["job_poll_interval"],
            timeout=self._config["job_timeout"],
        )

    def _bulk_loader(self, way: Route, existing: Existing, rest: RestLoader) -> BulkLoader | None:
        if way.load_mode is LoadMode.REST:
            return None
        base = str(self._options["bulk_row_number_base"])
        return BulkLoader(
            route=way,
            importer=self._importer,
            resolver=self._resolver(way),
            existing=existing,
            rest=rest if way.load_mode is LoadMode.AUTO else None,
            few=self._options["bulk_threshold_rows"],
            most_bytes=self._options["max_bulk_bytes"],
            bases=BASES if base == "auto" else (int(base),),
        )

    def _sizes(self, way: Route) -> Sizes:
        default = _REST_BATCH_ROWS if way.load_mode is LoadMode.REST else _BATCH_ROWS
        return Sizes(
            batch_rows=self._options["batch_size_rows"] or default,
            threshold=self._options["bulk_threshold_rows"],
            file_bytes=self._options["max_bulk_bytes"],
            calls_per_minute=self._config["sync_calls_per_minute"],
            longest_wait=self._config["max_quota_wait"],
        )

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


def _sender(way: Route, key_properties: tuple[str, ...]) -> Sender:
    return Sender(way.stream, way.object.name, way.operation.value, key_properties)
