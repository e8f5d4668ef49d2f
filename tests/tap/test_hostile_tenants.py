"""The tap against hostile, odd and unlucky tenants: all rows, each once, or one clear line."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from gainsight_api.background import in_background
from gainsight_api.errors import ConfigError, DataError, GainsightError
from gainsight_sandbox import DataType, Field, ObjectSchema, Quirks
from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.quirk_choices import Quoting
from tap_gainsight.extract.checkpoint import Checkpoint
from tap_gainsight.extract.paging import Position
from tap_gainsight.extract.spans import filter_time, span_of
from tap_gainsight.extract.tracker import Tracker
from tap_gainsight.streams import GainsightStream
from tests.api.conftest import Reply, Server, enveloped, ok
from tests.hostile import Hostile
from tests.tap.support import (
    NOON,
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
    from collections.abc import Callable, Mapping

    from gainsight_sandbox import Sandbox
    from tests.api.conftest import Request
    from tests.tap.support import Output

NAME = THING.name
QUERY = f"/v1/data/objects/query/{NAME}"
CSV = {"Content-Type": "text/csv"}
KEYLESS = ObjectSchema("log__gc", (Field("Name"),))
NO_ENVELOPES = [
    {},
    {"message": "Service under maintenance"},
    {"result": None, "data": None},
    {"data": []},
]


def sync(sandbox: Sandbox, hostile: Hostile | None = None, **options: Any) -> Output:
    given: dict[str, Any] = {"extract_method": "query", **UNLIMITED, **options}
    if hostile:
        given["domain"] = hostile.url
    return run(select_only(make_tap(sandbox, **given), NAME))


def fails(sandbox: Sandbox, hostile: Hostile | None = None, **options: Any) -> tuple[str, Output]:
    with pytest.raises(GainsightError) as caught:
        sync(sandbox, hostile, **options)
    return str(caught.value), caught.value.output  # type: ignore[attr-defined]


def keys(output: Output) -> list[str]:
    return [record["Gsid"] for record in output.records[NAME]]


def records_in(reply: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a query's reply."""
    data = reply["data"]
    records: list[dict[str, Any]] = data["records"] if isinstance(data, dict) else data or []
    return records


def once(path: str, number: int, reply: Reply) -> Callable[..., Reply | None]:
    """That reply to a call of that path, the so manieth."""
    return lambda request, n, _: reply if path in request.path and n == number else None


def always(path: str, reply: Reply) -> Callable[..., Reply | None]:
    return lambda request, _, __: reply if path in request.path else None


# What is no answer.


@pytest.mark.parametrize("body", NO_ENVELOPES)
def test_a_page_that_is_no_envelope_is_not_the_end(body: object) -> None:
    with (
        tenant_of(things(30)) as sandbox,
        Hostile(sandbox, once(QUERY, 2, enveloped(body))) as hostile,
    ):
        assert len(keys(sync(sandbox, hostile, page_rows=10))) == 30


def test_a_page_that_stays_no_envelope_is_one_line_and_no_bookmark_past_what_was_written() -> None:
    def answer(request: Request, number: int, _: object) -> Reply | None:
        return enveloped({}) if QUERY in request.path and number > 1 else None

    with tenant_of(things(30)) as sandbox, Hostile(sandbox, answer) as hostile:
        text, output = fails(sandbox, hostile, page_rows=10)
        assert text.startswith(f"stream {NAME}: what came is ")
        assert len(keys(output)) == 10
        assert output.bookmark(NAME)["replication_key_value"] <= "2025-06-01T12:00:09.000Z"


def test_a_limit_named_in_a_body_is_waited_for_under_any_status() -> None:
    for status in (200, 400, 403):
        limit = enveloped({"result": False, "errorCode": "GS_APIG_2404", "data": None}, status)
        with tenant_of(things(5)) as sandbox, Hostile(sandbox, once(QUERY, 1, limit)) as hostile:
            assert len(keys(sync(sandbox, hostile))) == 5


def test_nothing_found_is_known_by_its_sentence_whatever_the_code() -> None:
    body = {
        "result": False,
        "errorCode": "GSOBJ_1022",
        "errorDesc": "No data found for given criteria",
        "data": None,
    }
    nothing = always(QUERY, enveloped(body, 400))
    with tenant_of([]) as sandbox, Hostile(sandbox, nothing) as hostile:
        assert keys(sync(sandbox, hostile)) == []


