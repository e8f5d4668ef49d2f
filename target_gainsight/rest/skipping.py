"""REST calls for those rows alone that Gainsight does not hold already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_gainsight.loading.loaders import Outcome
from target_gainsight.rows.blocks import Rows

if TYPE_CHECKING:
    from target_gainsight.loading.loaders import RestPath
    from target_gainsight.search.unchanged import Unchanged


@dataclass(frozen=True, slots=True)
class SkippingRest:
    """Leaves out rows as the setting `unchanged` says, and loads the others by REST calls.

    Attributes:
        rest: Loads them.
        unchanged: Finds out which rows need not be written.
    """

    rest: RestPath
    unchanged: Unchanged

    @property
    def rest_batch_size(self) -> int:
        """Rows of a call, at most."""
        return self.rest.rest_batch_size

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows, if all are to be written."""
        return self.rest.calls_for(rows)

    def load(self, rows: Rows) -> Outcome:
        """Load rows; each comes out as confirmed or rejected."""
        outcome = Outcome()
        changed = self.unchanged.changed(rows.blocks(), outcome)
        outcome += self.rest.load(Rows(lambda: changed))
        return outcome
