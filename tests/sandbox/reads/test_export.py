from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gainsight_sandbox import (
    BooleanForm,
    DateForm,
    ExportEmpty,
    JobSettings,
    LineEnd,
    Quirks,
    Quoting,
    Sandbox,
)
from tests.sandbox.client import THING, UNLIMITED, Client, clock, where

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.sandbox.conftest import Rig

MOMENT = datetime(2022, 6, 23, 9, 37, 2, tzinfo=UTC)
ROW = {
    "Gsid": "1C77A",
    "Name": 'Acme, "the" one',
    "Size__gc": Decimal("12345678901234567890.123456789"),
    "Good__gc": False,
    "Colors__gc": ["1I00RED", "1I00BLUE"],
    "ModifiedDate": MOMENT,
}


def test_the_replies_are_as_the_article_shows_them(rig: Rig) -> None:
    _, client = rig.things(ROW)
    submitted = client.submit("thing__gc", ["Name"]).json()
    job = submitted["data"]["jobId"]
    assert submitted["data"]["statusURL"] == f"v3/exports/data/job/status/{job}"
    status = client.get(submitted["data"]["statusURL"]).json()
    assert status["data"] == {
        "jobId": job,
        "jobStatus": "COMPLETED",
        "totalRecords": 1,
        "chunkDetails": [
            {"chunkURL": f"v3/exports/data/job/{job}/chunk/1/results", "offset": 0, "limit": 1}
        ],
    }
    assert status["result"] is True
    assert status["errorCode"] is None


def test_every_value_is_quoted_and_null_is_empty(rig: Rig) -> None:
    _, client = rig.things(ROW, {"Gsid": "1C77B"})
    names = ["gsid", "Name", "Size__gc", "Good__gc", "Colors__gc", "ModifiedDate"]
    [text] = client.chunks("thing__gc", names, orderBy={"Gsid": "asc"})
    assert text == (
        '"gsid","Name","Size__gc","Good__gc","Colors__gc","ModifiedDate"\n'
        '"1C77A","Acme, ""the"" one","12345678901234567890.123456789","false",'
        '"1I00RED;1I00BLUE","2022-06-23T09:37:02.000Z"\n'
        '"1C77B","","","","",""\n'
    )


def test_the_csv_has_its_quirks(rig: Rig) -> None:
    quirks = Quirks(
        csv_bom=True,
        csv_header=False,
        csv_null="NULL",
        csv_quoting=Quoting.MINIMAL,
        csv_line_end=LineEnd.CRLF,
        csv_booleans=BooleanForm.DIGIT,
        csv_dates=DateForm.EPOCH,
    )
    _, client = rig.things(ROW, {"Gsid": "1C77B", "Name": "a\rb"}, quirks=quirks)
    [text] = client.chunks("thing__gc", ["Name", "Good__gc", "ModifiedDate"])
    assert text == '\ufeff"Acme, ""the"" one",0,1655977022000\r\n"a\rb",NULL,NULL\r\n'


@pytest.mark.parametrize(
    ("quirks", "expected"),
    [
        (Quirks(csv_dates=DateForm.SPACE), "2022-06-23 09:37:02.0"),
        (Quirks(csv_dates=DateForm.ISO_SHORT), "2022-06-23T09:37:02Z"),
        (Quirks(csv_booleans=BooleanForm.UPPER), "FALSE"),
    ],
)
def test_the_csv_has_forms_of_dates_and_booleans(rig: Rig, quirks: Quirks, expected: str) -> None:
    _, client = rig.things(ROW, quirks=quirks)
    assert expected in client.export("thing__gc", ["Good__gc", "ModifiedDate"])[0]


def test_chunks_are_of_the_size_chosen_and_in_order(rig: Rig) -> None:
    rows = [{"Gsid": f"{n:03}"} for n in range(25)]
    _, client = rig.filled(rows, jobs=JobSettings(chunk_rows=10))
    more: dict[str, Any] = {"orderBy": {"Gsid": "desc"}, "limit": 22, "offset": 2}
    data = client.job("thing__gc", ["Gsid"], **more)
    assert data["totalRecords"] == 22
    assert [(chunk["offset"], chunk["limit"]) for chunk in data["chunkDetails"]] == [
        (0, 10),
        (10, 10),
        (20, 2),
    ]
    exported = client.export("thing__gc", ["Gsid"], **more)
    assert exported == [[f"{n:03}"] for n in range(22, 0, -1)]


def test_a_job_takes_its_time_and_exports_the_rows_of_its_submission(rig: Rig) -> None:
    sandbox, client = rig.things({"Gsid": "a", "Name": "then"}, jobs=JobSettings(job_seconds=30))
    url = client.submit("thing__gc", ["Gsid", "Name"]).json()["data"]["statusURL"]
    sandbox.tenant.update("thing__gc", "a", {"Name": "now"})
    sandbox.tenant.insert("thing__gc", {"Gsid": "b"})
    running = client.status(url)
    assert running == {"jobId": running["jobId"], "jobStatus": "IN_PROGRESS"}
    early = client.get(f"v3/exports/data/job/{running['jobId']}/chunk/1/results")
    assert early.status_code == 404
    sandbox.clock.sleep(30)
    data = client.status(url)
    assert data["totalRecords"] == 1
    assert client.get(data["chunkDetails"][0]["chunkURL"]).text.endswith('"a","then"\n')


