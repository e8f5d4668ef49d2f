from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.writing import EVENT, GSID, Writer, shop, stored

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig


def test_up_to_three_keys_are_joined(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "1"}, {"Name": "a", "Code__gc": "2"})
    writer.update("Name,Code__gc", {"Name": "a", "Code__gc": "2", "Number__gc": 2})
    assert stored(sandbox, "Number__gc") == [(None,), (Decimal(2),)]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("", "GSOBJ_1008"),
        ("Name,Code__gc,Number__gc,Email__gc", "GSOBJ_1008"),
        ("Name,Name", "GSOBJ_1008"),
        ("Nothing__gc", "GSOBJ_1002"),
        ("name", "GSOBJ_1002"),
        ("Day__gc", "GSOBJ_1008"),
        ("Buyer__gc", "GSOBJ_1008"),
        ("State__gc", "GSOBJ_1008"),
    ],
)
def test_what_cannot_be_a_key_is_refused(rig: Rig, keys: str, code: str) -> None:
    _, writer = shop(rig)
    reply = writer.update(keys, {"Name": "a"})
    assert reply.status == 400
    assert reply.code == code


def test_upsert_is_there_for_the_relationship_object_alone(rig: Rig) -> None:
    _, writer = shop(rig)
    reply = writer.upsert("Name", {"Name": "a"})
    assert reply.status == 400
    assert reply.code == "GSOBJ_1023"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("gsuser", "GSOBJ_1023"),
        ("company_person", "GSOBJ_1023"),
        ("call_to_action", "GSOBJ_1023"),
        ("activity_timeline", "GSOBJ_1023"),
        ("relationship_type", "GSOBJ_1023"),
        ("usage_event__gc", "GSOBJ_1023"),
        ("billing_secret__gc", "GSOBJ_1023"),
        ("record_delete_log", "GSOBJ_1023"),
        ("nothing__gc", "P_5005"),
    ],
)
def test_what_these_calls_do_not_write_is_refused(rig: Rig, name: str, code: str) -> None:
    _, client = rig.demo(empty=True)
    writer = Writer(client)
    for reply in (
        writer.insert({"Name": "a"}, name=name),
        writer.update("Name", {"Name": "a"}, name=name),
        writer.delete(GSID, name=name),
    ):
        assert reply.status == 400
        assert reply.code == code


@pytest.mark.parametrize(
    ("name", "written"),
    [("relationship_type", True), ("event__gc", True), ("call_to_action", False)],
)
def test_import_jobs_write_a_few_more_objects(rig: Rig, name: str, *, written: bool) -> None:
    _, client = rig.demo(empty=True, objects=[EVENT])
    reply = Writer(client).submit("Name\na\n", name=name)
    assert reply.body["errorCode"] == (None if written else "GSOBJ_1023")
    [described] = client.get(f"v1/meta/services/objects/{name}/describe").json()["data"]
    assert described["createable"] is written
