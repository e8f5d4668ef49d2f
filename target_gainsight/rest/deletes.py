"""Delete records by their Gsid, one by each call (article "Relationship APIs")."""

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

DELETE_TIMEOUT_SECONDS = 600.0
_POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Deleter:
    """Deletes records; one that is not there counts as deleted.

    Attributes:
        route: Where the stream goes.
        records: The calls.
        existing: Finds the records that Gainsight holds.
        clock: Time.
    """

    route: Route
    records: Records
    existing: Existing
    clock: Clock

    def delete(self, deletions: Iterable[Deletion]) -> Outcome:
        """Delete; each deletion comes out as confirmed or rejected."""
        outcome = Outcome()
        for deletion in deletions:
            gsids = [deletion.gsid] if deletion.gsid else self.existing.gsids_of(deletion)
            if len(gsids) > 1:
                several = Problem(
                    "SEVERAL_MATCHES", "several records have this key; none is deleted"
                )
                outcome.reject(deletion, several)
                continue
            try:
                for gsid in gsids:
                    self._delete_or_its_keys(gsid, deletion)
            except RequestError as exc:
                refused = refusal(exc)
                outcome.reject(deletion, *problems_of(refused), request_id=refused.request_id)
            else:
                outcome.confirm([deletion])
        return outcome

    def _delete_or_its_keys(self, gsid: str, deletion: Deletion) -> None:
        """Delete a record by its Gsid; by its keys, if that Gsid may be another tenant's."""
        wait = deletion.followed_by_write
        if self._delete(gsid, wait=wait) or not (deletion.gsid and deletion.values):
            return
        for other in self.existing.gsids_of(deletion):
            self._delete(other, wait=wait)

    def _delete(self, gsid: str, *, wait: bool) -> bool:
        """Delete a record, and wait until it is gone if a new one is to be written in its place."""
        was_there = self.records.delete(self.route.object.name, gsid)
        deadline = self.clock.now() + DELETE_TIMEOUT_SECONDS
        while was_there and wait and self.existing.has_gsid(gsid):
            if self.clock.now() >= deadline:
                raise GainsightError(
                    f"stream {self.route.stream}: a record that was deleted, and is to be written "
                    f"anew, is still there after {DELETE_TIMEOUT_SECONDS:.0f} s"
                )
            self.clock.sleep(_POLL_SECONDS)
        return was_there
