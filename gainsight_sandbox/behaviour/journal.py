"""What was written, call by call and job by job, for tests to ask."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.operations import Operation

KEPT_ENTRIES = 100_000


class Outcome(StrEnum):
    """What became of a record."""

    INSERTED = "inserted"
    UPDATED = "updated"
    DELETED = "deleted"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """What became of one record of a call, and its key if it has one."""

    outcome: Outcome
    key: str | None = None


@dataclass(frozen=True, slots=True)
class WriteCall:
    """A synchronous write: its outcomes in the order sent; `code` is the error of a refused one."""

    number: int
    moment: float
    object: str
    operation: Operation
    keys: tuple[str, ...]
    outcomes: tuple[RecordOutcome, ...]
    code: str | None = None

    def count(self, outcome: Outcome) -> int:
        """How many records had that outcome."""
        return sum(each.outcome is outcome for each in self.outcomes)


@dataclass(slots=True)
class SubmittedImport:
    """An import job that was accepted; the counts are final when it is `done`."""

    number: int
    moment: float
    job_id: str
    api: str
    object: str
    operation: Operation
    keys: tuple[str, ...]
    file_name: str
    sha256: str
    size: int
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    failed: int = 0
    done: bool = False


@dataclass(slots=True)
class Journal:
    """All writes, in the order in which they came."""

    calls: deque[WriteCall] = field(default_factory=lambda: deque(maxlen=KEPT_ENTRIES))
    imports: deque[SubmittedImport] = field(default_factory=lambda: deque(maxlen=KEPT_ENTRIES))
    _numbers: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_number(self) -> int:
        """The next number, from 1 on; calls and jobs are numbered together."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def note(
        self,
        moment: float,
        object_name: str,
        operation: Operation,
        outcomes: tuple[RecordOutcome, ...],
        *,
        keys: tuple[str, ...] = (),
        code: str | None = None,
    ) -> None:
        """Note a write call; see `WriteCall`."""
        self.calls.append(
            WriteCall(
                number=self.next_number(),
                moment=moment,
                object=object_name.lower(),
                operation=operation,
                keys=keys,
                outcomes=outcomes,
                code=code,
            )
        )

    def clear(self) -> None:
        """Forget all."""
        self.calls.clear()
        self.imports.clear()

    def imports_by_name(self) -> Counter[str]:
        """How many jobs were submitted with each file name."""
        return Counter(job.file_name for job in list(self.imports))

    def imports_by_content(self) -> Counter[str]:
        """How many jobs were submitted with each file content, by its SHA-256."""
        return Counter(job.sha256 for job in list(self.imports))

    def written(self, object_name: str) -> Counter[Outcome]:
        """How many records of an object had each outcome, by calls and jobs together."""
        total: Counter[Outcome] = Counter()
        for call in list(self.calls):
            if call.object == object_name:
                total.update(each.outcome for each in call.outcomes)
        for job in list(self.imports):
            if job.object == object_name:
                total[Outcome.INSERTED] += job.inserted
                total[Outcome.UPDATED] += job.updated
                total[Outcome.REFUSED] += job.failed
        return +total
