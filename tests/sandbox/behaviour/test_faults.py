from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

import pytest
import requests

from gainsight_sandbox import Effect, Fault, Hooks, JobSettings, Limits, LoggedRequest
from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.faults import parse_fault

if TYPE_CHECKING:
    from tests.sandbox.client import Client
    from tests.sandbox.conftest import Rig

LIST = "v1/meta/services/objects/list"
ROWS = [{"Gsid": f"{n:03}", "Name": "two\nlines"} for n in range(5)]


def ask(client: Client) -> int:
    return client.query("thing__gc", ["Gsid"]).status_code


def test_a_status_strikes_so_many_calls_of_its_kind(rig: Rig) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(Fault(Effect.STATUS, on=CallKind.QUERY, status=503, count=2, skip=1))
    assert client.get(LIST).status_code == 200
    assert [ask(client) for _ in range(5)] == [200, 503, 503, 200, 200]


def test_a_fault_may_mean_one_object_and_last(rig: Rig) -> None:
    sandbox, client = rig.demo()
    fault = Fault(Effect.STATUS, object="company", status=429, retry_after="7", count=None)
    sandbox.faults.add(fault)
    for _ in range(3):
        refused = client.query("company", ["Gsid"])
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert client.query("gsuser", ["Gsid"]).status_code == 200
    assert sandbox.faults.pending() == [fault]
    sandbox.faults.clear()
    assert client.query("company", ["Gsid"]).status_code == 200
    assert sandbox.usage().sync == 2


@pytest.mark.parametrize(("status", "counted"), [(500, 1), (502, 1), (401, 0), (429, 0)])
def test_a_call_that_fails_inside_is_counted(rig: Rig, status: int, counted: int) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(Fault(Effect.STATUS, status=status))
    assert ask(client) == status
    assert sandbox.usage().sync == counted
    assert sandbox.usage().violations == 0


@pytest.mark.parametrize("status", [400, 500, 599, 200])
def test_a_status_may_have_a_code(rig: Rig, status: int) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(parse_fault(f"status:status={status},code=GU_1101"))
    refused = client.get(LIST)
    assert (refused.status_code, refused.json()["errorCode"]) == (status, "GU_1101")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [("<html>busy</html>", "text/html"), ("{}", "application/json"), ("", "application/json")],
)
def test_a_status_may_have_any_body(rig: Rig, body: str, media_type: str) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(parse_fault(f"status:status=200,body={body}"))
    answer = client.get(LIST)
    assert (answer.status_code, answer.text) == (200, body)
    assert answer.headers["content-type"].startswith(media_type)


def test_a_reply_may_drip(rig: Rig) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(parse_fault("drip:seconds=0.01"))
    assert client.get(LIST).json()["result"] is True


@pytest.mark.parametrize("at", ["", ":at=0.05", ":at=0.97"])
def test_a_gzip_may_be_cut_in_a_complete_reply(rig: Rig, at: str) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(parse_fault(f"cut-gzip{at}"))
    with client.session.get(f"{client.url}/{LIST}", stream=True) as answer:
        packed = answer.raw.read(decode_content=False)
    assert len(packed) == int(answer.headers["content-length"])
    with pytest.raises(EOFError):
        gzip.decompress(packed)


def test_the_list_of_chunks_may_be_late_or_incomplete(rig: Rig) -> None:
    sandbox, client = rig.things(*ROWS, jobs=JobSettings(chunk_rows=2))
    effects = (Effect.LATE_CHUNKS, Effect.LOST_CHUNK, Effect.SHORT_EXPORT)
    sandbox.faults.add(*map(Fault, effects))
    url = client.submit("thing__gc", ["Gsid"]).json()["data"]["statusURL"]
    late, incomplete, short, whole = (client.status(url) for _ in range(4))
    assert late["jobStatus"] == "COMPLETED"
    assert "chunkDetails" not in late
    assert [each["totalRecords"] for each in (late, incomplete, short, whole)] == [5, 5, 4, 5]
    assert [len(each["chunkDetails"]) for each in (incomplete, short, whole)] == [2, 2, 3]


