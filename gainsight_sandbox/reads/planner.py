"""Turns the body of a query or export call into a plan for the store."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.errors import BadQueryError, Flaw, ObjectNotFoundError
from gainsight_sandbox.reads.requests import parse_read_request
from gainsight_sandbox.reads.sql import Plan, plan_read
from gainsight_sandbox.wire.calls import parse_json

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.tenant import Tenant


class Planner:
    """Checks read requests against the tenant's objects."""

    def __init__(self, tenant: Tenant, quirks: Quirks) -> None:
        self._tenant = tenant
        self._quirks = quirks
        self._salt = itertools.count()

    def plan(
        self,
        name: str,
        body: bytes,
        *,
        max_limit: int,
        capped: bool = False,
        page: int | None = None,
        deleted: bool = False,
    ) -> Plan:
        """The plan of a read request; `max_limit` is also the limit of one that names none.

        A higher limit is an error, or brought down if `capped`. However high, it is
        brought down to `page`. What is read is what was `deleted`, where asked for.
        """
        request = parse_read_request(parse_json(body))
        limit = max_limit if request.limit is None else request.limit
        if limit > max_limit and not capped:
            raise BadQueryError(Flaw.OTHER, f"limit is at most {max_limit}.")
        try:
            base = self._tenant.deleted(name) if deleted else self._tenant.schema(name)
        except ObjectNotFoundError as error:
            detail = f"Table {name} is either deleted or not exists"
            raise BadQueryError(Flaw.COLUMN, detail) from error
        if not base.readable:
            raise BadQueryError(Flaw.OTHER, f"{base.name} is not readable.")
        plan = plan_read(
            request,
            base,
            self._tenant.schemas,
            self._quirks,
            limit=min(limit, max_limit, page or max_limit),
            salt=next(self._salt),
        )
        for needed in plan.objects & self._tenant.schemas.keys():
            self._tenant.ready(needed)
        return plan
