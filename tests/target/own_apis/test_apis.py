"""Objects with an API of their own: what a killed target leaves is made good by a rerun."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Hooks, Limits, Quirks, Sandbox
from tests.target.processes import Process, Striker
from tests.target.support import Runner, config_for, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FEEDS: dict[str, dict[str, Any]] = {
    "person": {"Email": "p{}@acme.example", "Name": "P {}"},
    "call_to_action": {
        "Source_ID__gc": "k{}",
        "Name": "C {}",
        "CompanyId": "COMPANY",
        "OwnerEmail": "user1@csteam.example",
        "type": "Risk",
        "status": "New",
    },
    "activity_timeline": {
        "ExternalId": "k{}",
        "ContextName": "Company",
        "TypeName": "Email",
        "Subject": "A {}",
        "Notes": "All is well",
        "ActivityDate": "2026-07-01",
        "Author": "user1@csteam.example",
        "GsCompanyId": "COMPANY",
    },
}
"""What is loaded into each object; the first field tells records apart."""

COUNT = 40


@pytest.fixture(scope="module")
def striker() -> Striker:
    return Striker()


@pytest.fixture(scope="module")
def tenant(striker: Striker) -> Iterator[Sandbox]:
    # A real clock would be waited for.
    limits = Limits(10**6, 10**6, 10**6, 10**6, timeline_per_minute=10**6)
    quirks = Quirks(timeline_seconds=0)
    hooks = Hooks(before_request=striker)
    with Sandbox(empty=True, limits=limits, quirks=quirks, hooks=hooks) as sandbox:
        yield sandbox


def _points(name: str, first: int, *slow: int) -> list[Any]:
    marked = [pytest.param(name, point, marks=pytest.mark.slow) for point in slow]
    return [(name, first), *marked]


@pytest.mark.parametrize(
    ("name", "after"),
    [
        *_points("person", 25, 2, 3, 4, 5, 8, 12, 17, 30, 38, 41),
        *_points("call_to_action", 9, 2, 3, 4, 5, 6, 7, 8, 10, 11),
        *_points("activity_timeline", 25, 3, 4, 5, 8, 12, 17, 30, 38, 41),
    ],
)
def test_a_run_that_is_killed_anywhere_is_made_good_by_the_next(
    tenant: Sandbox, striker: Striker, tmp_path: Path, name: str, after: int
) -> None:
    (company,) = tenant.tenant.insert("company", {"Name": "Acme"})
    tenant.tenant.delete(name, [str(row["Gsid"]) for row in tenant.tenant.rows(name)])
    key = next(iter(FEEDS[name]))
    feed = [schema(name, *FEEDS[name], keys=[key])]
    for number in range(COUNT):
        values = {
            field: text.format(number).replace("COMPANY", company)
            for field, text in FEEDS[name].items()
        }
        feed += [record(name, **values), state(number)]
    minute = ("sync_calls_per_minute", "timeline_calls_per_minute")
    settings = {"batch_size_rows": 10, **dict.fromkeys(minute, 10_000)}
    striker.arm(signal.SIGKILL, after)
    first = Process(tmp_path, {**config_for(tenant), **settings}, *feed)
    striker.process = first
    striker.ready.set()
    status, states, err = first.end()
    assert status == -signal.SIGKILL, err
    done = states[-1] + 1 if states else 0
    assert done < COUNT
    assert tenant.tenant.count(name) >= done

    rerun = Runner(tenant, tmp_path).loaded(feed[0], *feed[1 + 2 * done :], **settings)
    assert rerun.states[-1] == COUNT - 1
    found = sorted(str(row[key]) for row in tenant.tenant.rows(name))
    assert found == sorted(FEEDS[name][key].format(number) for number in range(COUNT))
