"""A tenant that varies within its rights, and has bad days: all rows, or one line and a state.

The tenant's table stands still here; `test_changing_tenant.py` has one that moves.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import GainsightError
from gainsight_sandbox import (
    DateForm,
    Field,
    NullOrder,
    ObjectSchema,
    QueryEmpty,
    QueryShape,
    Quirks,
)
from tests.api.conftest import Reply, enveloped
from tests.hostile import Hostile
from tests.tap.support import (
    NOON,
    THING,
    UNLIMITED,
    Output,
    make_tap,
    run,
    select_only,
    tenant_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gainsight_sandbox import Sandbox
    from tests.api.conftest import Request

NAME = THING.name
KEYLESS = ObjectSchema(NAME, (Field("Name"),))
CASED = ObjectSchema(NAME, (Field("id"), *THING.fields[1:]))
"""Its keys differ in case alone, each from one other."""
DATELESS = ObjectSchema(NAME, CASED.fields[:-1])
GONE = [
    enveloped({"result": False, "errorCode": "GSOBJ_ESS_9404", "data": None}, 400),
    enveloped({"result": True, "data": None}),
    enveloped({"result": True, "data": {"jobId": "1", "jobStatus": "EXPIRED"}}),
    enveloped({"result": False, "errorCode": "X", "data": None}, 403),
]
PASSING = [
    Reply(b"<html>busy</html>", 503),
    Reply(b"{}", 200, {"Content-Type": "application/json"}),
    Reply(b"", 502),
    Reply(b"", drop=True),
    enveloped({"result": False, "errorCode": "GS_APIG_2500", "data": None}, 500),
]


@dataclass
class Days:
    """What the tenant does today; all of it is drawn anew for each run.

    Attributes:
        chance: What decides.
        page_cap: Rows of a query's page, at most.
        faulty: How likely a call fails in a way that passes.
        dies_at: From which call on all fail.
    """

    chance: random.Random
    page_cap: int = 10**6
    faulty: float = 0.0
    late_list: bool = False
    cuts_chunks: bool = False
    dies_at: int = 10**9
    gone: set[str] = field(default_factory=set)
    said_gone: Reply = field(default_factory=lambda: GONE[0])
    calls: int = 0
    in_a_row: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: Request, number: int, own: Callable[..., Reply]) -> Reply | None:
        self.calls += 1
        if self.calls >= self.dies_at:
            return PASSING[0]
        if "/token" in request.path or "/services/" in request.path:
            return None
        if any(job in request.path for job in self.gone):
            return self.said_gone
        # As often as the tap tries again, not more; a job that was taken is not made twice.
        if "/exports/" not in request.path or request.method == "GET":
            if self.in_a_row[request.path] < 2 and self.chance.random() < self.faulty:
                self.in_a_row[request.path] += 1
                return self.chance.choice(PASSING)
            self.in_a_row[request.path] = 0
        if "/query/" in request.path:
            return self._page(request, own)
        if "/status/" in request.path and self.late_list and number <= 2:
            return self._without_last_chunk(own())
        if "/chunk/" in request.path and self.cuts_chunks and number == 1:
            return self._cut(own())
        return None

    def _page(self, request: Request, own: Callable[..., Reply]) -> Reply | None:
        body = json.loads(request.body)
        if body.get("limit", 0) <= self.page_cap:
            return None
        return own(json.dumps(body | {"limit": self.page_cap}).encode())

    def _without_last_chunk(self, reply: Reply) -> Reply:
        said = json.loads(reply.body)
        chunks = (said.get("data") or {}).get("chunkDetails")
        if not chunks or len(chunks) < 2:
            return reply
        chunks.pop()
        return enveloped(said)

    def _cut(self, reply: Reply) -> Reply:
        lines = reply.body.splitlines(keepends=True)
        kept = b"".join(lines[: self.chance.randint(1, len(lines))])
        kept = kept[: len(kept) - self.chance.choice([0, 0, 1, 7])]
        return Reply(kept, 200, {"Content-Type": "text/csv"}, measured=self.chance.random() < 0.5)


def day_for(chance: random.Random, *, last: bool) -> Days:
    """A day; on the last one nothing fails for good."""
    return Days(
        chance,
        page_cap=chance.choice([10**6, 10**6, 3, 7, 20]),
        faulty=chance.choice([0.0, 0.0, 0.1, 0.3]),
        late_list=chance.random() < 0.3,
        cuts_chunks=chance.random() < 0.3,
        dies_at=10**9 if last or chance.random() < 0.4 else chance.randint(5, 40),
        said_gone=chance.choice(GONE),
    )


def rows_for(chance: random.Random, *, keyless: bool) -> Iterator[dict[str, Any]]:
    """Rows of which many share a second, and some have no date."""
    seconds = chance.choice([1, 2, 30, 1000])
    crowded = chance.random() * 0.8
    for number in range(chance.choice([0, 1, 5, 40, 90])):
        moment = NOON + timedelta(
            seconds=0 if chance.random() < crowded else chance.randrange(seconds),
            milliseconds=chance.choice([0, 0, 0, 1, 500, 999]),
        )
        if keyless:
            yield {"Name": f"row {number}"}
            continue
        dated = moment if chance.random() > 0.1 else None
        key = f"1T01{chance.getrandbits(120):032X}"[:36]
        cased = f"k{number // 2}" if number % 2 else f"K{number // 2}"
        yield {"Gsid": key, "id": cased, "Name": f"row {number}", "ModifiedDate": dated}


def options_for(chance: random.Random, *, keyless: bool) -> dict[str, Any]:
    """Any way to read; what has no key is whole in one page or one job."""
    return {
        "extract_method": chance.choice(["bulk"] if keyless else ["query", "bulk", "auto"]),
        "page_rows": 100 if keyless else chance.randint(1, 50),
        "max_rows_per_job": 1_000 if keyless else chance.choice([1, 7, 20, 1_000]),
        "bulk_threshold_rows": chance.choice([0, 5, 50]),
        "lookback_seconds": chance.choice([0, 300]),
        "max_retries": 3,
        **UNLIMITED,
    }


def quirks_for(chance: random.Random) -> Quirks:
    """Any mix of what the documents leave open and the tap need not be told of."""
    return Quirks(
        filter_by_second=chance.random() < 0.5,
        null_order=chance.choice(list(NullOrder)),
        unstable_order=chance.random() < 0.5,
        eq_ignores_case=chance.random() < 0.5,
        order_ignores_case=chance.random() < 0.5,
        query_shape=chance.choice(list(QueryShape)),
        query_empty=chance.choice(list(QueryEmpty)),
        query_dates=chance.choice(list(DateForm)),
        csv_dates=chance.choice(list(DateForm)),
        csv_header=chance.random() < 0.9,
    )


def names(output: Output) -> list[str]:
    """What tells the records apart."""
    return [record["Name"] for record in output.records[NAME]]


def synced(
    sandbox: Sandbox, day: Days, state: dict[str, Any] | None, options: dict[str, Any]
) -> tuple[Output, GainsightError | None]:
    with Hostile(sandbox, day) as hostile:
        try:
            tap = make_tap(sandbox, state=state, domain=hostile.url, **options)
            return run(select_only(tap, NAME)), None
        except GainsightError as exc:
            # None came out if the tenant failed before its objects were discovered.
            return getattr(exc, "output", None) or Output([]), exc


def check(seed: int) -> None:
    chance = random.Random(seed)
    keyless = chance.random() < 0.2
    schema = KEYLESS if keyless else chance.choice([THING, THING, CASED, DATELESS])
    fields = {field.name for field in schema.fields}
    rows = [
        {name: value for name, value in row.items() if name in fields}
        for row in rows_for(chance, keyless=keyless)
    ]
    expected = sorted(row["Name"] for row in rows)
    options = options_for(chance, keyless=keyless)
    with tenant_of(
        rows,
        schema=schema,
        chunk_rows=chance.choice([1, 5, 40]),
        job_seconds=chance.choice([0, 0, 20]),
        quirks=quirks_for(chance),
    ) as sandbox:
        state: dict[str, Any] | None = None
        had: set[str] = set()
        for number in range(4):
            day = day_for(chance, last=number == 3)
            if state and chance.random() < 0.3:
                bookmark = state.get("bookmarks", {}).get(NAME, {})
                day.gone = {bookmark["export_job_id"]} if bookmark.get("export_job_id") else set()
            output, error = synced(sandbox, day, state, options)
            had.update(names(output))
            if output.states:
                state = output.state
            if error is None:
                break
            assert "\n" not in str(error)
        assert error is None
        assert sorted(had) == expected
        if number == 0:
            assert sorted(names(output)) == expected  # each once


@pytest.mark.parametrize("seed", range(30))
def test_each_row_comes_once_or_one_line_and_a_state_from_which_all_come(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1500))
def test_the_same_over_many_more_seeds(seed: int) -> None:
    check(seed)
