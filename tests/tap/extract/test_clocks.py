"""A machine whose clock is not the tenant's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from gainsight_sandbox import DataType, Field, Hooks, ManualClock, ObjectSchema, Sandbox
from tests.hostile import Hostile
from tests.tap.support import UNLIMITED, make_tap, run, select_only, tenant_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gainsight_sandbox import LoggedRequest
    from tests.api.conftest import Reply, Request

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


class Shifted:
    """A clock that shows another time than the tenant's, and passes as fast."""

    def __init__(self, clock: ManualClock, ahead: float) -> None:
        self._clock = clock
        self._ahead = ahead

    def now(self) -> float:
        return self._clock.now() + self._ahead

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


@pytest.mark.parametrize("ahead", [-7200.0, -3.0, 0.0, 3.0, 7200.0])
def test_the_bookmark_stays_within_what_the_tenant_s_clock_showed_at_the_begin(
    ahead: float,
) -> None:
    clock = ManualClock()
    queries = 0

    def change(request: LoggedRequest) -> None:
        """Change the first row anew in the second in which it was read, then let time pass."""
        nonlocal queries
        if f"query/{NAME}" not in request.path:
            return
        queries += 1
        if queries in {2, 4}:
            sandbox.tenant.update(NAME, keys[0], {"Name": f"changed {queries}"})
            clock.advance(2)
            sandbox.tenant.update(NAME, keys[1], {"Name": f"later {queries}"})

    with Sandbox(demo=False, clock=clock, hooks=Hooks(before_request=change)) as sandbox:
        moment = datetime.fromtimestamp(clock.now(), UTC)
        rows = [{"Name": f"row {n}", "ModifiedDate": moment} for n in range(3)]
        sandbox.tenant.add_object(SCHEMA)
        keys = sandbox.tenant.insert(NAME, *rows)
        copy: dict[str, Any] = {}
        state: dict[str, Any] | None = None
        for _ in range(3):
            tap = make_tap(
                sandbox,
                state=state,
                clock=Shifted(clock, ahead),
                extract_method="query",
                lookback_seconds=0,
                page_rows=2,
            )
            output = run(tap)
            state = output.state
            copy |= {record["Gsid"]: record["Name"] for record in output.records[NAME]}
            began = datetime.fromtimestamp(clock.now(), UTC) + timedelta(seconds=1)
            bookmark = output.bookmark(NAME)["replication_key_value"]
            assert datetime.fromisoformat(bookmark) <= began
        assert copy == {str(row["Gsid"]): row["Name"] for row in sandbox.tenant.rows(NAME)}


@dataclass
class OwnClock:
    """A tenant that reads the times in filters by its own clock, whatever their offset.

    Attributes:
        fold: Which of the two hours it takes at the end of summer time: 0 or 1.
        left: How many rows' calls it answers at most, so that a run in a circle ends.
    """

    fold: int
    left: int = 300

    def __call__(self, request: Request, _: int, own: Callable[..., Reply]) -> Reply | None:
        if request.method != "POST" or NAME not in request.path:
            return None
        self.left -= 1
        assert self.left > 0, "the tap goes round in a circle"
        body = json.loads(request.body)
        for condition in (body.get("where") or {}).get("conditions", ()):
            if condition["name"] == "ModifiedDate":
                condition["value"] = [self._read(value) for value in condition["value"]]
        return own(json.dumps(body).encode())

    def _read(self, value: str) -> str:
        local = datetime.fromisoformat(value[:19]).replace(
            tzinfo=ZoneInfo("America/New_York"), fold=self.fold
        )
        return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("method", ["query", "bulk"])
@pytest.mark.parametrize("at_once", [7, 5000])
@pytest.mark.parametrize("bookmark", [None, "04:45", "05:30", "06:10", "07:05"])
def test_the_hour_that_comes_twice_loses_no_row_and_ends(
    fold: int, method: str, at_once: int, bookmark: str | None
) -> None:
    first = datetime(2025, 11, 2, 4, 30, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {
            "Gsid": f"1T01{n:032}",
            "Name": f"row {n}",
            "ModifiedDate": first + timedelta(minutes=3 * n),
        }
        for n in range(70)
    ]
    since = datetime.fromisoformat(f"2025-11-02T{bookmark or '00:00'}:00+00:00")
    state = {
        "bookmarks": {
            NAME: {
                "replication_key": "ModifiedDate",
                "replication_key_value": since.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            }
        }
    }
    clock = ManualClock(datetime(2025, 12, 1, tzinfo=UTC).timestamp())
    day = OwnClock(fold)
    with tenant_of(rows, schema=SCHEMA, clock=clock) as sandbox, Hostile(sandbox, day) as hostile:
        output = run(
            select_only(
                make_tap(
                    sandbox,
                    domain=hostile.url,
                    state=state if bookmark else None,
                    filter_timezone="America/New_York",
                    extract_method=method,
                    page_rows=at_once,
                    max_rows_per_job=at_once,
                    lookback_seconds=0,
                    **UNLIMITED,
                ),
                NAME,
            )
        )
    found = [record["Name"] for record in output.records[NAME]]
    due = {row["Name"] for row in rows if row["ModifiedDate"] >= since}
    assert due <= set(found)
    assert len(found) == len(set(found))
