"""A sandbox: one tenant, its server, and what tests do with it."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from gainsight_sandbox.behaviour.clock import Clock, SystemClock
from gainsight_sandbox.behaviour.faults import Faults
from gainsight_sandbox.behaviour.job_settings import JobSettings
from gainsight_sandbox.behaviour.journal import Journal
from gainsight_sandbox.behaviour.limits import Limits, Meter, Usage
from gainsight_sandbox.behaviour.quirk_choices import ImportApi
from gainsight_sandbox.behaviour.quirks import Quirks
from gainsight_sandbox.demo import fill_with_demo
from gainsight_sandbox.imports.connector_routes import ConnectorRoutes
from gainsight_sandbox.imports.data_jobs import DataJobs
from gainsight_sandbox.imports.jobs import ImportJobs
from gainsight_sandbox.imports.routes import ImportRoutes
from gainsight_sandbox.imports.submit import ImportSubmitter
from gainsight_sandbox.metadata.routes import MetadataRoutes
from gainsight_sandbox.own_apis.cockpit import CockpitRoutes
from gainsight_sandbox.own_apis.cockpit_lists import CockpitListRoutes
from gainsight_sandbox.own_apis.people import PeopleRoutes
from gainsight_sandbox.own_apis.records import Parts
from gainsight_sandbox.own_apis.timeline import TimelineRoutes
from gainsight_sandbox.reads.export_jobs import ExportJobs
from gainsight_sandbox.reads.export_routes import ExportRoutes
from gainsight_sandbox.reads.planner import Planner
from gainsight_sandbox.reads.query_routes import QueryRoutes
from gainsight_sandbox.tenant.store import Store
from gainsight_sandbox.tenant.tenant import DELETE_LOG, HIGH_VOLUME_DELETE_LOG, Tenant, delete_log
from gainsight_sandbox.wire.app import build_app
from gainsight_sandbox.wire.auth import Credentials, Gate
from gainsight_sandbox.wire.calls import Hooks
from gainsight_sandbox.wire.control import ControlRoutes
from gainsight_sandbox.wire.gateway import Gateway
from gainsight_sandbox.wire.request_log import KEPT_REQUESTS
from gainsight_sandbox.wire.server import HOST, HttpServer
from gainsight_sandbox.wire.tokens import TokenRoutes
from gainsight_sandbox.writes.routes import RecordRoutes
from gainsight_sandbox.writes.writer import RecordWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from starlette.applications import Starlette

    from gainsight_sandbox.imports.data_jobs import DataJob
    from gainsight_sandbox.tenant.schema import ObjectSchema
    from gainsight_sandbox.wire.calls import Endpoint, LoggedRequest, Routes

_DATABASE = "tenant.sqlite"


class Sandbox:
    """A Gainsight tenant on this machine, to be used as a context manager.

    Args:
        demo: Whether the tenant has the demo objects; else it has the delete logs only.
        rows: Numbers of records for demo objects; the others have their defaults.
        empty: Whether the demo objects have no records, but for users and relationship types.
        seed: Another seed draws other demo records.
        objects: Further objects, without records.
        data_jobs: What an admin has set up for the connector's import jobs.
        data: A folder in which the tenant persists; else it is gone with the sandbox.
        clock: What time it is; the machine's own clock if None.
        limits: The budgets of calls; the documented ones if None.
        quirks: What the documents leave open; what they say or show if None.
        credentials: What calls must carry; fixed values for local use if None.
        jobs: How export and import jobs run; at once if None.
        hooks: What is called with each request.
        port: Where to listen; 0 for any free port.

    Raises:
        ValueError: The demo has no object of a name in `rows`, `rows` are given without the demo
            or for a folder that holds a tenant already, or a data job cannot be done.
        OSError: The port is in use, or the folder cannot be written.
    """

    def __init__(
        self,
        *,
        demo: bool = True,
        rows: Mapping[str, int] | None = None,
        empty: bool = False,
        seed: int = 1,
        objects: Iterable[ObjectSchema] = (),
        data_jobs: Iterable[DataJob] = (),
        data: Path | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        quirks: Quirks | None = None,
        credentials: Credentials | None = None,
        jobs: JobSettings | None = None,
        hooks: Hooks | None = None,
        port: int = 0,
    ) -> None:
        self.clock = clock or SystemClock()
        self.quirks = quirks or Quirks()
        self.credentials = credentials or Credentials()
        self.gate = Gate(self.credentials, self.quirks, self.clock)
        self.faults = Faults()
        self.journal = Journal()
        self.log: deque[LoggedRequest] = deque(maxlen=KEPT_REQUESTS)
        self._meter = Meter(self.clock, limits or Limits(), retry_after=self.quirks.retry_after)
        with ExitStack() as resources:
            scratch = Path(resources.enter_context(TemporaryDirectory(prefix="gainsight-sandbox-")))
            self._store = Store((data or scratch) / _DATABASE)
            resources.callback(self._store.close)
            self.tenant = Tenant(
                self._store,
                self.clock,
                milliseconds=self.quirks.write_milliseconds,
                deletion_modifies=self.quirks.deletion_modifies,
            )
            self._add_objects(objects, demo=demo, rows=rows or {}, seed=seed, empty=empty)
            if data is not None:
                # Demo dates are relative to the folder's first day, not to a later one.
                self.tenant.ready_all()
            self._exports, self.imports = self._open_jobs(jobs or JobSettings(), scratch, resources)
            self._submitter = ImportSubmitter(self.tenant, self.imports, self.quirks)
            self.data_jobs = DataJobs(self._submitter, data_jobs)
            self._gateway, app = self._build_app(hooks or Hooks())
            self._server = HttpServer(app, port)
            resources.callback(self._server.stop)
            self._resources = resources.pop_all()
        self.url = f"http://{HOST}:{self._server.port}"

    @property
    def access_key(self) -> str:
        """The key that calls must carry."""
        return self.credentials.access_key

    def usage(self) -> Usage:
        """The calls used up."""
        return self._meter.usage()

    def release_jobs(self) -> None:
        """End the jobs that a fault holds: exports go on, imports are gone."""
        self._exports.release()
        self.imports.forget_stuck()

    def start(self) -> Self:
        """Serve."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop serving, and delete what does not persist."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; a defect of the sandbox itself, or of a hook, must not pass unseen."""
        del kind, traceback
        self.stop()
        if error is None and self._gateway.crashes:
            raise self._gateway.crashes[0]

    def _add_objects(
        self,
        objects: Iterable[ObjectSchema],
        *,
        demo: bool,
        rows: Mapping[str, int],
        seed: int,
        empty: bool,
    ) -> None:
        """Give the tenant its objects: the demo's, the delete logs, and further ones."""
        if demo:
            fill_with_demo(self.tenant, self.clock, rows, seed, empty=empty)
        elif rows:
            raise ValueError("a tenant without the demo objects has no rows to choose")
        logs = {DELETE_LOG}
        if self.quirks.high_volume_delete_log:
            logs.add(HIGH_VOLUME_DELETE_LOG)
        for name in sorted(logs - self.tenant.schemas.keys()):
            self.tenant.add_object(delete_log(name))
        for schema in objects:
            if schema.name not in self.tenant.schemas:
                self.tenant.add_object(schema)

    def _open_jobs(
        self, settings: JobSettings, scratch: Path, resources: ExitStack
    ) -> tuple[ExportJobs, ImportJobs]:
        exports = ExportJobs(self._store, self.clock, self.quirks, settings, scratch / "exports")
        resources.callback(exports.close)
        imports = ImportJobs(
            self._store,
            clock=self.clock,
            quirks=self.quirks,
            settings=settings,
            folder=scratch / "imports",
            journal=self.journal,
        )
        resources.callback(imports.close)
        return exports, imports

    def _build_app(self, hooks: Hooks) -> tuple[Gateway, Starlette]:
        gateway = Gateway(
            tenant=self.tenant,
            gate=self.gate,
            meter=self._meter,
            faults=self.faults,
            quirks=self.quirks,
            clock=self.clock,
            before_request=hooks.before_request,
        )
        return gateway, build_app(self._endpoints(), gateway, self.log, hooks.on_request)

    def _endpoints(self) -> list[Endpoint]:
        planner = Planner(self.tenant, self.quirks)
        writer = RecordWriter(self.tenant, self._store, self.clock, self.quirks, self.journal)
        routes: list[Routes] = [
            MetadataRoutes(self.tenant, self.quirks),
            QueryRoutes(planner, self._store, self.quirks),
            ExportRoutes(planner, self._exports, self.quirks),
            TokenRoutes(self.gate),
            RecordRoutes(writer, self.tenant, self._store, self.quirks),
            *self._own_apis(planner),
            ControlRoutes(self.tenant, self._meter, self.faults, self.journal),
        ]
        if self.quirks.import_api is not ImportApi.CONNECTOR:
            routes.append(ImportRoutes(self._submitter, self.imports, self.quirks))
        if self.quirks.import_api is not ImportApi.JOBS:
            routes.append(
                ConnectorRoutes(self._submitter, self.imports, self.data_jobs, self.quirks)
            )
        return [endpoint for part in routes for endpoint in part.endpoints()]

    def _own_apis(self, planner: Planner) -> list[Routes]:
        """The objects that have an API of their own."""
        parts = Parts(self.tenant, self._store, self.clock, self.quirks, self.journal)
        return [
            PeopleRoutes(parts),
            CockpitRoutes(parts),
            CockpitListRoutes(planner, self.tenant, self._store, self.quirks),
            TimelineRoutes(parts),
        ]
