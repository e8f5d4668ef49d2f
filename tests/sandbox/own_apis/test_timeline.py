"""Writes to the timeline as plain HTTP, under every reading of the article."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import (
    FailureForm,
    GoodBesideBad,
    Limits,
    ManualClock,
    MapForm,
    Outcome,
    Quirks,
)

if TYPE_CHECKING:
    import requests

    from gainsight_sandbox import Sandbox
    from tests.sandbox.client import Client
    from tests.sandbox.conftest import Rig

PATH = "/v1/ant/es/activity"
LOOKUPS = {
    "AuthorId": {
        "fields": {"Author": "Email"},
        "lookupField": "Gsid",
        "objectName": "GsUser",
        "multiMatchOption": "FIRSTMATCH",
        "onNoMatch": "ERROR",
    },
    "GsCompanyId": {
        "fields": {"companyName": "Name"},
        "lookupField": "Gsid",
        "objectName": "Company",
        "multiMatchOption": "FIRSTMATCH",
        "onNoMatch": "ERROR",
    },
}


class Timeline:
    """One tenant's timeline."""

    def __init__(self, rig: Rig, limits: Limits | None = None, **quirks: Any) -> None:
        self.sandbox: Sandbox
        self.client: Client
        self.sandbox, self.client = rig.demo(
            empty=True, quirks=Quirks(**quirks), limits=limits, clock=ManualClock()
        )
        (self.acme,) = self.sandbox.tenant.insert("company", {"Name": "Acme"})
        self.author = next(iter(self.sandbox.tenant.rows("gsuser")))

    def activity(self, name: str, **values: Any) -> dict[str, Any]:
        return {
            "ExternalId": name,
            "ContextName": "Company",
            "TypeName": "Email",
            "Subject": "Hello",
            "Notes": "All is well",
            "ActivityDate": "2026-07-01T06:36:00.000-07:00",
            "Author": self.author["Email"],
            "companyName": "Acme",
            "internalAttendees": ["a@x.example"],
            **values,
        }

    def send(self, method: str, *records: Any, query: str = "") -> requests.Response:
        body = {"records": records, "lookups": LOOKUPS}
        return self.client.session.request(method, f"{self.client.url}{PATH}{query}", json=body)

    def insert(self, *records: Any) -> Any:
        return self.send("POST", *records).json()["data"]

    def update(self, *records: Any) -> Any:
        return self.send("PUT", *records, query="?identifier=externalid").json()["data"]

    def rows(self) -> dict[Any, dict[str, Any]]:
        return {row["ExternalId"]: row for row in self.sandbox.tenant.rows("activity_timeline")}


def test_an_activity_shows_a_moment_after_it_is_taken(rig: Rig) -> None:
    timeline = Timeline(rig)
    data = timeline.insert(timeline.activity("crm-1"))
    assert data["failures"] == {}
    assert data["success"]["crm-1"][0]["activityId"]
    assert timeline.rows() == {}
    timeline.sandbox.clock.sleep(2)
    row = timeline.rows()["crm-1"]
    assert (row["AuthorId"], row["GsCompanyId"]) == (timeline.author["Gsid"], timeline.acme)
    assert f"{row['ActivityDate']:%Y-%m-%dT%H:%M}" == "2026-07-01T13:36"
    assert (row["contextname"], row["internalAttendees"]) == ("Company", "a@x.example")


def test_an_update_changes_what_it_holds(rig: Rig) -> None:
    timeline = Timeline(rig)
    timeline.insert(timeline.activity("crm-1"))
    data = timeline.update({"ExternalId": "crm-1", "Subject": "New"})
    assert data["success"].keys() == {"crm-1"}
    row = timeline.rows()["crm-1"]
    assert (row["Subject"], row["Notes"]) == ("New", "All is well")
    missing = timeline.update({"ExternalId": "crm-2", "Subject": "New"})
    assert missing["failures"]["crm-2"][0]["errorCode"] == "GS_TL_10_0213"
    assert timeline.sandbox.journal.written("activity_timeline") == {
        Outcome.INSERTED: 1,
        Outcome.UPDATED: 1,
    }


