"""What has become of a run's records, counted; and whether too many were rejected."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.calls.replies import printable
from gainsight_api.errors import GainsightError
from gainsight_singer.run import Reason
from gainsight_singer.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gainsight_singer.run import Run
    from target_gainsight.outcomes.problems import Problem

_LINES_NAMED = 5


class RejectsError(GainsightError):
    """More records were rejected than `max_rejects` allows."""


class Reasons:
    """Why records were rejected: how many, by stream, code and field, and where their letters are.

    No value of a record is among it.
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._lines: dict[tuple[str, str, str], list[int]] = {}

    def add(self, stream: str, problem: Problem, line: int | None = None) -> None:
        """Count a rejected record.

        Args:
            stream: Its stream.
            problem: The first reason.
            line: The number of its line in the dead-letter file, if it is in one.
        """
        reason = (stream, printable(str(problem.code)), printable(problem.field or ""))
        self._counts[reason] += 1
        lines = self._lines.setdefault(reason, [])
        if line is not None and len(lines) < _LINES_NAMED:
            lines.append(line)

    def each(self, stream: str) -> Iterator[Reason]:
        """A stream's reasons, the most frequent one first."""
        for reason, count in self._counts.most_common():
            name, code, about = reason
            if name == stream:
                yield Reason(code, about, count, self._lines[reason])

    def of(self, stream: str) -> str:
        """A stream's reasons as a part of a sentence; empty if it has none."""
        return ", ".join(map(str, self.each(stream)))


@dataclass(slots=True)
class Tally:
    """How many records have been loaded or not, over all streams of a run.

    Attributes:
        max_rejects: Rejected records that do not fail the run; -1 for any number.
        run: Where it is written down what the run does.
        inserted: How many of those that Gainsight confirmed were inserts, which would come twice in
            another run.
        unchanged: How many of them Gainsight held already, by stream.
        rejected: Records rejected, by the stream as received.
        ignored: Records that were marked as deleted, and not loaded, by stream.
        reasons: Why records were rejected.
        files: The dead-letter files, by the stream as received.
    """

    max_rejects: int
    run: Run
    inserted: int = 0
    unchanged: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    reasons: Reasons = field(default_factory=Reasons)
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def broken(self) -> bool:
        """Whether more records have been rejected than are allowed."""
        return 0 <= self.max_rejects < self.rejected.total()

    def collect(self) -> None:
        """Write down what has become of the records that were not simply loaded."""
        counts = {
            "unchanged": self.unchanged,
            "marked as deleted and ignored": self.ignored,
            "rejected": self.rejected,
        }
        for what, count in counts.items():
            for name in count:
                stream = self.run.stream(name, "loaded")
                stream.others[what] = count[name]
        for name, path in self.files.items():
            stream = self.run.stream(name, "loaded")
            stream.reasons, stream.letters = tuple(self.reasons.each(name)), str(path)

    def check(self) -> None:
        """Fail the run if more records have been rejected than are allowed.

        Raises:
            RejectsError: There are more.
        """
        if not self.broken:
            return
        files = ", ".join(f"{path} ({self.rejected[name]:,})" for name, path in self.files.items())
        remedy = (
            f"{_was(self.inserted)} inserted, and would come twice if all were sent "
            "again: fix the rejected ones, and send only those, which the dead-letter file holds"
            if self.inserted
            else "Fix the records or the mapping and run again, or raise `max_rejects`"
        )
        raise RejectsError(
            f"{_was(self.rejected.total())} rejected, and `max_rejects` is "
            f"{self.max_rejects:,}: the reasons are in {files}. {remedy}"
        )


def _was(records: int) -> str:
    return f"{counted(records, 'record')} {'was' if records == 1 else 'were'}"
