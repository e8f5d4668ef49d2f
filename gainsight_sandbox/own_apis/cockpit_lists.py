"""The Cockpit's lists: calls to action, and what was deleted of them and of success plans.

The articles "Call To Action (CTA) API Documentation" and "Retrieve Deleted Data API"; of the second
only the part on calls to action could be read.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError, BadQueryError, bad_query
from gainsight_sandbox.own_apis.cockpit import OBJECT
from gainsight_sandbox.own_apis.records import json_object
from gainsight_sandbox.reads.rendering import query_record
from gainsight_sandbox.tenant.deleted import LISTED
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success

if TYPE_CHECKING:
    from starlette.responses import Response

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.reads.planner import Planner
    from gainsight_sandbox.reads.sql import Plan
    from gainsight_sandbox.tenant.store import Store
    from gainsight_sandbox.tenant.tenant import Tenant

_MOST_RECORDS = 1000
_DELETED_LISTS = dict(zip(LISTED, ("cockpit/cta", "successPlan"), strict=True))
_DEFAULTS = ("Gsid", "CompanyId", "DueDate", "EntityType", "IsClosed", "ModifiedDate", "OwnerId")
"""Fields that the article's reply has, though its request does not select all of them."""


class CockpitListRoutes:
    """Answers the list calls: a query whose body has names of its own."""

    def __init__(self, planner: Planner, tenant: Tenant, store: Store, quirks: Quirks) -> None:
        self._planner = planner
        self._tenant = tenant
        self._store = store
        self._quirks = quirks

    def endpoints(self) -> list[Endpoint]:
        """The lists that the tenant has."""
        path = "/v2/cockpit/cta/list"
        lists = [Endpoint("POST", path, CallKind.CTA_LIST, self.list_ctas, object=OBJECT)]
        for name, folder in _DELETED_LISTS.items() if self._quirks.deleted_lists else ():
            path = f"/v2/{folder}/deleted/list"
            answer = partial(self.list_deleted, name)
            lists.append(Endpoint("POST", path, CallKind.DELETED_LIST, answer, object=name))
        return lists

    def list_ctas(self, call: Call) -> Response:
        """A page of at most 1,000 records, as a plain list."""
        return self._page(OBJECT, _query(call.body))

    def list_deleted(self, name: str, call: Call) -> Response:
        """A page of an object's deleted records; its default fields are there unasked."""
        query, kept = _query(call.body), self._tenant.deleted(name)
        asked = query["select"] if isinstance(query["select"], list) else []
        known = {str(each).casefold() for each in asked}
        more = [each for each in _DEFAULTS if kept.field(each) and each.casefold() not in known]
        query["select"] = [*asked, *more] if asked else None
        return self._page(name, query, deleted=True)

    def _page(self, name: str, query: dict[str, Any], *, deleted: bool = False) -> Response:
        body = msgspec.json.encode(query)
        try:
            plan = self._planner.plan(name, body, max_limit=_MOST_RECORDS, deleted=deleted)
        except BadQueryError as error:
            raise ApiError("COCKPIT_5101", error.detail) from error
        return success(self._records(plan))

    def _records(self, plan: Plan) -> list[dict[str, object]]:
        record = query_record(plan.names, plan.fields, self._quirks)
        with self._store.reading() as connection:
            return [record(row) for row in connection.execute(plan.sql, plan.parameters)]


def _query(body: bytes) -> dict[str, Any]:
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
    return {
        "select": payload.get("select"),
        "where": {**where, "conditions": conditions},
        "limit": size,
        "offset": offset,
    }
