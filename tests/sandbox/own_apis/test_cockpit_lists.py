"""The Cockpit's lists as plain HTTP: calls to action, and what was deleted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Quirks
from gainsight_sandbox.tenant.deleted import LISTED

if TYPE_CHECKING:
    from gainsight_sandbox import Sandbox
    from tests.sandbox.client import Client
    from tests.sandbox.conftest import Rig

DELETED = "/v2/cockpit/cta/deleted/list"
SELECT = ["name", "Comments", "CompanyId", "ModifiedDate"]
DAY = 86_400


def body(**changes: Any) -> dict[str, Any]:
    since = {"fieldName": "ModifiedDate", "alias": "A", "operator": "GTE", "value": ["2000-01-01"]}
    where = {"conditions": [since], "expression": "A"}
    return {"select": SELECT, "where": where, "pageSize": 2, "pageNumber": 1, **changes}


def page(client: Client, path: str = DELETED, **changes: Any) -> list[dict[str, Any]]:
    reply = client.session.post(f"{client.url}{path}", json=body(**changes))
    assert reply.status_code == 200, reply.text
    data: list[dict[str, Any]] = reply.json()["data"]
    return data


def tenant(rig: Rig, **quirks: Any) -> tuple[Sandbox, Client, list[str]]:
    sandbox, client = rig.demo(empty=True, quirks=Quirks(**quirks))
    gsids = sandbox.tenant.insert("call_to_action", *({"Name": f"cta {n}"} for n in range(5)))
    return sandbox, client, gsids


def test_deleted_calls_to_action_are_listed_in_pages_with_their_default_fields(rig: Rig) -> None:
    sandbox, client, gsids = tenant(rig)
    assert page(client) == []
    sandbox.tenant.delete("call_to_action", gsids[:3])
    pages = [page(client, pageNumber=number) for number in (1, 2, 3)]
    names = [[each["name"] for each in rows] for rows in pages]
    assert names == [["cta 0", "cta 1"], ["cta 2"], []]
    first = pages[0][0]
    assert first["Gsid"] == gsids[0]
    assert {*SELECT, "DueDate", "OwnerId"} <= first.keys()
    listed = client.session.post(f"{client.url}/v2/cockpit/cta/list", json=body(pageSize=9)).json()
    assert {each["name"] for each in listed["data"]} == {"cta 3", "cta 4"}


def test_what_was_deleted_is_kept_for_fifteen_days(rig: Rig) -> None:
    sandbox, client, gsids = tenant(rig)
    sandbox.tenant.delete("call_to_action", gsids[0])
    sandbox.clock.sleep(14 * DAY)
    sandbox.tenant.delete("call_to_action", gsids[1])
    assert len(page(client)) == 2
    sandbox.clock.sleep(2 * DAY)
    assert [each["Gsid"] for each in page(client)] == [gsids[1]]


@pytest.mark.parametrize("modifies", [True, False])
def test_a_deletion_may_leave_the_modified_date_as_it_was(rig: Rig, modifies: bool) -> None:  # noqa: FBT001
    sandbox, client, gsids = tenant(rig, deletion_modifies=modifies)
    sandbox.clock.sleep(DAY)
    sandbox.tenant.delete("call_to_action", gsids[:2])
    moments = {each["ModifiedDate"] for each in page(client)}
    sandbox.clock.sleep(DAY)
    sandbox.tenant.delete("call_to_action", gsids[2])
    assert len(moments | {each["ModifiedDate"] for each in page(client, pageNumber=2)}) == (
        2 if modifies else 1
    )


def test_fields_that_come_and_go_leave_the_list_readable(rig: Rig) -> None:
    sandbox, client, gsids = tenant(rig)
    sandbox.tenant.delete("call_to_action", gsids[0])
    sandbox.tenant.add_field("call_to_action", "New__gc")
    sandbox.tenant.delete_field("call_to_action", "Comments")
    sandbox.tenant.delete("call_to_action", gsids[1])
    assert [each["Gsid"] for each in page(client, select=["ModifiedDate"])] == gsids[:2]
    refused = client.session.post(f"{client.url}{DELETED}", json=body(select=["New__gc"]))
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "COCKPIT_5101")


def test_a_tenant_may_lack_the_lists(rig: Rig) -> None:
    _, client, _ = tenant(rig, deleted_lists=False)
    assert client.session.post(f"{client.url}{DELETED}", json=body()).status_code == 404
    assert LISTED == ("call_to_action", "cta_group")