def test_a_job_may_be_gone_in_other_words(rig: Rig) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(parse_fault("job-expired:code=GSOBJ_ESS_9999,status=410"))
    gone = client.get(client.submit("thing__gc", ["Gsid"]).json()["data"]["statusURL"])
    assert (gone.status_code, gone.json()["errorCode"]) == (410, "GSOBJ_ESS_9999")


@pytest.mark.parametrize(("effect", "submitted"), [(Effect.DROP_BEFORE, 0), (Effect.DROP_AFTER, 1)])
def test_a_connection_breaks_before_or_after_the_work(
    rig: Rig, effect: Effect, submitted: int
) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(Fault(effect, on=CallKind.EXPORT_SUBMIT))
    with pytest.raises(requests.ConnectionError):
        client.submit("thing__gc", ["Gsid"])
    assert sandbox.usage().bulk == submitted
    assert sandbox.log[-1].status == 0
    assert ask(client) == 200


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_chunk_breaks_off(rig: Rig, encoding: str) -> None:
    sandbox, client = rig.filled({"Gsid": f"{n:05}"} for n in range(9000))
    client.session.headers["accept-encoding"] = encoding
    [chunk] = client.job("thing__gc", ["Gsid"])["chunkDetails"]
    sandbox.faults.add(Fault(Effect.TRUNCATED))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get(chunk["chunkURL"])
    assert len(client.get(chunk["chunkURL"]).text.splitlines()) == 9001


def test_a_reply_breaks_off(rig: Rig) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(Fault(Effect.TRUNCATED), Fault(Effect.MALFORMED))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get(LIST)
    response = client.get(LIST)
    assert response.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_a_delay_passes_by_the_clock(rig: Rig) -> None:
    sandbox, client = rig.things()
    before = sandbox.clock.now()
    sandbox.faults.add(Fault(Effect.DELAY, seconds=300))
    assert ask(client) == 200
    assert sandbox.clock.now() == before + 300


def test_a_redirect_leads_elsewhere(rig: Rig) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(Fault(Effect.REDIRECT, location="http://elsewhere.example/x"))
    response = client.get(LIST)
    assert (response.status_code, response.headers["location"]) == (
        302,
        "http://elsewhere.example/x",
    )


def test_urls_may_name_another_host(rig: Rig) -> None:
    sandbox, client = rig.things(*ROWS)
    sandbox.faults.add(Fault(Effect.FOREIGN_URL, count=2))
    data = client.submit("thing__gc", ["Gsid"]).json()["data"]
    path = f"v3/exports/data/job/status/{data['jobId']}"
    assert data["statusURL"] == f"http://elsewhere.example/{path}"
    [chunk] = client.status(path)["chunkDetails"]
    assert chunk["chunkURL"].startswith("http://elsewhere.example/v3/exports/data/job/")
    [chunk] = client.status(path)["chunkDetails"]
    assert chunk["chunkURL"].startswith("v3/")


def test_a_job_fails_or_never_ends(rig: Rig) -> None:
    sandbox, client = rig.things(*ROWS)
    sandbox.faults.add(Fault(Effect.JOB_FAILED, code="X_1"), Fault(Effect.JOB_STUCK))
    failed = client.job("thing__gc", ["Gsid"])
    assert (failed["jobStatus"], failed["errorCode"]) == ("FAILED", "X_1")
    url = client.submit("thing__gc", ["Gsid"]).json()["data"]["statusURL"]
    sandbox.clock.sleep(10_000)
    assert client.status(url)["jobStatus"] == "IN_PROGRESS"
    assert client.job("thing__gc", ["Gsid"])["jobStatus"] == "COMPLETED"


def test_a_job_or_its_chunks_expire(rig: Rig) -> None:
    sandbox, client = rig.things(*ROWS)
    url = client.submit("thing__gc", ["Gsid"]).json()["data"]["statusURL"]
    chunk = client.status(url)["chunkDetails"][0]["chunkURL"]
    sandbox.faults.add(Fault(Effect.CHUNK_EXPIRED), Fault(Effect.JOB_EXPIRED, skip=1))
    assert [client.get(chunk).status_code for _ in range(2)] == [404, 404]
    assert [client.get(url).status_code for _ in range(3)] == [200, 404, 404]