def test_an_external_id_may_come_once_and_never_again(rig: Rig) -> None:
    timeline = Timeline(rig)
    twice = timeline.insert(timeline.activity("a"), timeline.activity("a"))
    assert twice["failures"]["a"][0]["errorCode"] == "GS_TL_10_0207"
    for _ in range(2):
        again = timeline.insert(timeline.activity("a"))
        assert again["failures"]["a"][0]["errorCode"] == "GS_TL_10_0207"
        timeline.sandbox.clock.sleep(5)
    assert len(timeline.rows()) == 1


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ({"Subject": None}, "GS_TL_10_0206", "Subject"),
        ({"ContextName": "Moon"}, "GS_TL_10_0206", "ContextName"),
        ({"TypeName": "Moon"}, "GS_TL_10_0206", "TypeName"),
        ({"ActivityDate": "soon"}, "GS_TL_10_0206", "ActivityDate"),
        ({"Nope": 1}, "GS_TL_10_0206", "Nope"),
        ({"companyName": "Moon"}, "GS_TL_10_0213", "companyName"),
        ({"Author": "nobody@x.example"}, "GS_TL_10_0213", "Author"),
        ({"ContextName": "Relationship"}, "GS_TL_10_0213", "GsRelationshipId"),
    ],
)
def test_a_bad_activity_is_named_beside_a_good_one(
    rig: Rig, values: dict[str, Any], code: str, words: str
) -> None:
    timeline = Timeline(rig, timeline_seconds=0)
    data = timeline.insert(timeline.activity("good"), timeline.activity("bad", **values))
    (error,) = data["failures"]["bad"]
    assert error["errorCode"] == code
    assert words in error["message"]
    assert timeline.rows().keys() == {"good"}


@pytest.mark.parametrize(
    ("maps", "failure", "part"),
    list(zip([*MapForm] * 2, FailureForm, ["failure", "failures"] * 2, strict=True)),
)
def test_replies_have_the_tenants_forms(
    rig: Rig, maps: MapForm, failure: FailureForm, part: str
) -> None:
    timeline = Timeline(
        rig,
        timeline_reply=maps,
        timeline_failure=failure,
        timeline_failure_singular=part == "failure",
    )
    data = timeline.insert(timeline.activity("good"), timeline.activity("bad", TypeName="x"))
    kind = list if maps is MapForm.LIST else dict
    assert isinstance(data["success"], kind)
    entry = data[part][0] if kind is list else data[part]
    forms = {FailureForm.OBJECT: dict, FailureForm.LIST: list}
    assert isinstance(entry["bad"], forms.get(failure, str))


@pytest.mark.parametrize("good", [GoodBesideBad.REFUSED, GoodBesideBad.UNNAMED])
def test_a_tenant_may_store_all_or_nothing(rig: Rig, good: GoodBesideBad) -> None:
    timeline = Timeline(rig, timeline_bad=good, timeline_seconds=0)
    reply = timeline.send("POST", timeline.activity("a"), timeline.activity("b", TypeName="x"))
    assert (reply.status_code, reply.json()["result"]) == (400, False)
    assert timeline.rows() == {}


def test_a_tenant_may_name_none_and_want_an_author(rig: Rig) -> None:
    timeline = Timeline(rig, timeline_silent=True, timeline_author_needed=True, timeline_seconds=0)
    by_id = timeline.activity("a", AuthorId=timeline.author["Gsid"])
    del by_id["Author"]
    assert timeline.insert(by_id)["failures"]["a"]
    assert timeline.insert(timeline.activity("b")) is None
    assert timeline.rows().keys() == {"b"}
    other = Timeline(rig)
    by_id = other.activity("a", AuthorId=other.author["Gsid"])
    del by_id["Author"]
    assert other.insert(by_id)["success"]


@pytest.mark.parametrize(("counts", "sync"), [(False, 0), (True, 2)])
def test_the_timeline_has_a_limit_of_its_own(rig: Rig, counts: bool, sync: int) -> None:  # noqa: FBT001
    limits = Limits(timeline_per_minute=2)
    timeline = Timeline(rig, limits, timeline_counts_as_sync=counts)
    replies = [timeline.send("POST", timeline.activity(str(n))).status_code for n in range(3)]
    assert replies == [200, 200, 429]
    usage = timeline.sandbox.usage()
    assert (usage.timeline_this_minute, usage.violations) == (2, 1)
    assert usage.sync == (sync + 1 if counts else sync)
