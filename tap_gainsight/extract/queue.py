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
    from collections.abc import Callable, Mapping, Sequence

    from gainsight_api.quota import Usage
    from tap_gainsight.extract.extract import Extract


@dataclass(slots=True)
class Ahead:
    """The extracts of a run, of which the next few are prepared before their turn.

    Attributes:
        names: The streams that are synced, in that order.
        make: Makes a stream's extract.
        bulk_usage: How far the bulk budget is used.
        limit: Extracts that are under way at once.
        logger: Where it is said what is left to its turn.
    """

    names: Sequence[str]
    make: Callable[[str], Extract]
    bulk_usage: Callable[[], Usage]
    limit: int
    logger: logging.Logger
    _prepared: dict[str, Extract] = field(default_factory=dict)
    _begun: int = 0

    def take(self, name: str) -> Extract:
        """The extract of the stream whose turn it is; those of the next ones are prepared."""
        first = not self._begun
        self._begun = max(self._begun, self.names.index(name) + 1)
        extract = self._prepared.pop(name, None) or self.make(name)
        extract.prepare()
        extract.exporting.when_exported = self._prepare_next
        self._prepare_next(busy=extract.exporting.job_id is not None)
        if first:
            self._say_plan({name: extract, **self._prepared})
        return extract

    def _say_plan(self, begun: Mapping[str, Extract]) -> None:
        """Say for which streams there are jobs, and what that leaves for the others."""
        jobs = [name for name, extract in begun.items() if extract.exporting.job_id]
        if jobs:
            self.logger.info(
                "Plan: export jobs for %s; %d streams are still to come; %s",
                ", ".join(jobs),
                len(self.names) - self._begun,
                self.bulk_usage(),
            )

    def _prepare_next(self, *, busy: bool = False) -> None:
        """Prepare the next streams, as long as it needs no waiting."""
        while len(self._prepared) + busy < self.limit and self._begun < len(self.names):
            if not self.bulk_usage().left:
                return
            name = self.names[self._begun]
            self._begun += 1
            try:
                extract = self.make(name)
                extract.prepare()
            except GainsightError as exc:  # it will be said again, and not only logged, in its turn
                self.logger.info("%s cannot be prepared ahead: %s", name, exc)
                continue
            self._prepared[name] = extract
