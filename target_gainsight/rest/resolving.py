"""REST calls for rows whose lookups the target does, since Gainsight would refuse them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_gainsight.loading.loaders import Outcome
from target_gainsight.rows.blocks import Rows

if TYPE_CHECKING:
    from target_gainsight.loading.loaders import RestPath
    from target_gainsight.loading.route import Route
    from target_gainsight.search.lookups import Resolver


@dataclass(frozen=True, slots=True)
class ResolvingRest:
    """Does the lookups of rows, and loads them by REST calls.

    Attributes:
        route: Where the rows go.
        rest: Loads them.
        resolver: Does the lookups.
    """

    route: Route
    rest: RestPath
    resolver: Resolver

    @property
    def rest_batch_size(self) -> int:
        """Rows of a call, at most."""
        return self.rest.rest_batch_size

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows, but for the lookups."""
        return self.rest.calls_for(rows)

    def load(self, rows: Rows) -> Outcome:
        """Load rows; each comes out as confirmed or rejected."""
        outcome = Outcome()
        for wave in self.resolver.waves(rows, self.route.object.name):
            blocks = list(self.resolver.resolved(wave, outcome))
            outcome += self.rest.load(Rows(lambda blocks=blocks: iter(blocks)))  # type: ignore[misc]
        return outcome
