"""The command `gainsight-sandbox`: serve a tenant, or run another command beside one."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gainsight_sandbox.behaviour.faults import Effect, Fault, parse_fault
from gainsight_sandbox.behaviour.job_settings import JobSettings
from gainsight_sandbox.behaviour.limits import Limits
from gainsight_sandbox.behaviour.quirk_texts import parse_quirks
from gainsight_sandbox.command.banner import banner, log_line
from gainsight_sandbox.command.options import (
    RowsType,
    TextType,
    parse_data_job,
    quirk_help,
    quirk_pair,
)
from gainsight_sandbox.command.process import run_beside
from gainsight_sandbox.tenant.schema_file import read_objects
from gainsight_sandbox.wire.auth import ACCESS_KEY, Credentials
from gainsight_sandbox.wire.calls import Hooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from gainsight_sandbox.sandbox import Sandbox
    from gainsight_sandbox.wire.calls import LoggedRequest

_LIMITS = Limits()
_JOBS = JobSettings()
_MANY = 10_000
"""Records that take long enough to draw for a line to say so."""
_COUNT = click.IntRange(min=0)
_SECONDS = click.FloatRange(min=0)
_CONNECTORS = ("TAP_GAINSIGHT", "TARGET_GAINSIGHT")

_OPTIONS = [
    click.option("--access-key", default=ACCESS_KEY, show_default=True, metavar="KEY"),
    click.option(
        "--rows", multiple=True, type=RowsType(), metavar="OBJECT=N", help="Records of an object."
    ),
    click.option("--seed", default=1, show_default=True, help="Other records, other seed."),
    click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder in which the tenant persists; without it, it is gone when this ends.",
    ),
    click.option(
        "--empty",
        is_flag=True,
        help="The demo objects without their records, but for users and relationship types.",
    ),
    click.option(
        "--no-demo", is_flag=True, help="A tenant without the demo objects: the delete logs only."
    ),
    click.option(
        "--object-schema",
        "object_schemas",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="JSON file of further objects: [{name, fields: [{name, dataType, ...}]}].",
    ),
    click.option(
        "--bulk-access-key", metavar="KEY", help="A key of their own for the calls of import jobs."
    ),
    click.option(
        "--data-job",
        "data_jobs",
        multiple=True,
        type=TextType("data job", parse_data_job),
        metavar="ID=OBJECT:OPERATION[:KEYS]",
        help="A data job for /v1.0/admin/connector/job/bulkimport, its keys joined by commas.",
    ),
    click.option(
        "--job-seconds",
        type=_SECONDS,
        default=2.0,
        show_default=True,
        help="How long an export or import job takes.",
    ),
    click.option(
        "--job-retention",
        type=_SECONDS,
        default=_JOBS.job_retention,
        show_default=True,
        help="For how many seconds a job can be asked for.",
    ),
    click.option(
        "--chunk-rows", type=click.IntRange(min=1), default=_JOBS.chunk_rows, show_default=True
    ),
    click.option(
        "--sync-per-minute", type=_COUNT, default=_LIMITS.sync_per_minute, show_default=True
    ),
    click.option("--sync-per-day", type=_COUNT, default=_LIMITS.sync_per_day, show_default=True),
    click.option(
        "--timeline-per-minute", type=_COUNT, default=_LIMITS.timeline_per_minute, show_default=True
    ),
    click.option("--bulk-per-hour", type=_COUNT, default=_LIMITS.bulk_per_hour, show_default=True),
    click.option("--bulk-per-day", type=_COUNT, default=_LIMITS.bulk_per_day, show_default=True),
    click.option(
        "--phase-seconds",
        type=float,
        default=0.0,
        show_default=True,
        help="How far the windows of the limits begin after the full minute, hour and day.",
    ),
    click.option(
        "--fault",
        "faults",
        multiple=True,
        type=TextType("fault", parse_fault),
        metavar="EFFECT[:NAME=VALUE,…]",
        help=f"Something that goes wrong: {', '.join(Effect)}; narrowed by on=KIND, object=NAME, "
        "count=N (or all), skip=N. Example: status:on=query,status=503,count=2",
    ),
    click.option(
        "--quirk",
        "quirks",
        multiple=True,
        type=TextType("quirk", quirk_pair),
        metavar="NAME=VALUE",
        help="What Gainsight's documents leave open; the list is below.",
    ),
]


def _sandbox_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A local Gainsight CS tenant, to try and to test the connectors on."""


