"""Why a record is not loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Rejection:
    """Records that are not loaded, by their place in the batch, and why."""

    sources: list[int]
    problems: tuple[Problem, ...]
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for which a record is rejected, as the dead-letter file has it."""

    code: str | None
    message: str
    field: str | None = None
