"""The REST loader: rows in calls of at most fifty (article "Relationship APIs")."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from gainsight_api.errors import ConfigError, RequestError, RetriableError
from gainsight_api.records import NO_MATCH, WRONG_API, Records, WriteReply, is_about_data, refusal
from target_gainsight.loaders import Outcome
from target_gainsight.problems import Problem
from target_gainsight.rest.refusals import carriers, halves, judge
from target_gainsight.route import Operation, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gainsight_api.clock import Clock
    from target_gainsight.rows.blocks import Row
    from target_gainsight.search.existing import Existing

logger = logging.getLogger(__name__)

_SETTLING_SECONDS = (10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 60.0)
"""Pauses before an insert that was not answered is looked for, and perhaps sent again."""

_UNCONFIRMED = Problem("UNCONFIRMED", "Gainsight's reply does not show this record, twice over")
_UNSETTLED = Problem(
    "UNSETTLED",
    "the connection broke off, and whether this record was added cannot be told: look for it in "
    "Gainsight before sending it again",
)


@dataclass(slots=True)
class RestLoader:
    """Loads rows by REST calls; each row comes out as loaded or rejected.

    Attributes:
        route: Where the rows go.
        records: The calls.
        existing: What Gainsight already holds.
        clock: Time.
        batch_size: Rows of a call.
    """

    route: Route
    records: Records
    existing: Existing
    clock: Clock
    batch_size: int

    def load(self, rows: Iterable[Row]) -> Outcome:
        """Load rows, each of which has a key of its own unless they are inserted."""
        run = _Run(self, Outcome())
        match self.route.operation:
            case Operation.INSERT:
                run.all(rows, Operation.INSERT)
            case Operation.UPDATE:
                run.all(rows, Operation.UPDATE)
            case Operation.UPSERT if self.route.finds_only:
                run.all(rows, Operation.UPDATE)
            case Operation.UPSERT if self.route.upserts_by_call:
                run.all(rows, Operation.UPSERT)
            case Operation.UPSERT:
                run.by_existence(rows)
        return run.outcome

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows, if none of them is refused."""
        calls = -(-rows // self.batch_size)
        asks = self.route.operation is Operation.UPSERT and not (
            self.route.upserts_by_call or self.route.finds_only
        )
        return calls + -(-rows // self.existing.rows_per_call) if asks else calls


def chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """The rows in lists of at most that size."""
    rest = iter(rows)
    while chunk := list(islice(rest, size)):
        yield chunk


@dataclass(slots=True)
class _Run:
    """One pass of rows through the loader."""

    loader: RestLoader
    outcome: Outcome
    unanswered: int = 0

    def all(self, rows: Iterable[Row], operation: Operation) -> None:
        for chunk in chunks(rows, self.loader.batch_size):
            self.write(chunk, operation)

    def by_existence(self, rows: Iterable[Row]) -> None:
        """An upsert for an object that has no such call: what is there is updated."""
        size = self.loader.batch_size
        waiting: dict[Operation, list[Row]] = {Operation.UPDATE: [], Operation.INSERT: []}
        for chunk in chunks(rows, self.loader.existing.rows_per_call):
            known = self.loader.existing.known(chunk)
            for index, row in enumerate(chunk):
                waiting[Operation.UPDATE if index in known else Operation.INSERT].append(row)
            for operation, some in waiting.items():
                while len(some) >= size:
                    self.write(some[:size], operation)
                    del some[:size]
        for operation, some in waiting.items():
            self.all(some, operation)

    def write(
        self,
        rows: Sequence[Row],
        operation: Operation,
        *,
        failing: bool = False,
        again: bool = False,
    ) -> bool:
        """Write rows by as few calls as it takes; whether any of them failed.

        Args:
            rows: At most what a call takes.
            operation: The call.
            failing: Whether the rows would certainly be refused together.
            again: Whether they have been sent before, and were not confirmed.
        """
        if not rows:
            return False
        if failing and len(rows) > 1:
            return self._halve(rows, operation, failing=True)
        try:
            reply = self._send(rows, operation)
        except RequestError as exc:
            if exc.code == WRONG_API:
                raise ConfigError(
                    f"stream {self.loader.route.stream}: Gainsight's record calls do not write "
                    f"{self.loader.route.object.name}; see `load_mode`",
                    code=exc.code,
                    request_id=exc.request_id,
                ) from None
            if not is_about_data(exc):
                raise
            self._refused(rows, operation, exc)
            return True
        except RetriableError as exc:
            if operation is not Operation.INSERT or not exc.may_have_arrived:
                raise
            self._settle(rows, exc)
            return False
        self.unanswered = 0
        self._account(rows, operation, reply, again=again)
        return False

    def _send(self, rows: Sequence[Row], operation: Operation) -> WriteReply:
        route, records = self.loader.route, self.loader.records
        name, lookups = route.object.name, route.raw_lookups
        sent = [row.values for row in rows]
        match operation:
            case Operation.INSERT:
                return records.insert(name, sent, lookups)
            case Operation.UPDATE:
                return records.update(name, route.keys, sent, lookups)
            case Operation.UPSERT:
                return records.upsert(name, route.keys, sent, lookups)

    def _refused(self, rows: Sequence[Row], operation: Operation, error: RequestError) -> None:
        if error.code == NO_MATCH and operation is Operation.UPDATE:
            known = self.loader.existing.known(rows)
            if len(known) < len(rows):
                self._without_match(rows, known)
                return
        told = refusal(error)
        verdict = judge(
            rows,
            told,
            self.loader.existing.matcher,
            creating=operation is Operation.INSERT,
        )
        for index, problems in verdict.culprits.items():
            self.outcome.reject(rows[index], *problems, request_id=told.request_id)
        if verdict.halved:
            self._halve(rows, operation)
            return
        for part in verdict.parts:
            self.write(part.rows, operation, failing=part.failing)

    def _halve(self, rows: Sequence[Row], operation: Operation, *, failing: bool = False) -> bool:
        """Send two halves; if the first one is written, the second one need not be tried whole."""
        first, second = halves(rows).parts
        failed = self.write(first.rows, operation)
        failed_too = self.write(second.rows, operation, failing=not failed)
        return failing or failed or failed_too

    def _without_match(self, rows: Sequence[Row], known: set[int]) -> None:
        """An update named records that are not there: an upsert adds them."""
        missing = [row for index, row in enumerate(rows) if index not in known]
        route = self.loader.route
        if route.operation is Operation.UPSERT and not route.finds_only:
            self.write(missing, Operation.INSERT)
        else:
            unknown = Problem(NO_MATCH, "Gainsight has no such record", ",".join(route.keys))
            for row in missing:
                self.outcome.reject(row, unknown)
        self.write([row for index, row in enumerate(rows) if index in known], Operation.UPDATE)

    def _settle(self, rows: Sequence[Row], error: RetriableError) -> None:
        """An insert may have arrived: what is there was added, what is not is sent again."""
        if self.unanswered == len(_SETTLING_SECONDS):
            raise error
        if not self.loader.route.keys:
            for row in rows:
                self.outcome.reject(row, _UNSETTLED)
            return
        logger.warning(
            "%s: an insert was not answered; looking for its %d records by key",
            self.loader.route.stream,
            len(rows),
        )
        self.loader.clock.sleep(_SETTLING_SECONDS[self.unanswered])
        self.unanswered += 1
        landed, known = self.loader.existing.landed(rows)
        self.outcome.confirm(rows[index] for index in landed)
        for index in known - landed:
            self.outcome.reject(rows[index], _UNSETTLED)
        gone = set(range(len(rows))) - landed - known
        self.write([rows[index] for index in sorted(gone)], Operation.INSERT)

    def _account(
        self, rows: Sequence[Row], operation: Operation, reply: WriteReply, *, again: bool
    ) -> None:
        """Confirm what the reply shows; look the rest up, and send it once more."""
        written = len(reply.records) if reply.count is None else reply.count
        if not reply.failures and written >= len(rows):
            self.outcome.confirm(rows)
            return
        matcher, keys = self.loader.existing.matcher, self.loader.route.keys
        shown = matcher.shown(rows, reply.records, keys)
        self.outcome.confirm(rows[index] for index in shown)
        left = [row for index, row in enumerate(rows) if index not in shown]
        for failure in reply.failures:
            blamed = carriers(left, failure, matcher)
            problems = tuple(Problem(e.code, e.message, e.field) for e in failure)
            for index in blamed:
                self.outcome.reject(left[index], *problems)
            left = [row for index, row in enumerate(left) if index not in blamed]
        self._unconfirmed(left, operation, again=again)

    def _unconfirmed(self, rows: Sequence[Row], operation: Operation, *, again: bool) -> None:
        if not rows:
            return
        landed: set[int] = set()
        known: set[int] = set()
        if self.loader.route.keys:
            landed, known = self.loader.existing.landed(rows)
            self.outcome.confirm(rows[index] for index in landed)
        adding = operation is Operation.INSERT
        repeatable = self.loader.route.keys and not again
        resent = []
        for index, row in enumerate(rows):
            if index in landed:
                continue
            if repeatable and not (adding and index in known):
                resent.append(row)
            else:
                self.outcome.reject(row, _UNCONFIRMED)
        self.write(resent, operation, again=True)
