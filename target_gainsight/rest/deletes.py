"""Deletes records, one a call, by their Gsid (article "Relationship APIs")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_api.errors import GainsightError, RequestError
from gainsight_api.records import Records, refusal
from target_gainsight.loaders import Deletion, Outcome
from target_gainsight.problems import Problem
from target_gainsight.rest.refusals import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gainsight_api.clock import Clock
    from target_gainsight.route import Route
    from target_gainsight.search.existing import Existing

_PATIENCE = 300.0
_POLL = 2.0


@dataclass(frozen=True, slots=True)
class Deleter:
    """Deletes; what is not there is as good as deleted.

    Attributes:
        route: Whose records they are.
        records: The calls.
        existing: What Gainsight holds.
        clock: Time.
    """

    route: Route
    records: Records
    existing: Existing
    clock: Clock

    def delete(self, deletions: Iterable[Deletion]) -> Outcome:
        """Delete; each deletion comes out as loaded or rejected."""
        outcome = Outcome()
        for deletion in deletions:
            gsids = [deletion.gsid] if deletion.gsid else self.existing.gsids(deletion)
            if len(gsids) > 1:
                several = Problem(
                    "SEVERAL_MATCHES", "several records have this key; none is deleted"
                )
                outcome.reject(deletion, several)
                continue
            try:
                for gsid in gsids:
                    self._delete(gsid, wait=deletion.followed_by_write)
            except RequestError as exc:
                told = refusal(exc)
                outcome.reject(deletion, *problems_of(told), request_id=told.request_id)
            else:
                outcome.confirm([deletion])
        return outcome

    def _delete(self, gsid: str, *, wait: bool) -> None:
        """Delete, which Gainsight does some time later; wait for it where a new record follows."""
        there = self.records.delete(self.route.object.name, gsid)
        until = self.clock.now() + _PATIENCE
        while there and wait and self.existing.holds(gsid):
            if self.clock.now() >= until:
                raise GainsightError(
                    f"stream {self.route.stream}: a record that was deleted, and is to be written "
                    f"anew, is still there after {_PATIENCE:.0f} s"
                )
            self.clock.sleep(_POLL)
