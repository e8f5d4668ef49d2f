"""A machine whose clock is not the tenant's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import DataType, Field, Hooks, ManualClock, ObjectSchema, Sandbox
from tests.tap.support import make_tap, run

if TYPE_CHECKING:
    from gainsight_sandbox import LoggedRequest

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
