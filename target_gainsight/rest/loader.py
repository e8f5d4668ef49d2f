"""The REST loader: rows in calls of at most fifty (article "Relationship APIs").

The calls for some rows are a list of work: what a call shows settles rows, and puts further calls
before those that are still to be made.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_api.errors import (
    ConfigError,
    RequestError,
    RetriableError,
    TooLargeError,
)
from gainsight_api.records import NO_MATCH, WRONG_API, Records, WriteReply, is_about_data, refusal
from target_gainsight.loaders import UNSETTLED, Outcome
from target_gainsight.problems import Problem
from target_gainsight.rest.calls import Call, bisect
from target_gainsight.rest.first_calls import FirstCalls
from target_gainsight.rest.refusals import blame, own_values, rows_with
from target_gainsight.route import Operation, Route

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from gainsight_api.clock import Clock
    from target_gainsight.rest.history import WriteHistory
    from target_gainsight.rest.multiselects import Multiselects
    from target_gainsight.rows.blocks import Row
    from target_gainsight.search.existing import Existing

logger = logging.getLogger(__name__)

_SETTLING_SECONDS = (10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 60.0)
"""Pauses before an insert that was not answered is looked for, and perhaps sent again."""

_UNCONFIRMED = Problem("UNCONFIRMED", "Gainsight's reply does not show this record, twice over")
_UNSETTLED = Problem(
    UNSETTLED,
    "the connection broke off, and whether this record was added cannot be told: look for it in "
    "Gainsight before sending it again",
)


@dataclass(slots=True)
class RestLoader:
    """Loads rows by REST calls; each row comes out as confirmed or rejected.

    Attributes:
        route: Where the rows go.
        records: The calls.
        existing: Finds the records that Gainsight already holds.
        clock: Time.
        rest_batch_size: The setting: rows of a call, at most.
        history: What has become of writes to the object so far.
        multiselects: How the tenant takes multi-selects.
    """

    route: Route
    records: Records
    existing: Existing
    clock: Clock
    rest_batch_size: int
    history: WriteHistory
    multiselects: Multiselects

    def load(self, rows: Iterable[Row]) -> Outcome:
        """Load rows, each of which has a key of its own unless they are inserted."""
        outcome = Outcome()
        run = _Run(self)
        for first in self._first_calls.of(rows):
            work = deque([first])
            while work:
                done, more = run.settle(work.popleft())
                outcome += done
                work.extendleft(reversed(more))
        return outcome

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows, if none of them is refused."""
        return self._first_calls.count(rows)

    @property
    def _first_calls(self) -> FirstCalls:
        return FirstCalls(self.route, self.existing, self.rest_batch_size)


