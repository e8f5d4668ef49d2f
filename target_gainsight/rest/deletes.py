"""Delete records by their Gsid, one by each call (article "Relationship APIs")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_api.errors import RequestError
from target_gainsight.loading.loaders import (
    SEVERAL_MATCHES,
    Deletion,
    FindsDeletions,
    Outcome,
    UnknownKeyError,
)
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rest.refusals import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gainsight_api.objects.records import Records
    from target_gainsight.loading.route import Route
    from target_gainsight.rest.pending_deletions import PendingDeletions
    from target_gainsight.rest.verdicts import Verdicts
    from target_gainsight.rows.blocks import Row

_SEVERAL = Problem(SEVERAL_MATCHES, "several records have this key; none is deleted")
_STILL_THERE = Problem(
    "NOT_DELETED", "Gainsight's reply does not say that it deletes the record, which is still there"
)


class StillThereError(Exception):
    """A record is there a minute after a deletion that Gainsight has not confirmed."""


@dataclass(frozen=True, slots=True)
class Deleter:
    """Deletes records; one that is not there counts as deleted.

    Attributes:
        route: Where the stream goes.
        records: The calls.
        finder: Finds the records that Gainsight holds.
        pending: What the run has deleted of the object.
        verdicts: Tells what refusals mean; with a history of deletions alone.
    """

    route: Route
    records: Records
    finder: FindsDeletions
    pending: PendingDeletions
    verdicts: Verdicts

    def delete(self, deletions: Iterable[Deletion]) -> Outcome:
        """Delete; each deletion comes out as confirmed or rejected.

        Raises:
            GainsightError: A deletion was refused, and not for its record.
        """
        outcome = Outcome()
        for deletion in deletions:
            problems: tuple[Problem, ...]
            request_id = None
            try:
                problems = () if self._delete_one(deletion) else (_SEVERAL,)
            except RequestError as exc:
                refused = self.verdicts.of(exc, alone=True)
                problems, request_id = problems_of(refused), refused.request_id
            except UnknownKeyError as exc:
                problems = exc.problems
            except StillThereError:
                problems = (_STILL_THERE,)
            if problems:
                outcome.reject(deletion, *problems, request_id=request_id)
                deletion.takes_back.clear()
            else:
                self.verdicts.history.has_written = True
                outcome.confirm_deletion(deletion)
        return outcome

    def wait_for(self, rows: Iterable[Row]) -> None:
        """Wait until rows are not written to records that are about to be gone.

        Raises:
            GainsightError: It takes too long.
        """
        keys = self.route.keys
        if keys:
            # What a lookup is still to fill cannot tell rows from deleted records yet.
            known = [key for key in keys if key not in self.route.looked_up_keys]
            self.pending.wait_for(rows, known, self.route.stream)

    def _delete_one(self, deletion: Deletion) -> bool:
        """Delete a record by its Gsid, or by its keys if there is none of that Gsid here.

        Returns:
            False if several records have the keys: none of them is deleted then.
        """
        if deletion.gsid and self._delete(deletion.gsid):
            return True
        gsids = self.finder.gsids_of(deletion) if deletion.values else []
        if len(gsids) > 1:
            return False
        for gsid in gsids:
            self._delete(gsid)
        return True

    def _delete(self, gsid: str) -> bool:
        """Delete a record by its Gsid; tells whether it was there.

        Raises:
            StillThereError: Gainsight's reply does not tell that it is deleted, and it stays.
        """
        initiated = self.records.delete(self.route.object.name, gsid)
        if initiated:
            self.pending.add(gsid)
        elif initiated is None and self.pending.is_there(gsid):
            if not self.pending.goes(gsid):
                raise StillThereError
            return True
        return bool(initiated)
