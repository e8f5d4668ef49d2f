"""How the tenant's jobs run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How long export and import jobs take and stay, and how large chunks are.

    Args:
        job_seconds: How long a job takes by the clock; its work may take longer.
        job_retention: For how many seconds a job, and its chunks, can be asked for.
        chunk_rows: How many rows a chunk of an export has.
    """

    job_seconds: float = 0.0
    job_retention: float = 86400.0
    chunk_rows: int = 20_000