def test_half_a_character_is_read_with_a_warning_that_names_field_and_stream(
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = b'{"result": true, "data": {"records": [{"Gsid": "1", "Name": "Acme \\ud83d"}]}}'
    with (
        tenant_of([]) as sandbox,
        Hostile(sandbox, once(QUERY, 1, Reply(body))) as hostile,
    ):
        output = sync(sandbox, hostile)
    assert output.records[NAME][0]["Name"] == "Acme \ufffd"
    assert f"stream {NAME}: half a character in Name is read as U+FFFD" in caplog.text


def test_one_streams_error_lets_the_others_finish_and_is_named() -> None:
    other = ObjectSchema("other__gc", THING.fields, key_prefix="1T02")
    broken = always(QUERY, enveloped({}))
    with tenant_of(things(5)) as sandbox, Hostile(sandbox, broken) as hostile:
        sandbox.tenant.add_object(other, things(3))
        tap = make_tap(sandbox, domain=hostile.url, extract_method="query", **UNLIMITED)
        with pytest.raises(GainsightError, match=f"^stream {NAME}: ") as caught:
            run(select_only(tap, NAME, other.name))
        assert len(caught.value.output.records[other.name]) == 3  # type: ignore[attr-defined]


# Each row once.


def crowd(count: int, crowded: float) -> list[dict[str, Any]]:
    """Rows of which a part share one second."""
    rows = list(things(count, apart=0.6))
    begin, end = int(count * (1 - crowded) / 2), int(count * (1 + crowded) / 2)
    for row in rows[begin:end]:
        row["ModifiedDate"] = NOON + timedelta(hours=1)
    for row in rows[end:]:
        row["ModifiedDate"] += timedelta(hours=5)
    return rows


def test_a_crowded_second_is_written_once_in_the_fewest_calls() -> None:
    with tenant_of(crowd(14_000, 0.6)) as sandbox:
        output = sync(sandbox)
        assert len(keys(output)) == len(set(keys(output))) == 14_000
        assert calls(sandbox, CallKind.QUERY) == 4


@pytest.mark.parametrize(("job_rows", "jobs"), [(40, 5), (75, 3), (200, 1)])
def test_a_crowded_second_is_written_once_by_jobs_and_costs_none_in_vain(
    job_rows: int, jobs: int
) -> None:
    rows = crowd(200, 0.75)
    for row in rows[:10]:
        row["ModifiedDate"] = None
    with tenant_of(rows) as sandbox:
        output = sync(sandbox, extract_method="bulk", max_rows_per_job=job_rows)
        assert len(keys(output)) == len(set(keys(output))) == 200
        assert submissions(sandbox) == jobs


def test_without_lookback_a_second_run_brings_the_bookmarks_second_at_most() -> None:
    rows = [{**row, "ModifiedDate": NOON} for row in things(60)]
    options: dict[str, Any] = {"max_rows_per_job": 10, "lookback_seconds": 0}
    with tenant_of(rows) as sandbox:
        first = sync(sandbox, extract_method="bulk", **options)
        assert sorted(keys(first)) == sorted(row["Gsid"] for row in rows)
        again = sync(sandbox, extract_method="bulk", state=first.state, **options)
        assert sorted(keys(again)) == sorted(set(keys(again)))


def test_a_chunk_that_comes_again_is_not_written_twice() -> None:
    cuts: list[str] = []

    def cut(request: Request, number: int, own: Callable[[], Reply]) -> Reply | None:
        if "/chunk/1/" not in request.path or number > 1:
            return None
        cuts.append(request.path)
        lines = own().body.splitlines(keepends=True)
        return Reply(b"".join(lines[:15]), 200, {"Content-Type": "text/csv"}, measured=False)

    with tenant_of(things(90), chunk_rows=30) as sandbox, Hostile(sandbox, cut) as hostile:
        output = sync(sandbox, hostile, extract_method="bulk")
        assert len(keys(output)) == len(set(keys(output))) == 90
        assert len(cuts) == 1


@pytest.mark.parametrize("lacking", ["ModifiedDate", "Gsid"])
def test_a_chunk_without_its_key_columns_is_one_line_that_names_the_stream(lacking: str) -> None:
    def without(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if "/chunk/" not in request.path:
            return None
        rows = [line.split(b",") for line in own().body.splitlines()]
        gone = next(n for n, name in enumerate(rows[0]) if lacking.encode() in name)
        body = b"\n".join(b",".join(row[:gone] + row[gone + 1 :]) for row in rows)
        return Reply(body + b"\n", headers={"Content-Type": "text/csv"})

    with tenant_of(things(5)) as sandbox, Hostile(sandbox, without) as hostile:
        text, output = fails(sandbox, hostile, extract_method="bulk")
    assert text.startswith(f"stream {NAME}: ")
    assert keys(output) == []


def test_a_redirect_that_passes_is_no_end(caplog: pytest.LogCaptureFixture) -> None:
    away = once(QUERY, 1, Reply(b"<html>", 302, {"Location": "/maintenance"}))
    with tenant_of(things(5)) as sandbox, Hostile(sandbox, away) as hostile:
        assert len(keys(sync(sandbox, hostile))) == 5
        assert hostile.count("/maintenance") == 0
    assert "check `domain`" in caplog.text


# Keys and order.


def test_a_key_that_repeats_is_an_error_that_says_what_to_do() -> None:
    def repeated(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if QUERY not in request.path:
            return None
        reply = json.loads(own().body)
        for row in records_in(reply):
            row["Gsid"] = "1T01" + "0" * 32
        return enveloped(reply)

    with tenant_of(things(20)) as sandbox, Hostile(sandbox, repeated) as hostile:
        text, _ = fails(sandbox, hostile)
        assert "comes twice" in text
        assert "primary_keys" in text


def test_an_order_that_is_not_kept_is_an_error() -> None:
    fields = tuple(field for field in THING.fields if field.name != "ModifiedDate")
    dateless = ObjectSchema(NAME, fields, key_prefix="1T01")
    rows = [{name: row[name] for name in ("Gsid", "Name", "Size__gc")} for row in things(30)]

    def shuffled(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if QUERY not in request.path:
            return None
        reply = json.loads(own().body)
        records_in(reply).sort(key=lambda row: row["Name"], reverse=True)
        return enveloped(reply)

    with tenant_of(rows, schema=dateless) as sandbox, Hostile(sandbox, shuffled) as hostile:
        text, _ = fails(sandbox, hostile, page_rows=10)
        assert "do not come in the order of their key Gsid" in text


def test_an_export_that_the_tenant_cuts_is_read_on() -> None:
    def cut(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if request.method == "POST" and "/exports/" in request.path:
            body = {**request.payload(), "limit": 50}
            object.__setattr__(request, "body", json.dumps(body).encode())
            request.headers["content-length"] = str(len(request.body))  # type: ignore[index]
            return own()
        return None

    with tenant_of(things(200)) as sandbox, Hostile(sandbox, cut) as hostile:
        output = sync(sandbox, hostile, extract_method="bulk")
        assert sorted(keys(output)) == [row["Gsid"] for row in things(200)]


@pytest.mark.parametrize("quoting", Quoting)
def test_a_chunk_that_is_cut_in_its_last_row_gives_each_row_once_and_as_it_is(
    quoting: Quoting,
) -> None:
    with tenant_of(things(9), quirks=Quirks(csv_quoting=quoting)) as sandbox:
        whole = sync(sandbox, extract_method="bulk").records[NAME]
        for cut in range(1, 70, 3):
            fetches = count()

            def cut_once(
                request: Request, _: int, own: Callable[[], Reply], *, cut: int = cut
            ) -> Reply | None:
                if "/chunk/" not in request.path:
                    return None
                body = own().body
                return Reply(body if next(fetches) else body[:-cut], headers=CSV)  # noqa: B023

            with Hostile(sandbox, cut_once) as hostile:
                assert sync(sandbox, hostile, extract_method="bulk").records[NAME] == whole


def test_chunks_whose_last_line_has_no_end_are_believed_when_they_come_so_twice() -> None:
    def endless(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        return Reply(own().body.rstrip(), headers=CSV) if "/chunk/" in request.path else None

    with tenant_of(things(9)) as sandbox, Hostile(sandbox, endless) as hostile:
        output = sync(sandbox, hostile, extract_method="bulk")
        assert keys(output) == [row["Gsid"] for row in things(9)]
        assert calls(sandbox, CallKind.EXPORT_CHUNK) == 2


def test_a_chunk_that_ends_elsewhere_each_time_is_an_error() -> None:
    fetches = count(1)

    def shorter(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if "/chunk/" not in request.path:
            return None
        return Reply(own().body[: -2 * next(fetches)], headers=CSV)

    with tenant_of(things(9)) as sandbox:
        with Hostile(sandbox, shorter) as hostile:
            tap = select_only(
                make_tap(sandbox, domain=hostile.url, extract_method="bulk", **UNLIMITED), NAME
            )
            with pytest.raises(DataError, match=f"stream {NAME}: .* in the middle of a line"):
                run(tap)
        rest = sync(sandbox, state=tap.state, extract_method="bulk")
        assert keys(rest) == [row["Gsid"] for row in things(9)]
        assert submissions(sandbox) == 1


def test_an_export_that_is_whole_needs_no_order() -> None:
    def turned(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if "/chunk/" not in request.path:
            return None
        header, *rows = own().body.splitlines(keepends=True)
        body = b"".join((header, *reversed(rows)))
        return Reply(body, headers=CSV)

    with tenant_of(things(30)) as sandbox, Hostile(sandbox, turned) as hostile:
        output = sync(sandbox, hostile, extract_method="bulk")
        assert sorted(keys(output)) == [row["Gsid"] for row in things(30)]
        latest = max(record["ModifiedDate"] for record in output.records[NAME])
        assert output.bookmark(NAME)["replication_key_value"] == latest
        with pytest.raises(DataError, match="do not come in the order"):
            sync(sandbox, hostile, extract_method="bulk", max_rows_per_job=10)


@pytest.mark.parametrize("timed", [True, False])
def test_an_export_without_a_key_that_the_tenant_cuts_is_read_on(
    timed: bool,  # noqa: FBT001 - a parameter of the test
    caplog: pytest.LogCaptureFixture,
) -> None:
    dates = tuple(field for field in THING.fields if field.name == "ModifiedDate" and timed)
    schema = ObjectSchema("mail__gc", (Field("Name"), *dates))
    rows = [
        {name: row[name] for name in ("Name", "ModifiedDate")[: 1 + timed]} for row in things(200)
    ]

    def cut(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if request.method == "POST" and "/exports/" in request.path:
            body = {**request.payload(), "limit": 50}
            object.__setattr__(request, "body", json.dumps(body).encode())
            request.headers["content-length"] = str(len(request.body))  # type: ignore[index]
            return own()
        return None

    with tenant_of(rows, schema=schema) as sandbox, Hostile(sandbox, cut) as hostile:
        tap = make_tap(sandbox, domain=hostile.url, extract_method="bulk", **UNLIMITED)
        output = run(select_only(tap, schema.name))
    found = sorted(record["Name"] for record in output.records[schema.name])
    assert found == sorted(row["Name"] for row in things(200))
    if not timed:
        assert "rows may be missing" in caplog.text


def test_the_state_is_changed_by_the_thread_alone_that_writes_it() -> None:
    with tenant_of(things(3)) as sandbox:
        tap = make_tap(sandbox)
        stream = tap.streams[NAME]
        assert isinstance(stream, GainsightStream)
        at = Checkpoint(
            position=Position(done=True), seen=Tracker(latest="2025-06-01T12:00:00.000Z")
        )
        at.began = "2025-06-02T12:00:00.000Z"
        before = json.dumps(tap.state)
        in_background("save", stream._save, at).result()
        assert json.dumps(tap.state) == before
        tap._save_state()
        bookmark = tap.state["bookmarks"][NAME]
        assert bookmark["replication_key_value"] == "2025-06-01T12:00:00.000Z"


@pytest.mark.parametrize(
    "document", [b"<html>\n<body>maintenance</body>\n</html>\n", b'{"result":false}']
)
def test_another_document_in_place_of_a_chunk_gives_no_record(document: bytes) -> None:
    schema = ObjectSchema(NAME, (Field("Name"),))
    page = always("/chunk/", Reply(document, headers={"Content-Type": "text/csv"}))
    with (
        tenant_of([{"Name": "one"}], schema=schema) as sandbox,
        Hostile(sandbox, page) as hostile,
    ):
        text, output = fails(sandbox, hostile, extract_method="bulk")
        assert "is no CSV of its fields" in text
        assert output.records[NAME] == []


def test_a_header_that_comes_again_is_no_record() -> None:
    def twice(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if "/chunk/" not in request.path:
            return None
        header, first, *rest = own().body.splitlines(keepends=True)
        body = b"".join((header, first, header, *rest))
        return Reply(body, headers={"Content-Type": "text/csv"})

    with tenant_of(things(5)) as sandbox, Hostile(sandbox, twice) as hostile:
        output = sync(sandbox, hostile, extract_method="bulk")
        assert keys(output) == [row["Gsid"] for row in things(5)]


@pytest.mark.parametrize("method", ["bulk", "auto"])
def test_an_export_of_nothing_where_a_query_finds_rows_is_not_believed(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    def nothing(request: Request, _: int, own: Callable[..., Reply]) -> Reply | None:
        if "/status/" not in request.path:
            return None
        said = json.loads(own().body)
        said["data"] |= {"totalRecords": 0, "chunkDetails": []}
        return enveloped(said)

    with tenant_of(things(120)) as sandbox, Hostile(sandbox, nothing) as hostile:
        output = sync(sandbox, hostile, extract_method=method, bulk_threshold_rows=50)
        assert sorted(keys(output)) == sorted(row["Gsid"] for row in things(120))
        assert submissions(sandbox) == 1
    assert "gave no rows, though there are some" in caplog.text


def test_an_export_of_an_empty_table_is_believed_for_one_ordinary_call() -> None:
    with tenant_of(things(0)) as sandbox:
        assert not keys(sync(sandbox, extract_method="bulk"))
        assert submissions(sandbox) == 1


@pytest.mark.parametrize("data", [None, {}, {"records": None}])
def test_a_reply_without_records_is_asked_for_once_more(data: object) -> None:
    empty = once(QUERY, 2, enveloped({"result": True, "data": data}))
    with tenant_of(things(12)) as sandbox, Hostile(sandbox, empty) as hostile:
        output = sync(sandbox, hostile, page_rows=5)
        assert len(keys(output)) == 12


@pytest.mark.parametrize("keyed_by_time", [False, True])
def test_a_tenant_that_ignores_offsets_ends_the_run(*, keyed_by_time: bool) -> None:
    def first_page(request: Request, _: int, own: Callable[..., Reply]) -> Reply | None:
        if "/query/" not in request.path:
            return None
        return own(json.dumps(json.loads(request.body) | {"offset": 0}).encode())

    times = (Field("ModifiedDate", DataType.DATETIME, read_only=True),) if keyed_by_time else ()
    schema = ObjectSchema(NAME, (Field("Name"), *times))
    moment = {"ModifiedDate": NOON} if keyed_by_time else {}
    rows = [{"Name": f"n{n}", **moment} for n in range(60)]
    with tenant_of(rows, schema=schema) as sandbox, Hostile(sandbox, first_page) as hostile:
        why, _ = fails(sandbox, hostile, page_rows=20)
        assert "whatever row number is asked for" in why


@pytest.mark.parametrize("number", [99999999999999999999, -99999999999999999999])
def test_a_number_that_is_no_time_is_an_error_that_names_the_field(number: int) -> None:
    def odd(request: Request, _: int, own: Callable[..., Reply]) -> Reply | None:
        if "/query/" not in request.path:
            return None
        said = json.loads(own().body)
        for row in records_in(said):
            row["ModifiedDate"] = number
        return enveloped(said)

    with tenant_of(things(2)) as sandbox, Hostile(sandbox, odd) as hostile:
        why, _ = fails(sandbox, hostile)
        assert "ModifiedDate" in why


@pytest.mark.parametrize(
    "odd", [{"export_began": 12}, {"export_start": True}, {"export_chunks_done": -1}]
)
def test_an_export_in_a_state_that_cannot_be_read_is_left(odd: dict[str, Any]) -> None:
    with tenant_of(things(60), job_seconds=30) as sandbox:
        state = left_under_way(sandbox)
        state["bookmarks"][NAME] |= odd
        output = sync(sandbox, extract_method="bulk", state=state)
        assert sorted(keys(output)) == sorted(row["Gsid"] for row in things(60))


def test_a_job_that_is_read_through_again_writes_no_row_twice() -> None:
    def empty_twice(request: Request, number: int, _: object) -> Reply | None:
        if "/chunk/3/" not in request.path or number > 2:
            return None
        return Reply(b"", 200, {"Content-Type": "text/csv"})

    with tenant_of(things(120), chunk_rows=20) as sandbox, Hostile(sandbox, empty_twice) as hostile:
        output = sync(sandbox, hostile, extract_method="bulk")
        assert len(keys(output)) == len(set(keys(output))) == 120
        assert hostile.count("/chunk/3/") == 3


# Jobs.


def left_under_way(sandbox: Sandbox, **options: Any) -> dict[str, Any]:
    """The state of a run that left its job."""
    _, output = fails(sandbox, extract_method="bulk", job_timeout=1, **options)
    assert output.bookmark(NAME)["export_job_id"]
    return output.state


GONE: Mapping[str, Reply] = {
    "refused": enveloped({"result": False, "errorCode": "GSOBJ_ESS_9404", "data": None}, 400),
    "no data": enveloped({"result": True, "data": None}),
    "expired": enveloped({"result": True, "data": {"jobId": "1", "jobStatus": "EXPIRED"}}),
    "a new word": enveloped({"result": True, "data": {"jobId": "1", "jobStatus": "ARCHIVED"}}),
    "forbidden": enveloped({"result": False, "errorCode": "X", "data": None}, 403),
    "no route": enveloped({"result": False, "errorCode": "GS_APIG_1000"}, 404),
    "no list of chunks": ok({"jobStatus": "COMPLETED", "chunkDetails": "soon"}),
    "no address of a chunk": ok({"jobStatus": "COMPLETED", "chunkDetails": [{"offset": 0}]}),
}


@pytest.mark.parametrize("said", sorted(GONE))
def test_a_job_that_is_gone_is_left_once_however_that_is_said(
    said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with tenant_of(things(60), job_seconds=30) as sandbox:
        state = left_under_way(sandbox)
        old = state["bookmarks"][NAME]["export_job_id"]
        with Hostile(sandbox, always(f"/status/{old}", GONE[said])) as hostile:
            output = sync(sandbox, hostile, extract_method="bulk", state=state)
        assert keys(output) == [row["Gsid"] for row in things(60)]
        assert submissions(sandbox) == 2
        assert "it is left, for a new export job" in caplog.text


def test_a_job_that_a_state_places_elsewhere_is_left(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of(things(60), job_seconds=30) as sandbox, Server() as foreign:
        foreign.answers(ok("stolen"))
        state = left_under_way(sandbox)
        state["bookmarks"][NAME]["export_status_url"] = f"{foreign.url}/status/1"
        output = sync(sandbox, extract_method="bulk", state=state)
        assert keys(output) == [row["Gsid"] for row in things(60)]
        assert submissions(sandbox) == 2
        assert foreign.requests == []
        assert "it is left, for a new export job" in caplog.text


def test_a_job_of_yesterday_is_not_asked_after() -> None:
    with tenant_of(things(60), job_seconds=30) as sandbox:
        state = left_under_way(sandbox)
        old = state["bookmarks"][NAME]["export_job_id"]
        sandbox.clock.sleep(25 * 3600)
        with Hostile(sandbox, lambda *_: None) as hostile:
            output = sync(sandbox, hostile, extract_method="bulk", state=state)
            assert hostile.count(f"/status/{old}") == 0
        assert len(keys(output)) == 60


def test_a_reply_that_is_no_answer_keeps_the_job() -> None:
    with tenant_of(things(60), job_seconds=30) as sandbox:
        state = left_under_way(sandbox)
        old = state["bookmarks"][NAME]["export_job_id"]
        with Hostile(sandbox, always(f"/status/{old}", Reply(b"<html>", 404))) as hostile:
            _, output = fails(sandbox, hostile, extract_method="bulk", state=state)
        assert keys(output) == []
        sandbox.clock.sleep(60)
        again = sync(sandbox, extract_method="bulk", state=state)
        assert len(keys(again)) == 60
        assert submissions(sandbox) == 1


def test_a_start_that_is_set_back_leaves_the_export_under_way() -> None:
    rows = list(things(10))
    for row in rows[:4]:
        row["ModifiedDate"] -= timedelta(days=1500)
    with tenant_of(rows, job_seconds=30) as sandbox:
        state = left_under_way(sandbox, start_date="2024-01-01")
        state["bookmarks"][NAME] |= {
            "replication_key": "ModifiedDate",
            "replication_key_value": "2019-01-01T00:00:00.000Z",
        }
        output = sync(sandbox, extract_method="bulk", state=state)
        assert len(keys(output)) == 10


@pytest.mark.parametrize("method", ["bulk", "auto"])
def test_a_submission_refused_for_a_while_is_waited_for(method: str) -> None:
    refused = Reply(b"", 503, {"Retry-After": "7"})

    def answer(request: Request, number: int, _: object) -> Reply | None:
        submits = request.method == "POST" and "/exports/" in request.path
        return refused if submits and number <= 2 else None

    with tenant_of(things(60)) as sandbox, Hostile(sandbox, answer) as hostile:
        began = sandbox.clock.now()
        output = sync(sandbox, hostile, extract_method=method, bulk_threshold_rows=10)
        assert len(keys(output)) == 60
        assert submissions(sandbox) == 1
        assert sandbox.clock.now() - began >= 14


def test_where_no_export_can_be_had_auto_goes_on_by_query(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused = enveloped({"result": False, "errorCode": "GSOBJ_ESS_9999", "data": None}, 400)
    with tenant_of(things(60)) as sandbox, Hostile(sandbox, always("/exports/", refused)) as it:
        output = sync(sandbox, it, extract_method="auto", bulk_threshold_rows=10)
        assert len(keys(output)) == 60
        assert "going on by query" in caplog.text


def test_a_list_of_chunks_that_comes_late_is_asked_for_again() -> None:
    def late(request: Request, number: int, own: Callable[[], Reply]) -> Reply | None:
        if "/status/" not in request.path or number > 3:
            return None
        reply = json.loads(own().body)
        if (reply["data"].get("chunkDetails") or []) == []:
            return None
        reply["data"]["chunkDetails"] = reply["data"]["chunkDetails"][:1]
        return enveloped(reply)

    with tenant_of(things(30), chunk_rows=10) as sandbox, Hostile(sandbox, late) as hostile:
        output = sync(sandbox, hostile, extract_method="bulk")
        assert len(keys(output)) == 30
        assert submissions(sandbox) == 1


def test_a_table_of_exactly_the_threshold_takes_no_job() -> None:
    with tenant_of(things(5_000)) as sandbox:
        output = sync(sandbox, extract_method="auto", bulk_threshold_rows=5_000)
        assert len(keys(output)) == 5_000
        assert submissions(sandbox) == 0


# Without a key.


def test_rows_without_a_key_are_read_from_the_first_again_when_a_job_vanishes() -> None:
    rows = [{"Name": f"mail {n}"} for n in range(50)]
    asked: list[str] = []

    def vanishes(request: Request, _: int, __: object) -> Reply | None:
        if "/chunk/" not in request.path:
            return None
        asked.append(request.path)
        return enveloped({"result": False, "data": None}, 404) if len(asked) == 3 else None

    with (
        tenant_of(rows, schema=KEYLESS, chunk_rows=10) as sandbox,
        Hostile(sandbox, vanishes) as hostile,
    ):
        tap = make_tap(sandbox, domain=hostile.url, extract_method="bulk", **UNLIMITED)
        output = run(select_only(tap, KEYLESS.name))
        found = {record["Name"] for record in output.records[KEYLESS.name]}
        assert found == {row["Name"] for row in rows}
        assert submissions(sandbox) == 2


def test_pages_by_row_number_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    rows = [{"Name": f"mail {n}"} for n in range(50)]
    with tenant_of(rows, schema=KEYLESS) as sandbox:
        tap = make_tap(sandbox, extract_method="query", page_rows=20, **UNLIMITED)
        output = run(select_only(tap, KEYLESS.name))
        assert len(output.records[KEYLESS.name]) == 50
        assert "rows may be missing" in caplog.text


def test_rows_with_times_and_no_key_are_each_written_once() -> None:
    fields = (Field("Name"), *(f for f in THING.fields if f.name == "ModifiedDate"))
    schema = ObjectSchema("mail__gc", fields)
    rows = [
        {
            "Name": f"mail {n}",
            "ModifiedDate": None if n % 9 == 0 else NOON + timedelta(seconds=n // 4),
        }
        for n in range(100)
    ]
    for options in ({"extract_method": "query", "page_rows": 20}, {"max_rows_per_job": 30}):
        with tenant_of(rows, schema=schema) as sandbox:
            given: dict[str, Any] = {"extract_method": "bulk", **UNLIMITED, **options}
            output = run(select_only(make_tap(sandbox, **given), schema.name))
            found = sorted(record["Name"] for record in output.records[schema.name])
            assert found == sorted(str(row["Name"]) for row in rows)


# Times.

NEW_YORK = ZoneInfo("America/New_York")


def test_the_hour_that_comes_twice_is_one_span_from_just_before_it() -> None:
    for second in (
        "2025-11-02T04:59:59",
        "2025-11-02T05:00:00",
        "2025-11-02T05:30:00",
        "2025-11-02T06:59:59",
    ):
        span = span_of(second, NEW_YORK)
        assert (span.start, span.end) == ("2025-11-02T04:59:59", "2025-11-02T07:00:00")
    assert span_of("2025-11-02T04:59:58", NEW_YORK).end == "2025-11-02T04:59:59"
    assert span_of("2025-11-02T07:00:00", NEW_YORK).start == "2025-11-02T07:00:00"
    assert filter_time("2025-11-02T04:59:59", NEW_YORK) == "2025-11-02T00:59:59-04:00"


def test_times_before_whole_offsets_are_one_span() -> None:
    span = span_of("1900-01-01T00:00:00", ZoneInfo("Europe/Paris"))
    assert span.start == "0001-01-01T00:00:00"
    assert span.end is not None
    assert span.end > "1911"
    assert filter_time("1900-01-01T00:00:00", ZoneInfo("Europe/Paris")) == "1900-01-01T00:00:00Z"


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("method", ["query", "bulk"])
def test_rows_at_the_calendars_ends_come_again_and_again(year: int, zone: str, method: str) -> None:
    moment = NOON.replace(year=year, month=1 if year == 1 else 12, day=1 if year == 1 else 31)
    moment = moment.replace(hour=0 if year == 1 else 23, minute=0 if year == 1 else 59)
    rows = [{**row, "ModifiedDate": moment} for row in things(30)]
    options: dict[str, Any] = {"filter_timezone": zone, "extract_method": method, "page_rows": 10}
    with tenant_of(rows) as sandbox:
        first = sync(sandbox, max_rows_per_job=10, **options)
        assert sorted(keys(first)) == sorted(row["Gsid"] for row in rows)
        again = sync(sandbox, max_rows_per_job=10, state=first.state, **options)
        assert len(keys(again)) == len(set(keys(again)))


def test_a_start_date_of_digits_is_refused() -> None:
    with tenant_of(things(3)) as sandbox:
        for digits in ("20250601", "2025", "1748736000", "-5"):
            with pytest.raises(ConfigError, match="setting `start_date`"):
                sync(sandbox, start_date=digits)


@pytest.mark.parametrize("settings", [{"lookback_seconds": 10**12}, {"request_timeout": 1e12}])
def test_absurd_numbers_are_obeyed_as_far_as_can_be(settings: dict[str, Any]) -> None:
    with tenant_of(things(3)) as sandbox:
        first = sync(sandbox, **settings)
        assert len(keys(sync(sandbox, state=first.state, **settings))) == 3


def test_a_bookmark_in_the_future_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    state = {
        "bookmarks": {
            NAME: {
                "replication_key": "ModifiedDate",
                "replication_key_value": "2099-01-01T00:00:00.000Z",
            }
        }
    }
    with tenant_of(things(3)) as sandbox:
        assert keys(sync(sandbox, state=state)) == []
        assert f"stream {NAME}: its bookmark 2099" in caplog.text


# Catalogs by hand.


def catalog_with(sandbox: Sandbox, **changes: Any) -> dict[str, Any]:
    catalog = select_only(make_tap(sandbox), NAME).catalog_dict
    (entry,) = [entry for entry in catalog["streams"] if entry["tap_stream_id"] == NAME]
    return {"streams": [{**entry, **changes}]}


def test_keys_that_only_the_metadata_have_are_keys() -> None:
    with tenant_of(things(3)) as sandbox:
        catalog = catalog_with(sandbox, key_properties=None, replication_key=None)
        for item in catalog["streams"][0]["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"] |= {
                    "table-key-properties": ["Gsid"],
                    "replication-key": "ModifiedDate",
                    "selected": True,
                }
        output = run(make_tap(sandbox, catalog=catalog, extract_method="query"))
        assert output.schemas[NAME]["key_properties"] == ["Gsid"]
        assert output.bookmark(NAME)["replication_key"] == "ModifiedDate"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"replication_key": "Name"}, "replication key Name is no date-time"),
        ({"replication_key": "Size__gc"}, "replication key Size__gc is no date-time"),
        ({"replication_key": "Nothing"}, "is no property"),
        ({"key_properties": ["Nothing"]}, "is no property"),
        ({"stream": "another"}, "`stream` is 'another'"),
        ({"replication_method": "LOG_BASED"}, "neither INCREMENTAL nor FULL_TABLE"),
    ],
)
def test_a_catalog_that_cannot_be_used_is_refused_by_name(
    changes: dict[str, Any], says: str
) -> None:
    with tenant_of(things(3)) as sandbox:
        catalog = catalog_with(sandbox, **changes)
        for item in catalog["streams"][0]["metadata"]:
            item["metadata"].pop("forced-replication-method", None)
        with pytest.raises(ConfigError, match=f"catalog, stream {NAME}: .*{says}"):
            run(make_tap(sandbox, catalog=catalog))


def test_a_stream_may_not_take_anothers_name() -> None:
    with tenant_of(things(3)) as sandbox:
        sandbox.tenant.add_object(ObjectSchema("other__gc", THING.fields), [])
        for name in ("other__gc", "deleted_records"):
            with pytest.raises(ConfigError, match=f"stream {name}: this name is"):
                make_tap(sandbox, streams=[{"name": name, "object": NAME}]).streams  # noqa: B018


def test_a_glob_that_matches_nothing_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with tenant_of(things(3)) as sandbox:
        assert set(make_tap(sandbox, objects=["compny*", NAME]).streams) == {
            NAME,
            "deleted_records",
        }
        assert "no object's name matches 'compny*'" in caplog.text


def test_the_key_may_be_called_id_in_any_case() -> None:
    schema = ObjectSchema("fact__gc", (Field("Id"), Field("Name")))
    with tenant_of([{"Id": "1", "Name": "a"}], schema=schema) as sandbox:
        assert make_tap(sandbox).streams[schema.name].primary_keys == ("Id",)


def test_quirks_of_orders_bring_each_row_once() -> None:
    for quirks in (Quirks(), Quirks(query_caps_limit=True)):
        with tenant_of(crowd(300, 0.5), quirks=quirks) as sandbox:
            output = sync(sandbox, page_rows=70)
            assert len(keys(output)) == len(set(keys(output))) == 300


def test_a_data_error_names_stream_and_field() -> None:
    def odd(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if QUERY not in request.path:
            return None
        reply = json.loads(own().body)
        for row in records_in(reply):
            row["ModifiedDate"] = "20220603"
        return enveloped(reply)

    with (
        tenant_of(things(3)) as sandbox,
        Hostile(sandbox, odd) as hostile,
        pytest.raises(DataError, match=f"stream {NAME}, field ModifiedDate"),
    ):
        sync(sandbox, hostile)
