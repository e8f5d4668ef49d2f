"""Load activities, one by each call of the Timeline API (article "Timeline APIs")."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import RequestError
from gainsight_api.own_apis.timeline import is_duplicate
from gainsight_api.pieces import pieces
from target_gainsight.loading.loaders import Outcome
from target_gainsight.loading.route import Operation
from target_gainsight.own_apis.timeline_fields import EXTERNAL_ID
from target_gainsight.rest.said import Said, failure_of_row, said_of
from target_gainsight.rest.work import UNCONFIRMED
from target_gainsight.rows.blocks import Rows, in_blocks
from target_gainsight.rows.wire_json import json_values
from target_gainsight.search.by_values import query_by_values, rows_per_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gainsight_api.clock import Clock
    from gainsight_api.objects.partial_replies import PartialReply
    from gainsight_api.objects.query import Query
    from gainsight_api.own_apis.timeline import Timeline
    from target_gainsight.own_apis.timeline_fields import ActivityFields
    from target_gainsight.rest.multiselects import Multiselects
    from target_gainsight.rest.verdicts import Verdicts
    from target_gainsight.rows.blocks import Row
    from target_gainsight.search.lookups import Resolver

    Send = Callable[[Mapping[str, Any], Any], PartialReply]
    _Attempt = tuple[Row, Operation, Said]

_ROWS_AT_ONCE = 200
_SECONDS_BEFORE_A_SECOND_LOOK = 10.0
"""A new activity may show in queries late; no article says how late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLoader:
    """Loads activities; each comes out as confirmed or rejected.

    Attributes:
        timeline: The calls.
        query: Finds activities that are there.
        clock: Time.
        fields: Turns rows into activities.
        authors: Finds the addresses of authors.
        verdicts: Tells what refusals mean.
        multiselects: How the tenant takes multi-selects.
        rest_batch_size: Rows of a call.
    """

    timeline: Timeline
    query: Query
    clock: Clock
    fields: ActivityFields
    authors: Resolver
    verdicts: Verdicts
    multiselects: Multiselects
    rest_batch_size: int = 1

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows, if all are new."""
        return rows

    def sendable(self, rows: Rows, outcome: Outcome) -> Iterator[Row]:
        """The rows that would be sent: those of a type that there is."""
        for some in pieces(rows, _ROWS_AT_ONCE):
            ready = []
            for row in some:
                if problems := self.fields.resolve(row):
                    outcome.reject(row, *problems)
                else:
                    ready.append(row)
            self._find_authors(ready, outcome)
            yield from ready

    def load(self, rows: Rows) -> Outcome:
        """Load rows in the order of their records, since several may be of one `ExternalId`.

        A call that was not answered is made again: it does no harm twice.
        """
        outcome = Outcome()
        operation = self.verdicts.route.operation
        first = Operation.UPDATE if operation is Operation.UPDATE else Operation.INSERT
        ready = sorted(self.sendable(rows, outcome), key=lambda row: row.sources[0])
        for some in pieces(ready, _ROWS_AT_ONCE):
            again = self._write([(row, first) for row in some], outcome)
            for row, _ in self._write(again, outcome):
                outcome.reject(row, UNCONFIRMED)
        return outcome

    def _write(
        self, rows: Iterable[tuple[Row, Operation]], outcome: Outcome
    ) -> list[tuple[Row, Operation]]:
        """Write rows, each as is said beside it; return those that nothing confirms, likewise."""
        doubtful, refused = self._sent(rows, outcome)
        more, refused = self._sent(self._updates(refused, outcome), outcome)
        for row, _, said in refused:
            outcome.reject(row, *said.problems, request_id=said.request_id)
        doubtful += more
        there = self._look_for([(row, sent) for row, sent, _ in doubtful])
        silent = []
        for (row, operation, said), equal in zip(doubtful, there, strict=True):
            if equal:
                outcome.confirm([row])
            elif said.is_silent:
                is_other = equal is False and self._upserts
                silent.append((row, Operation.UPDATE if is_other else operation))
            else:
                outcome.reject(row, *said.problems, request_id=said.request_id)
        return silent

    def _sent(
        self, rows: Iterable[tuple[Row, Operation]], outcome: Outcome
    ) -> tuple[list[_Attempt], list[_Attempt]]:
        """Send rows; return those that are to be looked for, and those that were refused."""
        doubtful: list[_Attempt] = []
        refused: list[_Attempt] = []
        for row, operation in rows:
            said, sent = self._written(row, operation)
            if said.done:
                outcome.confirm([row])
            elif said.is_silent or (_is_duplicate(said) and not self._upserts):
                doubtful.append((row, operation, said))
            else:
                refused.append((row, sent, said))
        return doubtful, refused

    def _updates(
        self, refused: Iterable[_Attempt], outcome: Outcome
    ) -> list[tuple[Row, Operation]]:
        """The refused inserts of upserts whose activity is there; the other rows are rejected.

        An insert wants values that an update does without, and may be refused for these before its
        `ExternalId` is looked at.
        """
        inserts: list[_Attempt] = []
        for each in refused:
            row, sent, said = each
            if self._upserts and sent is Operation.INSERT:
                inserts.append(each)
            else:
                outcome.reject(row, *said.problems, request_id=said.request_id)
        updates = []
        there = self._found([(row, sent) for row, sent, _ in inserts])
        for (row, _, said), found in zip(inserts, there, strict=True):
            if found is None:
                outcome.reject(row, *said.problems, request_id=said.request_id)
            else:
                updates.append((row, Operation.UPDATE))
        return updates

    @property
    def _upserts(self) -> bool:
        return self.verdicts.route.operation is Operation.UPSERT

    def _find_authors(self, rows: list[Row], outcome: Outcome) -> None:
        unknown = {id(row.sources): row for row in rows if self.fields.looks_for_author(row)}
        blocks = self.authors.resolved(Rows(lambda: in_blocks(unknown.values())), outcome)
        for block in blocks:
            for found in block:
                unknown[id(found.sources)].values |= found.values

    def _written(self, row: Row, operation: Operation) -> tuple[Said, Operation]:
        """Write a row; an upsert updates what cannot be inserted a second time.

        Returns:
            What the reply says, and which call it answers.
        """
        if operation is Operation.INSERT:
            said = self._send(row, self.timeline.insert)
            if not (_is_duplicate(said) and self._upserts):
                return said, operation
        return self._send(row, self.timeline.update), Operation.UPDATE

    def _send(self, row: Row, call: Send) -> Said:
        described = self.verdicts.route.object

        def send() -> Said:
            values = self.multiselects.sent(described, row.values)
            activity = self.fields.activity(json_values(described, values))
            reply = call(activity, self.fields.lookups_of(row.values))
            name = str(row.values[EXTERNAL_ID])
            problems = failure_of_row(reply.failures.get(name, ()), row, described)
            return Said(name in reply.confirmed and not reply.refused, problems, reply.request_id)

        return said_of(self.verdicts, row, send)

    def _look_for(self, rows: Sequence[tuple[Row, Operation]]) -> list[bool | None]:
        """Of each row whether an equal activity is there; None if none of its ExternalId is.

        What is not there is looked for once more a moment later.
        """
        found = self._found(rows)
        if None in found:
            self.clock.sleep(_SECONDS_BEFORE_A_SECOND_LOOK)
            found = self._found(rows)
        return found

    def _found(self, rows: Sequence[tuple[Row, Operation]]) -> list[bool | None]:
        compared = [self.fields.compared(row, sent) for row, sent in rows]
        own = self.fields.name_in_queries
        key, described = own(EXTERNAL_ID), self.verdicts.route.object.name
        select = [own(name) for names in compared for name in names]
        found: dict[Any, Mapping[str, Any]] = {}
        for some in pieces(rows, rows_per_query([key])):
            values = [[row.values[EXTERNAL_ID]] for row, _ in some]
            # A tenant that cannot be asked by ExternalId tells nothing.
            with suppress(RequestError):
                records = query_by_values(self.query, described, [key], values, [key, *select])
                found |= {record.get(key): record for record in records}
        there = [found.get(row.values[EXTERNAL_ID]) for row, _ in rows]
        return [
            None if record is None else self.fields.is_equal(row, record, names)
            for (row, _), record, names in zip(rows, there, compared, strict=True)
        ]


def _is_duplicate(said: Said) -> bool:
    """Whether a row was refused for its ExternalId."""
    return any(is_duplicate(each.code, each.message) for each in said.problems)
