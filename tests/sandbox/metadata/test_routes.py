from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.client import Client
    from tests.sandbox.conftest import Rig

DESCRIBE = "v1/meta/services/objects/{}/describe"


def fields(client: Client, name: str) -> dict[str, dict[str, Any]]:
    [described] = client.get(DESCRIBE.format(name)).json()["data"]
    return {field["fieldName"]: field for field in described["fields"]}


def test_the_list_has_every_object(rig: Rig) -> None:
    sandbox, client = rig.demo()
    reply = client.get("v1/meta/services/objects/list?po=company&em=false").json()
    assert reply["result"] is True
    objects = {item["objectName"]: item for item in reply["data"]}
    of_no_company = {"person", "company_person", "gsuser", "activity_timeline", "call_to_action"}
    assert objects.keys() == sandbox.tenant.schemas.keys() - of_no_company
    whole = client.get("v1/meta/services/objects/list?em=false").json()["data"]
    assert {item["objectName"] for item in whole} == sandbox.tenant.schemas.keys()
    assert objects["company"]["keyPrefix"].startswith("1P02")
    assert "keyPrefix" not in objects["email_logs"]
    assert objects["billing_secret__gc"]["readable"] is False
    assert objects["usage_event__gc"]["objectType"] == "CUSTOM"
    assert "fields" not in objects["company"]


def test_the_older_list_has_them_too_with_or_without_a_slash(rig: Rig) -> None:
    sandbox, client = rig.demo()
    payload = {"externalUse": "true", "excludeMappings": "false", "sortByLabel": "true"}
    for path in ("v1/meta/services/objects/", "v1/meta/services/objects"):
        data = client.post(path, payload).json()["data"]
        assert {item["objectName"] for item in data} == set(sandbox.tenant.schemas)
        assert {"labelPlural", "description", "createable"} <= data[0].keys()


def test_a_field_is_described_as_the_docs_show(rig: Rig) -> None:
    _, client = rig.demo()
    described = fields(client, "Company")
    gsid = described["Gsid"]
    assert (gsid["dataType"], gsid["objectName"]) == ("GSID", "company")
    assert gsid["meta"]["fieldGroupType"] == "SYSTEM"
    assert gsid["meta"]["nillable"] is True
    assert gsid["meta"]["updateable"] is False
    assert "length" not in described["ModifiedDate"]["meta"]
    assert described["Import_Hash__gc"]["meta"]["hidden"] is True
    assert described["Tags"]["meta"]["sortable"] is False
    assert described["Arr"]["meta"]["decimalPlaces"] == 5
    assert "options" not in described["Name"]
    assert gsid["meta"]["accessible"] is True
    status = fields(client, "call_to_action")["StatusId"]["meta"]
    assert (status["dependentPicklist"], status["controllerName"]) == (True, "TypeId")


def test_a_lookup_tells_where_it_leads(rig: Rig) -> None:
    _, client = rig.demo()
    described = fields(client, "company_person")
    meta = described["Company_ID__gc"]["meta"]
    assert meta["hasLookup"] is True
    assert meta["properties"]["sourceType"] == "GSID"
    assert meta["lookupDetail"]["lookupName"] == "Company_ID__gr"
    [target] = meta["lookupDetail"]["lookupObjects"]
    assert target["objectName"] == "company"
    assert target["namedFieldDetails"]["fieldName"] == "Name"
    csm = fields(client, "company")["Csm"]["meta"]["lookupDetail"]
    assert csm["lookupName"] == "Csm__gr"


def test_a_picklist_has_its_items_here_and_in_its_category(rig: Rig) -> None:
    _, client = rig.demo()
    field = fields(client, "company")["Segment__gc"]
    assert {option["label"]: option["active"] for option in field["options"]} == {
        "Enterprise": True,
        "Mid-Market": True,
        "SMB": True,
        "Legacy": False,
    }
    category = field["meta"]["properties"]["PICKLIST_CATEGORY_ID"]
    data = client.get(f"v1/meta/services/dropdowns/{category}").json()["data"]
    assert data["categoryDetails"]["variant"] == "SINGLE_SELECT"
    items = {item["gsid"]: item["name"] for item in data["childItems"]}
    assert items == {option["value"]: option["label"] for option in field["options"]}
    assert client.get("v1/meta/services/dropdowns/nope").status_code == 404


def test_fields_of_one_name_have_dropdown_lists_of_their_own(rig: Rig) -> None:
    _, client = rig.demo()
    for name in ("company", "relationship"):
        field = fields(client, name)["Status"]
        category = field["meta"]["properties"]["PICKLIST_CATEGORY_ID"]
        data = client.get(f"v1/meta/services/dropdowns/{category}").json()["data"]
        shown = [item["name"] for item in data["childItems"]]
        assert shown == [option["label"] for option in field["options"]]


@pytest.mark.parametrize(("wish", "items"), [("true", 2), ("false", 0), (None, 0)])
def test_picklists_have_their_items_only_on_request(rig: Rig, wish: str | None, items: int) -> None:
    _, client = rig.things()
    payload = {"objectNames": ["thing__gc"], "populatePickListOptions": wish}
    [thing] = client.post("v1/meta/services/objects/describe", payload).json()["data"]
    [color] = [field for field in thing["fields"] if field["fieldName"] == "Color__gc"]
    assert len(color["options"]) == items


def test_several_objects_are_described_at_once(rig: Rig) -> None:
    _, client = rig.things()
    path = "v1/meta/services/objects/describe"
    payload = {"objectNames": ["thing__gc", "record_delete_log"], "removeHidden": "true"}
    thing, log = client.post(path, payload).json()["data"]
    assert "Odd__gc" not in {field["fieldName"] for field in thing["fields"]}
    assert [field["fieldName"] for field in log["fields"]] == [
        "RecordId",
        "DeletedOn",
        "ObjectName",
    ]
    assert client.post(path, {"objectNames": ["thing__gc", "nope"]}).status_code == 404
    assert client.post(path, {}).status_code == 400
    assert client.post(path, []).status_code == 400


def test_an_unknown_data_type_is_passed_on(rig: Rig) -> None:
    _, client = rig.things()
    assert fields(client, "thing__gc")["Odd__gc"]["dataType"] == "BRAND_NEW_TYPE"


def test_an_unknown_object_has_a_refusal_without_a_code(rig: Rig) -> None:
    _, client = rig.things()
    response = client.get(DESCRIBE.format("nope"))
    assert response.status_code == 404
    reply = response.json()
    assert (reply["result"], reply["title"]) == (False, "OBJECT_NOT_FOUND")
    assert "errorCode" not in reply
    assert reply["instance"] == "2025-06-15 15:06:40 UTC"


def test_an_unknown_path_is_no_redirect(rig: Rig) -> None:
    _, client = rig.things()
    response = client.get("v1/meta/services/objects/list/")
    assert (response.status_code, response.json()["errorCode"]) == (404, "GS_APIG_1000")