@main.command(epilog=quirk_help())
@click.option("--port", default=8787, show_default=True, type=click.IntRange(0, 65535))
@_sandbox_options
def serve(port: int, **options: Any) -> None:
    """Serve a tenant on 127.0.0.1 until interrupted."""
    lock = threading.Lock()

    def log(entry: LoggedRequest) -> None:
        with lock:
            click.echo(log_line(entry), err=True)

    sandbox = _build(options, port=port, hooks=Hooks(on_request=log))
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with sandbox:
        click.echo(banner(sandbox), err=True)
        stopped.wait()


@main.command(epilog=quirk_help(), context_settings={"ignore_unknown_options": False})
@_sandbox_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...], **options: Any) -> None:
    """Run COMMAND beside a tenant, and exit with its status.

    COMMAND finds the tenant by TAP_GAINSIGHT_DOMAIN, TAP_GAINSIGHT_ACCESS_KEY and the
    TARGET_GAINSIGHT_ pair in its environment.
    """
    with _build(options, port=0) as sandbox:
        environment = dict(os.environ)
        for prefix in _CONNECTORS:
            environment[f"{prefix}_DOMAIN"] = sandbox.url
            environment[f"{prefix}_ACCESS_KEY"] = sandbox.access_key
        try:
            status = run_beside(command, environment)
        except OSError as error:
            raise click.ClickException(f"cannot run {command[0]}: {error.strerror}") from error
    sys.exit(status)


def _build(options: dict[str, Any], **more: Any) -> Sandbox:
    # The server is imported only now, so that --help is quick.
    from gainsight_sandbox.sandbox import Sandbox  # noqa: PLC0415

    faults: tuple[Fault, ...] = options["faults"]
    rows = dict(options["rows"])
    folder: Path | None = options["data"]
    if folder and not options["no_demo"] and not options["empty"] and _is_new(folder):
        click.echo(f"Drawing a tenant's records into {folder} …", err=True)
    try:
        sandbox = Sandbox(
            demo=not options["no_demo"],
            empty=options["empty"],
            objects=[each for path in options["object_schemas"] for each in read_objects(path)],
            data_jobs=options["data_jobs"],
            rows=rows,
            seed=options["seed"],
            limits=Limits(
                sync_per_minute=options["sync_per_minute"],
                sync_per_day=options["sync_per_day"],
                timeline_per_minute=options["timeline_per_minute"],
                bulk_per_hour=options["bulk_per_hour"],
                bulk_per_day=options["bulk_per_day"],
                phase_seconds=options["phase_seconds"],
            ),
            quirks=parse_quirks(dict(options["quirks"])),
            credentials=Credentials(
                access_key=options["access_key"], bulk_access_key=options["bulk_access_key"]
            ),
            jobs=JobSettings(
                options["job_seconds"], options["job_retention"], options["chunk_rows"]
            ),
            data=folder,
            **more,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        where = f" on port {port}" if (port := more.get("port")) else ""
        raise click.ClickException(f"cannot start{where}: {error}") from error
    sandbox.faults.add(*faults)
    _draw(sandbox, rows)
    return sandbox


def _is_new(folder: Path) -> bool:
    return not folder.exists() or not any(folder.iterdir())


def _draw(sandbox: Sandbox, rows: dict[str, int]) -> None:
    """Make the records asked for: they may be many, so rather before the first call than in it."""
    for name, count in rows.items():
        if count >= _MANY:
            click.echo(f"Drawing {count:,} records of {name} …", err=True)
        sandbox.tenant.ready(name)
