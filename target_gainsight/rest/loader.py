"""The REST loader: rows in calls of at most fifty (article "Relationship APIs")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from gainsight_api.objects.records import NO_MATCH, Records, WriteReply
from target_gainsight.loading.loaders import Outcome
from target_gainsight.loading.route import Operation, Route
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rest.calls import Call
from target_gainsight.rest.first_calls import FirstCalls
from target_gainsight.rest.refusals import blame, own_values, rows_with
from target_gainsight.rest.verdicts import Verdicts
from target_gainsight.rest.work import UNCONFIRMED, UNSETTLED, Pass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from gainsight_api.clock import Clock
    from gainsight_api.errors import RequestError
    from target_gainsight.rest.history import WriteHistory
    from target_gainsight.rest.multiselects import Multiselects
    from target_gainsight.rows.blocks import Row, Rows
    from target_gainsight.search.existing import Existing


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
        one = _RestPass(loader=self, route=self.route, clock=self.clock, history=self.history)
        return one.load(self._first_calls.of(rows))

    @property
    def verdicts(self) -> Verdicts:
        """Tells what refusals mean."""
        return Verdicts(self.route, self.history)

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows, if none of them is refused."""
        return self._first_calls.count(rows)

    def sendable(self, rows: Rows, outcome: Outcome) -> Iterable[Row]:
        """The rows that would be sent: all, since Gainsight judges what the conversion lets by."""
        del outcome
        return rows

    @property
    def _first_calls(self) -> FirstCalls:
        return FirstCalls(self.route, self.existing, self.rest_batch_size)


@dataclass(slots=True, kw_only=True)
class _RestPass(Pass[WriteReply]):
    """One pass of rows through the loader.

    Attributes:
        loader: The loader.
    """

    loader: RestLoader

    @override
    def send(self, call: Call) -> WriteReply:
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

    @override
    def refused(self, call: Call, error: RequestError) -> tuple[Outcome, list[Call]]:
        """Reject the rows that are to blame; what else was in the call is sent without them.

        Raises:
            GainsightError: The reason is not in the records.
        """
        existing = self.loader.existing
        if error.code == NO_MATCH and call.operation is Operation.UPDATE:
            # Of a record that was sent alone the refusal itself says that it is not there.
            there = existing.by_key(call.rows) if len(call.rows) > 1 else set()
            if len(there) < len(call.rows):
                return self._without_match(call, there)
        refused = self.loader.verdicts.of(error, alone=len(call.rows) == 1)
        split = blame(call, refused, existing.matcher, self.loader.route.lookups)
        outcome = Outcome()
        for index, problems in split.rejected.items():
            outcome.reject(call.rows[index], *problems, request_id=refused.request_id)
        return outcome, split.retry

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

    @override
    def look_for(self, call: Call) -> tuple[Outcome, list[Call]]:
        outcome = Outcome()
        rows = call.rows
        held = self.loader.existing.by_all_values(rows)
        outcome.confirm(rows[index] for index in held.by_all_values)
        there = [rows[index] for index in sorted(held.by_key - held.by_all_values)]
        absent = _but_for(held.by_key | held.by_all_values, rows)
        more = [Call(absent, Operation.INSERT)] if absent else []
        if self.loader.route.operation is Operation.UPSERT and there:
            return outcome, [*more, Call(there, Operation.UPDATE)]
        for row in there:
            outcome.reject(row, UNSETTLED)
        return outcome, more

    @override
    def answered(self, call: Call, reply: WriteReply) -> tuple[Outcome, list[Call]]:
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
                outcome.reject(row, Problem(UNCONFIRMED.code, said))
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
                outcome.reject(row, UNCONFIRMED)
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
