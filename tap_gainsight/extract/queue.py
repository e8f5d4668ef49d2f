"""Work ahead: while one stream is written out, the jobs of the next ones are already under way.

It is done by a thread of its own, one stream after the other, so that no wait of a later stream
holds back rows that are ready. A job's id is beside the quota before anything else happens, so
there is no moment at which a killed run forgets a job it has paid for.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.background import in_background
from gainsight_api.errors import GainsightError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from gainsight_api.quota import Usage
    from tap_gainsight.extract.extract import Extract

_HEAD_START_SECONDS = 1.0
"""Seconds that a stream which must wait for its job may leave to the others."""


@dataclass(slots=True)
class ExtractQueue:
    """The extracts of a run, of which the next few are prepared before their turn.

    Attributes:
        names: The streams that are synced, in that order.
        make: Makes a stream's extract.
        bulk_usage: How far the bulk budget is used.
        max_concurrent_jobs: Export jobs that may be under way at once.
        logger: Where it is said what is left to its turn.
        waiting: Notes that the run waits.
    """

    names: Sequence[str]
    make: Callable[[str], Extract]
    bulk_usage: Callable[[], Usage]
    max_concurrent_jobs: int
    logger: logging.Logger
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext
    _prepared: dict[str, Future[Extract | None]] = field(default_factory=dict)
    _begun: int = 0
    _worker: Future[None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, name: str) -> Extract:
        """The extract of the stream whose turn it is."""
        with self._lock:
            self._begun = max(self._begun, self.names.index(name) + 1)
            future = self._prepared.pop(name, None)
        with self.waiting():
            prepared = future.result() if future else None
        extract = prepared or self.make(name)
        extract.prepare()
        if extract.export_pages.job_id:
            # Its rows must be waited for anyhow, so others may have a moment to begin.
            self.work_ahead()
            if self._worker:
                wait([self._worker], timeout=_HEAD_START_SECONDS)
        return extract

    def work_ahead(self) -> None:
        """Prepare the next streams in the background, as long as they may have a job.

        The stream whose turn it is may take a job at any time, so there is always room for it.
        """
        idle = self._worker is None or self._worker.done()
        if idle and self._next_name() is not None:
            self._worker = in_background("work ahead", self._prepare_next)

    def _next_name(self) -> str | None:
        """The stream that may be prepared now, if there is one."""
        room = len(self._prepared) + 1 < self.max_concurrent_jobs
        if not room or self._begun >= len(self.names) or not self.bulk_usage().left:
            return None
        return self.names[self._begun]

    def _prepare_next(self) -> None:
        while True:
            with self._lock:
                name = self._next_name()
                if name is None:
                    return
                self._begun += 1
                future = self._prepared[name] = Future()
            try:
                future.set_result(self._prepare(name))
            except BaseException as exc:  # noqa: BLE001 - raised again in the stream's turn
                future.set_exception(exc)

    def _prepare(self, name: str) -> Extract | None:
        try:
            extract = self.make(name)
            extract.prepare()
        except GainsightError as exc:  # it will be said again, and not only logged, in its turn
            self.logger.info("stream %s cannot be prepared ahead: %s", name, exc)
            return None
        if extract.export_pages.job_id:
            self.logger.info(
                "stream %s: its export job is under way before its turn; streams after it: %d; %s",
                name,
                len(self.names) - self.names.index(name) - 1,
                self.bulk_usage(),
            )
        return extract
