"""What a loader is: a batch goes in, and every record of it comes out confirmed or rejected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from target_gainsight.outcomes.problems import Problem, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_gainsight.outcomes.rejects import Letter
    from target_gainsight.rows.blocks import Row, Rows
    from target_gainsight.rows.values import Wire


SEVERAL_MATCHES = "SEVERAL_MATCHES"
UNSETTLED = "UNSETTLED"


class UnknownKeyError(Exception):
    """The key of a record cannot be found out.

    Attributes:
        problems: Every reason.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("the key cannot be found out")
        self.problems = problems


@dataclass(slots=True)
class Outcome:
    """What has become of records: each one is counted as confirmed, or is in a rejection.

    Attributes:
        confirmed: How many received records Gainsight has confirmed, by confirming their row or
            deletion.
        unchanged: How many of them Gainsight held already, so that they were not written.
        rejections: The other records.
    """

    confirmed: int = 0
    unchanged: int = 0
    rejections: list[Rejection] = field(default_factory=list)

    def confirm(self, done: Iterable[Row]) -> None:
        """Count the records of rows as confirmed."""
        self.confirmed += sum(len(each.sources) for each in done)

    def confirm_deletion(self, deletion: Deletion) -> None:
        """Count the records of a deletion, and those that it takes back, as confirmed."""
        self.confirmed += len(deletion.sources) + len(deletion.takes_back)

    def reject(
        self,
        row: Row | Deletion,
        *problems: Problem,
        request_id: str | None = None,
    ) -> None:
        """Reject the records of a row or deletion.

        Args:
            row: What is rejected.
            problems: Why.
            request_id: Gainsight's id of the call that was refused, if one was.
        """
        self.rejections.append(Rejection(row.sources, problems, request_id))

    def __iadd__(self, other: Outcome) -> Self:
        """Add the outcome of further records."""
        self.confirmed += other.confirmed
        self.unchanged += other.unchanged
        self.rejections += other.rejections
        return self


@dataclass(slots=True)
class Deletion:
    """A record to delete.

    Attributes:
        gsid: Its Gsid; None if it is found by its keys.
        values: The values of its key fields, by field.
        sources: The received records that say so, by their index in the batch.
        takes_back: The records before them that need not be written, since it is done.
    """

    gsid: str | None
    values: dict[str, Wire]
    sources: list[int]
    takes_back: list[int] = field(default_factory=list)


class FindsDeletions(Protocol):
    """What finds the records to delete."""

    def gsids_of(self, deletion: Deletion) -> list[str]:
        """The Gsids of the records that have the keys of a deletion.

        Raises:
            UnknownKeyError: One of the keys cannot be found out.
        """


class Loader(Protocol):
    """One of the two paths, by REST calls or by import jobs; a row means the same on both."""

    def load(self, rows: Rows) -> Outcome:
        """Load rows; each comes out as confirmed or rejected."""


class RestPath(Loader, Protocol):
    """The path by REST calls, and what it costs."""

    @property
    def rest_batch_size(self) -> int:
        """Rows of a call, at most."""

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows, if none of them is refused."""


class RestWriter(RestPath, Protocol):
    """What makes the REST calls of an object, and can tell which it would make."""

    def sendable(self, rows: Rows, outcome: Outcome) -> Iterable[Row]:
        """The rows that would be sent; those are rejected that would be without a write."""


class Deletes(Protocol):
    """What deletes records."""

    def delete(self, deletions: Iterable[Deletion]) -> Outcome:
        """Delete; each deletion comes out as confirmed or rejected.

        A rejected one takes nothing back.
        """

    def wait_for(self, rows: Iterable[Row]) -> None:
        """Wait until no record that was deleted can be taken for one of these rows."""


class Letters(Protocol):
    """Where rejected records go."""

    def add(self, letters: Iterable[Letter]) -> None:
        """Keep rejected records; they are safe when this returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaders:
    """What becomes of a stream's rows: a run sends them, a dry run counts them.

    Attributes:
        rest: The loader by REST calls.
        bulk: The loader by import jobs; None where all rows go by REST.
        deleter: What deletes records.
        letters: Where rejected records go.
        done: What the log says is done with records: "loaded into" their object.
    """

    rest: RestPath
    bulk: Loader | None
    deleter: Deletes
    letters: Letters
    done: str