def test_a_job_is_forgotten_after_its_retention(rig: Rig) -> None:
    sandbox, client = rig.things(ROW, jobs=JobSettings(job_retention=100))
    url = client.submit("thing__gc", ["Gsid"]).json()["data"]["statusURL"]
    chunk = client.status(url)["chunkDetails"][0]["chunkURL"]
    sandbox.clock.sleep(101)
    assert client.get(url).status_code == 404
    assert client.get(chunk).status_code == 404
    assert client.get("v3/exports/data/job/status/nope").status_code == 404


@pytest.mark.parametrize(
    ("form", "chunks"),
    [(ExportEmpty.LIST, []), (ExportEmpty.NULL, None), (ExportEmpty.HEADER, [0])],
)
def test_an_empty_export_has_three_forms(
    rig: Rig, form: ExportEmpty, chunks: list[int] | None
) -> None:
    _, client = rig.things(quirks=Quirks(export_empty=form))
    data = client.job("thing__gc", ["Gsid"])
    assert (data["jobStatus"], data["totalRecords"]) == ("COMPLETED", 0)
    details = data["chunkDetails"]
    assert (details and [chunk["limit"] for chunk in details]) == chunks
    if form is ExportEmpty.HEADER:
        assert client.export("thing__gc", ["Gsid"]) == []


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, "GSOBJ_ESS_9104"),
        ({"select": []}, "GSOBJ_ESS_9104"),
        ({"select": ["Nope"]}, "GSOBJ_ESS_9150"),
        ({"select": ["Name"], "limit": 0}, "GSOBJ_ESS_9150"),
        ({"select": ["Name"], "limit": "10"}, "GSOBJ_ESS_9150"),
        ({"select": ["Name"], "limit": 1_000_001}, "GSOBJ_ESS_9150"),
        ({"select": ["Name"], "orderBy": {"Name": "up"}}, "GSOBJ_ESS_9150"),
        ({"select": ["Name"], "where": where(("Name", "LIKE", ["x"]))}, "GSOBJ_ESS_9150"),
    ],
)
def test_wrong_submissions_are_refused_at_once_or_by_the_job(
    rig: Rig, payload: object, code: str
) -> None:
    _, client = rig.things(ROW)
    refusal = client.post("v3/exports/data/bulk/thing__gc", payload)
    assert (refusal.status_code, refusal.json()["errorCode"]) == (400, code)
    assert refusal.json()["data"] is None
    _, late = rig.things(ROW, quirks=Quirks(export_late_errors=True))
    url = late.post("v3/exports/data/bulk/thing__gc", payload).json()["data"]["statusURL"]
    envelope = late.get(url).json()
    assert envelope["result"] is True
    assert (envelope["data"]["jobStatus"], envelope["data"]["errorCode"]) == ("FAILED", code)


def test_an_unknown_object_is_refused(rig: Rig) -> None:
    _, client = rig.things()
    assert client.submit("nope", ["Gsid"]).json()["errorCode"] == "GSOBJ_ESS_9150"


def test_chunks_are_compressed_only_when_asked(rig: Rig) -> None:
    _, client = rig.filled({"Gsid": f"{n:03}"} for n in range(200))
    [chunk] = client.job("thing__gc", ["Gsid"])["chunkDetails"]
    packed = client.get(chunk["chunkURL"])
    assert packed.headers["content-encoding"] == "gzip"
    client.session.headers["accept-encoding"] = "identity"
    plain = client.get(chunk["chunkURL"])
    assert "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert plain.content == packed.content


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None)
@given(
    cells=st.lists(st.one_of(CELLS, st.sampled_from(["\r", "\n", '"', ",", '"\r\n'])), max_size=8),
    quoting=st.sampled_from(Quoting),
    line_end=st.sampled_from(LineEnd),
)
def test_any_text_survives_the_csv(cells: list[str], quoting: Quoting, line_end: LineEnd) -> None:
    quirks = Quirks(csv_quoting=quoting, csv_line_end=line_end)
    with (
        Sandbox(
            demo=False,
            clock=clock(),
            limits=UNLIMITED,
            quirks=quirks,
            jobs=JobSettings(chunk_rows=3),
        ) as sandbox,
        Client(sandbox) as client,
    ):
        rows = [{"Gsid": str(n), "Name": cell} for n, cell in enumerate(cells)]
        sandbox.tenant.add_object(THING, rows)
        texts = list(client.chunks("thing__gc", ["Name", "Gsid"]))
    assert [row[0] for row in _read(texts)] == cells


def _read(texts: Iterable[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    for text in texts:
        rows += list(csv.reader(io.StringIO(text, newline="")))[1:]
    return rows
