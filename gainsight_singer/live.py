"""Bars on a terminal: chunks, jobs and waits as they are, below the lines of the log.

They are drawn only where a person looks on and nothing else writes: never in a pipe, and so never
under Meltano.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from gainsight_api.calls.replies import printable
from gainsight_singer.words import counted, spell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from gainsight_singer.run import JobRun, Run, StreamRun

_STREAMS_SHOWN = 5
_BAR_CELLS = 30


@contextmanager
def live(run: Run) -> Iterator[None]:
    """While this lasts, show how far a run is, if there is somebody to see it."""
    if not _is_seen():
        yield
        return
    # They take a tenth of a second to import, which no run in a pipe is to pay for.
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        yield
        return
    handlers = [handler for handler in logging.getLogger().handlers if _writes_there(handler)]
    shown = Live(
        get_renderable=lambda: _table(run), console=console, transient=True, redirect_stdout=False
    )
    with shown, _redirected(handlers):
        yield


def _is_seen() -> bool:
    """Whether standard error is a terminal that neither messages nor another program write to."""
    pipes = _is_pipe(sys.stdin) or _is_pipe(sys.stdout)
    return not pipes and sys.stderr.isatty() and not sys.stdout.isatty()


def _is_pipe(stream: IO[str] | None) -> bool:
    try:
        return stream is None or stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (AttributeError, OSError, ValueError):  # it is no file
        return True


def _writes_there(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr


@contextmanager
def _redirected(handlers: list[logging.Handler]) -> Iterator[None]:
    """Have the lines of the log printed above the bars."""
    streams = [h for h in handlers if isinstance(h, logging.StreamHandler)]
    before = [handler.setStream(sys.stderr) for handler in streams]
    try:
        yield
    finally:
        for handler, stream in zip(streams, before, strict=True):
            if stream is not None:
                handler.setStream(stream)


def _table(run: Run) -> Table:
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    streams = list(run.streams.values())  # while the run goes on, there may be more of them
    for stream in [each for each in streams if each.begun][-_STREAMS_SHOWN:]:
        done, total = stream.part or (0, None)
        bar = ProgressBar(total, done, width=_BAR_CELLS) if total else ""
        table.add_row(Text(printable(stream.name)), bar, Text(_said_of_stream(stream)))
    now = run.clock.now()
    open_jobs = [job for job in run.jobs if job.done is None]
    for job in open_jobs:
        table.add_row(Text(printable(job.stream)), "", Text(_said_of_job(job, now)))
    since = run.clock.waiting_since
    if since and not any(job.waited_from for job in open_jobs):
        table.add_row("", "", Text(f"waiting for a limit, or to try again: {spell(now - since)}"))
    return table


def _said_of_stream(stream: StreamRun) -> str:
    return f"{counted(stream.rows, 'row')} {stream.done}{' (failed)' if stream.failed else ''}"


def _said_of_job(job: JobRun, now: float) -> str:
    if job.waited_from:
        return f"waiting for the job {job.id}: {spell(now - job.waited_from)}"
    return f"the job {job.id} is under way: {spell(now - job.begun)}"
