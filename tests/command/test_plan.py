from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.errors import GainsightError
from gainsight_command.plan.rows import MOST_CALLS, count_rows
from gainsight_sandbox import Credentials, Effect, Fault, Quirks, Sandbox, SystemClock
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tap_gainsight.tap import TapGainsight
from tests.command.support import KEY, Done, command, config_file
from tests.tap.support import THING, UNLIMITED, calls, submissions, tenant_of, things

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE_OF_THEM = {
    "conditions": [{"name": "Name", "alias": "A", "operator": "EQ", "value": ["thing 1"]}],
    "expression": "A",
}
UNDER_WAY = {CallKind.EXPORT_STATUS, CallKind.EXPORT_CHUNK}


@pytest.fixture
def tenant() -> Iterator[Sandbox]:
    with tenant_of(
        things(3_000), clock=SystemClock(), credentials=Credentials(access_key=KEY)
    ) as sandbox:
        yield sandbox


def plan(sandbox: Sandbox, folder: Path, *arguments: str, **settings: Any) -> Done:
    file = config_file(folder, sandbox, **{"objects": [THING.name], **UNLIMITED, **settings})
    sandbox.log.clear()
    return command("plan", "--tap", "--config", file, "--json", *arguments)


def stream(done: Done, name: str = THING.name) -> dict[str, Any]:
    found: dict[str, Any] = {each["stream"]: each for each in done.json["streams"]}[name]
    return found


