"""What a run has deleted, until it is seen to be gone.

Gainsight's reply to a deletion is that it is initiated (article "Relationship APIs"): the record is
there for a while, and what is written to it in that while goes with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import GainsightError
from gainsight_api.pieces import pieces
from target_gainsight.search.by_values import query_by_values, rows_per_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gainsight_api.clock import Clock
    from gainsight_api.objects.query import Query
    from target_gainsight.rows.blocks import Row
    from target_gainsight.search.matching import Matcher

DELETE_TIMEOUT_SECONDS = 600.0
_GSID = "Gsid"
_MIN_PAUSE_SECONDS = 2.0
_MAX_PAUSE_SECONDS = 15.0
_DOUBTFUL_SECONDS = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Pauses before a record is looked for whose deletion may not have been initiated."""
_ROWS = 1_000


@dataclass(slots=True)
class PendingDeletions:
    """The records of one object that this run has deleted, by whichever of its streams.

    Attributes:
        query: The calls.
        matcher: Compares rows with records.
        clock: Time.
    """

    query: Query
    matcher: Matcher
    clock: Clock
    _gsids: list[str] = field(default_factory=list)

    def add(self, gsid: str) -> None:
        """Note that the deletion of a record has been initiated."""
        self._gsids.append(gsid)

    def is_there(self, gsid: str) -> bool:
        """Whether a record is there."""
        return bool(self._still_there((gsid,), ()))

    def goes(self, gsid: str) -> bool:
        """Whether a record that is there is gone within the time that a deletion may take."""
        for pause in _DOUBTFUL_SECONDS:
            self.clock.sleep(pause)
            if not self.is_there(gsid):
                return True
        return False

    def wait_for(self, rows: Iterable[Row], keys: Sequence[str], stream: str) -> None:
        """Wait until no deleted record is there that has the keys of one of the rows.

        Args:
            rows: What is to be written.
            keys: The key fields that are known; without any, no record may be there.
            stream: The rows' stream, for the error.

        Raises:
            GainsightError: It takes too long.
        """
        if not self._gsids:
            return
        there: Sequence[Mapping[str, Any]] | None = None
        for some in pieces(rows, _ROWS):
            if there is None:
                there = self._still_there(self._gsids, keys)
                self._gsids = [str(record[_GSID]) for record in there]
            if not there:
                return
            self._wait_until_gone(self.matcher.records_of(some, there, keys), stream)

    def _wait_until_gone(self, records: Sequence[Mapping[str, Any]], stream: str) -> None:
        gsids = [str(record[_GSID]) for record in records]
        deadline = self.clock.now() + DELETE_TIMEOUT_SECONDS
        pause = _MIN_PAUSE_SECONDS
        while gsids and (gsids := [str(one[_GSID]) for one in self._still_there(gsids, ())]):
            if self.clock.now() >= deadline:
                raise GainsightError(
                    f"stream {stream}: a record that was deleted, and is to be written anew, is "
                    f"still there after {DELETE_TIMEOUT_SECONDS:.0f} s"
                )
            self.clock.sleep(pause)
            pause = min(pause * 2, _MAX_PAUSE_SECONDS)

    def _still_there(self, gsids: Sequence[str], keys: Sequence[str]) -> list[Mapping[str, Any]]:
        name = self.matcher.described.name
        asked = {gsid.upper() for gsid in gsids}
        found: dict[str, Mapping[str, Any]] = {}
        for some in pieces(gsids, rows_per_query((_GSID,))):
            values = [(gsid,) for gsid in some]
            for record in query_by_values(self.query, name, (_GSID,), values, (_GSID, *keys)):
                gsid = str(record.get(_GSID)).upper()
                if gsid in asked:
                    found[gsid] = record
        return list(found.values())
