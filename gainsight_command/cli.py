"""The command `gainsight`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from typing_extensions import override

from gainsight_api.clock import SystemClock
from gainsight_command.check.check import check_of_tap, check_of_target
from gainsight_command.connector import chosen, config_of, connector_of
from gainsight_command.dead_letters.listing import (
    examples,
    list_json,
    print_examples,
    print_list,
    read_streams,
)
from gainsight_command.dead_letters.resend import resend
from gainsight_command.plan.plan import make_plan
from gainsight_command.quota import QuotaReport
from gainsight_command.screen import console, print_json, without_warnings
from gainsight_singer.cli import OneLineErrors
from gainsight_singer.plugin import Command
from gainsight_singer.words import one_line
from tap_gainsight.tap import TapGainsight
from target_gainsight.target import TargetGainsight

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO


class Group(OneLineErrors, click.Group):
    """A group of commands, each of which ends a user's mistake in one line."""

    user_errors = Command.user_errors
    _as_json = False

    @override
    def main(self, args: Sequence[str] | None = None, *more: Any, **kwargs: Any) -> Any:
        # Known before the options are read: these may be what is wrong.
        self._as_json = "--json" in (sys.argv[1:] if args is None else args)
        try:
            return super().main(args, *more, **{**kwargs, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as exc:
            exc.show()
            sys.exit(1)
        except click.UsageError as exc:
            path = exc.ctx.command_path if exc.ctx else "gainsight"
            self._fail(f"{exc.format_message()} See {path} --help.")
        except click.ClickException as exc:
            self._fail(exc.format_message())
        except click.Abort:
            self._fail("Stopped")

    @override
    def _fail(self, line: str, status: int = 1) -> None:
        if self._as_json:
            print_json({"ok": False, "error": line})
        click.echo(one_line(line), err=True)
        sys.exit(status)


_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_CONFIG = click.option(
    "--config",
    "files",
    multiple=True,
    metavar="FILE",
    help="The connector's config file, or ENV for its environment variables; may be repeated. "
    "Without it the variables count.",
)
_CONNECTOR = (
    click.option("--tap", is_flag=True, help="Go by tap-gainsight's settings."),
    click.option("--target", is_flag=True, help="Go by target-gainsight's settings."),
    _CONFIG,
    _JSON,
)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_STREAMS = click.argument("streams", nargs=-1)


@click.group(name="gainsight", cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="singer-gainsight")
def main() -> None:
    """What a run of tap-gainsight or target-gainsight will meet, costs, and has left behind.

    All commands read the connector's own settings: its config file, or its variables
    TAP_GAINSIGHT_... or TARGET_GAINSIGHT_...
    """


@main.command()
@_options(*_CONNECTOR)
def check(*, tap: bool, target: bool, files: tuple[str, ...], as_json: bool) -> None:
    """Host, credential, clock, quota store, rights, and all that the settings name.

    It takes a few ordinary calls, and no bulk call.
    """
    plugin = connector_of(chosen(tap=tap, target=target, files=files), files)
    clock = SystemClock()
    with without_warnings():
        report = (
            check_of_tap(plugin, clock)
            if isinstance(plugin, TapGainsight)
            else check_of_target(plugin, clock)
        )
    if as_json:
        print_json(report.as_json())
    else:
        report.print(console())
    sys.exit(0 if report.ok else 1)


@main.command()
@_options(*_CONNECTOR)
def quota(*, tap: bool, target: bool, files: tuple[str, ...], as_json: bool) -> None:
    """How far each limit is used, and which paid jobs are under way; makes no call."""
    connector = chosen(tap=tap, target=target, files=files)
    report = QuotaReport.read(connector_of(connector, files).settings, SystemClock().now())
    if as_json:
        print_json(report.as_json())
    else:
        report.print(console())


_TARGET = (
    click.option("--target", is_flag=True, help="As always: the letters are the target's."),
    _CONFIG,
    _JSON,
)


@main.command()
@_STREAMS
@click.option("--catalog", type=click.File(), help="A catalog; else all streams of the tenant.")
@click.option("--state", type=click.File(), help="A state, for the incremental sync.")
@click.option("--count", is_flag=True, help="Count rows, also where the last run has told them.")
@click.option("--tap", is_flag=True, help="As always: a plan is the tap's.")
@_options(_CONFIG, _JSON)
def plan(
    *,
    streams: tuple[str, ...],
    catalog: IO[str] | None,
    state: IO[str] | None,
    count: bool,
    tap: bool,
    files: tuple[str, ...],
    as_json: bool,
) -> None:
    """What a full and an incremental sync would cost in calls, jobs and minutes.

    STREAMS are names or globs; without any, all that are selected. Rows are those that the last
    run has read; where none has, it takes up to 20 ordinary calls a stream, and no bulk call.
    """
    del tap
    made = make_plan(files, streams, catalog=catalog, state=state, count=count)
    if as_json:
        print_json(made.as_json())
    else:
        made.print(console())
    sys.exit(0 if made.ok else 1)


@main.group(invoke_without_command=True)
@click.pass_context
def rejects(ctx: click.Context) -> None:
    """The rejected records in the target's dead-letter files: list, show, replay."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_rejects)


@rejects.command(name="list")
@_STREAMS
@_options(*_TARGET)
def list_rejects(
    *,
    streams: tuple[str, ...] = (),
    target: bool = False,
    files: tuple[str, ...] = (),
    as_json: bool = False,
) -> None:
    """How many letters there are by stream, code and field, and on which lines.

    STREAMS are names or globs; without any, all.
    """
    del target
    folder = _rejects_folder(files)
    found = read_streams(folder, streams)
    if as_json:
        print_json(list_json(folder, found))
    else:
        print_list(console(), folder, found)


@rejects.command()
@_STREAMS
@click.option("--code", help="Only letters with this code.")
@click.option("--examples", "most", default=3, show_default=True, help="Letters of each reason.")
@click.option("--values", is_flag=True, help="Also what the records hold, and Gainsight's words.")
@_options(*_TARGET)
def show(
    *,
    streams: tuple[str, ...],
    code: str | None,
    most: int,
    values: bool,
    target: bool,
    files: tuple[str, ...],
    as_json: bool,
) -> None:
    """Examples of each reason; the records' values only with --values."""
    del target
    found = read_streams(_rejects_folder(files), streams)
    shown = examples(found, most=most, code=code, values=values)
    if as_json:
        print_json({"letters": shown})
    else:
        print_examples(console(), shown)


@rejects.command()
@_STREAMS
@click.option(
    "--from",
    "edited",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A copy of dead letters that you have edited: these are sent, in place of what they were.",
)
@click.option("--force", is_flag=True, help="Also letters that Gainsight's record outdates.")
@_options(*_TARGET)
def replay(
    *,
    streams: tuple[str, ...],
    edited: Path | None,
    force: bool,
    target: bool,
    files: tuple[str, ...],
    as_json: bool,
) -> None:
    """Send the letters again, and move what is settled to <stream>.settled.jsonl.

    Of one key only the newest letter is sent, and none that is older than Gainsight's record.
    """
    del target
    config = config_of(TargetGainsight, files)
    report = resend(config, streams, SystemClock(), edited=edited, force=force)
    if as_json:
        print_json(report.as_json())
    else:
        report.print(console())
    sys.exit(0 if report.ok else 1)


def _rejects_folder(files: tuple[str, ...]) -> Path:
    """The setting `rejects_path`; the others need not be there to look at files."""
    return Path(config_of(TargetGainsight, files).get("rejects_path") or "rejects/")