@pytest.mark.parametrize(
    ("effect", "rows"), [(Effect.SHORT_CHUNK, "0123"), (Effect.LONG_CHUNK, "012344")]
)
def test_a_chunk_has_a_row_too_few_or_too_many_once(rig: Rig, effect: Effect, rows: str) -> None:
    sandbox, client = rig.things(*ROWS)
    sandbox.faults.add(Fault(effect))
    for expected in (rows, "01234"):
        [text] = client.chunks("thing__gc", ["Gsid", "Name"])
        _, *body = csv.reader(io.StringIO(text, newline=""))
        assert [row[0][-1] for row in body] == list(expected)


def test_a_field_is_deleted_in_the_middle(rig: Rig) -> None:
    sandbox, client = rig.things(*ROWS)
    sandbox.faults.add(Fault(Effect.FIELD_DELETED, field="Name", skip=1))
    codes = [client.query("thing__gc", ["Name"]).json()["errorCode"] for _ in range(3)]
    assert codes == [None, "P_5005", "P_5005"]
    assert client.submit("thing__gc", ["Name"]).json()["errorCode"] == "GSOBJ_ESS_9150"
    assert sandbox.tenant.schema("thing__gc").field("Name") is None
    assert ask(client) == 200


def test_a_hook_sees_each_request_first(rig: Rig) -> None:
    seen: list[tuple[CallKind, str | None, object]] = []

    def hook(request: LoggedRequest) -> None:
        seen.append((request.kind, request.object, request.payload()))
        sandbox.tenant.insert("thing__gc", {"Gsid": f"{len(seen)}"})

    sandbox, client = rig.things(hooks=Hooks(before_request=hook))
    assert client.records("thing__gc", ["Gsid"]) == [{"Gsid": "1"}]
    assert len(client.records("Thing__gc", ["Gsid"], limit=5)) == 2
    assert seen[1] == (CallKind.QUERY, "thing__gc", {"select": ["Gsid"], "limit": 5})


@pytest.mark.parametrize("at", [0.5, 0.2])
def test_a_body_may_be_cut_without_a_sign_of_it(rig: Rig, at: float) -> None:
    sandbox, client = rig.things(*ROWS)
    [chunk] = client.job("thing__gc", ["Gsid"])["chunkDetails"]
    whole = client.get(chunk["chunkURL"]).content
    sandbox.faults.add(Fault(Effect.CUT_UNMARKED, at=at))
    answer = client.get(chunk["chunkURL"])
    assert answer.content == whole[: int(len(whole) * at)]
    assert "content-length" not in answer.headers
    assert "transfer-encoding" not in answer.headers
    assert client.get(chunk["chunkURL"]).content == whole


def test_a_reply_may_stall_and_then_break(rig: Rig) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(Fault(Effect.STALL, seconds=0.05), Fault(Effect.STALL, seconds=60))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get(LIST)
    with pytest.raises(requests.exceptions.ConnectionError):
        client.session.get(f"{client.url}/{LIST}", timeout=0.05)


def test_a_reply_may_not_be_utf8(rig: Rig) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(Fault(Effect.NOT_UTF8))
    answer = client.get(LIST)
    assert answer.status_code == 200
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


def test_a_fault_may_strike_by_lot_and_alike_each_time(rig: Rig) -> None:
    sandbox, client = rig.things()
    struck = []
    for _ in range(2):
        sandbox.faults.add(Fault(Effect.STATUS, status=503, count=None, chance=0.3, seed=4))
        struck.append([client.get(LIST).status_code == 503 for _ in range(40)])
        sandbox.faults.clear()
    assert struck[0] == struck[1]
    assert 4 < sum(struck[0]) < 20


