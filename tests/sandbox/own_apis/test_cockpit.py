"""Calls to action as plain HTTP, under every reading of the article."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import FailureForm, GoodBesideBad, MapForm, Outcome, Quirks

if TYPE_CHECKING:
    import requests

    from gainsight_sandbox import Sandbox
    from tests.sandbox.client import Client
    from tests.sandbox.conftest import Rig

PATH = "/v2/cockpit/cta/"
BY_EMAIL = {
    "OwnerId": {
        "fields": {"OwnerEmail": "Email"},
        "lookupField": "Gsid",
        "objectName": "gsuser",
        "multiMatchOption": "FIRSTMATCH",
        "onNoMatch": "ERROR",
    }
}


class Cockpit:
    """One tenant's calls to action."""

    def __init__(self, rig: Rig, **quirks: Any) -> None:
        self.sandbox: Sandbox
        self.client: Client
        self.sandbox, self.client = rig.demo(empty=True, quirks=Quirks(**quirks))
        (self.acme,) = self.sandbox.tenant.insert("company", {"Name": "Acme"})
        self.owner = next(iter(self.sandbox.tenant.rows("gsuser")))

    def send(self, method: str, *records: Any, path: str = PATH, **more: Any) -> requests.Response:
        body = {"requests": [{"record": record} for record in records], **more}
        return self.client.session.request(method, f"{self.client.url}{path}", json=body)

    def cta(self, name: str, **values: Any) -> dict[str, Any]:
        return {
            "Name": name,
            "CompanyId": self.acme,
            "OwnerId": self.owner["Gsid"],
            "type": "Risk",
            "status": "New",
            "priority": "High",
            "reason": "Bugs Risk",
            "DueDate": "2026-12-01",
            "referenceId": name,
            **values,
        }

    def rows(self) -> dict[Any, dict[str, Any]]:
        return {row["Name"]: row for row in self.sandbox.tenant.rows("call_to_action")}


@pytest.mark.parametrize("path", [PATH, PATH.rstrip("/")])
def test_a_cta_is_created_and_updated_by_the_names_of_its_lists(rig: Rig, path: str) -> None:
    cockpit = Cockpit(rig)
    by_email = {**cockpit.cta("1"), "OwnerEmail": cockpit.owner["Email"]}
    del by_email["OwnerId"]
    reply = cockpit.send("POST", by_email, path=path, lookups=BY_EMAIL).json()
    ((gsid,),) = [entry.values() for entry in reply["data"]["success"]]
    assert reply["data"]["failure"] == []
    change = {"Gsid": gsid, "status": "Closed success", "referenceId": "u"}
    assert cockpit.send("PUT", change).json()["data"]["success"] == [{"u": gsid}]
    (row,) = cockpit.rows().values()
    field = cockpit.sandbox.tenant.schema("call_to_action").field("StatusId")
    assert field
    labels = {option.value: option.label for option in field.options}
    assert (row["OwnerId"], labels[row["StatusId"]]) == (cockpit.owner["Gsid"], "Closed success")
    assert cockpit.sandbox.journal.written("call_to_action") == {
        Outcome.INSERTED: 1,
        Outcome.UPDATED: 1,
    }


def test_good_records_are_stored_beside_bad_ones(rig: Rig) -> None:
    cockpit = Cockpit(rig)
    bad = [
        cockpit.cta("no company", CompanyId=None),
        cockpit.cta("bad status", status="Nope"),
        cockpit.cta("bad day", DueDate="soon"),
        cockpit.cta("bad company", CompanyId="x"),
        {**cockpit.cta("bad owner"), "OwnerEmail": "nobody@x.example"},
    ]
    reply = cockpit.send("POST", cockpit.cta("good"), *bad, lookups=BY_EMAIL)
    assert (reply.status_code, reply.json()["result"]) == (200, True)
    failed = {name: text for each in reply.json()["data"]["failure"] for name, text in each.items()}
    assert failed["no company"] == ("COCKPIT_9700: Missing mandatory fields for create - CompanyId")
    assert failed["bad status"] == "COCKPIT_5101: Invalid value - status"
    assert failed.keys() == {each["referenceId"] for each in bad}
    assert cockpit.rows().keys() == {"good"}
    missing = cockpit.send("PUT", {"Gsid": "1S01NOWHERE", "referenceId": "1"}).json()
    assert missing["data"]["failure"][0]["1"].startswith("COCKPIT_6007: ")


