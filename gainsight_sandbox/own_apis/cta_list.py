"""The Cockpit's list of calls to action: a query whose body has names of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError, BadQueryError, bad_query
from gainsight_sandbox.own_apis.cockpit import OBJECT
from gainsight_sandbox.own_apis.records import json_object
from gainsight_sandbox.reads.rendering import query_record
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success

if TYPE_CHECKING:
    from starlette.responses import Response

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.reads.planner import Planner
    from gainsight_sandbox.tenant.store import Store

_MOST_RECORDS = 1000


class CtaListRoutes:
    """Answers the list call."""

    def __init__(self, planner: Planner, store: Store, quirks: Quirks) -> None:
        self._planner = planner
        self._store = store
        self._quirks = quirks

    def endpoints(self) -> list[Endpoint]:
        """List."""
        path = "/v2/cockpit/cta/list"
        return [Endpoint("POST", path, CallKind.CTA_LIST, self.list, object=OBJECT)]

    def list(self, call: Call) -> Response:
        """A page of at most 1,000 records, as a plain list."""
        try:
            plan = self._planner.plan(OBJECT, _query(call.body), max_limit=_MOST_RECORDS)
        except BadQueryError as error:
            raise ApiError("COCKPIT_5101", error.detail) from error
        record = query_record(plan.names, plan.fields, self._quirks)
        with self._store.reading() as connection:
            rows = connection.execute(plan.sql, plan.parameters)
            return success([record(row) for row in rows])


def _query(body: bytes) -> bytes:
    """The body of a list call as that of a query."""
    payload = json_object(body) or {}
    where = payload.get("where") or {}
    size, page = payload.get("pageSize", _MOST_RECORDS), payload.get("pageNumber", 1)
    try:
        conditions = [
            {**condition, "name": condition["fieldName"]}
            for condition in where.get("conditions") or []
        ]
        offset = size * (page - 1)
    except (AttributeError, KeyError, TypeError) as error:
        raise bad_query("The body is not understood.") from error
    return msgspec.json.encode(
        {
            "select": payload.get("select"),
            "where": {**where, "conditions": conditions},
            "limit": size,
            "offset": offset,
        }
    )
