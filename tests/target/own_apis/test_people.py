"""Persons: one call each, by e-mail or external id, with links to companies."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError, ForbiddenError, GainsightError, GatewayError
from gainsight_sandbox import (
    CallKind,
    Effect,
    Fault,
    ManualClock,
    PeopleKey,
    PeopleReply,
    Quirks,
    Sandbox,
)
from tests.target.support import Runner, emptied, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAMES = ("Email", "Name", "Age__gc", "companies", "Company_ID", "Title", "Role", "IsPrimaryCompany")
LOOKUPS = {
    "Company_ID": {
        "fields": {"company_name": "Name"},
        "objectName": "company",
        "lookupField": "Gsid",
        "onNoMatch": "ERROR",
    }
}


@pytest.fixture
def runner(shared: Sandbox, tmp_path: Path) -> Runner:
    return Runner(emptied(shared), tmp_path / "rejects")


@pytest.fixture
def acme(runner: Runner) -> str:
    (gsid,) = runner.sandbox.tenant.insert("company", {"Name": "Acme"})
    return gsid


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Callable[..., Runner]]:
    """Tenants with a quirk."""
    opened: list[Sandbox] = []

    def open_tenant(**quirks: Any) -> Runner:
        sandbox = Sandbox(empty=True, clock=ManualClock(), quirks=Quirks(**quirks))
        opened.append(sandbox.start())
        return Runner(sandbox, tmp_path / f"rejects{len(opened)}")

    yield open_tenant
    for sandbox in opened:
        sandbox.stop()


def people(runner: Runner) -> dict[Any, dict[str, Any]]:
    return runner.rows("person", "Email")


def links(runner: Runner) -> list[dict[str, Any]]:
    return list(runner.sandbox.tenant.rows("company_person"))


def person(**values: Any) -> dict[str, Any]:
    return record("person", **values)


def head(*names: str, keys: tuple[str, ...] = ("Email",)) -> dict[str, Any]:
    return schema("person", *(names or NAMES), keys=keys)


def test_of_200_persons_the_7_bad_ones_come_out_with_code_and_field(
    runner: Runner, acme: str
) -> None:
    bad = [
        person(Name="no address", company_name="Acme"),
        person(Email="nobody", company_name="Acme"),
        person(Email="a1@b.c", Age__gc="old", company_name="Acme"),
        person(Email="a2@b.c", Name="x" * 201, company_name="Acme"),
        person(Email="a3@b.c", Company_ID="1P02NOWHERE"),
        person(Email="a4@b.c", companies="Acme"),
        person(Email="a5@b.c", company_name="Nowhere"),
    ]
    good = [person(Email=f"p{n}@acme.example", Age__gc=n, company_name="Acme") for n in range(193)]
    feed = [each for n, each in enumerate(good) for each in ([bad[n]] if n < 7 else []) + [each]]
    output = runner.loaded(
        head(*NAMES, "company_name"),
        *feed,
        state({"done": 1}),
        max_rejects=7,
        streams=[{"name": "person", "lookups": LOOKUPS}],
    )
    assert output.states == [{"done": 1}]
    assert people(runner).keys() == {f"p{n}@acme.example" for n in range(193)}
    assert {row["Company_ID__gc"] for row in links(runner)} == {acme}
    assert len(links(runner)) == 193
    letters = runner.letters("person")
    assert [letter["record"] for letter in letters] == [each["record"] for each in bad]
    assert [(letter["errors"][0]["code"], letter["errors"][0]["field"]) for letter in letters] == [
        ("MISSING_KEY", "Email"),
        ("GSOBJ_VDT1001", "Email"),
        ("INVALID_NUMBER", "Age__gc"),
        ("GSOBJ_VDT1001", "Name"),
        ("GSOBJ_VCRUDR1001", "Company_ID"),
        ("INVALID_VALUE", "companies"),
        ("GSOBJ_1008", "company_name"),
    ]
    assert letters[1]["request_id"]


@pytest.mark.parametrize("form", ["list", "object", "text", "flat"])
def test_links_to_companies_come_in_a_list_or_flat(runner: Runner, acme: str, form: str) -> None:
    link = {"Company_ID": acme, "Role": "Admin", "Title": "VP", "IsPrimaryCompany": True}
    forms: dict[str, dict[str, Any]] = {
        "list": {"companies": [link]},
        "object": {"companies": link},
        "text": {"companies": json.dumps([link])},
        "flat": link,
    }
    runner.loaded(head(), person(Email="a@b.c", **forms[form]))
    (found,) = links(runner)
    assert (found["Company_ID__gc"], found["Title"], found["IsPrimaryCompany"]) == (
        acme,
        "VP",
        True,
    )


def test_a_person_without_a_company_is_written_without_a_link(runner: Runner) -> None:
    alone = person(Email="a@b.c", Title="VP", Company_ID=None)
    runner.loaded(head(), alone, person(Email="d@e.f", companies=[]))
    assert people(runner).keys() == {"a@b.c", "d@e.f"}
    assert links(runner) == []


def test_what_is_sent_is_the_documented_form(runner: Runner, acme: str) -> None:
    runner.loaded(
        schema("person", "Email", "Age__gc", "Gsid", "company", "prime", keys=["Email"]),
        person(Email="a@b.c", Age__gc=41, Gsid="1P03X", company=acme, prime="true"),
        fields={"company": "Company_ID", "prime": "IsPrimaryCompany"},
    )
    (sent,) = [each for each in runner.sandbox.log if each.kind is CallKind.PERSON_UPSERT]
    assert sent.path == "/v1/peoplemgmt/v1.0/people"
    assert sent.payload() == {
        "Email": "a@b.c",
        "Age__gc": 41,
        "companies": [{"Company_ID": acme, "IsPrimaryCompany": True}],
    }


LINKS = [
    [{"Company_ID": 0, "Role": "Admin", "Title": "VP"}, {"Company_ID": 1}],
    [{"Company_ID": 0, "Title": "VP"}, {"Name": "Ann"}, {"Company_ID": 1, "Title": "CEO"}],
    [{"companies": [{"Company_ID": 0, "Title": "VP"}]}, {"companies": [{"Company_ID": 1}]}],
    [{"Company_ID": 0, "Title": "VP"}, {"Title": "CEO"}, {"Company_ID": 0, "Name": "Ann"}],
]


@pytest.mark.parametrize("given", LINKS, ids=str)
@pytest.mark.parametrize("looks_up", [False, True])
def test_records_of_one_person_do_in_one_batch_what_they_do_one_by_one(
    runner: Runner,
    given: list[dict[str, Any]],
    looks_up: bool,  # noqa: FBT001
) -> None:
    gsids = runner.sandbox.tenant.insert("company", {"Name": "Acme"}, {"Name": "Other"})
    text = json.dumps(given)
    for number, gsid in enumerate(gsids):
        text = text.replace(f'"Company_ID": {number}', f'"Company_ID": "{gsid}"')
    feed = json.loads(text)
    settings = {"streams": [{"name": "person", "lookups": LOOKUPS}]} if looks_up else {}

    def outcome(email: str, *batches: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        for batch in batches:
            feed = [person(Email=email, **values) for values in batch]
            runner.loaded(head(*NAMES, "company_name"), *feed, **settings)
        found = people(runner)[email]
        return [found["Name"]] + [
            (link["Company_ID__gc"], link["Role"], link["Title"])
            for link in links(runner)
            if found["Gsid"] in link.values()
        ]

    alone = outcome("a@b.c", *[[each] for each in feed])
    calls = [each for each in runner.sandbox.log if each.kind is CallKind.PERSON_UPSERT]
    assert len(calls) == len(feed)
    assert outcome("d@e.f", feed) == alone
    assert len(alone) > 1


def test_nulls_clear_or_not(runner: Runner) -> None:
    runner.loaded(head(), person(Email="a@b.c", Name="Ann"), person(Email="a@b.c", Age__gc=1))
    runner.loaded(head(), person(Email="a@b.c", Name=None), null_handling="omit")
    assert people(runner)["a@b.c"]["Name"] == "Ann"
    runner.loaded(head(), person(Email="a@b.c", Name=None))
    assert people(runner)["a@b.c"]["Name"] is None


def test_persons_are_found_by_their_external_id(tenant: Callable[..., Runner]) -> None:
    runner = tenant(people_key=PeopleKey.EXTERNAL, people_email_optional=True)
    names = ("ExternalRecordID", "Email")
    for email in ("old@b.c", "new@b.c"):
        runner.loaded(
            head(*names, keys=("ExternalRecordID",)), person(ExternalRecordID="C-1", Email=email)
        )
    runner.loaded(
        head("id", "Name", keys=("id",)),
        person(id="C-1", Name="Ann"),
        fields={"id": "ExternalRecordID"},
    )
    assert [(row["Email"], row["Name"]) for row in people(runner).values()] == [("new@b.c", "Ann")]


@pytest.mark.parametrize("form", PeopleReply)
def test_a_person_is_loaded_whatever_the_reply_holds(
    tenant: Callable[..., Runner], form: PeopleReply
) -> None:
    runner = tenant(people_reply=form)
    output = runner.loaded(head(), person(Email="a@b.c"), state(1))
    assert (output.states, len(people(runner))) == ([1], 1)


@pytest.mark.parametrize("folds", [False, True])
def test_the_last_of_two_spellings_of_an_address_wins_where_they_are_one(
    tenant: Callable[..., Runner],
    folds: bool,  # noqa: FBT001
) -> None:
    runner = tenant(people_ignore_case=folds)
    runner.loaded(head(), person(Email="a@b.c", Name="1"), person(Email="A@b.c", Name="2"))
    assert [row["Name"] for row in people(runner).values()] == (["2"] if folds else ["1", "2"])


@pytest.mark.parametrize("effect", [Effect.DROP_AFTER, Effect.DROP_BEFORE, Effect.TRUNCATED])
def test_a_lost_answer_is_asked_for_again(runner: Runner, effect: Effect) -> None:
    runner.sandbox.faults.add(Fault(effect, on=CallKind.PERSON_UPSERT))
    runner.loaded(head(), person(Email="a@b.c"))
    assert len(people(runner)) == 1


def refusal(**settings: Any) -> Fault:
    return Fault(Effect.STATUS, on=CallKind.PERSON_UPSERT, count=None, **settings)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refusal(status=400, code="GS_APIG_1000"), GatewayError),
        (refusal(status=403, code="GSOBJ_1"), ForbiddenError),
        (refusal(status=500, code="GSOBJ_PEOPLE1001"), GainsightError),
    ],
)
def test_what_says_nothing_about_the_person_fails_the_run(
    runner: Runner, fault: Fault, error: type[Exception]
) -> None:
    runner.sandbox.faults.add(fault)
    output = runner.load(head(), person(Email="a@b.c"), state(1))
    assert isinstance(output.error, error)
    assert (output.states, runner.letters("person")) == ([], [])


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_codes_about_a_person_are_verdicts_however_many_come(runner: Runner, status: int) -> None:
    runner.sandbox.faults.add(
        *(
            Fault(
                Effect.STATUS,
                on=CallKind.PERSON_UPSERT,
                status=status,
                code="GSOBJ_VCRUDR2002",
            )
            for _ in range(8)
        )
    )
    feed = [person(Email=f"p{n}@b.c") for n in range(9)]
    output = runner.loaded(head(), *feed, state(1), max_rejects=8)
    assert output.states == [1]
    assert Counter(letter["errors"][0]["code"] for letter in runner.letters("person")) == {
        "GSOBJ_VCRUDR2002": 8
    }


def test_a_tenant_that_refuses_all_with_another_code_stops_the_run(runner: Runner) -> None:
    runner.sandbox.faults.add(refusal(status=400, code="GSOBJ_9"))
    feed = [person(Email=f"p{n}@b.c") for n in range(9)]
    output = runner.load(head(), *feed, state(1), max_rejects=-1)
    assert "refuses every record of person alike" in str(output.error)
    assert output.states == []


def test_a_dry_run_foresees_rejects_and_counts_calls(runner: Runner, acme: str) -> None:
    output = runner.loaded(
        head(*NAMES, "company_name"),
        person(Email="a@b.c", company_name="Acme"),
        person(Email="d@e.f", company_name="Nowhere"),
        person(Email="g@h.i", companies=[{"Title": "VP"}]),
        state(1),
        dry_run=True,
        streams=[{"name": "person", "lookups": LOOKUPS}],
    )
    assert acme
    assert output.states == []
    assert people(runner) == {}
    (line,) = [line for line in output.stderr.splitlines() if "person:" in line]
    assert "upsert by Email into person: 1 row by REST (3 calls)" in line
    assert "2 rejects foreseen (GSOBJ_1008 company_name 1, INVALID_VALUE companies 1)" in line
    assert "not checked" not in line


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"operation": "insert"}, "persons are only upserted"),
        ({"operation": "update"}, "persons are only upserted"),
        ({"load_mode": "bulk"}, "person is an object that import jobs cannot write"),
        ({"deletes": "delete"}, "no call is documented that deletes persons"),
        ({"keys": ["Name"]}, "by Email or by ExternalRecordID"),
    ],
)
def test_what_the_api_cannot_do_is_refused_at_the_start(
    runner: Runner, settings: dict[str, Any], words: str
) -> None:
    output = runner.load(head(), **settings)
    assert isinstance(output.error, ConfigError)
    assert words in str(output.error)


def test_users_are_refused_with_the_call_for_an_administrator(runner: Runner) -> None:
    output = runner.load(schema("gsuser"))
    assert isinstance(output.error, ConfigError)
    assert "POST /v1/users/services?notify=false" in str(output.error)


def test_no_value_of_a_person_is_in_the_log(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    runner.load(head(), person(Email="SECRET"), person(Email="x@y.z", companies="SECRET"))
    assert "SECRET" not in caplog.text
    assert len(runner.letters("person")) == 2
