"""An extract over HTTP: by query, by export job, or the one and then the other."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import DataError, GainsightError, JobFailedError, RequestError
from gainsight_api.jobs.exports import Exports, JobStatus
from gainsight_api.quota import QuotaExhaustedError
from gainsight_sandbox import (
    Effect,
    ExportEmpty,
    Fault,
    Field,
    Limits,
    ManualClock,
    ObjectSchema,
    QueryEmpty,
    QueryShape,
    Quirks,
    Sandbox,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.tap.support import (
    THING,
    UNLIMITED,
    calls,
    make_tap,
    run,
    select_only,
    submissions,
    tenant_of,
    things,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gainsight_api.jobs.exports import Job
    from gainsight_api.objects.read import Read
    from tap_gainsight.tap import TapGainsight
    from tests.tap.support import Output

NAME = THING.name
KEYLESS = ObjectSchema("log__gc", (Field("Name"),))


def extract(sandbox: Sandbox, name: str = NAME, **options: Any) -> Output:
    """Sync one stream, by job unless told otherwise."""
    given = {"extract_method": "bulk", **UNLIMITED, **options}
    return run(select_only(make_tap(sandbox, **given), name))


def names(output: Output, stream: str = NAME) -> list[str]:
    return [record["Name"] for record in output.records[stream]]


def all_names(count: int) -> list[str]:
    return [f"thing {number}" for number in range(count)]


def fails(sandbox: Sandbox, error: type[Exception], **options: Any) -> tuple[Exception, Output]:
    """A sync that fails: the error, and what was printed before it."""
    with pytest.raises(error) as caught:
        extract(sandbox, **options)
    output: Output = caught.value.output  # type: ignore[attr-defined]
    return caught.value, output


def test_a_job_is_submitted_once_watched_and_its_chunks_are_fetched_in_order() -> None:
    with tenant_of(things(35), chunk_rows=10, job_seconds=30) as sandbox:
        output = extract(sandbox)
        assert names(output) == all_names(35)
        assert submissions(sandbox) == 1
        assert calls(sandbox, CallKind.EXPORT_CHUNK) == 4
        assert calls(sandbox, CallKind.QUERY) == 1
        body = next(e for e in sandbox.log if e.kind is CallKind.EXPORT_SUBMIT).payload()
    assert body == {
        "select": ["Gsid", "Name", "Size__gc", "ModifiedDate"],
        "where": None,
        "orderBy": {"ModifiedDate": "asc", "Gsid": "asc"},
        "limit": 1_000_000,
        "offset": 0,
    }


def test_chunks_are_read_in_the_order_of_their_rows_however_they_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tenant_of(things(35), chunk_rows=10) as sandbox:
        tap = select_only(make_tap(sandbox, extract_method="bulk"), NAME)
        get = tap.wiring.session.get

        def turned(path: str) -> Any:
            reply = get(path)
            if isinstance(reply, dict) and reply.get("chunkDetails"):
                reply["chunkDetails"].reverse()
            return reply

        monkeypatch.setattr(type(tap.wiring.session), "get", lambda _, path: turned(path))
        assert names(run(tap)) == all_names(35)


@pytest.mark.parametrize("shape", list(ExportEmpty))
@pytest.mark.parametrize("header", [True, False])
def test_an_export_of_no_rows_is_a_stream_of_no_records(
    shape: ExportEmpty, *, header: bool
) -> None:
    quirks = Quirks(export_empty=shape, csv_header=header)
    with tenant_of([], quirks=quirks) as sandbox:
        output = extract(sandbox)
        assert output.records[NAME] == []
        assert "replication_key_value" not in output.bookmark(NAME)
        assert submissions(sandbox) == 1


@pytest.mark.parametrize("rows", [0, 35])
def test_a_field_that_an_export_has_no_column_of_is_named_once(
    rows: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    submit = Exports.submit

    def without_size(exports: Exports, read: Read, *args: Any, **kwargs: Any) -> Job:
        fields = tuple(name for name in read.fields if name != "Size__gc")
        return submit(exports, replace(read, fields=fields), *args, **kwargs)

    monkeypatch.setattr(Exports, "submit", without_size)
    with tenant_of(things(rows), chunk_rows=10) as sandbox:
        assert names(extract(sandbox)) == all_names(rows)
    told = [text for text in caplog.messages if "Size__gc" in text]
    assert len(told) == bool(rows)
    assert all("it was selected, and export job" in text for text in told)


@pytest.mark.parametrize("shape", list(QueryShape))
@pytest.mark.parametrize("empty", list(QueryEmpty))
@pytest.mark.parametrize("rows", [0, 1, 7])
def test_a_query_ends_with_an_empty_page_in_whatever_form(
    shape: QueryShape, empty: QueryEmpty, rows: int
) -> None:
    quirks = Quirks(query_shape=shape, query_empty=empty)
    with tenant_of(things(rows), quirks=quirks) as sandbox:
        output = extract(sandbox, extract_method="query", page_rows=3)
        assert names(output) == all_names(rows)
        assert calls(sandbox, CallKind.QUERY) == -(-rows // 3) + 1


def test_a_query_page_shorter_than_asked_for_is_not_the_end() -> None:
    quirks = Quirks(query_caps_limit=True)
    with tenant_of(things(5_003), quirks=quirks) as sandbox:
        output = extract(sandbox, extract_method="query", page_rows=6_000)
        assert len(output.records[NAME]) == 5_003
        assert calls(sandbox, CallKind.QUERY) == 3


@pytest.mark.parametrize("method", ["query", "bulk", "auto"])
def test_a_single_row_of_a_single_column_is_read(method: str) -> None:
    with tenant_of([{"Name": "only"}], schema=KEYLESS) as sandbox:
        output = extract(sandbox, KEYLESS.name, extract_method=method, bulk_threshold_rows=0)
        assert names(output, KEYLESS.name) == ["only"]


@pytest.mark.parametrize("incremental", [True, False])
@pytest.mark.parametrize("size", [1, 2, 7, 12, 13, 36, 50])
def test_an_extract_larger_than_a_job_takes_as_many_jobs_as_its_rows_need(
    size: int, *, incremental: bool
) -> None:
    schema = THING if incremental else replace(THING, fields=THING.fields[:3])
    rows = [{f.name: row[f.name] for f in schema.fields} for row in things(36)]
    with tenant_of(rows, schema=schema, chunk_rows=5) as sandbox:
        output = extract(sandbox, max_rows_per_job=size)
        assert names(output) == all_names(36)
        assert submissions(sandbox) == -(-36 // size)
        bodies = [e.payload() for e in sandbox.log if e.kind is CallKind.EXPORT_SUBMIT]
        assert {body["offset"] for body in bodies} == {0}


def test_a_crowded_second_at_a_jobs_end_costs_no_job_of_its_own() -> None:
    with tenant_of(things(600, apart=0.02)) as sandbox:
        output = extract(sandbox, max_rows_per_job=320)
        assert set(names(output)) == set(all_names(600))
        assert submissions(sandbox) == 2


def test_an_object_without_a_key_is_read_by_offset() -> None:
    rows = [{"Name": f"thing {n}"} for n in range(10)]
    for options in ({"extract_method": "query", "page_rows": 4}, {"max_rows_per_job": 4}):
        with tenant_of(rows, schema=KEYLESS) as sandbox:
            output = extract(sandbox, KEYLESS.name, **options)
            assert names(output, KEYLESS.name) == all_names(10)


def test_auto_takes_a_job_for_what_is_more_than_the_threshold() -> None:
    with tenant_of(things(50)) as sandbox:
        output = extract(sandbox, extract_method="auto", bulk_threshold_rows=20, page_rows=10)
        assert names(output) == all_names(50)
        assert calls(sandbox, CallKind.QUERY) == 3  # the last one: is there anything behind the job
        assert submissions(sandbox) == 1


def test_auto_below_the_threshold_costs_no_job() -> None:
    with tenant_of(things(50)) as sandbox:
        output = extract(sandbox, extract_method="auto", page_rows=30, bulk_threshold_rows=51)
        assert names(output) == all_names(50)
        assert submissions(sandbox) == 0
        output = extract(sandbox, extract_method="auto", state=output.state)
        # Twice two pages of rows, an empty one, and the question whether there are more than 51.
        assert calls(sandbox, CallKind.QUERY) == 4 + 2
        assert submissions(sandbox) == 0


def test_auto_goes_on_by_query_when_the_bulk_quota_is_used_up() -> None:
    with tenant_of(things(50)) as sandbox:
        output = extract(
            sandbox,
            extract_method="auto",
            bulk_threshold_rows=10,
            page_rows=10,
            max_rows_per_job=15,
            bulk_calls_per_hour=1,
        )
        assert names(output) == all_names(50)
        assert submissions(sandbox) == 1
        assert sandbox.clock.now() == ManualClock().now()


@pytest.mark.parametrize("wait", ["wait", "fail"])
def test_auto_goes_on_by_query_when_the_tenant_says_that_the_bulk_quota_is_used_up(
    wait: str,
) -> None:
    with tenant_of(things(50), limits=Limits(10**6, 10**6, 0, 0)) as sandbox:
        output = extract(
            sandbox,
            extract_method="auto",
            bulk_threshold_rows=10,
            page_rows=10,
            on_quota_exhausted=wait,
        )
        assert names(output) == all_names(50)
        assert submissions(sandbox) == 1
        assert sandbox.clock.now() == ManualClock().now()


def test_bulk_fails_when_the_quota_is_used_up_and_may_not_be_waited_for() -> None:
    with tenant_of(things(30), chunk_rows=10) as sandbox:
        _, output = fails(
            sandbox,
            QuotaExhaustedError,
            bulk_calls_per_hour=1,
            max_rows_per_job=20,
            on_quota_exhausted="fail",
        )
        assert names(output) == all_names(20)
        bookmark = output.bookmark(NAME)
        assert bookmark["replication_key_value"] == "2025-06-01T12:00:19.000Z"
        assert_flat(bookmark)
        again = extract(sandbox, state=output.state, max_rows_per_job=20)
        assert names(again) == all_names(30)[20:]
        assert submissions(sandbox) == 2


def test_bulk_waits_for_the_quota_and_writes_its_state_before() -> None:
    with tenant_of(things(30)) as sandbox:
        start = sandbox.clock.now()
        output = extract(sandbox, bulk_calls_per_hour=1, max_rows_per_job=20)
        assert names(output) == all_names(30)
        assert 0 < sandbox.clock.now() - start <= 3600
        last_before = max(n for n, line in enumerate(output.lines) if '"thing 19"' in line)
        assert any('"STATE"' in line for line in output.lines[last_before:][:3])
        for state in output.states:
            assert_flat(state["bookmarks"][NAME])


def test_a_429_out_of_step_with_our_windows_is_waited_out() -> None:
    # The tenant's hour begins half an hour after ours.
    limits = Limits(10**6, 10**6, 2, 100, phase_seconds=1800)
    with tenant_of(things(30), limits=limits) as sandbox:
        output = extract(
            sandbox, bulk_calls_per_hour=5, max_rows_per_job=7, max_quota_wait=7200, max_retries=20
        )
        assert names(output) == all_names(30)
        assert sandbox.usage().bulk == 5


def test_a_429_to_a_query_is_waited_out() -> None:
    with tenant_of(things(30), limits=Limits(3, 10**6, 1, 1, phase_seconds=17)) as sandbox:
        output = extract(sandbox, extract_method="query", page_rows=2)
        assert names(output) == all_names(30)


def assert_flat(bookmark: dict[str, Any]) -> None:
    for name, value in bookmark.items():
        assert isinstance(value, str | int | None), name


def test_a_job_that_fails_for_a_passing_reason_is_tried_once_more() -> None:
    with tenant_of(things(5)) as sandbox:
        sandbox.faults.add(Fault(Effect.JOB_FAILED, code="INTERNAL_1"))
        assert names(extract(sandbox)) == all_names(5)
        assert submissions(sandbox) == 2


def test_a_job_that_fails_twice_fails_the_run() -> None:
    with tenant_of(things(5)) as sandbox:
        sandbox.faults.add(Fault(Effect.JOB_FAILED, code="INTERNAL_1", count=2))
        error, output = fails(sandbox, JobFailedError)
        assert "INTERNAL_1" in str(error)
        assert submissions(sandbox) == 2
        assert names(extract(sandbox, state=output.state)) == all_names(5)
        assert submissions(sandbox) == 3


def test_each_job_of_an_extract_has_its_own_second_try() -> None:
    with tenant_of(things(40)) as sandbox:
        sandbox.faults.add(
            Fault(Effect.JOB_FAILED, code="INTERNAL_1"),
            Fault(Effect.JOB_FAILED, code="INTERNAL_1", skip=1),
        )
        assert names(extract(sandbox, max_rows_per_job=20)) == all_names(40)
        assert submissions(sandbox) == 4


@pytest.mark.parametrize("code", ["GSOBJ_ESS_9150", "GSOBJ_ESS_9104", "P_5005"])
def test_a_job_that_fails_for_what_it_asked_is_not_tried_again(code: str) -> None:
    with tenant_of(things(5)) as sandbox:
        sandbox.faults.add(Fault(Effect.JOB_FAILED, code=code))
        error, output = fails(sandbox, JobFailedError)
        assert code in str(error)
        assert submissions(sandbox) == 1
        assert output.bookmark(NAME)["export_job_id"] is None


@pytest.mark.parametrize("late", [False, True])
def test_a_job_that_is_refused_is_not_submitted_again(*, late: bool) -> None:
    quirks = Quirks(export_max_limit=10, export_late_errors=late)
    with tenant_of(things(5), quirks=quirks) as sandbox:
        error, _ = fails(sandbox, JobFailedError if late else RequestError, max_rows_per_job=11)
        assert "GSOBJ_ESS_9150" in str(error)
        assert NAME in str(error)
        assert "`max_rows_per_job`" in str(error)
        assert "extract_method" not in str(error)
        assert submissions(sandbox) == 1


def test_a_submission_whose_reply_is_lost_costs_one_more_call_at_most() -> None:
    with tenant_of(things(5)) as sandbox:
        sandbox.faults.add(Fault(Effect.DROP_AFTER, on=CallKind.EXPORT_SUBMIT))
        assert names(extract(sandbox)) == all_names(5)
        assert submissions(sandbox) == 2
        sandbox.faults.add(
            Fault(
                Effect.DROP_AFTER,
                on=CallKind.EXPORT_SUBMIT,
                count=5,
            )
        )
        fails(sandbox, GainsightError)
        assert submissions(sandbox) == 4


@pytest.mark.parametrize("effect", [Effect.SHORT_CHUNK, Effect.LONG_CHUNK])
def test_a_chunk_of_other_rows_than_announced_is_fetched_again(effect: Effect) -> None:
    with tenant_of(things(25), chunk_rows=10) as sandbox:
        sandbox.faults.add(Fault(effect, skip=1))
        output = extract(sandbox)
        assert names(output) == all_names(25)
        assert calls(sandbox, CallKind.EXPORT_CHUNK) == 4
        assert submissions(sandbox) == 1


def test_a_chunk_that_stays_short_is_an_error_and_moves_no_bookmark() -> None:
    with tenant_of(things(25), chunk_rows=25) as sandbox:
        sandbox.faults.add(Fault(Effect.SHORT_CHUNK, count=4))
        error, output = fails(sandbox, DataError)
        assert "announced 25 rows" in str(error)
        assert "replication_key_value" not in output.bookmark(NAME)
        assert output.bookmark(NAME)["export_job_id"] is None
        again = extract(sandbox, state=output.state)
        assert names(again) == all_names(25)
        assert submissions(sandbox) == 2


@pytest.mark.parametrize("effect", [Effect.TRUNCATED, Effect.DROP_BEFORE, Effect.DROP_AFTER])
def test_a_download_that_breaks_off_is_made_again(effect: Effect) -> None:
    with tenant_of(things(25), chunk_rows=10) as sandbox:
        sandbox.faults.add(Fault(effect, on=CallKind.EXPORT_CHUNK, count=2))
        output = extract(sandbox)
        assert names(output) == all_names(25)
        assert submissions(sandbox) == 1


@pytest.mark.parametrize(
    ("fault", "jobs", "fetched"),
    [
        (Fault(Effect.CHUNK_EXPIRED, skip=2), 2, 25),
        (Fault(Effect.CHUNK_EXPIRED), 2, 25),
        (Fault(Effect.JOB_EXPIRED), 2, 25),
    ],
)
def test_after_a_job_or_a_chunk_has_expired_a_new_job_goes_on_after_what_was_read(
    fault: Fault, jobs: int, fetched: int
) -> None:
    with tenant_of(things(25), chunk_rows=10) as sandbox:
        sandbox.faults.add(replace(fault))
        output = extract(sandbox)
        assert names(output) == all_names(25)
        assert len(output.records[NAME]) == fetched
        assert submissions(sandbox) == jobs


def test_chunks_that_keep_expiring_fail_the_run_in_the_end() -> None:
    with tenant_of(things(25), chunk_rows=10) as sandbox:
        sandbox.faults.add(Fault(Effect.CHUNK_EXPIRED, count=None))
        fails(sandbox, GainsightError)
        assert submissions(sandbox) == 2


def altered(monkeypatch: pytest.MonkeyPatch, change: Callable[[JobStatus, int], JobStatus]) -> None:
    """Let the status of completed jobs be another one; `change` is told which question it is."""
    ask, asked = Exports.status, [0]

    def status(self: Exports, job: Job) -> JobStatus:
        found = ask(self, job)
        asked[0] += 1
        return change(found, asked[0]) if found.chunks else found

    monkeypatch.setattr(Exports, "status", status)


def test_chunks_that_do_not_make_up_what_the_job_announces_are_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def change(found: JobStatus, asked: int) -> JobStatus:
        return replace(found, chunks=found.chunks[:-1]) if asked == 1 else found

    altered(monkeypatch, change)
    with tenant_of(things(25), chunk_rows=10) as sandbox:
        assert names(extract(sandbox)) == all_names(25)


def test_chunks_that_never_make_up_what_the_job_announces_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    altered(monkeypatch, lambda found, _: replace(found, chunks=found.chunks[:-1]))
    with tenant_of(things(25), chunk_rows=10) as sandbox:
        _, output = fails(sandbox, DataError)
        assert output.records[NAME] == []
        assert calls(sandbox, CallKind.EXPORT_CHUNK) == 0


def test_a_job_whose_chunks_do_not_say_their_rows_is_held_to_its_total(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unsaid(found: JobStatus) -> JobStatus:
        return replace(found, chunks=tuple(replace(chunk, rows=None) for chunk in found.chunks))

    altered(monkeypatch, lambda found, _: unsaid(found))
    with tenant_of(things(25), chunk_rows=10) as sandbox:
        assert names(extract(sandbox)) == all_names(25)
        sandbox.faults.add(Fault(Effect.SHORT_CHUNK, skip=1))
        assert set(names(extract(sandbox))) == set(all_names(25))
        assert submissions(sandbox) == 2
        # Of the three chunks the second, and so again when they are fetched once more.
        sandbox.faults.add(Fault(Effect.SHORT_CHUNK, skip=1), Fault(Effect.SHORT_CHUNK, skip=3))
        error, output = fails(sandbox, DataError)
        assert "announced 25 rows" in str(error)
        sandbox.faults.clear()
        assert set(names(extract(sandbox, state=output.state))) == set(all_names(25))


def test_a_job_that_announces_nothing_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(found: JobStatus, _: int) -> JobStatus:
        chunks = tuple(replace(chunk, rows=None) for chunk in found.chunks)
        return replace(found, rows=None, chunks=chunks)

    altered(monkeypatch, change)
    with tenant_of(things(25), chunk_rows=10) as sandbox:
        assert names(extract(sandbox)) == all_names(25)


def query_tap(sandbox: Sandbox) -> TapGainsight:
    return select_only(make_tap(sandbox, extract_method="query", page_rows=5), NAME)


def test_a_tenant_that_gives_the_same_page_for_ever_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tenant_of(things(25)) as sandbox:
        tap = query_tap(sandbox)
        post = type(tap.wiring.session).post

        def unfiltered(self: Any, path: str, body: Any, **options: Any) -> Any:
            assert calls(sandbox, CallKind.QUERY) < 50
            return post(self, path, {**body, "where": None}, **options)

        monkeypatch.setattr(type(tap.wiring.session), "post", unfiltered)
        with pytest.raises(DataError, match=r"same rows|order of their key"):
            run(tap)


def test_rows_out_of_order_are_an_error_where_what_follows_depends_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tenant_of(things(25)) as sandbox:
        tap = query_tap(sandbox)
        post = type(tap.wiring.session).post

        def unordered(self: Any, path: str, body: Any, **options: Any) -> Any:
            reply = post(self, path, body, **options)
            reply["records"].reverse()
            return reply

        monkeypatch.setattr(type(tap.wiring.session), "post", unordered)
        with pytest.raises(DataError, match="do not come in the order"):
            run(tap)


def test_a_file_of_no_use_is_an_error_without_a_value(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of([{"Gsid": "1T01", "Name": "s3cret", "Size__gc": 7}]) as sandbox:
        tap = select_only(make_tap(sandbox, extract_method="bulk"), NAME)
        # As if the catalog were of another type than the tenant's field.
        tap.streams[NAME]._spec.schema["properties"]["Name"]["type"] = ["number", "null"]  # type: ignore[attr-defined]
        with caplog.at_level(logging.DEBUG), pytest.raises(DataError) as caught:
            run(tap)
    assert f"stream {NAME}, field Name: row 1 of a page" in str(caught.value)
    assert "s3cret" not in str(caught.value) + caplog.text
    assert sandbox.access_key not in caplog.text
