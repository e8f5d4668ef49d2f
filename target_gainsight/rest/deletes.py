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
_SEVERAL = Problem("SEVERAL_MATCHES", "several records have this key; none is deleted")


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
            try:
                is_clear = self._delete_one(deletion)
            except RequestError as exc:
                refused = refusal(exc)
                outcome.reject(deletion, *problems_of(refused), request_id=refused.request_id)
                continue
            if is_clear:
                outcome.confirm([deletion])
            else:
                outcome.reject(deletion, _SEVERAL)
        return outcome

    def _delete_one(self, deletion: Deletion) -> bool:
        """Delete a record by its Gsid, or by its keys if there is none of that Gsid here.

        Returns:
            False if several records have the keys: none of them is deleted then.
        """
        wait = deletion.followed_by_write
        if deletion.gsid and self._delete(deletion.gsid, wait=wait):
            return True
        gsids = self.existing.gsids_of(deletion) if deletion.values else []
        if len(gsids) > 1:
            return False
        for gsid in gsids:
            self._delete(gsid, wait=wait)
        return True

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
