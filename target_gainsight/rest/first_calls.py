"""Which calls rows take, as long as none is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_api.pieces import pieces
from target_gainsight.loading.route import Operation, Route
from target_gainsight.rest.calls import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_gainsight.rows.blocks import Row
    from target_gainsight.search.existing import Existing

_LOOKED_FOR_AT_ONCE = 5_000
"""Rows whose records are looked for together; the more they are, the fewer queries."""


@dataclass(frozen=True, slots=True)
class FirstCalls:
    """Parts rows into calls.

    Attributes:
        route: Where the rows go.
        existing: Finds the records that Gainsight already holds.
        rest_batch_size: The setting: rows of a call, at most.
    """

    route: Route
    existing: Existing
    rest_batch_size: int

    def count(self, rows: int) -> int:
        """How many calls it takes to load that many rows, if none of them is refused."""
        calls = -(-rows // self.rest_batch_size)
        return calls if self._operation else calls + -(-rows // self.existing.rows_per_call)

    @property
    def _operation(self) -> Operation | None:
        """The call by which all rows go; None if that depends on what is there."""
        route = self.route
        if route.operation is not Operation.UPSERT:
            return route.operation
        if route.finds_only:
            return Operation.UPDATE
        return Operation.UPSERT if route.upserts_by_call else None

    def of(self, rows: Iterable[Row]) -> Iterator[Call]:
        """The calls, each made before the next one is planned."""
        operation = self._operation
        if operation is None:
            yield from self._calls_by_existence(rows)
        else:
            for some in pieces(rows, self.rest_batch_size):
                yield Call(some, operation)

    def _calls_by_existence(self, rows: Iterable[Row]) -> Iterator[Call]:
        """Upsert into an object that has no such call: update what is there, insert the rest."""
        size = self.rest_batch_size
        waiting: dict[Operation, list[Row]] = {Operation.UPDATE: [], Operation.INSERT: []}
        for some in pieces(rows, _LOOKED_FOR_AT_ONCE):
            there = self.existing.seen_or_by_key(some)
            for index, row in enumerate(some):
                waiting[Operation.UPDATE if index in there else Operation.INSERT].append(row)
            for operation, ready in waiting.items():
                while len(ready) >= size:
                    yield Call(ready[:size], operation)
                    del ready[:size]
        yield from self._last_calls(waiting)

    def _last_calls(self, waiting: dict[Operation, list[Row]]) -> Iterator[Call]:
        for operation, rest in waiting.items():
            yield from (Call(some, operation) for some in pieces(rest, self.rest_batch_size))
            rest.clear()
