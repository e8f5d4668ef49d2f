"""The stream of deletions: both logs, one bookmark, and what the tenant no longer keeps."""

from __future__ import annotations

import copy
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import NotFoundError, RequestError
from gainsight_sandbox import Effect, Fault, ObjectSchema, QueryEmpty, Quirks, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.tap.support import (
    THING,
    UNLIMITED,
    calls,
    make_tap,
    run,
    select_only,
    tenant_of,
    things,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tap.support import Output

NAME = "deleted_records"
LARGE = ObjectSchema("large__gc", THING.fields, key_prefix="1L01", high_volume=True)
DAY = 86_400


@contextmanager
def tenant(**quirks: Any) -> Iterator[Sandbox]:
    with tenant_of(things(40), quirks=Quirks(**quirks)) as sandbox:
        sandbox.tenant.add_object(LARGE, things(40))
        yield sandbox


def deletions(sandbox: Sandbox, **options: Any) -> Output:
    return run(select_only(make_tap(sandbox, **{**UNLIMITED, **options}), NAME))


def gone(output: Output) -> set[tuple[str, str]]:
    return {(record["ObjectName"], record["RecordId"][-2:]) for record in output.records[NAME]}


def delete(sandbox: Sandbox, name: str, *numbers: int) -> None:
    sandbox.tenant.delete(name, [f"1T01{number:032}" for number in numbers])


@pytest.mark.parametrize("page_rows", [1, 3, 5000])
@pytest.mark.parametrize("method", ["auto", "query", "bulk"])
def test_deletions_come_from_both_logs_by_query(page_rows: int, method: str) -> None:
    with tenant() as sandbox:
        delete(sandbox, THING.name, *range(30))
        sandbox.clock.sleep(5)
        delete(sandbox, THING.name, 30)
        delete(sandbox, LARGE.name, 7, 8)
        output = deletions(
            sandbox, page_rows=page_rows, extract_method=method, bulk_threshold_rows=0
        )
        expected = {(THING.name, f"{n:02}") for n in range(31)}
        assert gone(output) == expected | {(LARGE.name, "07"), (LARGE.name, "08")}
        assert output.records[NAME][0].keys() == {"ObjectName", "RecordId", "DeletedOn"}
        assert calls(sandbox, CallKind.EXPORT_SUBMIT) == 0


@pytest.mark.parametrize("method", ["INCREMENTAL", "FULL_TABLE"])
@pytest.mark.parametrize("page_rows", [1, 2, 5000])
def test_a_record_that_was_restored_and_deleted_again_is_there_twice(
    page_rows: int, method: str
) -> None:
    with tenant() as sandbox:
        for number in (1, 2, 1, 3, 1):
            if sandbox.tenant.count(THING.name) < 40 and number == 1:
                sandbox.tenant.insert(THING.name, {"Gsid": f"1T01{1:032}", "Name": "again"})
            delete(sandbox, THING.name, number)
            sandbox.clock.sleep(5)
        catalog = make_tap(sandbox).catalog_dict
        entry = next(e for e in catalog["streams"] if e["tap_stream_id"] == NAME)
        entry["replication_method"] = method
        output = deletions(sandbox, catalog=catalog, page_rows=page_rows)
        ids = [record["RecordId"][-2:] for record in output.records[NAME]]
        assert ids == ["01", "02", "01", "03", "01"]


def test_the_next_run_has_what_was_deleted_since() -> None:
    with tenant() as sandbox:
        delete(sandbox, THING.name, 1)
        sandbox.clock.sleep(10)
        first = deletions(sandbox)
        delete(sandbox, LARGE.name, 2)
        sandbox.clock.sleep(10)
        again = deletions(sandbox, state=first.state, lookback_seconds=0)
        assert gone(again) == {(LARGE.name, "02")}
        assert gone(deletions(sandbox, state=again.state, lookback_seconds=60)) == {
            (THING.name, "01"),
            (LARGE.name, "02"),
        }


def test_the_bookmark_is_one_for_both_logs_and_no_deletion_slips_between_them() -> None:
    # A record of the first log is deleted while the second one is read.
    with tenant() as sandbox:
        delete(sandbox, THING.name, 1)
        delete(sandbox, LARGE.name, 1)
        tap = select_only(make_tap(sandbox, lookback_seconds=0), NAME)
        query = tap.wiring._query.page

        def late(read: Any) -> Any:
            sandbox.clock.sleep(3)
            if read.object.endswith("high_volume"):
                delete(sandbox, THING.name, 2)
                delete(sandbox, LARGE.name, 2)
            return query(read)

        tap.wiring._query.page = late  # type: ignore[method-assign]
        first = run(tap)
        again = deletions(sandbox, state=first.state, lookback_seconds=0)
        seen = gone(first) | gone(again)
        assert seen == {(name, f"0{n}") for name in (THING.name, LARGE.name) for n in (1, 2)}


def test_a_run_that_fails_between_the_logs_keeps_the_second_ones_bookmark() -> None:
    with tenant() as sandbox:
        delete(sandbox, THING.name, 1)
        sandbox.faults.add(
            Fault(
                Effect.REDIRECT,
                on=CallKind.QUERY,
                count=None,
                object="record_delete_log_high_volume",
            )
        )
        with pytest.raises(Exception, match="redirects") as caught:
            deletions(sandbox)
        for state in caught.value.output.states:  # type: ignore[attr-defined]
            bookmark = state["bookmarks"].get(NAME, {})
            assert "replication_key_value" not in bookmark
            assert "deleted_log_high_volume" not in bookmark


@pytest.mark.parametrize("empty", list(QueryEmpty))
def test_logs_of_no_deletions_are_no_error(empty: QueryEmpty) -> None:
    with tenant(query_empty=empty) as sandbox:
        assert deletions(sandbox).records[NAME] == []


def test_a_tenant_may_lack_the_log_of_its_high_volume_objects() -> None:
    with tenant(high_volume_delete_log=False) as sandbox:
        delete(sandbox, THING.name, 1)
        output = deletions(sandbox)
        assert gone(output) == {(THING.name, "01")}
        assert output.bookmark(NAME)["replication_key_value"]


def not_found(log: str, **options: Any) -> Fault:
    given = {"status": 404, **options}
    return Fault(Effect.STATUS, on=CallKind.QUERY, object=log, **given)


def test_the_log_of_high_volume_objects_may_be_no_call_of_the_tenants() -> None:
    with tenant() as sandbox:
        delete(sandbox, THING.name, 1)
        log = "record_delete_log_high_volume"
        sandbox.faults.add(not_found(log, status=400, code="GSOBJ_1023", count=None))
        first = deletions(sandbox)
        assert gone(first) == {(THING.name, "01")}
        delete(sandbox, LARGE.name, 2)
        sandbox.faults.clear()
        assert gone(deletions(sandbox, state=first.state)) >= {(LARGE.name, "02")}


def test_where_neither_log_is_found_the_run_fails() -> None:
    # So it is with a wrong address and a catalog that spares discovery.
    with tenant() as sandbox:
        logs = ("record_delete_log", "record_delete_log_high_volume")
        sandbox.faults.add(*(not_found(log) for log in logs))
        with pytest.raises(NotFoundError):
            deletions(sandbox)


def test_a_log_that_vanishes_while_it_is_read_fails_the_run() -> None:
    with tenant() as sandbox:
        delete(sandbox, THING.name, *range(10))
        sandbox.faults.add(not_found("record_delete_log", skip=1))
        with pytest.raises(NotFoundError):
            deletions(sandbox, page_rows=4)


def test_without_parentheses_in_filters_the_stream_is_to_be_deselected() -> None:
    with tenant(parentheses=False) as sandbox:
        delete(sandbox, THING.name, *range(10))
        with pytest.raises(RequestError, match="deselect this stream") as refused:
            deletions(sandbox, page_rows=4)
    assert "extract_method" not in str(refused.value)


def alarms(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, days: float, **options: Any
) -> list[str]:
    """What is logged as an error by a run that many days later."""
    sandbox.clock.sleep(days * DAY)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        deletions(sandbox, **options)
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_bookmark_older_than_the_logs_is_an_error_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with tenant() as sandbox:
        delete(sandbox, THING.name, 1)
        state = deletions(sandbox).state
        assert alarms(sandbox, caplog, 14.9, state=copy.deepcopy(state)) == []
        (line,) = alarms(sandbox, caplog, 0.2, state=copy.deepcopy(state))
        assert "15 days" in line
        assert "compare whole tables" in line


def test_there_is_no_alarm_where_the_logs_were_read_in_time_but_nothing_was_deleted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with tenant() as sandbox:
        delete(sandbox, THING.name, 1)
        state = deletions(sandbox).state
        for _ in range(3):
            sandbox.clock.sleep(7 * DAY)
            caplog.clear()
            with caplog.at_level(logging.INFO):
                state = deletions(sandbox, state=state).state
            assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


def test_an_old_start_date_is_no_old_bookmark(caplog: pytest.LogCaptureFixture) -> None:
    with tenant() as sandbox:
        assert alarms(sandbox, caplog, 0, start_date="2020-01-01T00:00:00Z") == []


def test_full_table_reads_all_that_is_kept_and_leaves_no_bookmark() -> None:
    with tenant() as sandbox:
        delete(sandbox, THING.name, 1, 2)
        catalog = make_tap(sandbox).catalog_dict
        entry = next(e for e in catalog["streams"] if e["tap_stream_id"] == NAME)
        entry["replication_method"] = "FULL_TABLE"
        output = deletions(sandbox, catalog=catalog)
        assert len(output.records[NAME]) == 2
        assert output.bookmark(NAME).get("replication_key_value") is None


def test_a_try_of_the_connection_reads_one_deletion_and_moves_no_bookmark() -> None:
    with tenant() as sandbox:
        delete(sandbox, THING.name, 1, 2)
        tap = select_only(make_tap(sandbox), NAME)
        assert tap.run_connection_test()
        assert "replication_key_value" not in tap.state.get("bookmarks", {}).get(NAME, {})
