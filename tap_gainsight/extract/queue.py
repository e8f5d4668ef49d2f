"""Work ahead: while one stream is written out, the jobs of the next ones are already under way.

It is done by a thread of its own, one stream after the other, so that no wait of a later stream
holds back rows that are ready. A job's id is beside the quota before anything else happens, so
there is no moment at which a killed run forgets a job it has paid for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.background import in_background
from gainsight_api.errors import GainsightError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from gainsight_api.quota import Usage
    from tap_gainsight.extract.extract import Extract


@dataclass(slots=True)
class ExtractQueue:
    """The extracts of a run, of which the next few are prepared before their turn.

    Attributes:
        names: The streams that are synced, in that order.
        make: Makes a stream's extract.
        bulk_usage: How far the bulk budget is used.
        max_concurrent_jobs: Export jobs that may be under way at once.
        logger: Where it is said what is left to its turn.
    """

    names: Sequence[str]
    make: Callable[[str], Extract]
    bulk_usage: Callable[[], Usage]
    max_concurrent_jobs: int
    logger: logging.Logger
    _prepared: dict[str, Future[Extract | None]] = field(default_factory=dict)
    _begun: int = 0

    def next(self, name: str) -> Extract:
        """The extract of the stream whose turn it is."""
        self._begun = max(self._begun, self.names.index(name) + 1)
        future = self._prepared.pop(name, None)
        extract = (future.result() if future else None) or self.make(name)
        extract.prepare()
        if extract.export_pages.job_id:
            self.work_ahead()
        return extract

    def work_ahead(self) -> None:
        """Begin to prepare the next stream that may have a job, beside the one whose turn it is.

        The stream whose turn it is may take a job at any time, so there is always room for it.
        """
        busy = any(not future.done() for future in self._prepared.values())
        room = len(self._prepared) + 1 < self.max_concurrent_jobs
        if busy or not room or self._begun >= len(self.names) or not self.bulk_usage().left:
            return
        name = self.names[self._begun]
        self._begun += 1
        self._prepared[name] = in_background(f"prepare {name}", self._prepare, name)

    def _prepare(self, name: str) -> Extract | None:
        try:
            extract = self.make(name)
            extract.prepare()
        except GainsightError as exc:  # it will be said again, and not only logged, in its turn
            self.logger.info("stream %s cannot be prepared ahead: %s", name, exc)
            return None
        if extract.export_pages.job_id:
            waiting = len(self.names) - self._begun
            self.logger.info(
                "stream %s: its export job is under way before its turn; streams after it: %d; %s",
                name,
                waiting,
                self.bulk_usage(),
            )
        return extract
