"""Why a record is not loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for which a record is rejected, as the dead-letter file has it.

    Attributes:
        code: Gainsight's error code, or one of the target's own; None if there is none.
        message: The reason in words; Gainsight's may quote the record, so they are never logged.
        field: The field that it is about; None if it is not about one.
    """

    code: str | None
    message: str
    field: str | None = None


class Unreadable(Problem):
    """A reason for which a record is kept as `raw` text: JSON cannot hold it as it was received."""

    __slots__ = ()


@dataclass(slots=True)
class Rejection:
    """Records that are not loaded, and why.

    Attributes:
        sources: The records, by their index in the batch.
        problems: Every reason.
        request_id: Gainsight's id of the call that was refused, if one was.
    """

    sources: list[int]
    problems: tuple[Problem, ...]
    request_id: str | None = None
