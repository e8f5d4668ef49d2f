"""What a run does, written down while it does it: rows by stream, jobs, waits.

Its cost is by the page or the batch, never by the row.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.calls.replies import printable
from gainsight_singer.words import counted, spell

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence

    from gainsight_api.clock import Clock

_MAX_SAMPLES = 600
_GAP_SECONDS = 1.0
"""Waits with no more between them than a call are one."""


class RunClock:
    """Time, as a run sees it, with a note of how long its main thread has waited.

    Args:
        clock: The time it goes by.

    Attributes:
        waited: Seconds that the run has waited: for jobs, for limits, and between tries.
        waits: From when until when, in seconds since 1970.
        waiting_since: Since when it is waiting; None if it is not.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.waited = 0.0
        self.waits: list[tuple[float, float]] = []
        self.waiting_since: float | None = None

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        with self.waiting():
            self._clock.sleep(seconds)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """What is done in here is to wait; in another thread it holds nobody back."""
        if self.waiting_since or threading.current_thread() is not threading.main_thread():
            yield
            return
        started = self.waiting_since = self.now()
        try:
            yield
        finally:
            self.waiting_since = None
            ended = self.now()
            self.waited += ended - started
            if self.waits and started - self.waits[-1][1] <= _GAP_SECONDS:
                started = self.waits.pop()[0]
            self.waits.append((started, ended))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some records of a stream were rejected.

    Attributes:
        code: Gainsight's code, or one of the target's own.
        field: The field that it is about; empty if it is about none.
        records: How many.
        lines: The first of their lines in the dead-letter file.
    """

    code: str
    field: str
    records: int
    lines: Sequence[int] = ()

    def __str__(self) -> str:
        """The reason, how often, and where."""
        about = f" {self.field}" if self.field else ""
        where = f" ({self.where})" if self.lines else ""
        return f"{self.code}{about} {self.records:,}{where}"

    @property
    def where(self) -> str:
        """The first of its lines, as a part of a sentence; empty if there are none."""
        if not self.lines:
            return ""
        more = ", …" if self.records > len(self.lines) else ""
        plural = "s" if len(self.lines) > 1 else ""
        return f"line{plural} {', '.join(map(str, self.lines))}{more}"


@dataclass(slots=True)
class StreamRun:
    """What a run has done of a stream.

    Attributes:
        name: The stream's name.
        done: What is done with its rows, such as "written" or "loaded into company".
        rows: How many rows that has been done with.
        others: Rows with which something else has been done, by what it is.
        reasons: Why rows were rejected, the most frequent first.
        letters: The file that has the rejected ones.
        failed: Whether the stream's end was an error.
        begun: Whether its turn has come.
        part: Rows read of the present job, and all that it has; None if there is no such.
    """

    name: str
    done: str
    rows: int = 0
    others: dict[str, int] = field(default_factory=dict)
    reasons: Sequence[Reason] = ()
    letters: str = ""
    failed: bool = False
    begun: bool = True
    part: tuple[int, int] | None = None

    def __str__(self) -> str:
        """The stream in a line."""
        name = printable(self.name)
        if not self.begun:
            return f"stream {name}: {self.state}"
        others = [f"{count:,} {what}" for what, count in self.others.items() if count]
        text = ", ".join([f"{counted(self.rows, 'row')} {self.done}", *others])
        if self.reasons:
            text += f": {', '.join(map(str, self.reasons))} of {self.letters}"
        return f"stream {name}: {text}{'; it failed' if self.failed else ''}"

    @property
    def state(self) -> str:
        """How it stands: what is done with its rows, or that it failed or was not begun."""
        if not self.begun:
            return "not begun"
        return "failed" if self.failed else self.done


@dataclass(slots=True)
class JobRun:
    """An export or import job.

    Attributes:
        id: Its id.
        stream: Its stream.
        begun: When it was submitted, or taken over from an earlier run, in seconds since 1970.
        waited_from: From when on the run waited for it; None if it has not yet.
        done: When it was seen to be done; None if it was not.
        ended: When all was read of it; None if it was not.
        rows: Rows of it.
    """

    id: str
    stream: str
    begun: float
    waited_from: float | None = None
    done: float | None = None
    ended: float | None = None
    rows: int | None = None


@dataclass(slots=True)
class Run:
    """A run of a connector.

    Attributes:
        connector: The connector's name.
        clock: Time.
        started: When it began, in seconds since 1970.
        streams: What it has done, by the streams' names.
        jobs: Its jobs.
        samples: How many rows were through at some moments.
        error: Why it failed; None if it did not.
    """

    connector: str
    clock: RunClock
    started: float = field(init=False)
    streams: dict[str, StreamRun] = field(default_factory=dict)
    jobs: list[JobRun] = field(default_factory=list)
    samples: list[tuple[float, int]] = field(default_factory=list)
    error: str | None = None
    _rows: int = 0

    def __post_init__(self) -> None:
        self.started = self.clock.now()

    @property
    def seconds(self) -> float:
        """Seconds by the clock since it began."""
        return self.clock.now() - self.started

    def stream(self, name: str, done: str) -> StreamRun:
        """What has been done of a stream so far."""
        return self.streams.setdefault(name, StreamRun(name, done))

    def add_rows(self, stream: StreamRun, rows: int) -> None:
        """Rows are through."""
        stream.rows += rows
        self._rows += rows
        if len(self.samples) >= _MAX_SAMPLES:
            del self.samples[::2]
        self.samples.append((self.clock.now(), self._rows))

    @contextmanager
    def waiting_for(self, job: JobRun, logger: logging.Logger) -> Iterator[None]:
        """In here the run waits for a job, until it is done or an error says that it is not."""
        started = self.clock.now()
        job.waited_from = job.waited_from or started
        with self.clock.waiting():
            yield
        job.done = job.done or self.clock.now()
        if (waited := self.clock.now() - started) >= 1:
            logger.info("stream %s: waited %s for the job %s", job.stream, spell(waited), job.id)

    def job(self, stream: str, job_id: str) -> JobRun:
        """A job; it begins now if it is new."""
        for job in self.jobs:
            if job.id == job_id:
                return job
        self.jobs.append(JobRun(job_id, stream, self.clock.now()))
        return self.jobs[-1]
