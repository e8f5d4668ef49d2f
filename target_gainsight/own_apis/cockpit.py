"""Load calls to action by the Cockpit API (article "Call To Action (CTA) API Documentation")."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from gainsight_api.objects.datatypes import timestamp
from gainsight_api.pieces import pieces
from target_gainsight.loading.loaders import Outcome
from target_gainsight.loading.route import Operation
from target_gainsight.outcomes.problems import Problem
from target_gainsight.own_apis.cta_fields import GSID, CtaNames, is_sent
from target_gainsight.rest.calls import Call, bisect
from target_gainsight.rest.said import failure_of_row, refusal_of_row
from target_gainsight.rest.work import UNCONFIRMED, UNSETTLED, Pass
from target_gainsight.rows.blocks import Rows, in_blocks
from target_gainsight.rows.wire_json import json_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gainsight_api.calls.session import Session
    from gainsight_api.errors import RequestError
    from gainsight_api.objects.partial_replies import PartialReply
    from gainsight_api.own_apis.cockpit import Cockpit
    from target_gainsight.rest.multiselects import Multiselects
    from target_gainsight.rest.verdicts import Verdicts
    from target_gainsight.rows.blocks import Row
    from target_gainsight.search.existing import Existing
    from target_gainsight.search.lookups import Resolver

_CREATED = "CreatedDate"
_ROWS_AT_ONCE = 200
_UNKEYED = Problem(
    UNCONFIRMED.code,
    "Gainsight's reply does not show this record: look for it in Gainsight before sending it again",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CtaLoader:
    """Loads calls to action; each comes out as confirmed or rejected.

    Attributes:
        session: Tells the tenant's time.
        cockpit: The calls.
        existing: Finds what has been created by key.
        names: Turns what people call items into what the calls take.
        owners: Finds owners by e-mail address or name.
        verdicts: Tells what refusals mean.
        multiselects: How the tenant takes multi-selects.
        rest_batch_size: The setting: rows of a call, at most.
    """

    session: Session
    cockpit: Cockpit
    existing: Existing
    names: CtaNames
    owners: Resolver
    verdicts: Verdicts
    multiselects: Multiselects
    rest_batch_size: int

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows, if none of them is refused."""
        return -(-rows // self.rest_batch_size)

    def sendable(self, rows: Rows, outcome: Outcome) -> Iterator[Row]:
        """The rows that would be sent: those whose items and owners are there."""
        for some in pieces(rows, _ROWS_AT_ONCE):
            yield from self._prepared(some, outcome)

    def load(self, rows: Rows) -> Outcome:
        """Load rows: by their Gsid what is there, and else what is not."""
        outcome = Outcome()
        route = self.verdicts.route
        one = _CtaPass(
            loader=self, route=route, clock=self.session.clock, history=self.verdicts.history
        )
        ready = pieces(self.sendable(rows, outcome), self.rest_batch_size)
        outcome += one.load(Call(some, route.operation) for some in ready)
        return outcome

    def _prepared(self, rows: Iterable[Row], outcome: Outcome) -> list[Row]:
        """Rows as the calls take them; those that cannot be are rejected."""
        named = []
        for row in rows:
            if problems := self.names.resolve(row):
                outcome.reject(row, *problems)
            else:
                named.append(row)
        found = self.owners.resolved(Rows(lambda: in_blocks(named)), outcome)
        return sorted((row for block in found for row in block), key=lambda row: row.sources[0])


@dataclass(slots=True, kw_only=True)
class _CtaPass(Pass["PartialReply"]):
    """Some rows on their way through the loader.

    Attributes:
        loader: The loader.
        since: When the first of the attempts was made that were not answered.
    """

    loader: CtaLoader
    since: float = 0.0

    @override
    def send(self, call: Call) -> PartialReply:
        if not self.unanswered:
            self.since = self.clock.now()
        cockpit = self.loader.cockpit
        records = {str(n): self._record(row, call.operation) for n, row in enumerate(call.rows, 1)}
        if call.operation is Operation.UPDATE:
            return cockpit.update(records)
        return cockpit.create(records)

    def _record(self, row: Row, operation: Operation) -> dict[str, Any]:
        described = self.route.object
        values = {
            name: value
            for name, value in row.values.items()
            if is_sent(described.fields.get(name), operation)
            and (name != GSID or operation is Operation.UPDATE)
        }
        return json_values(described, self.loader.multiselects.sent(described, values))

    @override
    def refused(self, call: Call, error: RequestError) -> tuple[Outcome, list[Call]]:
        refused = self.loader.verdicts.of(error, alone=len(call.rows) == 1)
        if len(call.rows) > 1:
            return Outcome(), bisect(call)
        outcome = Outcome()
        problems = refusal_of_row(refused, call.rows[0], self.route.object)
        outcome.reject(call.rows[0], *problems, request_id=refused.request_id)
        return outcome, []

    @override
    def answered(self, call: Call, reply: PartialReply) -> tuple[Outcome, list[Call]]:
        """Confirm and reject what the reply names; look the rest up, and send it once more.

        A call that is refused for failures of which none has a record's name is halved.
        """
        outcome = Outcome()
        silent: list[Row] = []
        for n, row in enumerate(call.rows, 1):
            if errors := reply.failures.get(str(n)):
                problems = failure_of_row(errors, row, self.route.object)
                outcome.reject(row, *problems, request_id=reply.request_id)
            elif str(n) in reply.confirmed and not reply.refused:
                outcome.confirm([row])
            else:
                silent.append(row)
        if not silent:
            return outcome, []
        if reply.nothing_written and outcome.rejections:
            return outcome, [Call(silent, call.operation)]
        if reply.nothing_written:
            return outcome, _halves(call, silent)
        done, more = self._unconfirmed(call, silent, reply)
        outcome += done
        return outcome, more

    def _unconfirmed(
        self, call: Call, rows: Sequence[Row], reply: PartialReply
    ) -> tuple[Outcome, list[Call]]:
        """Look for rows that a reply does not name: those not there are sent once more."""
        outcome = Outcome()
        if call.operation is Operation.INSERT and not self.route.keys:
            for row in rows:
                outcome.reject(row, _UNKEYED)
            return outcome, []
        new = self._created(rows) if call.operation is Operation.INSERT else set()
        outcome.confirm(rows[index] for index in new)
        left = [row for index, row in enumerate(rows) if index not in new]
        if left and not call.sent_before:
            return outcome, [Call(left, call.operation, sent_before=True)]
        if reply.refused and len(left) > 1:
            return outcome, _halves(call, left)
        for row in left:
            outcome.reject(row, UNCONFIRMED)
        return outcome, []

    @override
    def look_for(self, call: Call) -> tuple[Outcome, list[Call]]:
        outcome = Outcome()
        if _CREATED not in self.route.object.fields:
            for row in call.rows:
                outcome.reject(row, UNSETTLED)
            return outcome, []
        new = self._created(call.rows)
        outcome.confirm(call.rows[index] for index in new)
        absent = [row for index, row in enumerate(call.rows) if index not in new]
        return outcome, [Call(absent, Operation.INSERT)] if absent else []

    def _created(self, rows: Sequence[Row]) -> set[int]:
        """Which rows have a record that was created since the attempt, by the tenant's clock."""
        second = math.floor(self.loader.session.tenant_time(self.since))
        moment = timestamp(datetime.fromtimestamp(second, UTC).isoformat())
        return self.loader.existing.created_since(rows, _CREATED, moment)


def _halves(call: Call, rows: Sequence[Row]) -> list[Call]:
    """Two calls for rows of a call that was refused; either half may be good or bad."""
    middle = len(rows) // 2
    return [Call(some, call.operation) for some in (rows[:middle], rows[middle:])]
