"""What is looked in is loaded before what looks, whatever path, batch or age either has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import ManualClock, Sandbox
from target_gainsight.loading.order import Order
from tests.target.support import Runner, make_target, record, run, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(kw_only=True)
class Batch:
    """A stream's batch; without an oldest record it is empty."""

    oldest_waiting: int | None
    first_received: int = 1
    last_received: int = 99
    goes_by_rest: bool = False
    opened_at: float = 0.0
    object_name: str = ""
    looks_in: frozenset[str] = frozenset()


def planned(plan: Iterator[tuple[Batch, int]]) -> list[Batch]:
    """The batches of a plan, each of which is emptied in its turn."""
    found = []
    for batch, _ in plan:
        batch.oldest_waiting = None
        found.append(batch)
    return found


def test_everything_goes_in_the_order_of_the_oldest_records() -> None:
    late, early, empty = (Batch(oldest_waiting=number) for number in (5, 2, None))
    plan = Order([late, empty, early]).everything()
    assert [id(batch) for batch in planned(plan)] == [id(early), id(late)]


def test_a_full_batch_takes_the_streams_that_ended_before_it_and_what_costs_no_job() -> None:
    full = Batch(oldest_waiting=10)
    ended = Batch(oldest_waiting=1, last_received=9)
    under_way = Batch(oldest_waiting=2, last_received=11)
    by_rest = Batch(oldest_waiting=20, goes_by_rest=True)
    plan = Order([by_rest, full, under_way, ended]).due_when_full(full)
    assert [id(batch) for batch in planned(plan)] == [id(ended), id(full), id(by_rest)]


@pytest.mark.parametrize(("now", "due"), [(299.9, ""), (300.0, "old"), (301.0, "young old")])
def test_age_makes_due_what_costs_no_job(now: float, due: str) -> None:
    old = Batch(oldest_waiting=3, goes_by_rest=True, object_name="old")
    young = Batch(oldest_waiting=2, goes_by_rest=True, opened_at=0.5, object_name="young")
    plan = Order([old, Batch(oldest_waiting=1), young]).due_by_age(now)
    assert " ".join(batch.object_name for batch in planned(plan)) == due


# Against a tenant

PARENT, CHILD, GRANDCHILD, OTHER = "parent__gc", "child__gc", "grandchild__gc", "other__gc"
LONG = 301.0
REST: dict[str, Any] = {"load_mode": "rest"}


def looks_in(parent: str) -> dict[str, Any]:
    """Lookups that find a record's parent by name, or reject it."""
    lookup = {
        "fields": {"Company_Name__gc": "Name"},
        "objectName": parent,
        "lookupField": "Name",
        "onNoMatch": "ERROR",
        "multiMatchOption": "FIRSTMATCH",
    }
    return {"lookups": {"Code__gc": lookup}}


def entry(stream: str, parent: str | None = None, **settings: Any) -> dict[str, Any]:
    """A stream's settings."""
    return {"name": stream, **(looks_in(parent) if parent else {}), **settings}


FAMILY = [entry(CHILD, PARENT), entry(GRANDCHILD, CHILD)]
SCHEMAS = [schema(name, "Name", "Company_Name__gc") for name in (PARENT, CHILD, GRANDCHILD, OTHER)]


def child(number: int, stream: str = CHILD) -> dict[str, Any]:
    return record(stream, Name=f"n{number}", Company_Name__gc=f"n{number}")


def parent(number: int, stream: str = PARENT) -> dict[str, Any]:
    return record(stream, Name=f"n{number}")


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Runner]:
    objects = [thing(name) for name in (PARENT, CHILD, GRANDCHILD, OTHER)]
    with Sandbox(empty=True, clock=ManualClock(), objects=objects) as sandbox:
        yield Runner(sandbox, tmp_path / "rejects")


