"""What a loader is: a batch goes in, and every record of it comes out confirmed or rejected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from target_gainsight.problems import Problem, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_gainsight.rejects import Letter
    from target_gainsight.rows.blocks import Row, Rows
    from target_gainsight.rows.values import Wire


@dataclass(slots=True)
class Outcome:
    """What has become of records: each one is counted as loaded, or is in a rejection.

    Attributes:
        loaded: Received records whose row Gainsight has confirmed.
        rejections: The others.
    """

    loaded: int = 0
    rejections: list[Rejection] = field(default_factory=list)

    def load(self, done: Iterable[Row | Deletion]) -> None:
        """Count rows as loaded."""
        self.loaded += sum(len(row.sources) for row in done)

    def reject(
        self,
        row: Row | Deletion,
        *problems: Problem,
        request_id: str | None = None,
    ) -> None:
        """Reject a row's records."""
        self.rejections.append(Rejection(row.sources, problems, request_id))

    @property
    def accounted(self) -> int:
        """Records that have come out, one way or the other."""
        return self.loaded + sum(len(rejection.sources) for rejection in self.rejections)


@dataclass(slots=True)
class Deletion:
    """A record to delete: by its Gsid, else by its keys; see `Row` for `sources`."""

    gsid: str | None
    values: dict[str, Wire]
    sources: list[int]
    followed_by_write: bool = False


class Loader(Protocol):
    """One of the two paths: same rows, same outcome, same meaning."""

    def load(self, rows: Rows) -> Outcome:
        """Load rows; each comes out as loaded or rejected."""


class RestPath(Loader, Protocol):
    """The path by REST calls, and what it costs."""

    @property
    def batch_size(self) -> int:
        """Rows of a call."""

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows, if none of them is refused."""


class Deletes(Protocol):
    """What deletes records."""

    def delete(self, deletions: Iterable[Deletion]) -> Outcome:
        """Delete; each deletion comes out as loaded or rejected."""


class Letters(Protocol):
    """Where rejected records go."""

    def add(self, letters: Iterable[Letter]) -> None:
        """Keep rejected records; they are safe when this returns."""
