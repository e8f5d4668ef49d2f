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
        logger: Where the lines go.
        clock: Time.
        quota: For what is left of the bulk calls.
        rows: Rows so far.
        bulk_calls: Jobs submitted so far.
    """

    logger: logging.Logger
    clock: Clock
    quota: Quota
    rows: int = 0
    bulk_calls: int = 0
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self.clock.now()

    def page(self, rows: int, done: int | None = None, total: int | None = None) -> None:
        """A page has been read: `rows` rows, which makes `done` of a job's `total`."""
        self.rows += rows
        if done is None or total is None:
            self.logger.info("%s rows so far, %s rows/s", f"{self.rows:,}", f"{self._rate():,.0f}")
            return
        self.logger.info(
            "%s of %s rows (%.0f%%), %s rows/s",
            f"{done:,}",
            f"{total:,}",
            100 * done / total if total else 100,
            f"{self._rate():,.0f}",
        )

    def finished(self) -> None:
        """All has been read."""
        self.logger.info(
            "Done: %s rows in %.1f s, for %d bulk calls; %s",
            f"{self.rows:,}",
            self._seconds(),
            self.bulk_calls,
            self.quota.remaining(Budget.BULK),
        )

    def _seconds(self) -> float:
        return self.clock.now() - self._started

    def _rate(self) -> float:
        return self.rows / max(self._seconds(), 0.001)
