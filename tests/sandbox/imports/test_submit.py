from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import (
    Quirks,
)
from tests.sandbox.writing import Writer, as_csv, shop

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

ROWS = as_csv(["Name", "Number__gc"], ["a", "1"], ["b", "2"])


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"objectName": "nothing__gc"}, "GSOBJ_1008"),
        ({"objectName": ""}, "GSOBJ_1008"),
        ({"objectName": "gsuser"}, "GSOBJ_1023"),
        ({"objectName": "company_person"}, "GSOBJ_1023"),
        ({"operation": "insert"}, "GSOBJ_1008"),
        ({"operation": "DELETE"}, "GSOBJ_1008"),
        ({"operation": "UPSERT"}, "GSOBJ_1008"),
        ({"operation": "UPDATE", "keyFields": "Day__gc"}, "GSOBJ_1008"),
        ({"operation": "UPDATE", "keyFields": "Nothing__gc"}, "GSOBJ_1002"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(rig: Rig, form: dict[str, str], code: str) -> None:
    sandbox, writer = shop(rig)
    complete = {"objectName": "order__gc", "operation": "INSERT", **form}
    if form.get("objectName") in {"gsuser", "company_person"}:
        sandbox, client = rig.demo(empty=True)
        writer = Writer(client)
    reply = writer.upload("v1/bulk/jobs", complete, ROWS)
    assert reply.status == 400
    assert reply.code == code
    assert not sandbox.journal.imports


def test_a_file_must_be_there_and_neither_empty_nor_too_large(rig: Rig) -> None:
    _, writer = shop(rig, quirks=Quirks(import_max_bytes=len(ROWS)))
    form = {"objectName": "order__gc", "operation": "INSERT"}
    url = f"{writer.client.url}/v1/bulk/jobs"
    assert writer.submit(ROWS).status == 200
    assert writer.submit(ROWS + " ").code == "GSOBJ_1008"
    assert writer.submit(b"").code == "GS_7571"
    for response in (
        writer.client.session.post(url, data=form),
        writer.client.session.post(url, json=form),
        writer.client.session.post(url),
        writer.client.session.post(
            url, data=b"broken", headers={"Content-Type": "multipart/form-data; boundary=x"}
        ),
    ):
        assert response.status_code == 400


def test_an_upload_that_breaks_off_is_as_if_it_had_not_begun(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    head = (
        "POST /v1/bulk/jobs HTTP/1.1\r\nHost: x\r\n"
        f"accesskey: {sandbox.access_key}\r\nContent-Length: 1000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nName\r\n'
    )
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
    assert writer.client.get("v1/bulk/jobs").json()["data"]["totalCount"] == 0
    assert not sandbox.journal.imports
