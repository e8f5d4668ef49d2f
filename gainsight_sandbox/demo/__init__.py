"""The demo tenant: what a customer-success team's data looks like, with its dates up to now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gainsight_sandbox.demo.awkward import awkward
from gainsight_sandbox.demo.customers import (
    companies,
    company_people,
    people,
    relationship_types,
    relationships,
    users,
)
from gainsight_sandbox.demo.usage import fill_usage_events, usage_events
from gainsight_sandbox.demo.work import (
    calls_to_action,
    deletions,
    email_logs,
    scorecard_history,
    secrets,
    survey_responses,
    timeline,
)
from gainsight_sandbox.tenant.values import from_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.demo.columns import DemoObject
    from gainsight_sandbox.tenant.schema import ObjectSchema
    from gainsight_sandbox.tenant.store import Store
    from gainsight_sandbox.tenant.tenant import Filler, Tenant


REFERENCE_DATA = ("gsuser", "relationship_type")
"""Objects that have records even in an empty tenant: others cannot be loaded without them."""


def fill_with_demo(
    tenant: Tenant, clock: Clock, rows: Mapping[str, int], seed: int, *, empty: bool = False
) -> None:
    """Give a tenant the demo objects; their records are made when first asked for."""
    demo = _demo_objects()
    volume = usage_events()
    defaults = {item.schema.name: item.rows for item in demo} | {volume.name: 0}
    if empty:
        defaults |= dict.fromkeys(defaults.keys() - set(REFERENCE_DATA), 0)
    unknown = sorted(rows.keys() - defaults.keys())
    if unknown:
        raise ValueError(
            f"the demo has no object named {unknown[0]!r}; it has {', '.join(sorted(defaults))}"
        )
    if tenant.schemas and rows:
        raise ValueError("the data folder holds a tenant already: rows are for a new one")
    counts = {**defaults, **rows}
    now = from_seconds(clock.now())
    tenant.set_fillers({item.schema.name: _filler(item, seed, now, counts) for item in demo})
    tenant.set_fillers({volume.name: partial(fill_usage_events, seed=seed, now=now, counts=counts)})
    if not tenant.schemas:
        for schema in (*(item.schema for item in demo), volume):
            tenant.add_pending(schema, counts[schema.name])


def _demo_objects() -> list[DemoObject]:
    return [
        companies(),
        relationships(),
        relationship_types(),
        users(),
        people(),
        company_people(),
        calls_to_action(),
        timeline(),
        survey_responses(),
        scorecard_history(),
        email_logs(),
        deletions(),
        secrets(),
        awkward(),
    ]


def _filler(item: DemoObject, seed: int, now: datetime, counts: Mapping[str, int]) -> Filler:
    def fill(store: Store, schema: ObjectSchema, count: int) -> None:
        del schema
        item.fill(store, count, seed=seed, now=now, counts=counts)

    return fill
