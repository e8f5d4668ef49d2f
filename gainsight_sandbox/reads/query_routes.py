"""The Query API, as the View Relationships call of the Relationship APIs article shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError, BadQueryError, no_entity, query_refusal
from gainsight_sandbox.behaviour.quirk_choices import QueryEmpty, QueryShape
from gainsight_sandbox.reads.rendering import query_record
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success

if TYPE_CHECKING:
    from starlette.responses import Response

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.reads.planner import Planner
    from gainsight_sandbox.tenant.store import Store

MAX_RECORDS = 5000


class QueryRoutes:
    """Answers queries."""

    def __init__(self, planner: Planner, store: Store, quirks: Quirks) -> None:
        self._planner = planner
        self._store = store
        self._quirks = quirks

    def endpoints(self) -> list[Endpoint]:
        """Query an object."""
        return [Endpoint("POST", "/v1/data/objects/query/{object}", CallKind.QUERY, self.query)]

    def query(self, call: Call) -> Response:
        """Read at most 5,000 records."""
        try:
            plan = self._planner.plan(
                call.parameters["object"],
                call.body,
                max_limit=MAX_RECORDS,
                capped=self._quirks.query_caps_limit,
                page=self._quirks.query_page_records,
            )
        except BadQueryError as error:
            raise query_refusal(error) from error
        record = query_record(plan.names, plan.fields, self._quirks)
        with self._store.reading() as connection:
            records = [record(row) for row in connection.execute(plan.sql, plan.parameters)]
        if not records:
            self._refuse_empty()
        return success(records if self._as_list(call) else {"records": records})

    def _as_list(self, call: Call) -> bool:
        """Whether the records are the reply's data, and not within it."""
        match self._quirks.query_shape:
            case QueryShape.MIXED:
                return call.request.object == "company"
            case shape:
                return shape is QueryShape.LIST

    def _refuse_empty(self) -> None:
        match self._quirks.query_empty:
            case QueryEmpty.NO_DATA:
                raise ApiError("GSOBJ_1XXX", "No data found for given criteria", status=200)
            case QueryEmpty.NOT_FOUND:
                raise no_entity()
