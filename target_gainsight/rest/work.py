"""Work through the calls for some rows.

The calls are a list of work: what a call shows settles rows, and puts further calls before those
that are still to be made.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from gainsight_api.errors import RequestError, RetriableError, TooLargeError
from target_gainsight.loading.loaders import UNSETTLED as UNSETTLED_CODE
from target_gainsight.loading.loaders import Outcome
from target_gainsight.loading.route import Operation
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rest.calls import bisect
from target_gainsight.rest.verdicts import Verdicts
from target_gainsight.rows.keys import comparable, kind_of_field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gainsight_api.clock import Clock
    from target_gainsight.loading.route import Route
    from target_gainsight.rest.calls import Call
    from target_gainsight.rest.history import WriteHistory
    from target_gainsight.rows.blocks import Row

logger = logging.getLogger(__name__)

Reply = TypeVar("Reply")

_SETTLING_SECONDS = (10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 60.0)
"""Pauses before an insert that was not answered is looked for, and perhaps sent again."""

UNCONFIRMED = Problem("UNCONFIRMED", "Gainsight's reply does not show this record, twice over")
UNSETTLED = Problem(
    UNSETTLED_CODE,
    "the connection broke off, and whether this record was added cannot be told: look for it in "
    "Gainsight before sending it again",
)


@dataclass(slots=True, kw_only=True)
class Pass(ABC, Generic[Reply]):
    """One pass of rows through a loader, and what it remembers from call to call.

    Attributes:
        route: Where the rows go.
        clock: Time.
        history: What has become of writes to the object so far.
        unanswered: How many inserts in a row were not answered.
    """

    route: Route
    clock: Clock
    history: WriteHistory
    unanswered: int = 0

    @abstractmethod
    def send(self, call: Call) -> Reply:
        """Make a call."""

    @abstractmethod
    def answered(self, call: Call, reply: Reply) -> tuple[Outcome, list[Call]]:
        """What a reply settles, and the calls for the other rows."""

    @abstractmethod
    def refused(self, call: Call, error: RequestError) -> tuple[Outcome, list[Call]]:
        """What a refusal of a call settles, and the calls for the other rows.

        Raises:
            GainsightError: The reason is not in the rows.
        """

    @abstractmethod
    def look_for(self, call: Call) -> tuple[Outcome, list[Call]]:
        """Look for the rows of an insert that was not answered; the route has keys."""

    def load(self, calls: Iterable[Call]) -> Outcome:
        """Make calls, and the further ones that they turn out to need."""
        outcome = Outcome()
        for first in calls:
            work = deque([first])
            while work:
                done, more = self._settle(work.popleft())
                outcome += done
                work.extendleft(reversed(more))
        return outcome

    def _settle(self, call: Call) -> tuple[Outcome, list[Call]]:
        """Make a call; return what has become of its rows, and the calls for those still open.

        The further calls are to be made next, in their order.
        """
        if call.certain_to_fail and len(call.rows) > 1:
            return Outcome(), bisect(call)
        was_refused = False
        try:
            reply = self.send(call)
        except RequestError as exc:
            was_refused = True
            done, more = self.refused(call, exc)
        except TooLargeError as exc:
            was_refused = True
            done, more = self._too_large(call, exc)
        except RetriableError as exc:
            if call.operation is not Operation.INSERT or not exc.may_have_arrived:
                raise
            done, more = self._unanswered(call, exc)
        else:
            self.unanswered = 0
            done, more = self.answered(call, reply)
            if self._tells_twins_apart(call):
                self.history.inserted.extend(map(self._key_of, call.rows))
            self._verdicts.taken(call.rows)
            self.history.has_written |= bool(done.confirmed)
        return done, more + call.second_half(refused=was_refused)

    @property
    def _verdicts(self) -> Verdicts:
        return Verdicts(self.route, self.history)

    def _too_large(self, call: Call, error: TooLargeError) -> tuple[Outcome, list[Call]]:
        """Nothing was done; fewer rows make a smaller call."""
        outcome = Outcome()
        if len(call.rows) > 1:
            return outcome, bisect(call)
        row = call.rows[0]
        outcome.reject(row, self._verdicts.too_large(row, error), request_id=error.request_id)
        return outcome, []

    def _unanswered(self, call: Call, error: RetriableError) -> tuple[Outcome, list[Call]]:
        """An insert may have arrived: what is there was added, what is not is sent again."""
        if self.unanswered == len(_SETTLING_SECONDS):
            raise error
        if not self.route.keys:
            outcome = Outcome()
            for row in call.rows:
                outcome.reject(row, UNSETTLED)
            return outcome, []
        logger.warning(
            "%s: an insert was not answered; looking for its %d records by key",
            self.route.stream,
            len(call.rows),
        )
        self.clock.sleep(_SETTLING_SECONDS[self.unanswered])
        self.unanswered += 1
        outcome, left = Outcome(), []
        added = self._added_before(call)
        for row in call.rows:
            # What has been added before under its key proves nothing for this record.
            if self._key_of(row) in added:
                outcome.reject(row, UNSETTLED)
            else:
                left.append(row)
        if not left:
            return outcome, []
        done, more = self.look_for(replace(call, rows=left))
        if self._tells_twins_apart(call):
            again = {id(row) for other in more for row in other.rows}
            found = (row for row in left if id(row) not in again)
            self.history.inserted.extend(map(self._key_of, found))
        outcome += done
        return outcome, more

    def _added_before(self, call: Call) -> set[int]:
        """The keys of a call's rows under which records have been added already."""
        if not self._tells_twins_apart(call):
            return set()
        return set(map(self._key_of, call.rows)).intersection(self.history.inserted)

    def _tells_twins_apart(self, call: Call) -> bool:
        """Whether records of one key are added one beside the other."""
        inserts = call.operation is self.route.operation is Operation.INSERT
        return inserts and bool(self.route.keys)

    def _key_of(self, row: Row) -> int:
        """A row's key, by which one is known again that has been added already."""
        described = self.route.object
        return hash(
            tuple(
                comparable(kind_of_field(described, key), row.values.get(key))
                for key in self.route.keys
            )
        )