@pytest.mark.parametrize(
    ("good", "named"), [(GoodBesideBad.REFUSED, True), (GoodBesideBad.UNNAMED, False)]
)
def test_a_tenant_may_store_all_or_nothing(rig: Rig, good: GoodBesideBad, named: bool) -> None:  # noqa: FBT001
    cockpit = Cockpit(rig, cta_good=good)
    reply = cockpit.send("POST", cockpit.cta("good"), cockpit.cta("bad", status="Nope"))
    assert (reply.status_code, reply.json()["result"]) == (400, False)
    assert bool(reply.json()["data"]) is named
    assert cockpit.rows() == {}


@pytest.mark.parametrize(("maps", "failure"), list(zip([*MapForm] * 2, FailureForm, strict=True)))
def test_replies_have_the_tenants_forms(rig: Rig, maps: MapForm, failure: FailureForm) -> None:
    cockpit = Cockpit(rig, cta_reply=maps, cta_failure=failure)
    bad = cockpit.cta("bad", status="Nope")
    data = cockpit.send("POST", cockpit.cta("good"), bad).json()["data"]
    kind = list if maps is MapForm.LIST else dict
    assert isinstance(data["success"], kind)
    (entry,) = [data["failure"][0] if kind is list else data["failure"]]
    error = {"errorCode": "COCKPIT_5101", "message": "Invalid value - status"}
    assert (
        entry["bad"]
        == {
            FailureForm.CODE: "COCKPIT_5101: Invalid value - status",
            FailureForm.TEXT: "Invalid value - status",
            FailureForm.OBJECT: error,
            FailureForm.LIST: [error],
        }[failure]
    )


def test_a_tenant_may_want_all_that_the_samples_have(rig: Rig) -> None:
    cockpit = Cockpit(rig, cta_all_mandatory=True)
    record = cockpit.cta("1")
    del record["reason"]
    failure = cockpit.send("POST", record).json()["data"]["failure"]
    assert failure == [{"1": "COCKPIT_9700: Missing mandatory fields for create - reason"}]


@pytest.mark.parametrize("count", [0, 51])
def test_a_call_has_1_to_50_records_with_names_of_their_own(rig: Rig, count: int) -> None:
    cockpit = Cockpit(rig)
    assert cockpit.send("POST", *[cockpit.cta(str(n)) for n in range(count)]).status_code == 400
    twice = cockpit.send("POST", cockpit.cta("1"), cockpit.cta("1"))
    assert twice.json()["errorCode"] == "COCKPIT_5101"


def test_ctas_are_listed_in_pages(rig: Rig) -> None:
    cockpit = Cockpit(rig)
    cockpit.send("POST", *[cockpit.cta(f"n{n}") for n in range(5)])
    body = {
        "select": ["Name", "OwnerId__gr.Name"],
        "where": {
            "conditions": [
                {"fieldName": "Name", "alias": "A", "operator": "STARTS_WITH", "value": ["n"]}
            ],
            "expression": "A",
        },
        "pageSize": 3,
        "pageNumber": 2,
    }
    url = f"{cockpit.client.url}/v2/cockpit/cta/list"
    data = cockpit.client.session.post(url, json=body).json()["data"]
    assert len(data) == 2
    assert data[0]["OwnerId__gr.Name"] == cockpit.owner["Name"]


def test_picklists_are_told_by_category(rig: Rig) -> None:
    cockpit = Cockpit(rig)
    url = f"{cockpit.client.url}/v2/cockpit/admin/picklist/lite?category=CTA_TYPE,CTA_REASON"
    data = cockpit.client.session.get(f"{url}&et=COMPANY").json()["data"]
    assert {item["name"] for item in data["CTA_TYPE"]} >= {"Risk", "Opportunity"}
    assert data["CTA_REASON"][0]["picklistCategory"] == "CTA_REASON"
    assert cockpit.sandbox.usage().sync == 1
