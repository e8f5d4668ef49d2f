from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import Hooks, Quirks, Sandbox
from tests.sandbox.client import Client

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig


@pytest.mark.parametrize(("accept", "page"), [("*/*", True), ("application/json", False)])
def test_errors_may_be_pages_for_those_who_do_not_ask_for_json(
    rig: Rig, accept: str, *, page: bool
) -> None:
    _, client = rig.things(quirks=Quirks(html_errors=True))
    client.session.headers["Accept"] = accept
    refused = client.query("thing__gc", ["Nope"])
    assert refused.status_code == (200 if page else 400)
    assert refused.headers["content-type"].startswith("text/html" if page else "application/json")


@pytest.mark.parametrize("compressed", [True, False])
def test_replies_are_compressed_on_request_unless_they_never_are(
    rig: Rig, *, compressed: bool
) -> None:
    rows = ({"Gsid": f"{n:05}"} for n in range(900))
    _, client = rig.filled(rows, quirks=Quirks(gzip=compressed))
    reply = client.query("thing__gc", ["Gsid"])
    assert reply.headers.get("content-encoding") == ("gzip" if compressed else None)


def test_an_envelope_may_lack_what_it_does_not_say(rig: Rig) -> None:
    _, client = rig.things({"Gsid": "a"}, quirks=Quirks(nulls_absent=True))
    found = client.query("thing__gc", ["Gsid", "Name"]).json()
    assert found.keys() == {"result", "requestId", "data"}
    assert found["data"]["records"] == [{"Gsid": "a", "Name": None}]
    refused = client.query("thing__gc", ["Nope"])
    assert refused.status_code == 400
    assert refused.json().keys() == {"result", "errorCode", "errorDesc", "requestId", "data"}
    assert client.export("thing__gc", ["Gsid"]) == [["a"]]


def test_a_defect_in_a_hook_does_not_pass_unseen() -> None:
    def hook(_: object) -> None:
        raise ZeroDivisionError

    sandbox = Sandbox(demo=False, hooks=Hooks(before_request=hook))
    with pytest.raises(ZeroDivisionError), sandbox, Client(sandbox) as client:
        assert client.get("v1/meta/services/objects/list").status_code == 500
