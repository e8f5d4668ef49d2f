"""Writes of persons as plain HTTP, under every reading of the article."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Outcome, PeopleKey, PeopleReply, Quirks

if TYPE_CHECKING:
    import requests

    from gainsight_sandbox import Sandbox
    from tests.sandbox.client import Client
    from tests.sandbox.conftest import Rig

PATH = "/v1/peoplemgmt/v1.0/people"


def tenant(rig: Rig, **quirks: Any) -> tuple[Sandbox, Client, str]:
    sandbox, client = rig.demo(empty=True, quirks=Quirks(**quirks))
    (acme,) = sandbox.tenant.insert("company", {"Name": "Acme"})
    return sandbox, client, acme


def put(client: Client, path: str = PATH, **person: Any) -> requests.Response:
    return client.session.put(f"{client.url}{path}", json=person)


def linked(sandbox: Sandbox) -> list[tuple[Any, ...]]:
    return [
        (row["Email"], row["Company_ID__gc"], row["Title"], row["IsPrimaryCompany"])
        for row in sandbox.tenant.rows("company_person")
    ]


@pytest.mark.parametrize("path", [PATH, "/v1.0/api/people"])
def test_a_person_is_added_and_then_changed(rig: Rig, path: str) -> None:
    sandbox, client, acme = tenant(rig)
    link = {"Company_ID": acme, "Role": "Admin", "Title": "VP", "IsPrimaryCompany": True}
    reply = put(client, path, Email="ann@acme.example", Age__gc=41, companies=[link])
    assert (reply.status_code, reply.json()["result"]) == (200, True)
    assert put(client, path, Email="ann@acme.example", LastName="Lee").json()["result"] is True
    (row,) = sandbox.tenant.rows("person")
    assert (row["Email"], row["LastName"], int(str(row["Age__gc"]))) == (
        "ann@acme.example",
        "Lee",
        41,
    )
    assert linked(sandbox) == [("ann@acme.example", acme, "VP", True)]
    assert sandbox.journal.written("person") == {Outcome.INSERTED: 1, Outcome.UPDATED: 1}
    assert sandbox.usage().sync == 2


@pytest.mark.parametrize(
    ("person", "code", "words"),
    [
        ({"Name": "Ann"}, "GSOBJ_PEOPLE1001", "Email is mandatory"),
        ({"Email": "ann"}, "GSOBJ_VDT1001", "Email"),
        ({"Email": "a@b.c", "Age__gc": "old"}, "GSOBJ_VDT1001", "Age__gc"),
        ({"Email": "a@b.c", "Nope__gc": 1}, "GSOBJ_VQP1001", "Nope__gc"),
        ({"Email": "a@b.c", "Gsid": "1P03"}, "GSOBJ_VQP1001", "Gsid"),
        ({"Email": "a@b.c", "companies": {}}, "GSOBJ_VQP1001", "companies"),
        ({"Email": "a@b.c", "companies": [{"Company_ID": "x"}]}, "GSOBJ_VCRUDR1001", "Company_ID"),
    ],
)
def test_a_bad_person_is_refused_and_nothing_written(
    rig: Rig, person: dict[str, Any], code: str, words: str
) -> None:
    sandbox, client, _ = tenant(rig)
    reply = put(client, **person)
    assert (reply.status_code, reply.json()["errorCode"]) == (400, code)
    assert words in reply.json()["errorDesc"]
    assert sandbox.tenant.count("person") == sandbox.tenant.count("company_person") == 0
    assert sandbox.journal.written("person") == {Outcome.REFUSED: 1}


def test_a_tenant_may_tell_persons_apart_by_their_external_id(rig: Rig) -> None:
    sandbox, client, _ = tenant(rig, people_key=PeopleKey.EXTERNAL)
    for email in ("a@b.c", "new@b.c"):
        assert put(client, ExternalRecordID="C-1", Email=email).json()["result"] is True
    assert [row["Email"] for row in sandbox.tenant.rows("person")] == ["new@b.c"]
    assert put(client, ExternalRecordID="C-1").status_code == 400


def test_a_tenant_may_then_do_without_the_address(rig: Rig) -> None:
    quirks: dict[str, Any] = {"people_key": PeopleKey.EXTERNAL, "people_email_optional": True}
    _, client, _ = tenant(rig, **quirks)
    put(client, ExternalRecordID="C-1", Email="a@b.c")
    assert put(client, ExternalRecordID="C-1", Name="Ann").json()["result"] is True


@pytest.mark.parametrize(("folds", "persons"), [(False, 2), (True, 1)])
def test_addresses_match_exactly_or_in_any_case(rig: Rig, folds: bool, persons: int) -> None:  # noqa: FBT001
    sandbox, client, _ = tenant(rig, people_ignore_case=folds)
    for email in ("a@b.c", "A@B.C"):
        put(client, Email=email)
    assert sandbox.tenant.count("person") == persons


@pytest.mark.parametrize(("replaces", "links"), [(False, 2), (True, 1)])
def test_links_that_are_not_named_stay_or_go(rig: Rig, replaces: bool, links: int) -> None:  # noqa: FBT001
    sandbox, client, acme = tenant(rig, people_links_replace=replaces)
    (other,) = sandbox.tenant.insert("company", {"Name": "Other"})
    for company in (acme, other):
        put(client, Email="a@b.c", companies=[{"Company_ID": company}])
    put(client, Email="a@b.c", Name="Ann")
    assert len(linked(sandbox)) == links


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (PeopleReply.PERSON, dict),
        (PeopleReply.GSID, dict),
        (PeopleReply.LIST, list),
        (PeopleReply.NULL, type(None)),
    ],
)
def test_the_reply_holds_what_the_tenant_likes(rig: Rig, form: PeopleReply, kind: type) -> None:
    _, client, _ = tenant(rig, people_reply=form)
    assert isinstance(put(client, Email="a@b.c").json()["data"], kind)


def test_the_demo_has_persons_with_companies(rig: Rig) -> None:
    sandbox, _ = rig.demo(rows={"company": 5, "person": 20, "company_person": 20})
    people = {row["Gsid"]: row for row in sandbox.tenant.rows("person")}
    for link in sandbox.tenant.rows("company_person"):
        assert people[link["Person_ID"]]["Email"] == link["Email"]
        assert people[link["Person_ID"]]["Name"] == link["Name"]
        assert link["Company_ID__gc"]
