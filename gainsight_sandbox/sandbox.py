"""A sandbox: one tenant, its server, and what tests do with it."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from gainsight_sandbox.behaviour.clock import Clock, SystemClock
from gainsight_sandbox.behaviour.faults import Faults
from gainsight_sandbox.behaviour.journal import Journal
from gainsight_sandbox.behaviour.limits import Limits, Meter, Usage
from gainsight_sandbox.behaviour.quirks import ImportApi, Quirks
from gainsight_sandbox.demo import fill_with_demo
from gainsight_sandbox.imports.connector_routes import ConnectorRoutes
from gainsight_sandbox.imports.data_jobs import DataJobs
from gainsight_sandbox.imports.jobs import ImportJobs, ImportSettings
from gainsight_sandbox.imports.routes import ImportRoutes
from gainsight_sandbox.imports.submit import Intake
from gainsight_sandbox.metadata.routes import MetadataRoutes
from gainsight_sandbox.reads.export_jobs import ExportJobs, ExportSettings
from gainsight_sandbox.reads.export_routes import ExportRoutes
from gainsight_sandbox.reads.planner import Planner
from gainsight_sandbox.reads.query_routes import QueryRoutes
from gainsight_sandbox.tenant.store import Store
from gainsight_sandbox.tenant.tenant import DELETE_LOG, HIGH_VOLUME_DELETE_LOG, Tenant, delete_log
from gainsight_sandbox.wire.app import build_app
from gainsight_sandbox.wire.auth import Credentials, Gate
from gainsight_sandbox.wire.control import ControlRoutes
from gainsight_sandbox.wire.gateway import Gateway
from gainsight_sandbox.wire.request_log import KEPT
from gainsight_sandbox.wire.server import HOST, HttpServer
from gainsight_sandbox.wire.tokens import TokenRoutes
from gainsight_sandbox.writes.routes import RecordRoutes
from gainsight_sandbox.writes.writer import RecordWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from gainsight_sandbox.imports.data_jobs import DataJob
    from gainsight_sandbox.tenant.schema import ObjectSchema
    from gainsight_sandbox.wire.calls import Endpoint, LoggedRequest, Routes

ACCESS_KEY = "sandbox-access-key"
CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - guards nothing but a sandbox
_DATABASE = "tenant.sqlite"


class Sandbox:
    """A Gainsight tenant on this machine, to be used as a context manager.

    Args:
        demo: Whether the tenant has the demo objects; else it has the delete logs only.
        rows: Numbers of records for demo objects, beside their defaults.
        seed: Other demo records for another seed.
        access_key: The key that calls must carry.
        client_id: The client of machine-to-machine OAuth.
        client_secret: That client's secret.
        clock: What time it is.
        limits: The budgets of calls.
        quirks: What the documents leave open.
        job_seconds: How long an export job takes by the clock.
        job_retention: For how many seconds a job and its chunks can be asked for.
        chunk_rows: How many rows a chunk has.
        port: Where to listen; 0 for any free port.
        data: A folder in which the tenant persists; else it is gone with the sandbox.
        before_request: Called with each request before it is processed.
        on_request: Called with each request when it is answered.
        empty: Whether the demo objects have no records, but for users and relationship types.
        objects: Further objects, without records.
        bulk_access_key: The key that calls for import jobs must carry in place of `access_key`.
        data_jobs: What an admin has set up for the connector's import jobs.
    """

    def __init__(
        self,
        *,
        demo: bool = True,
        rows: Mapping[str, int] | None = None,
        seed: int = 1,
        access_key: str = ACCESS_KEY,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        clock: Clock | None = None,
        limits: Limits | None = None,
        quirks: Quirks | None = None,
        job_seconds: float = 0.0,
        job_retention: float = 86400.0,
        chunk_rows: int = 20_000,
        port: int = 0,
        data: Path | None = None,
        before_request: Callable[[LoggedRequest], None] | None = None,
        on_request: Callable[[LoggedRequest], None] | None = None,
        empty: bool = False,
        objects: Iterable[ObjectSchema] = (),
        bulk_access_key: str | None = None,
        data_jobs: Iterable[DataJob] = (),
    ) -> None:
        self.clock = clock or SystemClock()
        self.access_key = access_key
        self.client_id = client_id
        self.client_secret = client_secret
        self.quirks = quirks or Quirks()
        self.faults = Faults()
        self.log: deque[LoggedRequest] = deque(maxlen=KEPT)
        self.journal = Journal()
        self._meter = Meter(self.clock, limits or Limits(), retry_after=self.quirks.retry_after)
        self.gate = Gate(
            Credentials(access_key, client_id, client_secret, bulk_access_key),
            self.quirks,
            self.clock,
        )
        with ExitStack() as resources:
            scratch = Path(resources.enter_context(TemporaryDirectory(prefix="gainsight-sandbox-")))
            folder = data or scratch
            folder.mkdir(parents=True, exist_ok=True)
            self._store = Store(folder / _DATABASE)
            resources.callback(self._store.close)
            self.tenant = Tenant(self._store, self.clock)
            self._furnish(demo=demo, rows=rows or {}, seed=seed, empty=empty)
            for schema in objects:
                if schema.name not in self.tenant.schemas:
                    self.tenant.add_object(schema)
            if data is not None:
                # Demo dates are relative to the folder's first day, not to a later one.
                self.tenant.ready_all()
            settings = ExportSettings(job_seconds, job_retention, chunk_rows)
            self._jobs = ExportJobs(
                self._store, self.clock, self.quirks, settings, scratch / "exports"
            )
            resources.callback(self._jobs.close)
            self.imports = ImportJobs(
                self._store,
                clock=self.clock,
                quirks=self.quirks,
                settings=ImportSettings(job_seconds, job_retention),
                folder=scratch / "imports",
                journal=self.journal,
            )
            resources.callback(self.imports.close)
            self._intake = Intake(self.tenant, self.imports, self.quirks)
            self.data_jobs = DataJobs(self._intake)
            for job in data_jobs:
                self.data_jobs.set_up(job)
            self._gateway = Gateway(
                tenant=self.tenant,
                gate=self.gate,
                meter=self._meter,
                faults=self.faults,
                quirks=self.quirks,
                clock=self.clock,
                before_request=before_request,
            )
            app = build_app(self._endpoints(), self._gateway, self.log, on_request)
            self._server = HttpServer(app, port)
            resources.callback(self._server.stop)
            self._resources = resources.pop_all()
        self.url = f"http://{HOST}:{self._server.port}"

    def usage(self) -> Usage:
        """The calls used up."""
        return self._meter.usage()

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

    def _furnish(self, *, demo: bool, rows: Mapping[str, int], seed: int, empty: bool) -> None:
        if demo:
            fill_with_demo(self.tenant, self.clock, rows, seed, empty=empty)
        elif rows:
            raise ValueError("a tenant without the demo objects has no rows to choose")
        logs = {DELETE_LOG}
        if self.quirks.high_volume_delete_log:
            logs.add(HIGH_VOLUME_DELETE_LOG)
        for name in sorted(logs - self.tenant.schemas.keys()):
            self.tenant.add_object(delete_log(name))

    def _endpoints(self) -> list[Endpoint]:
        planner = Planner(self.tenant, self.quirks)
        writer = RecordWriter(self.tenant, self._store, self.clock, self.quirks, self.journal)
        routes: list[Routes] = [
            MetadataRoutes(self.tenant),
            QueryRoutes(planner, self._store, self.quirks),
            ExportRoutes(planner, self._jobs, self.quirks),
            TokenRoutes(self.gate),
            RecordRoutes(writer, self.tenant, self._store, self.quirks),
            ControlRoutes(self.tenant, self._meter, self.faults, self.journal),
        ]
        if self.quirks.import_api is not ImportApi.CONNECTOR:
            routes.append(ImportRoutes(self._intake, self.imports, self.quirks))
        if self.quirks.import_api is not ImportApi.JOBS:
            routes.append(ConnectorRoutes(self._intake, self.imports, self.data_jobs))
        return [endpoint for part in routes for endpoint in part.endpoints()]
