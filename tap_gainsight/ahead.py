"""Work ahead: while one stream is written out, the jobs of the next ones are already under way.

It is done between pages, by the thread that writes the messages: a job's id is in the state before
anything else happens, so there is no moment at which a killed run forgets a job it has paid for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.errors import GainsightError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

    from tap_gainsight.extract import Extract


@dataclass(slots=True)
class Ahead:
    """The extracts of a run, of which the next few are prepared before their turn.

    Attributes:
        names: The streams that are synced, in that order.
        make: Makes a stream's extract.
        bulk_calls_left: How many jobs may be submitted at once.
        limit: Extracts that are under way at once.
        logger: Where it is said what is left to its turn.
    """

    names: Sequence[str]
    make: Callable[[str], Extract]
    bulk_calls_left: Callable[[], int]
    limit: int
    logger: logging.Logger
    _prepared: dict[str, Extract] = field(default_factory=dict)
    _begun: int = 0

    def take(self, name: str) -> Extract:
        """The extract of the stream whose turn it is; those of the next ones are prepared."""
        self._begun = max(self._begun, self.names.index(name) + 1)
        extract = self._prepared.pop(name, None) or self.make(name)
        extract.prepare()
        extract.when_exported = self._prepare_next
        self._prepare_next(busy=extract.at.job_id is not None)
        return extract

    def _prepare_next(self, *, busy: bool = False) -> None:
        """Prepare the next streams, as long as it needs no waiting."""
        while len(self._prepared) + busy < self.limit and self._begun < len(self.names):
            if not self.bulk_calls_left():
                return
            name = self.names[self._begun]
            self._begun += 1
            extract = self.make(name)
            try:
                extract.prepare()
            except GainsightError as exc:  # it will be said again, and not only logged, in its turn
                self.logger.info("%s cannot be prepared ahead: %s", name, exc)
                continue
            self._prepared[name] = extract
