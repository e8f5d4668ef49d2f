"""What reading a number of rows costs, as the tap goes about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tap_gainsight.extract.extract import Method

if TYPE_CHECKING:
    from tap_gainsight.settings import TapSettings

ROWS_PER_CHUNK = 20_000
"""As the article's sample has it; the tenant says for each job."""
STATUS_CALLS_PER_JOB = 6
SECONDS_PER_CALL = 1.0
SECONDS_PER_JOB = 60.0
"""What nobody but the tenant knows is taken for granted: how long its calls and jobs take."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a sync costs.

    Attributes:
        calls: Ordinary calls.
        jobs: Export jobs.
    """

    calls: int = 0
    jobs: int = 0

    def __add__(self, other: Self) -> Cost:
        return Cost(self.calls + other.calls, self.jobs + other.jobs)

    def seconds(self, max_concurrent_jobs: int) -> float:
        """How long it takes where no limit is in the way."""
        return self.calls * SECONDS_PER_CALL + self.jobs * SECONDS_PER_JOB / max_concurrent_jobs


def cost_of(
    rows: int, method: Method, settings: TapSettings, *, page_rows: int, keyed: bool
) -> Cost:
    """What it costs to read a stream.

    Args:
        rows: How many rows there are.
        method: How the stream is read.
        settings: The tap's settings.
        page_rows: Rows of a query page.
        keyed: Whether the rows have a key; else they are read whole, by a page or a job.
    """
    by_query = Cost(calls=-(-rows // page_rows) + 1)
    if method is Method.QUERY:
        return by_query
    if method is Method.BULK:
        return _by_job(rows, settings)
    few = max(settings.bulk_threshold_rows, 1) if keyed else page_rows
    if rows <= few:
        return by_query
    return Cost(calls=2) + _by_job(rows, settings)


def _by_job(rows: int, settings: TapSettings) -> Cost:
    jobs = max(1, -(-rows // settings.max_rows_per_job))
    chunks = -(-rows // ROWS_PER_CHUNK)
    return Cost(calls=jobs * (STATUS_CALLS_PER_JOB + 1) + chunks, jobs=jobs)
