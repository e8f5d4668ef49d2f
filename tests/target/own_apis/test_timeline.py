"""Activities: one call each, told apart by an ExternalId that may never come again."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError, GainsightError, GatewayError
from gainsight_sandbox import (
    CallKind,
    Effect,
    FailureForm,
    Fault,
    GoodBesideBad,
    Limits,
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

TIMELINE = "activity_timeline"
NAMES = (
    "id", "ContextName", "TypeName", "Subject", "Notes", "ActivityDate", "Author", "AuthorId",
    "companyName", "GsCompanyId", "internalAttendees", "DurationInMins",
)  # fmt: skip


class Notes:
    """A tenant with a company and users, and loads into its timeline."""

    def __init__(self, runner: Runner) -> None:
        self.runner, self.sandbox = runner, runner.sandbox
        (self.acme,) = self.sandbox.tenant.insert("company", {"Name": "Acme"})
        self.author = next(iter(self.sandbox.tenant.rows("gsuser")))

    def note(self, key: object, stream: str = TIMELINE, **values: Any) -> dict[str, Any]:
        given = {
            "id": key,
            "ContextName": "Company",
            "TypeName": "Email",
            "Subject": f"Note {key}",
            "Notes": "All is well",
            "ActivityDate": "2026-07-01T13:36:00Z",
            "Author": self.author["Email"],
            "companyName": "Acme",
        }
        return record(stream, **{**given, **values})

    def load(self, *messages: Any, keys: tuple[str, ...] = ("id",), **settings: Any) -> Any:
        return self.runner.load(schema(TIMELINE, *NAMES, keys=keys), *messages, **settings)

    def loaded(self, *messages: Any, keys: tuple[str, ...] = ("id",), **settings: Any) -> Any:
        return self.runner.loaded(schema(TIMELINE, *NAMES, keys=keys), *messages, **settings)

    def rows(self) -> dict[Any, dict[str, Any]]:
        self.sandbox.clock.sleep(self.sandbox.quirks.timeline_seconds)
        return {
            str(row["ExternalId"]).removeprefix(f"{TIMELINE}:"): row
            for row in self.sandbox.tenant.rows(TIMELINE)
        }

    def codes(self) -> list[tuple[Any, Any, Any]]:
        return [
            (letter["record"].get("id"), letter["errors"][0]["code"], letter["errors"][0]["field"])
            for letter in self.runner.letters(TIMELINE)
        ]

    def sent(self, kind: CallKind = CallKind.ACTIVITY_INSERT) -> list[Any]:
        return [each.payload() for each in self.sandbox.log if each.kind is kind]

    def written(self) -> dict[Outcome, int]:
        return dict(self.sandbox.journal.written(TIMELINE))


@pytest.fixture
def runner(shared: Sandbox, tmp_path: Path) -> Runner:
    return Runner(emptied(shared), tmp_path / "rejects")


@pytest.fixture
def notes(runner: Runner) -> Notes:
    return Notes(runner)


@pytest.fixture
def quirky(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Notes]:
    quirks = Quirks(**request.param)
    with Sandbox(empty=True, clock=ManualClock(), quirks=quirks) as sandbox:
        yield Notes(Runner(sandbox, tmp_path / "rejects"))


def mixed(notes: Notes, good: int) -> list[dict[str, Any]]:
    bad = [
        notes.note(None),
        notes.note("b1", TypeName="Nope"),
        notes.note("b2", ActivityDate="soon"),
        notes.note("b3", Subject=None),
        notes.note("b4", companyName="Nowhere"),
        notes.note("b5", Author="nobody@x.example"),
        notes.note("b6", ContextName="Moon"),
    ]
    feed = [notes.note(f"k{n}") for n in range(good)]
    return [each for n, note in enumerate(feed) for each in [*bad[n : n + 1], note]]


VERDICTS = [
    (None, "MISSING_KEY", "id"),
    ("b1", "INVALID_PICKLIST", "TypeName"),
    ("b2", "INVALID_DATETIME", "ActivityDate"),
    ("b3", "GS_TL_10_0206", "Subject"),
    ("b4", "GS_TL_10_0213", "companyName"),
    ("b5", "GS_TL_10_0213", "Author"),
    ("b6", "GS_TL_10_0206", "ContextName"),
]


def test_a_key_by_which_a_lookup_looks_is_sent(notes: Notes) -> None:
    company = {"fields": {"id": "Name"}, "objectName": "company", "lookupField": "Gsid"}
    feed = notes.note("Acme", companyName=None)
    notes.loaded(feed, lookups={"GsCompanyId": {**company, "onNoMatch": "ERROR"}})
    assert notes.rows()["Acme"]["GsCompanyId"] == notes.acme


def test_of_200_activities_the_7_bad_ones_come_out_with_code_and_field(notes: Notes) -> None:
    before = notes.sandbox.usage().timeline
    output = notes.loaded(*mixed(notes, 193), state({"done": 1}), max_rejects=7)
    assert output.states == [{"done": 1}]
    assert notes.rows().keys() == {f"k{n}" for n in range(193)}
    assert notes.codes() == VERDICTS
    row = notes.rows()["k0"]
    assert (row["AuthorId"], row["GsCompanyId"]) == (notes.author["Gsid"], notes.acme)
    assert notes.sandbox.usage().timeline - before == 193 + 4
    assert notes.sandbox.usage().violations == 0


FORMS = [
    pytest.param(
        {"timeline_reply": maps, "timeline_failure": form},
        marks=[] if (maps, form) == (MapForm.LIST, FailureForm.TEXT) else [pytest.mark.slow],
    )
    for maps in MapForm
    for form in FailureForm
]


@pytest.mark.parametrize(
    "quirky",
    [
        *FORMS,
        {"timeline_failure_singular": True},
        {"timeline_bad": GoodBesideBad.REFUSED},
        {"timeline_bad": GoodBesideBad.UNNAMED},
        {"timeline_bad": GoodBesideBad.MISNAMED},
        {"timeline_silent": True},
        {"timeline_seconds": 0},
        {"timeline_author_needed": True},
        {"timeline_counts_as_sync": True},
    ],
    indirect=True,
    ids=str,
)
def test_good_and_bad_are_told_apart_in_all_forms_of_replies(quirky: Notes) -> None:
    quirky.loaded(*mixed(quirky, 10), max_rejects=7)
    assert quirky.rows().keys() == {f"k{n}" for n in range(10)}
    codeless = quirky.sandbox.quirks.timeline_failure is FailureForm.TEXT
    assert quirky.codes() == [
        (key, "RECORD_REJECTED" if codeless and code.startswith("GS_TL") else code, field)
        for key, code, field in VERDICTS
    ]
    # Both again: of the upserts each is an update, and the equal inserts are there already.
    quirky.loaded(quirky.note("k1", Notes="New"))
    assert quirky.rows()["k1"]["Notes"] == "New"
    quirky.loaded(quirky.note("k1"), operation="insert")
    quirky.loaded(quirky.note("k1", Subject="Other"), operation="insert", max_rejects=1)
    assert len(quirky.rows()) == 10
    assert quirky.codes()[7][0] == "k1"


def test_the_documented_form_is_sent(notes: Notes) -> None:
    attendees = ["a@x.example", "b@x.example"]
    notes.loaded(notes.note(7, internalAttendees=attendees, DurationInMins=30))
    (sent,) = notes.sent()
    assert sent["records"] == [
        {
            "ExternalId": "activity_timeline:7",
            "ContextName": "Company",
            "TypeName": "Email",
            "Subject": "Note 7",
            "Notes": "All is well",
            "ActivityDate": "2026-07-01T13:36:00.000Z",
            "Author": notes.author["Email"],
            "companyName": "Acme",
            "internalAttendees": attendees,
            "DurationInMins": 30,
        }
    ]
    assert sent["lookups"] == {
        field: {
            "fields": {column: by},
            "lookupField": "Gsid",
            "objectName": target,
            "multiMatchOption": "FIRSTMATCH",
            "onNoMatch": "ERROR",
        }
        for field, column, by, target in (
            ("AuthorId", "Author", "Email", "GsUser"),
            ("GsCompanyId", "companyName", "Name", "Company"),
        )
    }


def test_the_external_id_is_mapped_or_made_of_the_keys(notes: Notes) -> None:
    values = notes.note(1)["record"]
    names = (*NAMES, "region", "ref")
    runner = notes.runner
    own = {"streams": [{"name": "calls", "object": TIMELINE}]}
    runner.loaded(
        schema("calls", *names, keys=["region", "id"]),
        record("calls", region="eu", **values),
        **own,
    )
    mapped = {"streams": [{"name": "calls", "object": TIMELINE, "fields": {"ref": "ExternalId"}}]}
    runner.loaded(
        schema("calls", *names, keys=["id"]), record("calls", ref="crm-1", **values), **mapped
    )
    named = schema("calls", *names, "ExternalId", keys=["id"])
    runner.loaded(named, record("calls", ExternalId="crm-2", **values), **own)
    assert notes.rows().keys() == {"calls:eu|1", "crm-1", "crm-2"}


NUMBERS = ["999", "999.0", "9.99e2", "99900E-2"]
MOMENTS = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.000000+00:00",
    "2026-01-01T01:00:00+01:00",
    "2026-01-01 00:00:00",
]


@pytest.mark.parametrize("one_batch", [True, False])
@pytest.mark.parametrize(
    ("described", "written", "expected"),
    [
        ({"type": ["null", "number"]}, NUMBERS, {"999"}),
        ({"type": "integer"}, ["100", "1e2"], {"100"}),
        ({"type": "string", "format": "date-time"}, MOMENTS, {"2026-01-01T00:00:00.000Z"}),
        (
            {"type": "string", "format": "date-time"},
            ["2026-01-01T00:00:00.1234560Z", "2026-01-01T00:00:00.123457Z"],
            {"2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00.123457Z"},
        ),
        ({"type": "string", "format": "date-time"}, ["soon"], {"soon"}),
        ({"type": "string"}, ["007", "7", "a|b", "a\\b"], {"007", "7", "a|b", "a\\b"}),
        ({"type": ["string", "number"]}, ["007", "7"], {"007", "7"}),
        ({"type": "boolean"}, [True], {"true"}),
    ],
)
def test_equal_keys_make_one_external_id_however_they_are_written(
    notes: Notes,
    described: dict[str, Any],
    written: list[Any],
    expected: set[str],
    one_batch: bool,  # noqa: FBT001
) -> None:
    head = schema(TIMELINE, *NAMES, keys=["id"])
    head["schema"]["properties"]["id"] = described
    feed = [notes.note(key, Subject=f"Note {n}") for n, key in enumerate(written)]
    lines = [json.dumps(each) for each in feed]
    if described["type"] not in ("string", ["string", "number"], "boolean"):
        lines = [re.sub(r'"id": "(.*?)"', r'"id": \1', line) for line in lines]
    for some in [lines] if one_batch else [[line] for line in lines]:
        notes.runner.loaded(head, *some)
    assert notes.rows().keys() == expected
    if len(expected) == 1:
        assert notes.rows().popitem()[1]["Subject"] == f"Note {len(written) - 1}"


def test_keys_that_contain_the_separator_make_ids_of_their_own(notes: Notes) -> None:
    pairs = [("x|y", "z"), ("x", "y|z"), ("x\\", "y"), ("x\\|y", "z"), ("x", "\\|y")]
    notes.runner.loaded(
        schema(TIMELINE, *NAMES, "region", keys=["region", "id"]),
        *[notes.note(key, region=region) for region, key in pairs],
    )
    assert notes.rows().keys() == {
        r"x\|y|z", r"x|y\|z", r"x\\|y", r"x\\\|y|z", r"x|\\\|y"
    }  # fmt: skip


def test_authors_types_and_companies_may_be_given_by_id(notes: Notes) -> None:
    types = notes.sandbox.tenant.schema(TIMELINE).field("TypeName")
    assert types
    given: dict[str, Any] = {
        "Author": None,
        "AuthorId": notes.author["Gsid"],
        "companyName": None,
        "GsCompanyId": notes.acme,
        "TypeName": types.options[2].value,
    }
    notes.loaded(
        notes.note("a", **given),
        notes.note("b", **{**given, "AuthorId": notes.author["Email"], "TypeName": "mEETING"}),
    )
    for row in notes.rows().values():
        assert (row["AuthorId"], row["GsCompanyId"]) == (notes.author["Gsid"], notes.acme)
        assert row["TypeName"] == types.options[2].value
    assert [each["records"][0]["Author"] for each in notes.sent()] == [notes.author["Email"]] * 2
    assert all("GsCompanyId" not in each["lookups"] for each in notes.sent())


def test_lookups_of_the_settings_go_with_the_call(notes: Notes) -> None:
    lookup = {
        "fields": {"account": "Name"},
        "objectName": "company",
        "lookupField": "Gsid",
        "onNoMatch": "ERROR",
    }
    settings = {"streams": [{"name": TIMELINE, "lookups": {"GsCompanyId": lookup}}]}
    notes.runner.loaded(
        schema(TIMELINE, *NAMES, "account", keys=["id"]),
        notes.note("a", account="Acme", companyName=None),
        **settings,
    )
    assert notes.rows()["a"]["GsCompanyId"] == notes.acme
    assert notes.sent()[0]["lookups"]["GsCompanyId"] == lookup


def test_an_upsert_updates_what_is_there_and_an_insert_does_not(notes: Notes) -> None:
    notes.loaded(notes.note("a"))
    notes.loaded(notes.note("a", Subject="New"), notes.note("b"))
    assert notes.written() == {Outcome.INSERTED: 2, Outcome.UPDATED: 1}
    assert notes.rows()["a"]["Subject"] == "New"
    output = notes.loaded(
        notes.note("a", Subject="New"), notes.note("a"), operation="insert", max_rejects=1
    )
    assert output.error is None
    assert notes.codes() == [("a", "GS_TL_10_0207", "ExternalId")]
    notes.loaded(notes.note("a", Notes="x"), notes.note("c"), operation="update", max_rejects=1)
    assert notes.codes()[1] == ("c", "GS_TL_10_0213", "ExternalId")
    assert notes.rows()["a"]["Notes"] == "x"


@pytest.mark.parametrize("form", list(GoodBesideBad))
def test_an_upsert_of_what_is_there_may_lack_what_an_insert_wants(
    tmp_path: Path, form: GoodBesideBad
) -> None:
    with Sandbox(empty=True, clock=ManualClock(), quirks=Quirks(timeline_bad=form)) as sandbox:
        notes = Notes(Runner(sandbox, tmp_path))
        notes.loaded(notes.note("a"), notes.note("b"))
        before = notes.rows()
        partial = record(TIMELINE, id="a", Subject="New")
        unknown = record(TIMELINE, id="c", Subject="New")
        notes.loaded(partial, unknown, notes.note("b", TypeName="Nope"), max_rejects=2)
        assert notes.rows()["a"]["Subject"] == "New"
        for name in ("Notes", "AuthorId", "GsCompanyId", "ActivityDate", "TypeName"):
            assert notes.rows()["a"][name] == before["a"][name]
        assert [(key, code) for key, code, _ in notes.codes()] == [
            ("c", "GS_TL_10_0206"),
            ("b", "INVALID_PICKLIST"),
        ]
        notes.loaded(
            record(TIMELINE, id="a", Subject="Newer"),
            operation="insert",
            max_rejects=1,
        )
        assert notes.rows()["a"]["Subject"] == "New"


# Lost answers and silent ones.


@pytest.mark.parametrize("operation", ["upsert", "insert"])
@pytest.mark.parametrize("effect", [Effect.DROP_AFTER, Effect.DROP_BEFORE, Effect.TRUNCATED])
def test_a_lost_answer_is_asked_for_again(notes: Notes, effect: Effect, operation: str) -> None:
    notes.sandbox.faults.add(Fault(effect, on=CallKind.ACTIVITY_INSERT))
    notes.loaded(notes.note("a"), state(1), operation=operation)
    assert notes.rows().keys() == {"a"}
    assert notes.codes() == []


@pytest.mark.parametrize("operation", ["upsert", "insert"])
@pytest.mark.parametrize("effect", [Effect.UNCONFIRMED, Effect.SKIPPED])
@pytest.mark.parametrize("quirky", [{"timeline_seconds": 5}], indirect=True)
def test_an_activity_that_the_reply_does_not_name_is_looked_for_twice(
    quirky: Notes, effect: Effect, operation: str
) -> None:
    quirky.sandbox.faults.add(Fault(effect, on=CallKind.ACTIVITY_INSERT))
    quirky.loaded(quirky.note("a"), operation=operation)
    assert quirky.rows().keys() == {"a"}
    assert quirky.written() == {Outcome.INSERTED: 1}


@pytest.mark.parametrize("quirky", [{"timeline_silent": True}], indirect=True)
def test_activities_that_no_reply_names_are_looked_for_together(quirky: Notes) -> None:
    before = quirky.sandbox.clock.now()
    quirky.loaded(*[quirky.note(n) for n in range(100)])
    assert len(quirky.rows()) == 100
    assert quirky.written() == {Outcome.INSERTED: 100}
    assert quirky.sandbox.clock.now() - before < 30
    quirky.loaded(record(TIMELINE, id=1, Subject="New"), operation="update")
    assert quirky.rows()["1"]["Subject"] == "New"
    quirky.loaded(quirky.note(1, Subject="New", Notes="Newer"))
    assert quirky.rows()["1"]["Notes"] == "Newer"


def test_an_activity_that_is_never_confirmed_is_a_reject(notes: Notes) -> None:
    notes.sandbox.faults.add(Fault(Effect.SKIPPED, on=CallKind.ACTIVITY_INSERT, count=None))
    notes.loaded(notes.note("a"), max_rejects=1)
    assert notes.codes() == [("a", "UNCONFIRMED", None)]


# Limits, and what is no verdict.


def test_the_timelines_limit_is_kept(tmp_path: Path) -> None:
    limits = Limits(timeline_per_minute=20)
    with Sandbox(empty=True, clock=ManualClock(), limits=limits) as sandbox:
        notes = Notes(Runner(sandbox, tmp_path))
        notes.loaded(*[notes.note(n) for n in range(50)], timeline_calls_per_minute=20)
        assert len(notes.rows()) == 50
        assert sandbox.usage().violations == 0
        # A setting that is too high is found out, and waited for.
        notes.loaded(*[notes.note(n) for n in range(50, 80)])
        assert len(notes.rows()) == 80


def test_a_state_follows_every_few_minutes_however_low_the_limit(notes: Notes) -> None:
    parts = [[*[notes.note(f"{part}-{n}") for n in range(20)], state(part)] for part in range(3)]
    output = notes.loaded(*parts[0], *parts[1], *parts[2], timeline_calls_per_minute=10)
    assert output.states == [0, 1, 2]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "GS_APIG_1000", GatewayError),
        (403, "GSOBJ_7", GainsightError),
        (500, "GS_TL_10_0206", GainsightError),
    ],
)
def test_what_says_nothing_about_the_activity_fails_the_run(
    notes: Notes, status: int, code: str, error: type[Exception]
) -> None:
    notes.sandbox.faults.add(
        Fault(Effect.STATUS, on=CallKind.ACTIVITY_INSERT, count=None, status=status, code=code)
    )
    output = notes.load(notes.note("a"), state(1))
    assert isinstance(output.error, error)
    assert (output.states, notes.codes()) == ([], [])


@pytest.mark.parametrize("code", ["GS_TL_10_9999", "GSOBJ_1"])
def test_only_verdicts_on_activities_may_refuse_all(notes: Notes, code: str) -> None:
    notes.sandbox.faults.add(
        Fault(Effect.STATUS, on=CallKind.ACTIVITY_INSERT, count=None, status=400, code=code)
    )
    output = notes.load(*[notes.note(n) for n in range(8)], state(1), max_rejects=-1)
    if code == "GSOBJ_1":
        assert "refuses every record of activity_timeline alike" in str(output.error)
    else:
        assert output.states == [1]
        assert [each[1] for each in notes.codes()] == [code] * 8


def test_a_dry_run_foresees_rejects_and_counts_calls(notes: Notes) -> None:
    output = notes.loaded(*mixed(notes, 20), state(1), dry_run=True)
    assert (output.states, notes.rows()) == ([], {})
    (line,) = [line for line in output.stderr.splitlines() if f"{TIMELINE}:" in line]
    assert "24 rows by REST (24 calls)" in line
    assert "3 rejects foreseen" in line
    assert "not checked: lookups" in line
    assert "timeline calls: 0 of 200 used this minute" in output.stderr


@pytest.mark.parametrize(
    ("settings", "keys", "words"),
    [
        ({"load_mode": "bulk"}, ("id",), "activity_timeline is an object that import jobs cannot"),
        ({"deletes": "delete"}, ("id",), "no call is documented that deletes activities"),
        ({}, (), "activities are told apart by ExternalId"),
        ({"operation": "insert"}, (), "activities are told apart by ExternalId"),
    ],
)
def test_what_the_api_cannot_do_is_refused_at_the_start(
    notes: Notes, settings: dict[str, Any], keys: tuple[str, ...], words: str
) -> None:
    output = notes.load(keys=keys, **settings)
    assert isinstance(output.error, ConfigError)
    assert words in str(output.error)