def sync(folder: Path, state: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run the tap by the config file; its last state."""
    config = json.loads((folder / "config.json").read_text())
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        TapGainsight(config=config, state=state or {}).sync_all()
    last: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])["value"]
    return last


@given(st.integers(min_value=0, max_value=10**8))
def test_rows_are_counted_within_the_calls_allowed(rows: int) -> None:
    asked: list[int] = []

    def more_than(number: int) -> bool:
        asked.append(number)
        return rows > number

    count = count_rows(more_than)
    assert len(asked) == count.calls <= MOST_CALLS
    assert count.at_least <= rows
    assert count.at_most is None or rows <= count.at_most
    if rows <= 10_000:
        assert count.exact
    elif rows < 10**6:
        assert count.rows <= rows * 1.01


@pytest.mark.parametrize("method", ["query", "bulk", "auto"])
def test_a_full_sync_costs_about_what_the_plan_says(
    tenant: Sandbox, tmp_path: Path, method: str
) -> None:
    settings = {"extract_method": method, "bulk_threshold_rows": 500, "max_rows_per_job": 1_000}
    done = plan(tenant, tmp_path, **settings)
    assert done.status == 0
    planned = stream(done)["full"]
    assert (planned["rows"], planned["exact"]) == (3_000, True)
    asked = [entry for entry in tenant.log if entry.kind is CallKind.QUERY]
    assert len(asked) <= 2 * MOST_CALLS  # the delete logs are a stream, too
    assert submissions(tenant) == 0
    tenant.log.clear()
    sync(tmp_path)
    assert planned["jobs"] == submissions(tenant)
    took = calls(tenant, CallKind.QUERY, THING.name)
    took += sum(entry.kind in UNDER_WAY for entry in tenant.log)
    assert abs(planned["calls"] - took) <= 2 + 6 * planned["jobs"]


@pytest.mark.parametrize("has_both", [True, False])
def test_deletions_cost_what_reading_both_delete_logs_takes(
    tmp_path: Path, *, has_both: bool
) -> None:
    quirks = Quirks(high_volume_delete_log=has_both)
    key = Credentials(access_key=KEY)
    with tenant_of(things(9), clock=SystemClock(), credentials=key, quirks=quirks) as sandbox:
        large = replace(THING, name="large__gc", high_volume=True)
        sandbox.tenant.add_object(large, things(5))
        for name, count in ((THING.name, 3), (large.name, 2)):
            sandbox.tenant.delete(name, [f"1T01{number:032}" for number in range(count)])
        listed = plan(sandbox, tmp_path, "deleted_records", deleted_lists=["call_to_action"])
        done = plan(sandbox, tmp_path, "deleted_records")
        planned = stream(done, "deleted_records")["full"]
        asked = calls(sandbox, CallKind.QUERY)
        assert done.json["calls_made"] == asked <= MOST_CALLS
        assert (planned["rows"], planned["exact"]) == (5 if has_both else 3, True)
        sandbox.log.clear()
        sync(tmp_path)
        reads = [entry.object for entry in sandbox.log if entry.kind is CallKind.QUERY]
        took = sum(str(name).startswith("record_delete_log") for name in reads)
        assert planned["calls"] == took
        assert stream(listed, "deleted_records")["full"]["calls"] == took + 1


def test_an_incremental_sync_is_planned_from_its_state(tenant: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    plan(tenant, tmp_path, lookback_seconds=0)
    file.write_text(json.dumps(sync(tmp_path)))
    tenant.tenant.touch(THING.name, 7)
    done = plan(tenant, tmp_path, "--state", str(file), lookback_seconds=0)
    planned = stream(done)
    assert abs(planned["full"]["rows"] - 3_000) <= 4
    assert 7 <= planned["incremental"]["rows"] <= 8  # one shares the bookmark's second
    assert planned["incremental"]["calls"] == 2
    assert calls(tenant, CallKind.QUERY, THING.name) <= MOST_CALLS
    total = done.json["total"]
    assert total["full"]["calls"] >= total["incremental"]["calls"] > 0
    file.unlink()


def test_rows_are_those_of_the_last_run(tenant: Sandbox, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"objects": [THING.name], "lookback_seconds": 0}
    assert "incremental" not in stream(plan(tenant, tmp_path, THING.name, **settings))
    state = sync(tmp_path)
    tenant.tenant.touch(THING.name, 7)
    sync(tmp_path, state)
    tenant.tenant.touch(THING.name, 5)
    done = plan(tenant, tmp_path, THING.name, **settings)
    told = stream(done)
    assert calls(tenant, CallKind.QUERY, THING.name) == done.json["calls_made"] == 0
    assert (told["full"]["rows"], told["full"]["exact"], told["full"]["calls"]) == (3_000, False, 2)
    assert 7 <= told["incremental"]["rows"] <= 8  # one shares the bookmark's second
    assert told["full"]["last_run_at"] <= told["incremental"]["last_run_at"]
    printed = command("plan", THING.name, "--tap", "--config", str(tmp_path / "config.json")).out
    assert " 3,000* " in printed
    assert "incremental sync: 2 calls and 0 jobs" in printed
    assert "* as many as the last such run has read" in printed
    counted = plan(tenant, tmp_path, THING.name, "--count", **settings)
    assert (stream(counted)["full"]["exact"], counted.json["calls_made"] > 5) == (True, True)


def test_another_filter_or_start_is_another_table(tenant: Sandbox, tmp_path: Path) -> None:
    plan(tenant, tmp_path)
    sync(tmp_path)
    for settings in (
        {"start_date": "2001-01-01T00:00:00Z"},
        {"streams": [{"object": THING.name, "name": THING.name, "filter": ONE_OF_THEM}]},
    ):
        done = plan(tenant, tmp_path, THING.name, **settings)
        assert stream(done)["full"]["last_run_at"] is None
        assert done.json["calls_made"] > 0


def test_a_run_that_broke_off_tells_no_rows(tenant: Sandbox, tmp_path: Path) -> None:
    plan(tenant, tmp_path, max_retries=0, extract_method="query")
    tenant.faults.add(Fault(Effect.STATUS, on=CallKind.QUERY, status=503, count=None))
    with pytest.raises(GainsightError):
        sync(tmp_path)
    tenant.faults.clear()
    done = plan(tenant, tmp_path, THING.name)
    assert stream(done)["full"]["last_run_at"] is None


def test_streams_are_those_that_the_catalog_selects_and_the_arguments_name(
    tenant: Sandbox, tmp_path: Path
) -> None:
    for number in range(3):
        name = f"{'other' if number else 'another'}_{number}__gc"
        tenant.tenant.add_object(replace(THING, name=name), things(number))
    settings: dict[str, Any] = {"objects": ["*__gc"]}
    done = plan(tenant, tmp_path, "other*", **settings)
    rows = {each["stream"]: each["full"]["rows"] for each in done.json["streams"]}
    assert rows == {"other_1__gc": 1, "other_2__gc": 2}
    catalog = TapGainsight(config=json.loads((tmp_path / "config.json").read_text())).catalog_dict
    for entry in catalog["streams"]:
        root = next(each for each in entry["metadata"] if not each["breadcrumb"])
        root["metadata"]["selected"] = entry["tap_stream_id"] == "other_2__gc"
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(catalog))
    done = plan(tenant, tmp_path, "--catalog", str(file), **settings)
    assert [each["stream"] for each in done.json["streams"]] == ["other_2__gc"]
    assert calls(tenant, CallKind.METADATA) == 0
    assert "no stream is selected" in plan(tenant, tmp_path, "company").error


def test_waits_for_limits_are_in_the_minutes(tenant: Sandbox, tmp_path: Path) -> None:
    done = plan(
        tenant,
        tmp_path,
        extract_method="bulk",
        max_rows_per_job=100,
        bulk_calls_per_hour=10,
        bulk_calls_per_day=100,
    )
    assert stream(done)["full"]["jobs"] == 30
    assert 60 <= done.json["total"]["full"]["minutes"] <= 121


def test_a_stream_that_cannot_be_asked_for_does_not_hide_the_others(
    tenant: Sandbox, tmp_path: Path
) -> None:
    tenant.tenant.add_object(replace(THING, name="other__gc"), things(5))
    tenant.faults.add(
        Fault(Effect.STATUS, on=CallKind.QUERY, object="other__gc", status=503, count=None)
    )
    done = plan(tenant, tmp_path, objects=["*__gc"], max_retries=0)
    assert done.status == 1
    assert "503" in stream(done, "other__gc")["error"]
    assert stream(done)["full"]["rows"] == 3_000


def test_names_that_read_as_markup_are_shown_as_they_are(tenant: Sandbox, tmp_path: Path) -> None:
    name = "[/x] [bold]"
    streams = [{"object": THING.name, "name": name}]
    plan(tenant, tmp_path, objects=[], streams=streams)
    done = command("plan", "--tap", "--config", str(tmp_path / "config.json"))
    assert done.status == 0, done.err
    assert name in done.out
    assert done.err == ""


def test_people_get_a_table(tenant: Sandbox, tmp_path: Path) -> None:
    plan(tenant, tmp_path)
    done = command("plan", THING.name, "--tap", "--config", str(tmp_path / "config.json"))
    assert done.status == 0
    row = next(line for line in done.out.splitlines() if THING.name in line)
    assert row.split() == [THING.name, "auto", "3,000", "2", "0"]
    assert "full sync: 2 calls and 0 jobs, a few seconds if nobody else calls" in done.out
    assert done.err == ""


def test_a_plan_that_finds_no_call_left_prints_nothing_but_itself(
    tenant: Sandbox, tmp_path: Path
) -> None:
    done = plan(tenant, tmp_path, sync_calls_per_day=1, on_quota_exhausted="fail")
    assert done.json["ok"] is False
    assert "No sync call is left" in done.json["error"]