@pytest.mark.parametrize(
    ("effect", "chunks", "total"),
    [
        (Effect.SHUFFLED_CHUNKS, [3, 1, 2], 5),
        (Effect.REPEATED_CHUNK, [1, 1, 2, 3], 5),
        (Effect.WRONG_TOTAL, [1, 2, 3], 6),
    ],
)
def test_the_list_of_chunks_is_wrong_once(
    rig: Rig, effect: Effect, chunks: list[int], total: int
) -> None:
    sandbox, client = rig.things(*ROWS, jobs=JobSettings(chunk_rows=2))
    url = client.submit("thing__gc", ["Gsid"]).json()["data"]["statusURL"]
    sandbox.faults.add(Fault(effect))
    for listed, counted in ((chunks, total), ([1, 2, 3], 5)):
        status = client.status(url)
        numbers = [int(each["chunkURL"].split("/")[-2]) for each in status["chunkDetails"]]
        assert (numbers, status["totalRecords"]) == (listed, counted)


def test_a_job_may_have_a_status_that_nobody_knows(rig: Rig) -> None:
    sandbox, client = rig.things(*ROWS)
    sandbox.faults.add(Fault(Effect.ODD_STATUS))
    url = client.submit("thing__gc", ["Gsid"]).json()["data"]["statusURL"]
    assert [client.status(url)["jobStatus"] for _ in range(2)] == ["PAUSED", "COMPLETED"]


def test_a_job_may_be_gone_in_any_words(rig: Rig) -> None:
    sandbox, client = rig.things(*ROWS)
    sandbox.faults.add(Fault(Effect.JOB_EXPIRED, status=404, body="<html>gone</html>"))
    url = client.submit("thing__gc", ["Gsid"]).json()["data"]["statusURL"]
    assert client.get(url).text == "<html>gone</html>"
    assert client.get(url).json()["errorCode"] == "GSOBJ_1011"


def test_fields_and_objects_come_and_go(rig: Rig) -> None:
    sandbox, client = rig.things(*ROWS)
    sandbox.faults.add(
        Fault(Effect.FIELD_ADDED, field="New__gc"),
        Fault(Effect.OBJECT_ADDED, target="new__gc"),
        Fault(Effect.OBJECT_DELETED),
    )
    assert client.records("thing__gc", ["Gsid", "New__gc"])[0]["New__gc"] is None
    assert client.query("new__gc", ["Gsid"]).status_code == 200
    assert client.query("thing__gc", ["Gsid"]).status_code == 400
    assert "thing__gc" not in client.get(LIST).text


def test_the_clock_is_turned_and_the_windows_are_shifted(rig: Rig) -> None:
    sandbox, client = rig.things(limits=Limits(sync_per_minute=2))
    before = sandbox.clock.now()
    sandbox.faults.add(Fault(Effect.CLOCK_TURNED, seconds=-7200))
    assert ask(client) == 200
    assert sandbox.clock.now() == before - 7200
    sandbox.faults.add(Fault(Effect.WINDOWS_SHIFTED, seconds=-30, skip=1))
    assert [ask(client) for _ in range(3)] == [200, 200, 200]
    assert sandbox.usage().sync_this_minute == 2


def test_the_key_is_revoked_in_the_middle(rig: Rig) -> None:
    sandbox, client = rig.things()
    sandbox.faults.add(Fault(Effect.KEY_REVOKED, skip=1))
    assert [ask(client) for _ in range(3)] == [200, 401, 401]
    sandbox.gate.revoked = False
    assert ask(client) == 200


def test_a_record_is_deleted_late(rig: Rig) -> None:
    sandbox, client = rig.things(*ROWS)
    sandbox.faults.add(Fault(Effect.LATE_DELETE, seconds=300))
    client.session.delete(f"{client.url}/v1/data/objects/thing__gc/000")
    sandbox.clock.sleep(299)
    assert sandbox.tenant.count("thing__gc") == 5
    sandbox.clock.sleep(2)
    assert sandbox.tenant.count("thing__gc") == 4


def test_faults_are_read_from_text() -> None:
    fault = parse_fault("status:on=query,object=company,status=503,count=all,retry-after=3")
    assert fault == Fault(
        Effect.STATUS, on=CallKind.QUERY, object="company", status=503, count=None, retry_after="3"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope",
        "status:on=nope",
        "status:what=1",
        "status:count=x",
        "field-deleted",
        "object-added",
    ],
)
def test_wrong_faults_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fault|effect|invalid|field|object"):
        parse_fault(text)
