"""What a sync says of itself while it runs: a line per page of long work, and one at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.quota import Budget, Quota

if TYPE_CHECKING:
    import logging

    from gainsight_api.clock import Clock


@dataclass(slots=True)
class Progress:
    """The progress of one stream.

    Attributes:
        stream: The stream's name, which each line has: not every log shows the logger's.
        logger: Where the lines go.
        clock: Time.
        quota: For what is left of the bulk calls.
        rows: Rows so far.
        bulk_calls: Jobs submitted so far.
    """

    stream: str
    logger: logging.Logger
    clock: Clock
    quota: Quota
    rows: int = 0
    bulk_calls: int = 0
    _started: float = field(init=False)
    _first_page: float | None = None

    def __post_init__(self) -> None:
        self._started = self.clock.now()

    def begin(self) -> None:
        """The stream's turn has come."""
        self._started = self.clock.now()

    def first_row(self) -> None:
        """Rows are there; what came before was waiting."""
        if self._first_page is None:
            self._first_page = self.clock.now()

    def page(self, rows: int, done: int | None = None, total: int | None = None) -> None:
        """A page has been read: `rows` rows, which makes `done` of a job's `total`."""
        self.rows += rows
        if done is None or total is None:
            self.logger.info(
                "stream %s: %s rows so far, %s rows/s",
                self.stream,
                f"{self.rows:,}",
                f"{self._rate():,.0f}",
            )
            return
        self.logger.info(
            "stream %s: %s of %s rows (%.0f%%), %s rows/s",
            self.stream,
            f"{done:,}",
            f"{total:,}",
            100 * done / total if total else 100,
            f"{self._rate():,.0f}",
        )

    def finished(self) -> None:
        """All has been read."""
        self.logger.info(
            "stream %s: done: %s rows in %.1f s, of which %.1f s to the first row; bulk calls: "
            "%d; %s",
            self.stream,
            f"{self.rows:,}",
            self.clock.now() - self._started,
            (self._first_page or self.clock.now()) - self._started,
            self.bulk_calls,
            self.quota.remaining(Budget.BULK),
        )

    def _rate(self) -> float:
        since = self._started if self._first_page is None else self._first_page
        return self.rows / max(self.clock.now() - since, 0.001)