def loaded(family: Runner, feed: list[Any], **settings: Any) -> dict[str, int]:
    """Load a feed, in which numbers are pauses in seconds; the result is the rows by object."""
    target = make_target(family.sandbox, family.rejects, **{"streams": FAMILY, **settings})
    feed = [*SCHEMAS, *feed, state("end")]
    clock = family.sandbox.clock
    assert isinstance(clock, ManualClock)
    feed = [
        {"type": "PAUSE", "stream": str(item)} if isinstance(item, float) else item for item in feed
    ]
    read = target.message_reader.process_lines

    def with_pauses(source: Any, callbacks: dict[str, Any]) -> Any:
        callbacks["PAUSE"] = lambda message: clock.advance(float(message["stream"]))
        return read(source, callbacks)

    target.message_reader.process_lines = with_pauses  # type: ignore[method-assign,assignment]
    output = run(target, *feed)
    if output.error:
        raise output.error
    assert output.states[-1] == "end"
    counts = {name: family.sandbox.tenant.count(name) for name in (PARENT, CHILD, GRANDCHILD)}
    return {name: count for name, count in counts.items() if count}


def test_children_that_have_waited_long_wait_on_for_parents_that_go_by_job(family: Runner) -> None:
    parents = [parent(number) for number in range(21)]
    children = [child(number) for number in range(15)]
    feed = [*parents, *children, LONG, child(20)]
    assert loaded(family, feed, bulk_threshold_rows=20) == {PARENT: 21, CHILD: 16}


def test_parents_stay_before_their_children_after_a_load_by_age(family: Runner) -> None:
    feed: list[Any] = [each for n in range(10) for each in (parent(n), child(n))]
    feed.insert(10, LONG)
    assert loaded(family, feed) == {PARENT: 10, CHILD: 10}


@pytest.mark.parametrize("settings", [{}, REST])
def test_parents_stay_before_their_children_when_a_batch_is_full(
    family: Runner, settings: dict[str, Any]
) -> None:
    feed = [each for n in range(40) for each in (parent(n), parent(n, OTHER), child(n))]
    found = loaded(family, feed, batch_size_rows=30, bulk_threshold_rows=10, **settings)
    assert found == {PARENT: 40, CHILD: 40}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_parents_go_before_their_children_over_several_levels(family: Runner, size: int) -> None:
    feed = [each for n in range(10) for each in (child(n, GRANDCHILD), child(n), parent(n), LONG)]
    streams = [{**each, "load_mode": "rest"} for each in FAMILY]
    del feed[-1]
    found = loaded(family, feed, streams=streams, batch_size_rows=size * 10)
    assert found == {PARENT: 10, CHILD: 10, GRANDCHILD: 10}


def test_children_that_come_before_their_parent_wait_for_it(family: Runner) -> None:
    feed: list[Any] = []
    for n in range(4):
        feed += [child(n), LONG, record(CHILD, Name=f"m{n}", Company_Name__gc=f"n{n}"), parent(n)]
    assert loaded(family, feed) == {PARENT: 4, CHILD: 8}


def test_a_parent_by_job_goes_before_a_child_by_rest(family: Runner) -> None:
    streams = [entry(CHILD, PARENT, **REST), entry(PARENT, load_mode="bulk")]
    feed = [each for n in range(12) for each in (child(n), parent(n))]
    found = loaded(family, feed, streams=streams, batch_size_rows=5)
    assert found == {PARENT: 12, CHILD: 12}


def test_parents_go_first_when_the_keys_of_their_children_change(family: Runner) -> None:
    changed = schema(CHILD, "Name", "Company_Name__gc", keys=("Name", "Day__gc"))
    changed["schema"]["properties"]["Text__gc"] = {}
    streams = [entry(CHILD, PARENT, keys=["Name"])]
    feed = [child(0), parent(0), child(1), parent(1), changed, child(2), parent(2)]
    assert loaded(family, feed, streams=streams) == {PARENT: 3, CHILD: 3}


def test_streams_that_look_in_each_other_go_in_the_order_received(family: Runner) -> None:
    streams = [entry(CHILD, PARENT), entry(PARENT, CHILD)]
    feed = [parent(0)]
    for n in range(3):
        feed += [
            record(CHILD, Name=f"c{n}", Company_Name__gc=f"n{n}"),
            record(PARENT, Name=f"n{n + 1}", Company_Name__gc=f"c{n}"),
        ]
    assert loaded(family, feed, streams=streams) == {PARENT: 4, CHILD: 3}


def test_a_stream_that_looks_in_nothing_is_not_held_back(family: Runner) -> None:
    assert loaded(family, [parent(0), parent(0, OTHER), LONG, parent(1)]) == {PARENT: 2}