@dataclass(slots=True)
class _Run:
    """What one pass of rows through the loader remembers from call to call.

    Attributes:
        loader: The loader.
        unanswered: How many inserts in a row were not answered.
    """

    loader: RestLoader
    unanswered: int = 0

    def settle(self, call: Call) -> tuple[Outcome, list[Call]]:
        """Make a call; return what has become of its rows, and the calls for those still open.

        The further calls are to be made next, in their order.
        """
        if call.certain_to_fail and len(call.rows) > 1:
            return Outcome(), bisect(call)
        was_refused = False
        try:
            reply = self._send(call)
        except RequestError as exc:
            self._raise_unless_about_data(exc)
            was_refused = True
            done, more = self._refused(call, exc)
        except TooLargeError as exc:
            was_refused = True
            done, more = self._too_large(call, exc)
        except RetriableError as exc:
            if call.operation is not Operation.INSERT or not exc.may_have_arrived:
                raise
            done, more = self._unanswered(call, exc)
        else:
            self.unanswered = 0
            done, more = self._answered(call, reply)
            self.loader.history.has_written |= bool(done.confirmed)
        return done, more + call.second_half(refused=was_refused)

    def _send(self, call: Call) -> WriteReply:
        route, records = self.loader.route, self.loader.records
        name, lookups = route.object.name, route.raw_lookups
        sent = [row.values for row in call.rows]

        def send(rows: Sequence[Mapping[str, Any]]) -> WriteReply:
            match call.operation:
                case Operation.INSERT:
                    return records.insert(name, rows, lookups)
                case Operation.UPDATE:
                    return records.update(name, route.keys, rows, lookups)
                case Operation.UPSERT:
                    return records.upsert(name, route.keys, rows, lookups)

        return self.loader.multiselects.write(route.object, sent, send)

    def _raise_unless_about_data(self, error: RequestError) -> None:
        """Fail the run if the call was refused for a reason that is not in its records.

        Raises:
            ConfigError: The object cannot be written by these calls.
            RequestError: Any other such reason.
        """
        if error.code == WRONG_API:
            raise ConfigError(
                f"stream {self.loader.route.stream}: Gainsight's record calls do not write "
                f"{self.loader.route.object.name}; see `load_mode`",
                code=error.code,
                request_id=error.request_id,
            ) from None
        if not is_about_data(error):
            raise error

    def _refused(self, call: Call, error: RequestError) -> tuple[Outcome, list[Call]]:
        """Reject the rows that are to blame; what else was in the call is sent without them."""
        existing = self.loader.existing
        if error.code == NO_MATCH and call.operation is Operation.UPDATE:
            # Of a record that was sent alone the refusal itself says that it is not there.
            there = existing.by_key(call.rows) if len(call.rows) > 1 else set()
            if len(there) < len(call.rows):
                return self._without_match(call, there)
        refused = refusal(error)
        if len(call.rows) == 1:
            self.loader.history.refused(refused, self.loader.route)
        split = blame(call, refused, existing.matcher, self.loader.route.lookups)
        outcome = Outcome()
        for index, problems in split.rejected.items():
            outcome.reject(call.rows[index], *problems, request_id=refused.request_id)
        return outcome, split.retry

    def _too_large(self, call: Call, error: TooLargeError) -> tuple[Outcome, list[Call]]:
        """Nothing was done; fewer rows make a smaller call."""
        if len(call.rows) > 1:
            return Outcome(), bisect(call)
        outcome = Outcome()
        size = len(msgspec.json.encode(call.rows[0].values))
        reason = f"the record has {size:,} bytes, which is more than Gainsight takes in a call"
        outcome.reject(call.rows[0], Problem("TOO_LARGE", reason), request_id=error.request_id)
        return outcome, []

    def _without_match(self, call: Call, there: set[int]) -> tuple[Outcome, list[Call]]:
        """An update named records that are not there: an upsert adds them."""
        outcome = Outcome()
        route = self.loader.route
        missing = _but_for(there, call.rows)
        more = []
        if route.operation is Operation.UPSERT and not route.finds_only:
            more.append(Call(missing, Operation.INSERT))
        else:
            unknown = Problem(NO_MATCH, "Gainsight has no such record", ",".join(route.keys))
            for row in missing:
                outcome.reject(row, unknown)
        if there:
            found = [call.rows[index] for index in sorted(there)]
            more.append(Call(found, Operation.UPDATE))
        return outcome, more

    def _unanswered(self, call: Call, error: RetriableError) -> tuple[Outcome, list[Call]]:
        """An insert may have arrived: what is there was added, what is not is sent again."""
        if self.unanswered == len(_SETTLING_SECONDS):
            raise error
        outcome = Outcome()
        rows = call.rows
        if not self.loader.route.keys:
            for row in rows:
                outcome.reject(row, _UNSETTLED)
            return outcome, []
        logger.warning(
            "%s: an insert was not answered; looking for its %d records by key",
            self.loader.route.stream,
            len(rows),
        )
        self.loader.clock.sleep(_SETTLING_SECONDS[self.unanswered])
        self.unanswered += 1
        held = self.loader.existing.by_all_values(rows)
        outcome.confirm(rows[index] for index in held.by_all_values)
        there = [rows[index] for index in sorted(held.by_key - held.by_all_values)]
        absent = _but_for(held.by_key | held.by_all_values, rows)
        more = [Call(absent, Operation.INSERT)] if absent else []
        if self.loader.route.operation is Operation.UPSERT and there:
            return outcome, [*more, Call(there, Operation.UPDATE)]
        for row in there:
            outcome.reject(row, _UNSETTLED)
        return outcome, more

    def _answered(self, call: Call, reply: WriteReply) -> tuple[Outcome, list[Call]]:
        """Confirm what the reply shows; look the rest up, and send it once more."""
        outcome = Outcome()
        written = len(reply.records) if reply.count is None else reply.count
        matcher, keys = self.loader.existing.matcher, self.loader.route.keys
        # A count alone confirms all that was sent; beside keys, it may count others than these.
        shows_keys = bool(keys and reply.records) and all(
            key in record for record in reply.records for key in keys
        )
        if not reply.failures and not shows_keys and _counts_all(reply, len(call.rows)):
            shown = self._shown_by_number(call, reply)
        else:
            shown = matcher.matched_in_reply(call.rows, reply.records, keys)
        outcome.confirm(call.rows[index] for index in shown)
        left = _but_for(shown, call.rows)
        for failure in reply.failures:
            failed = rows_with(own_values(left, self.loader.route.lookups), failure, matcher)
            problems = tuple(Problem(e.code, e.message, e.field) for e in failure)
            for index in failed:
                outcome.reject(left[index], *problems)
            left = _but_for(failed, left)
        if left and not keys:
            said = (
                f"Gainsight says that it wrote {written} of the {len(call.rows)} records of a "
                "call, and not which: look for this one in Gainsight before sending it again"
            )
            for row in left:
                outcome.reject(row, Problem(_UNCONFIRMED.code, said))
            return outcome, []
        return outcome, self._unconfirmed(call, left, outcome) if left else []

    def _shown_by_number(self, call: Call, reply: WriteReply) -> set[int]:
        """The rows that a reply confirms which has as many as were sent, and shows no keys.

        Records that are there already may be several of one key, and so not those of all rows.
        """
        if not reply.records or not self.loader.route.keys or call.operation is Operation.INSERT:
            return {*range(len(call.rows))}
        return self.loader.existing.by_key(call.rows)

    def _unconfirmed(self, call: Call, rows: Sequence[Row], outcome: Outcome) -> list[Call]:
        """Look for rows that a reply does not show: those not there are sent once more."""
        held = self.loader.existing.by_all_values(rows)
        outcome.confirm(rows[index] for index in held.by_all_values)
        again = []
        for index, row in enumerate(rows):
            if index in held.by_all_values:
                continue
            if not call.sent_before and not (
                call.operation is Operation.INSERT and index in held.by_key
            ):
                again.append(row)
            else:
                outcome.reject(row, _UNCONFIRMED)
        return [Call(again, call.operation, sent_before=True)] if again else []


def _counts_all(reply: WriteReply, sent: int) -> bool:
    """Whether a reply has just as many records as were sent, by its count or as it shows them."""
    if not reply.records:
        return reply.count == sent
    gsids = [record.get("Gsid") for record in reply.records if record]
    different = len({str(gsid) for gsid in gsids if gsid}) + gsids.count(None)
    return different == sent and reply.count in {None, sent}


def _but_for(indexes: Collection[int], rows: Sequence[Row]) -> list[Row]:
    """All rows but those at some indexes."""
    return [row for index, row in enumerate(rows) if index not in indexes]
