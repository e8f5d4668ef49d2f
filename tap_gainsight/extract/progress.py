"""What a sync says of itself while it runs: a line per page of long work, and one at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_singer.words import counted, rate, spell

if TYPE_CHECKING:
    import logging
    from contextlib import AbstractContextManager

    from gainsight_singer.run import Run

WRITTEN = "written"
"""What a tap does with rows."""


@dataclass(slots=True)
class Progress:
    """The progress of one extract.

    Attributes:
        stream: The stream's name, which each line has: not every log shows the logger's.
        logger: Where the lines go.
        run: Where it is written down.
        rows: Rows read so far.
        bulk_calls: Jobs submitted so far.
    """

    stream: str
    logger: logging.Logger
    run: Run
    rows: int = 0
    bulk_calls: int = 0
    _began: tuple[float, float] = field(init=False)
    _first_row: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        self._began = self._moment()

    def begin(self) -> None:
        """The stream's turn has come."""
        self._began = self._moment()
        self.run.stream(self.stream, WRITTEN).begun = True

    def first_row(self) -> None:
        """Rows are there; what came before was waiting."""
        if self._first_row is None:
            self._first_row = self._moment()

    def wrote(self, rows: int) -> None:
        """Rows have been written."""
        self.run.add_rows(self.run.stream(self.stream, WRITTEN), rows)

    def page(self, rows: int, done: int | None = None, total: int | None = None) -> None:
        """A page has been read: `rows` rows, which makes `done` of a job's `total`."""
        self.rows += rows
        if done is None or total is None:
            so_far = f"{counted(self.rows, 'row')} so far"
        else:
            self.run.stream(self.stream, WRITTEN).part = done, total
            percent = 100 * done / total if total else 100
            so_far = f"{done:,} of {counted(total, 'row')} ({percent:.0f}%)"
        seconds = self._busy_seconds(self._first_row or self._began)
        self.logger.info("stream %s: %s%s", self.stream, so_far, rate(self.rows, seconds))

    def job_begun(self, job_id: str) -> None:
        """A job has been submitted, or taken over."""
        self.run.job(self.stream, job_id)

    def waiting_for(self, job_id: str) -> AbstractContextManager[None]:
        """In here the stream waits for a job, until it is done or an error says that it is not."""
        return self.run.waiting_for(self.run.job(self.stream, job_id), self.logger)

    def job_read(self, job_id: str, rows: int) -> None:
        """All rows of a job have been read."""
        job = self.run.job(self.stream, job_id)
        job.ended, job.rows = self.run.clock.now(), rows

    def finished(self) -> None:
        """All has been read."""
        now, waited = self._moment()
        seconds, waited = now - self._began[0], waited - self._began[1]
        busy = self._busy_seconds(self._first_row or self._began)
        self.logger.info(
            "stream %s: done: %s in %s%s%s%s",
            self.stream,
            counted(self.rows, "row"),
            spell(seconds),
            f", of which {spell(waited)} waited" if waited >= 1 else "",
            rate(self.rows, busy),
            f"; {counted(self.bulk_calls, 'job')}" if self.bulk_calls else "",
        )

    def _moment(self) -> tuple[float, float]:
        """The time, and the seconds that the run has waited until now."""
        return self.run.clock.now(), self.run.clock.waited

    def _busy_seconds(self, since: tuple[float, float]) -> float:
        """Seconds since a moment without those that were waited."""
        now, waited = self._moment()
        return now - since[0] - (waited - since[1])
