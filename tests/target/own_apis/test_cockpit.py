"""Calls to action: created and updated by the Cockpit, found by key, with the names people have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError, GainsightError, GatewayError
from gainsight_sandbox import (
    CallKind,
    Effect,
    FailureForm,
    Fault,
    GoodBesideBad,
    ManualClock,
    MapForm,
    Outcome,
    Quirks,
    Sandbox,
)
from tests.target.support import Runner, emptied, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CTA = "call_to_action"
KEY = "Source_ID__gc"
NAMES = (
    KEY, "Name", "CompanyId", "OwnerEmail", "OwnerId", "type", "reason", "status", "priority",
    "DueDate", "PercentComplete", "StatusId", "Owner", "Status",
)  # fmt: skip


class Team:
    """A tenant with a company and users, and loads into its calls to action."""

    def __init__(self, runner: Runner) -> None:
        self.runner, self.sandbox = runner, runner.sandbox
        (self.acme,) = self.sandbox.tenant.insert("company", {"Name": "Acme"})
        self.owner = next(iter(self.sandbox.tenant.rows("gsuser")))

    def cta(self, key: object, **values: Any) -> dict[str, Any]:
        given = {
            KEY: key,
            "Name": f"CTA {key}",
            "CompanyId": self.acme,
            "OwnerEmail": self.owner["Email"],
            "type": "Risk",
            "reason": "Bugs Risk",
            "status": "New",
            "priority": "High",
            "DueDate": "2026-12-01",
        }
        return record(CTA, **{**given, **values})

    def load(self, *messages: Any, keys: tuple[str, ...] = (KEY,), **settings: Any) -> Any:
        return self.runner.load(schema(CTA, *NAMES, keys=keys), *messages, **settings)

    def loaded(self, *messages: Any, keys: tuple[str, ...] = (KEY,), **settings: Any) -> Any:
        return self.runner.loaded(schema(CTA, *NAMES, keys=keys), *messages, **settings)

    def rows(self) -> dict[Any, dict[str, Any]]:
        return self.runner.rows(CTA, KEY)

    def label(self, row: dict[str, Any], field: str) -> str | None:
        described = self.sandbox.tenant.schema(CTA).field(field)
        options = described.options if described else ()
        return {option.value: option.label for option in options}.get(row[field])

    def codes(self) -> list[tuple[Any, Any, Any]]:
        return [
            (letter["record"].get(KEY), letter["errors"][0]["code"], letter["errors"][0]["field"])
            for letter in self.runner.letters(CTA)
        ]

    def sent(self, kind: CallKind) -> list[Any]:
        return [each.payload() for each in self.sandbox.log if each.kind is kind]

    def written(self) -> dict[Outcome, int]:
        return dict(self.sandbox.journal.written(CTA))


@pytest.fixture
def runner(shared: Sandbox, tmp_path: Path) -> Runner:
    return Runner(emptied(shared), tmp_path / "rejects")


@pytest.fixture
def team(runner: Runner) -> Team:
    return Team(runner)


@pytest.fixture
def quirky(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    quirks = Quirks(**request.param)
    with Sandbox(empty=True, clock=ManualClock(), quirks=quirks) as sandbox:
        yield Team(Runner(sandbox, tmp_path / "rejects"))


def bad_ones(team: Team) -> list[dict[str, Any]]:
    return [
        team.cta(None, Name="no key"),
        team.cta("b1", status="Nope"),
        team.cta("b2", DueDate="soon"),
        team.cta("b3", CompanyId=None),
        team.cta("b4", CompanyId="1P02NOWHERE"),
        team.cta("b5", OwnerEmail="nobody@x.example"),
        team.cta("b6", Name="x" * 201),
    ]


VERDICTS = [
    (None, "MISSING_KEY", KEY),
    ("b1", "INVALID_PICKLIST", "status"),
    ("b2", "INVALID_DATE", "DueDate"),
    ("b3", "COCKPIT_9700", "CompanyId"),
    ("b4", "COCKPIT_5101", "CompanyId"),
    ("b5", "GSOBJ_1008", "OwnerEmail"),
    ("b6", "COCKPIT_5101", "Name"),
]


def mixed(team: Team, good: int) -> list[dict[str, Any]]:
    bad = bad_ones(team)
    feed = [team.cta(f"k{n}") for n in range(good)]
    return [each for n, cta in enumerate(feed) for each in ([*bad[n : n + 1], cta])]


def test_of_200_calls_to_action_the_7_bad_ones_come_out_with_code_and_field(team: Team) -> None:
    output = team.loaded(*mixed(team, 193), state({"done": 1}), max_rejects=7)
    assert output.states == [{"done": 1}]
    assert team.rows().keys() == {f"k{n}" for n in range(193)}
    assert team.codes() == VERDICTS
    row = team.rows()["k0"]
    assert row["OwnerId"] == team.owner["Gsid"]
    assert str(row["DueDate"]) == "2026-12-01"
    assert [
        team.label(row, field) for field in ("TypeId", "ReasonId", "StatusId", "PriorityId")
    ] == ["Risk", "Bugs Risk", "New", "High"]


FORMS = [
    pytest.param(
        {"cta_reply": maps, "cta_failure": form},
        marks=[] if (maps, form) == (MapForm.MAP, FailureForm.TEXT) else [pytest.mark.slow],
    )
    for maps in MapForm
    for form in FailureForm
]


@pytest.mark.parametrize(
    "quirky",
    [
        *FORMS,
        {"cta_good": GoodBesideBad.REFUSED},
        {"cta_good": GoodBesideBad.UNNAMED},
        {"cta_good": GoodBesideBad.MISNAMED},
    ],
    indirect=True,
    ids=str,
)
def test_good_and_bad_are_told_apart_in_all_forms_of_replies(quirky: Team) -> None:
    quirky.loaded(*mixed(quirky, 20), max_rejects=7)
    assert quirky.rows().keys() == {f"k{n}" for n in range(20)}
    codeless = quirky.sandbox.quirks.cta_failure is FailureForm.TEXT
    expected = [
        (key, "RECORD_REJECTED" if codeless and code.startswith("COCKPIT") else code, field)
        for key, code, field in VERDICTS
    ]
    assert quirky.codes() == expected


def test_what_is_there_is_updated_and_what_is_not_is_added(team: Team) -> None:
    team.loaded(team.cta("a"), team.cta("b"))
    team.loaded(team.cta("b", status="Closed lost"), team.cta("c"))
    assert team.written() == {Outcome.INSERTED: 3, Outcome.UPDATED: 1}
    assert team.label(team.rows()["b"], "StatusId") == "Closed lost"
    team.loaded(record(CTA, **{KEY: "a", "priority": "Low"}), operation="update")
    assert team.label(team.rows()["a"], "PriorityId") == "Low"
    assert team.rows()["a"]["Name"] == "CTA a"


def test_an_update_of_what_is_not_there_and_a_key_of_several_are_rejects(team: Team) -> None:
    team.loaded(team.cta("a", Name="twice"), team.cta("b", Name="twice"))
    team.loaded(team.cta("c"), operation="update", max_rejects=1)
    team.loaded(team.cta("d", Name="twice"), keys=("Name",), max_rejects=1)
    assert [code for _, code, _ in team.codes()] == ["GSOBJ_1011", "SEVERAL_MATCHES"]


def test_the_documented_form_is_sent(team: Team) -> None:
    team.loaded(team.cta("a", PercentComplete=12.5))
    (sent,) = team.sent(CallKind.CTA_CREATE)
    assert sent == {
        "requests": [
            {
                "record": {
                    "referenceId": "1",
                    KEY: "a",
                    "Name": "CTA a",
                    "CompanyId": team.acme,
                    "type": "Risk",
                    "reason": "Bugs Risk",
                    "status": "New",
                    "priority": "High",
                    "DueDate": "2026-12-01",
                    "PercentComplete": 12.5,
                    "OwnerId": team.owner["Gsid"],
                }
            }
        ]
    }
    team.loaded(record(CTA, **{KEY: "a", "status": None, "OwnerId": None}))
    (change,) = team.sent(CallKind.CTA_UPDATE)[0]["requests"]
    assert change["record"] == {
        "referenceId": "1",
        "Gsid": team.rows()["a"]["Gsid"],
        "status": None,
        "OwnerId": None,
    }


def test_lists_and_owners_may_be_given_in_other_ways(team: Team) -> None:
    described = team.sandbox.tenant.schema(CTA).field("StatusId")
    assert described
    lost = next(option.value for option in described.options if option.label == "Closed lost")
    without = {"OwnerEmail": None, "status": None}
    team.loaded(
        team.cta("id", StatusId=lost, OwnerId=team.owner["Gsid"], **without),
        team.cta("label", Status="closed LOST", Owner=team.owner["Name"], **without),
        team.cta("mail", StatusId="Closed lost", OwnerId=team.owner["Email"], **without),
    )
    for row in team.rows().values():
        assert row["OwnerId"] == team.owner["Gsid"]
        assert team.label(row, "StatusId") == "Closed lost"


def test_lookups_of_the_settings_fill_fields_by_columns_of_their_own(team: Team) -> None:
    lookups = {
        "CompanyId": {
            "fields": {"account": "Name"},
            "objectName": "company",
            "lookupField": "Gsid",
            "onNoMatch": "ERROR",
        },
        "OwnerId": {
            "fields": {"rep": "Email"},
            "objectName": "gsuser",
            "lookupField": "Gsid",
            "onNoMatch": "NULLABLE",
        },
    }
    settings = {"streams": [{"name": CTA, "lookups": lookups, "keys": [KEY]}]}
    names = ("account", "rep", KEY, "Name", "type")
    good = {"account": "Acme", "rep": team.owner["Email"], "Name": "n", "type": "Risk"}
    output = team.runner.load(
        schema(CTA, *names, keys=[KEY]),
        record(CTA, **{**good, KEY: "a"}),
        record(CTA, **{**good, KEY: "b", "account": "Nowhere"}),
        record(CTA, **{**good, KEY: "c", "rep": "nobody@x.example"}),
        max_rejects=2,
        **settings,
    )
    assert output.error is None
    assert team.rows().keys() == {"a"}
    assert team.codes() == [("b", "GSOBJ_1008", "account"), ("c", "COCKPIT_9700", "OwnerId")]


def test_a_company_that_a_lookup_finds_may_be_a_key(team: Team) -> None:
    (other,) = team.sandbox.tenant.insert("company", {"Name": "Other"})
    lookup = {"fields": {"account": "Name"}, "objectName": "company", "lookupField": "Gsid"}
    entry = {"name": CTA, "keys": ["Name", "CompanyId"], "lookups": {"CompanyId": lookup}}
    names = ("Name", "account", "OwnerEmail", "type", "status")
    for status in ("New", "Closed lost"):
        team.runner.loaded(
            schema(CTA, *names),
            *[
                record(
                    CTA,
                    Name="Review",
                    account=account,
                    OwnerEmail=team.owner["Email"],
                    type="Risk",
                    status=status,
                )
                for account in ("Acme", "Other")
            ],
            streams=[entry],
        )
    assert team.written() == {Outcome.INSERTED: 2, Outcome.UPDATED: 2}
    found = {
        row["CompanyId"]: team.label(row, "StatusId")
        for row in team.runner.rows(CTA, "Gsid").values()
    }
    assert found == dict.fromkeys((team.acme, other), "Closed lost")


def test_an_unknown_name_is_looked_for_in_the_cockpits_lists_and_then_named(team: Team) -> None:
    team.loaded(team.cta("a", reason="Nope"), team.cta("b", reason="Neither"), max_rejects=2)
    message = team.runner.letters(CTA)[0]["errors"][0]["message"]
    assert "'Nope'" in message
    assert "'Bugs Risk'" in message
    assert len(team.sent(CallKind.CTA_PICKLISTS)) == 1


def test_a_tenant_without_that_list_call_is_no_worse(team: Team) -> None:
    team.sandbox.faults.add(
        Fault(Effect.STATUS, on=CallKind.CTA_PICKLISTS, status=404, code="GS_APIG_1000")
    )
    team.loaded(team.cta("a", reason="Nope"), team.cta("b"), max_rejects=1)
    assert team.codes() == [("a", "INVALID_PICKLIST", "reason")]


@pytest.mark.parametrize("quirky", [{"cta_good": GoodBesideBad.MISNAMED}], indirect=True)
@pytest.mark.parametrize("operation", ["insert", "update"])
def test_a_refused_call_whose_failures_name_no_record_is_halved(
    quirky: Team, operation: str
) -> None:
    if operation == "update":
        quirky.loaded(*[quirky.cta(f"k{n}") for n in range(20)])
    feed = [quirky.cta(f"k{n}", PercentComplete=5) for n in range(20)]
    for n in (7, 8, 19):
        feed[n]["record"]["Name"] = "x" * 201
    quirky.loaded(*feed, operation=operation, max_rejects=3)
    written = {key for key, row in quirky.rows().items() if row["PercentComplete"]}
    assert written == {f"k{n}" for n in range(20)} - {"k7", "k8", "k19"}
    assert quirky.codes() == [(f"k{n}", "COCKPIT_5101", "Name") for n in (7, 8, 19)]


# Lost answers.


def lose(team: Team, effect: Effect, count: int = 1, on: CallKind = CallKind.CTA_CREATE) -> None:
    team.sandbox.faults.add(Fault(effect, on=on, count=count))


@pytest.mark.parametrize("operation", ["upsert", "insert"])
@pytest.mark.parametrize(
    "effect", [Effect.DROP_AFTER, Effect.DROP_BEFORE, Effect.TRUNCATED, Effect.MALFORMED]
)
def test_a_create_that_was_not_answered_is_looked_for_before_it_is_sent_again(
    team: Team, effect: Effect, operation: str
) -> None:
    lose(team, effect)
    output = team.loaded(*[team.cta(f"k{n}") for n in range(60)], state(1), operation=operation)
    assert output.states == [1]
    assert team.rows().keys() == {f"k{n}" for n in range(60)}
    assert team.written() == {Outcome.INSERTED: 60}


def test_an_older_record_of_the_key_does_not_stand_for_a_lost_create(team: Team) -> None:
    team.loaded(team.cta("a"))
    team.sandbox.clock.sleep(3600)
    lose(team, Effect.DROP_BEFORE)
    team.loaded(team.cta("a"), operation="insert")
    assert team.written() == {Outcome.INSERTED: 2}


def test_the_tenants_clock_tells_what_is_new(team: Team, tmp_path: Path) -> None:
    class Ahead(ManualClock):
        """The tenant's clock, an hour behind the target's."""

    here = ManualClock()
    with Sandbox(empty=True, clock=Ahead(here.now() - 3600)) as sandbox:
        far = Team(Runner(sandbox, tmp_path / "far"))
        lose(far, Effect.DROP_AFTER)
        far.loaded(far.cta("a"), operation="insert")
        assert far.written() == {Outcome.INSERTED: 1}
    assert team


def test_without_keys_a_lost_create_is_a_reject(team: Team) -> None:
    lose(team, Effect.DROP_AFTER)
    team.loaded(team.cta("a"), keys=(), operation="insert", max_rejects=1)
    assert [code for _, code, _ in team.codes()] == ["UNSETTLED"]


@pytest.mark.parametrize(
    ("effect", "operation"),
    [(Effect.UNCONFIRMED, "upsert"), (Effect.SKIPPED, "upsert"), (Effect.SKIPPED, "insert")],
)
def test_a_record_that_the_reply_does_not_name_is_looked_for(
    team: Team, effect: Effect, operation: str
) -> None:
    lose(team, effect)
    team.loaded(*[team.cta(f"k{n}") for n in range(5)], operation=operation)
    assert team.rows().keys() == {f"k{n}" for n in range(5)}
    assert team.written() == {Outcome.INSERTED: 5}


def test_a_record_that_is_never_confirmed_is_a_reject(team: Team) -> None:
    lose(team, Effect.SKIPPED, count=9)
    team.loaded(team.cta("a"), max_rejects=1)
    assert team.codes() == [("a", "UNCONFIRMED", None)]
    team.loaded(team.cta("b"), keys=(), operation="insert", max_rejects=1)
    assert [code for _, code, _ in team.codes()] == ["UNCONFIRMED"] * 2


# What is no verdict.


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "GS_APIG_1000", GatewayError),
        (403, "GSOBJ_7", GainsightError),
        (500, "COCKPIT_9700", GainsightError),
    ],
)
def test_what_says_nothing_about_the_record_fails_the_run(
    team: Team, status: int, code: str, error: type[Exception]
) -> None:
    team.sandbox.faults.add(
        Fault(Effect.STATUS, on=CallKind.CTA_UPDATE, count=None, status=status, code=code)
    )
    team.loaded(team.cta("a"))
    output = team.load(team.cta("a"), state(1))
    assert isinstance(output.error, error)
    assert (output.states, team.codes()) == ([], [])


@pytest.mark.parametrize("code", ["COCKPIT_1", "GSOBJ_1"])
def test_only_verdicts_on_calls_to_action_may_refuse_all(team: Team, code: str) -> None:
    team.sandbox.faults.add(
        Fault(Effect.STATUS, on=CallKind.CTA_CREATE, count=None, status=400, code=code)
    )
    output = team.load(*[team.cta(f"k{n}") for n in range(8)], state(1), max_rejects=-1)
    if code == "COCKPIT_1":
        assert output.states == [1]
        assert [each[1] for each in team.codes()] == [code] * 8
    else:
        assert "refuses every record of call_to_action alike" in str(output.error)


def test_a_dry_run_foresees_rejects_and_counts_calls(team: Team) -> None:
    output = team.loaded(*mixed(team, 93), state(1), dry_run=True)
    assert (output.states, team.rows()) == ([], {})
    (line,) = [line for line in output.stderr.splitlines() if f"{CTA}:" in line]
    assert "96 rows by REST (3 calls)" in line
    assert "4 rejects foreseen" in line
    assert "INVALID_PICKLIST status 1" in line
    assert "GSOBJ_1008 OwnerEmail 1" in line


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"load_mode": "bulk"}, "call_to_action is an object that import jobs cannot write"),
        ({"deletes": "delete"}, "no call is documented that deletes calls to action"),
        ({"keys": ["Status"]}, "cannot be found by Status"),
    ],
)
def test_what_the_api_cannot_do_is_refused_at_the_start(
    team: Team, settings: dict[str, Any], words: str
) -> None:
    output = team.load(**settings)
    assert isinstance(output.error, ConfigError)
    assert words in str(output.error)
