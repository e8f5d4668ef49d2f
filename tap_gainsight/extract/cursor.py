"""The reading of a window, page by page: what is asked for next, and how far it has come.

A page is a query's reply or a chunk of a job. After each one a checkpoint says how far the
reading has come; nothing before it is asked for again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from gainsight_api.errors import DataError
from gainsight_api.filters import build as filters
from tap_gainsight.extract.checkpoint import Checkpoint
from tap_gainsight.extract.paging import Position, Tracker, Window, advance, next_read, start_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator

    from gainsight_api.clock import Clock
    from gainsight_api.errors import GainsightError
    from gainsight_api.read import Read
    from tap_gainsight.extract.progress import Progress
    from tap_gainsight.records.block import Block
    from tap_gainsight.records.decode import Decoder

UNKNOWN_NAME = {"P_5005", "GSOBJ_ESS_9150"}
"""The codes of a request that names an object or a field which the tenant does not have."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One stream's reading.

    Attributes:
        window: What is read.
        decoder: Makes blocks of records of pages.
        job_rows: Rows that one job may export.
        save: Called after every page, and as soon as a job is submitted.
        narrow: Called when the tenant does not know a field; gives the window and the decoder
            without the fields that it no longer has, or None if it has them all.
        progress: Told of every page.
        logger: The stream's.
        clock: Time.
        tenant_time: What the tenant's clock shows at one of this machine's times.
        resumed: How far a run before this one had come, if it did not end.
        request: A digest of what is read.
        at: How far it has come.
    """

    window: Window
    decoder: Decoder
    job_rows: int
    save: Callable[[Checkpoint], None]
    narrow: Callable[[], tuple[Window, Decoder] | None]
    progress: Progress
    logger: logging.Logger
    clock: Clock
    tenant_time: Callable[[float], float]
    resumed: Checkpoint | None = None
    request: str = field(init=False)
    at: Checkpoint = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock.now()
        self.request = _digest(self.window, self.job_rows)  # before fields are left out
        resumed = self.resumed
        if resumed and resumed.request != self.request:
            self.logger.warning("Another selection than the last run's: its export is left")
            resumed = None
        self.at = resumed or Checkpoint(position=start_of(self.window))

    @property
    def began(self) -> str:
        """The tenant's time when the reading began, in whole seconds."""
        # What it was is known better after the first reply, which tells the tenant's clock.
        began = datetime.fromtimestamp(self.tenant_time(self._began), UTC)
        return self.at.began or began.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    @property
    def done(self) -> bool:
        """Whether all has been read."""
        return self.at.position.done

    def read(self, limit: int) -> Read:
        """What to ask for next."""
        return next_read(self.window, self.at.position, limit)

    def narrowed(self, error: GainsightError) -> bool:
        """Whether fields could be left out that the tenant no longer has."""
        narrowed = self.narrow() if error.code in UNKNOWN_NAME else None
        if narrowed:
            self.window, self.decoder = narrowed
        return narrowed is not None

    def seen(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The blocks, each noted for the next page and the bookmark."""
        for block in blocks:
            values, keys = block.of(self.window.replication_key), block.of(self.window.key)
            self.at.seen.see_all(values, keys)
            yield block

    def following(self, *, last: bool, full: bool) -> Position:
        """The position after the page, or the job, whose rows have been seen.

        Args:
            last: Whether it is certain that nothing was left out.
            full: Whether it was as long as asked for.

        Raises:
            DataError: What comes next cannot be told from the rows.
        """
        seen = self.at.seen
        position = advance(self.window, self.at.position, seen, last=last, full=full)
        if not (position.done or seen.ordered):
            raise DataError(
                f"stream {self.decoder.stream}: rows do not come in the order that was asked for, "
                "so what comes after them cannot be told"
            )
        if position == self.at.position and not position.done:
            raise DataError(
                f"stream {self.decoder.stream}: the same rows came again in place of those that "
                "follow them"
            )
        return position

    def move(self, position: Position, seen: Tracker) -> None:
        """Go on from a position, with no job under way."""
        self.at = Checkpoint(
            position=position, seen=seen, request=self.at.request, began=self.at.began
        )
        self.keep()

    def keep(self) -> None:
        """Save how far it has come."""
        self.at.began = self.began
        self.save(self.at)


def _digest(window: Window, job_rows: int) -> str:
    """Tells this reading from one of other fields, or with another filter or job size."""
    parts = [
        window.object,
        window.fields,
        window.key,
        window.replication_key,
        filters.body(window.filter),
        job_rows,
    ]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]
