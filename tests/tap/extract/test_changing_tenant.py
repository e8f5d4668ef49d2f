"""A tenant that changes while it is read, on the way out in small pages and jobs."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import (
    DataType,
    DateForm,
    Field,
    Hooks,
    JobSettings,
    Limits,
    LoggedRequest,
    ManualClock,
    NullOrder,
    ObjectSchema,
    QueryEmpty,
    QueryShape,
    Quirks,
    Sandbox,
)
from tests.tap.support import make_tap, run, select_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tap.support import Output

NAME = "thing__gc"
SCHEMA = ObjectSchema(
    NAME,
    (
        Field("Gsid", DataType.GSID, read_only=True),
        Field("Name"),
        Field("ModifiedDate", DataType.DATETIME, read_only=True),
    ),
    key_prefix="1T01",
)
NO_LIMITS = Limits(10**6, 10**6, 10**6, 10**6)


@dataclass
class Changes:
    """What happens to the tenant between calls."""

    chance: random.Random
    left: int = 0  # a tenant that changes faster than it is read is never done with
    touched: set[str] = field(default_factory=set)
    sandbox: Sandbox | None = None

    def __call__(self, request: LoggedRequest) -> None:
        if self.left <= 0 or self.sandbox is None or "/sandbox/" in request.path:
            return
        tenant, chance = self.sandbox.tenant, self.chance
        assert isinstance(self.sandbox.clock, ManualClock)
        self.sandbox.clock.advance(chance.choice([0.0, 0.1, 0.4, 1.0]))
        keys = [str(row["Gsid"]) for row in tenant.rows(NAME)]
        for _ in range(chance.choice([0, 0, 1, 3])):
            self.left -= 1
            key = chance.choice(keys)
            match chance.choice(["update", "update", "insert", "delete"]):
                case "update":
                    tenant.update(NAME, key, {"Name": f"changed {chance.random()}"})
                    self.touched.add(key)
                case "insert":
                    tenant.insert(NAME, {"Name": f"new {chance.random()}"})
                case _ if len(keys) > 5:
                    tenant.delete(NAME, key)
                    self.touched.add(key)
                    keys.remove(key)


def rows_for(chance: random.Random, now: float) -> Iterator[dict[str, Any]]:
    """Rows that crowd into few seconds, some without a date."""
    base = datetime.fromtimestamp(int(now), UTC) - timedelta(hours=1)
    seconds = chance.choice([1, 3, 30])
    for number in range(chance.randint(1, 120)):
        moment = base + timedelta(
            seconds=chance.randrange(seconds), milliseconds=chance.choice([0, 0, 1, 250, 999])
        )
        key = f"1T01{chance.getrandbits(120):032X}"[:36]
        dated = chance.random() > 0.1
        yield {"Gsid": key, "Name": f"row {number}", "ModifiedDate": moment if dated else None}


def quirks_for(chance: random.Random) -> Quirks:
    """Any mix of what the documents leave open."""
    return Quirks(
        filter_by_second=chance.random() < 0.5,
        null_order=chance.choice(list(NullOrder)),
        query_shape=chance.choice(list(QueryShape)),
        query_empty=chance.choice(list(QueryEmpty)),
        query_dates=chance.choice(list(DateForm)),
        csv_dates=chance.choice(list(DateForm)),
        query_caps_limit=True,
        csv_header=chance.random() < 0.8,
    )


def options_for(chance: random.Random) -> dict[str, Any]:
    """Any way to read."""
    return {
        "extract_method": chance.choice(["query", "bulk", "auto"]),
        "page_rows": chance.randint(1, 50),
        "max_rows_per_job": chance.randint(1, 50),
        "bulk_threshold_rows": chance.randint(0, 60),
        "lookback_seconds": chance.choice([0, 0, 300]),
        "sync_calls_per_minute": 10**6,
        "bulk_calls_per_hour": 10**6,
        "bulk_calls_per_day": 10**6,
    }


def apply(copy: dict[str, Any], output: Output) -> None:
    """What a target would do."""
    for record in output.records[NAME]:
        copy[record["Gsid"]] = record["Name"]
    for deleted in output.records["deleted_records"]:
        copy.pop(deleted["RecordId"], None)


def check(seed: int) -> None:
    chance = random.Random(seed)
    changes = Changes(chance)
    clock = ManualClock()
    with Sandbox(
        demo=False,
        clock=clock,
        limits=NO_LIMITS,
        quirks=quirks_for(chance),
        jobs=JobSettings(chunk_rows=chance.randint(1, 50)),
        hooks=Hooks(before_request=changes),
    ) as sandbox:
        changes.sandbox = sandbox
        sandbox.tenant.add_object(SCHEMA, list(rows_for(chance, clock.now())))
        copy: dict[str, Any] = {}
        state: dict[str, Any] | None = None
        for _ in range(chance.randint(1, 3)):
            before = {str(row["Gsid"]): row["Name"] for row in sandbox.tenant.rows(NAME)}
            changes.touched.clear()
            tap = select_only(
                make_tap(sandbox, state=state, **options_for(chance)), NAME, "deleted_records"
            )
            changes.left = chance.randint(0, 150)
            output = run(tap)
            changes.left = 0
            apply(copy, output)
            state = output.state
            unchanged = {key: name for key, name in before.items() if key not in changes.touched}
            assert {key: copy.get(key) for key in unchanged} == unchanged
        apply(copy, run(make_tap(sandbox, state=state, **options_for(chance))))
        assert copy == {str(row["Gsid"]): row["Name"] for row in sandbox.tenant.rows(NAME)}


@pytest.mark.parametrize("seed", range(25))
def test_no_unchanged_row_is_missed_and_one_more_run_makes_the_copy_equal(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_the_same_over_many_more_seeds(seed: int) -> None:
    check(seed)
