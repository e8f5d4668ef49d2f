"""Loading by REST calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import (
    Effect,
    Fault,
    ManualClock,
    ManyMatches,
    Outcome,
    Partial,
    Quirks,
    Sandbox,
)
from gainsight_sandbox.behaviour.call_kinds import CallKind
from target_gainsight.outcomes.tally import RejectsError
from tests.api.conftest import Reply
from tests.hostile import Hostile
from tests.target.support import THING, Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.api.conftest import Request


REST: dict[str, Any] = {"load_mode": "rest"}


def write_calls(sandbox: Sandbox) -> int:
    return len(sandbox.journal.calls)


def test_upsert_adds_what_is_new_and_changes_what_is_there(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.tenant.insert(THING, {"Name": "n1", "Code__gc": "old", "Text__gc": "kept"})
    runner.loaded(schema(), *records(3, Code__gc="c{}"), **REST)
    rows = runner.rows()
    assert {name: row["Code__gc"] for name, row in rows.items()} == {
        "n0": "c0",
        "n1": "c1",
        "n2": "c2",
    }
    assert rows["n1"]["Text__gc"] == "kept"


def test_upsert_asks_once_for_many_keys(runner: Runner, sandbox: Sandbox) -> None:
    runner.loaded(schema(), *records(150), **REST)
    queries = [request for request in sandbox.log if request.kind is CallKind.QUERY]
    assert len(queries) == 1
    assert write_calls(sandbox) == 3


def test_relationship_is_upserted_by_its_own_call(runner: Runner, sandbox: Sandbox) -> None:
    [company] = sandbox.tenant.insert("company", {"Name": "Apple"})
    kind = next(iter(sandbox.tenant.rows("relationship_type")))["Gsid"]
    names = ("Name", "CompanyId", "TypeId")
    values = {"CompanyId": company, "TypeId": kind}
    runner.loaded(schema("relationship", *names), *records(60, "relationship", **values), **REST)
    runner.loaded(schema("relationship", *names), *records(60, "relationship", **values), **REST)
    assert sandbox.tenant.count("relationship") == 60
    kinds = [request.kind for request in sandbox.log if request.kind is not CallKind.METADATA]
    assert kinds == [CallKind.UPSERT] * 4


def test_insert_adds_every_record(runner: Runner, sandbox: Sandbox) -> None:
    runner.loaded(schema(), *records(60), *records(60), operation="insert", **REST)
    assert sandbox.tenant.count(THING) == 120


def test_update_rejects_what_is_not_there(runner: Runner, sandbox: Sandbox) -> None:
    for index in range(0, 120, 2):
        sandbox.tenant.insert(THING, {"Name": f"n{index}"})
    output = runner.load(
        schema(), *records(120, Code__gc="c{}"), operation="update", max_rejects=-1, **REST
    )
    assert output.error is None
    assert sum(row["Code__gc"] is not None for row in runner.rows().values()) == 60
    letters = runner.letters()
    assert len(letters) == 60
    assert letters[0]["errors"][0]["code"] == "GSOBJ_1011"
    # Per call of 50: refused, asked for, sent again without what is missing.
    assert write_calls(sandbox) == 6


@pytest.mark.parametrize("partial", [Partial.WRITTEN, Partial.SKIPPED])
@pytest.mark.parametrize("operation", ["insert", "update", "upsert"])
def test_what_a_reply_does_not_confirm_is_looked_up_and_sent_once_more(
    tmp_path: Path, partial: Partial, operation: str
) -> None:
    quirks = Quirks(partial=partial, upsert_everywhere=True)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        runner = Runner(sandbox, tmp_path)
        if operation == "update":
            for index in range(100):
                sandbox.tenant.insert(THING, {"Name": f"n{index}"})
        output = runner.load(
            schema(),
            *records(100, Code__gc="c{}", Number__gc=1.5, At__gc="2024-05-06T07:08:09Z"),
            operation=operation,
            **REST,
        )
        assert output.error is None
        assert {row["Code__gc"] for row in runner.rows().values()} == {
            f"c{index}" for index in range(100)
        }
        assert sandbox.tenant.count(THING) == 100


def test_an_insert_without_answer_is_settled_by_its_keys(runner: Runner, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Effect.DROP_AFTER, on=CallKind.INSERT))
    sandbox.faults.add(Fault(Effect.DROP_BEFORE, on=CallKind.INSERT, skip=1))
    sandbox.faults.add(Fault(Effect.STATUS, on=CallKind.INSERT, skip=1))
    runner.loaded(schema(), *records(200, Code__gc="c{}"), operation="insert", **REST)
    assert sandbox.tenant.count(THING) == 200
    assert len(runner.rows()) == 200


def test_an_insert_without_answer_and_without_keys_is_not_repeated(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(Effect.DROP_AFTER, on=CallKind.INSERT))
    output = runner.load(schema(keys=()), *records(60), operation="insert", **REST)
    assert isinstance(output.error, RejectsError)
    assert sandbox.tenant.count(THING) == 60
    letters = runner.letters()
    assert len(letters) == 50
    assert letters[0]["errors"][0]["code"] == "UNSETTLED"


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("lost", [Effect.DROP_BEFORE, Effect.DROP_AFTER])
def test_what_was_added_before_proves_nothing_for_another_record_of_its_key(
    runner: Runner, sandbox: Sandbox, lost: Effect, skip: int
) -> None:
    sandbox.faults.add(Fault(lost, on=CallKind.INSERT, skip=skip))
    twins = [record(Name="twin", Number__gc=1)] * 3
    output = runner.load(
        schema(), *twins, operation="insert", load_mode="rest", rest_batch_size=1, max_rejects=-1
    )
    assert output.error is None
    letters = runner.letters()
    assert {letter["errors"][0]["code"] for letter in letters} <= {"UNSETTLED"}
    assert sandbox.tenant.count(THING) in {3, 3 - len(letters)}
    assert len(letters) == skip


def test_what_was_found_after_a_lost_answer_proves_nothing_for_another_record_of_its_key(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(Effect.DROP_AFTER, on=CallKind.INSERT))
    sandbox.faults.add(Fault(Effect.DROP_BEFORE, on=CallKind.INSERT))
    twins = [record(Name="twin", Number__gc=1)] * 2
    output = runner.load(
        schema(), *twins, operation="insert", load_mode="rest", rest_batch_size=1, max_rejects=-1
    )
    assert output.error is None
    assert sandbox.tenant.count(THING) == 1
    assert [letter["errors"][0]["code"] for letter in runner.letters()] == ["UNSETTLED"]


def test_a_record_that_differs_from_the_one_there_is_not_taken_for_inserted(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.tenant.insert(THING, {"Name": "n0", "Code__gc": "old"})
    sandbox.faults.add(Fault(Effect.DROP_BEFORE, on=CallKind.INSERT))
    output = runner.load(
        schema(), *records(2, Code__gc="new"), operation="insert", max_rejects=1, **REST
    )
    assert output.error is None
    assert [letter["errors"][0]["code"] for letter in runner.letters()] == ["UNSETTLED"]
    assert runner.rows()["n1"]["Code__gc"] == "new"


@pytest.mark.parametrize("operation", ["insert", "upsert"])
def test_a_rounded_number_is_known_again_when_the_answer_was_lost(
    runner: Runner, sandbox: Sandbox, operation: str
) -> None:
    sandbox.faults.add(Fault(Effect.DROP_AFTER, on=CallKind.INSERT))
    runner.loaded(
        schema(), record(Name="a", Number__gc=0.30000000000000004), operation=operation, **REST
    )
    assert len(runner.rows()) == sandbox.tenant.count(THING) == 1


def test_an_upsert_without_answer_may_be_written_again(runner: Runner, sandbox: Sandbox) -> None:
    # Somebody else changes the record between the lost answer and the look for it.
    def change(request: Request, number: int, own: Callable[..., Reply]) -> Reply | None:
        if request.method != "POST" or request.path != f"/v1/data/objects/{THING}" or number > 1:
            return None
        own()
        (row,) = sandbox.tenant.rows(THING)
        sandbox.tenant.update(THING, str(row["Gsid"]), {"Text__gc": "changed"})
        return Reply(b"", drop=True)

    with Hostile(sandbox, change) as hostile:
        runner.loaded(schema(), record(Name="a", Text__gc="sent"), domain=hostile.url, **REST)
    (row,) = runner.rows().values()
    assert row["Text__gc"] == "sent"


def test_calls_that_cannot_succeed_fail_the_run_without_dead_letters(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.faults.add(
        Fault(
            Effect.STATUS,
            on=CallKind.INSERT,
            status=404,
            count=None,
        )
    )
    output = runner.load(schema(), *records(3), state(1), **REST)
    assert "HTTP 404" in str(output.error)
    assert not runner.letters()
    assert not output.states


def test_upsert_by_gsid_changes_what_is_there_and_rejects_the_rest(
    runner: Runner, sandbox: Sandbox
) -> None:
    [gsid] = sandbox.tenant.insert(THING, {"Name": "old"})
    output = runner.load(
        schema(keys=["Gsid"]),
        record(Gsid=gsid, Name="new"),
        record(Gsid="1P99" + "0" * 32, Name="other"),
        max_rejects=1,
        **REST,
    )
    assert output.error is None
    assert list(runner.rows()) == ["new"]
    assert runner.letters()[0]["errors"][0]["code"] == "GSOBJ_1011"


def test_keys_that_several_records_have_are_rejected(tmp_path: Path) -> None:
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()]) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "n1"}, {"Name": "n1"})
        runner = Runner(sandbox, tmp_path)
        output = runner.load(schema(), *records(50, Code__gc="x"), max_rejects=1, **REST)
        assert output.error is None
        assert [letter["record"]["Name"] for letter in runner.letters()] == ["n1"]
        assert sum(row["Code__gc"] == "x" for row in sandbox.tenant.rows(THING)) == 49


def test_all_records_of_a_key_are_changed_where_the_tenant_does_so(tmp_path: Path) -> None:
    quirks = Quirks(many_matches=ManyMatches.ALL)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "n1"}, {"Name": "n1"})
        Runner(sandbox, tmp_path).loaded(schema(), *records(50, Code__gc="x"), **REST)
        assert {row["Code__gc"] for row in sandbox.tenant.rows(THING)} == {"x"}


@pytest.mark.parametrize("null_handling", ["send", "omit"])
def test_nulls_clear_fields_or_leave_them(
    runner: Runner, sandbox: Sandbox, null_handling: str
) -> None:
    sandbox.tenant.insert(THING, {"Name": "n0", "Code__gc": "a", "Text__gc": "b", "Day__gc": None})
    runner.loaded(
        schema(), record(Name="n0", Code__gc=None, Text__gc=""), null_handling=null_handling, **REST
    )
    row = runner.rows()["n0"]
    expected = (None, None) if null_handling == "send" else ("a", "b")
    assert (row["Code__gc"], row["Text__gc"]) == expected


def test_no_call_is_over_the_limit(tmp_path: Path) -> None:
    clock = ManualClock()
    with Sandbox(empty=True, clock=clock, objects=[thing()]) as sandbox:
        begun = clock.now()
        Runner(sandbox, tmp_path).loaded(
            schema(), *records(6_000), operation="insert", rest_batch_size=20, **REST
        )
        assert sandbox.usage().violations == 0
        assert sandbox.tenant.count(THING) == 6_000
        assert clock.now() - begun >= 120


def test_rejects_in_a_mixed_feed_are_named_one_by_one(runner: Runner, sandbox: Sandbox) -> None:
    bad: list[Any] = [
        record(Name="a", Number__gc="many"),
        record(Name="b", Day__gc="tomorrow"),
        record(Name="c", Active__gc="perhaps"),
        record(Name="d", Colour__gc="Green"),
        record(Name="e" * 41),
        record(Code__gc="no name"),
        '{"type":"RECORD","stream":"thing__gc","record":{"Name":"g","Number__gc":NaN}}',
    ]
    feed = [*records(500), *bad, *records(993)[500:]]
    output = runner.load(schema(), *feed, state({"at": 1}), **REST)
    assert isinstance(output.error, RejectsError)
    assert not output.states
    assert sandbox.tenant.count(THING) == 993
    codes = [letter["errors"][0]["code"] for letter in runner.letters()]
    assert sorted(codes) == [
        "GSOBJ_1001",
        "INVALID_BOOLEAN",
        "INVALID_DATE",
        "INVALID_NUMBER",
        "INVALID_PICKLIST",
        "INVALID_VALUE",
        "MISSING_KEY",
    ]
    repaired = [
        {
            "type": "RECORD",
            "stream": letter["stream"],
            "record": {"Name": f"repaired {index}"},
        }
        for index, letter in enumerate(runner.letters())
    ]
    output = runner.loaded(schema(), *repaired, state({"at": 1}), **REST)
    assert output.states == [{"at": 1}]
    assert sandbox.tenant.count(THING) == 1_000
    assert sandbox.journal.written(THING)[Outcome.INSERTED] == 1_000


def test_as_many_rejects_as_allowed_do_not_fail_the_run(runner: Runner) -> None:
    feed = [*records(3), record(Name="bad", Number__gc="x"), state(1)]
    assert runner.load(schema(), *feed, max_rejects=1, **REST).states == [1]
    assert runner.load(schema(), *feed, max_rejects=0, **REST).states == []
