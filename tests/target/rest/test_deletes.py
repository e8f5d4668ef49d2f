"""Deletions, and their order among writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import CallKind, Effect, Fault, ManualClock, ManyMatches, Quirks, Sandbox
from tests.api.conftest import Reply, enveloped
from tests.hostile import Hostile
from tests.target.support import THING, Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.api.conftest import Request

REST: dict[str, Any] = {"load_mode": "rest"}


def test_deletes_find_records_by_gsid_or_by_key(runner: Runner, sandbox: Sandbox) -> None:
    gsids = sandbox.tenant.insert(THING, *({"Name": f"n{index}"} for index in range(5)))
    gone = "2024-01-01T00:00:00Z"
    runner.loaded(
        schema(),
        record(Gsid=gsids[0], Name="n0", _sdc_deleted_at=gone),
        record(Name="n1", _sdc_deleted_at=gone),
        record(Name="not there", _sdc_deleted_at=gone),
        record(Gsid="1P99" + "0" * 32, Name="nor this", _sdc_deleted_at=gone),
        record(Name="n3", Code__gc="kept", _sdc_deleted_at=None),
        deletes="delete",
        **REST,
    )
    sandbox.clock.sleep(2)
    assert sorted(runner.rows()) == ["n2", "n3", "n4"]


@pytest.mark.parametrize("operation", ["upsert", "insert"])
def test_writes_and_deletes_of_one_key_keep_their_order(
    runner: Runner, sandbox: Sandbox, operation: str
) -> None:
    gone = {"_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    sandbox.tenant.insert(THING, {"Name": "anew", "Code__gc": "old", "Text__gc": "old"})
    runner.loaded(
        schema(),
        record(Name="away", Code__gc="1"),
        record(Name="anew", **gone),
        record(Name="away", **gone),
        record(Name="anew", Code__gc="new"),
        deletes="delete",
        operation=operation,
        **REST,
    )
    sandbox.clock.sleep(2)
    rows = runner.rows()
    assert list(rows) == ["anew"]
    assert rows["anew"]["Code__gc"] == "new"
    assert rows["anew"]["Text__gc"] is None


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_a_deletion_that_is_not_done_takes_nothing_back(tmp_path: Path, mode: str) -> None:
    quirks = Quirks(many_matches=ManyMatches.FIRST)
    gone = {"_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "twice"}, {"Name": "twice"})
        runner = Runner(sandbox, tmp_path)
        output = runner.load(
            schema(),
            record(Name="twice", Code__gc="1"),
            record(Name="twice", Number__gc="no number"),
            record(Name="twice", **gone),
            record(Name="twice", Text__gc="2"),
            deletes="delete",
            load_mode=mode,
            max_rejects=-1,
        )
        assert output.error is None
        assert [each["errors"][0]["code"] for each in runner.letters()] == [
            "INVALID_NUMBER",
            "SEVERAL_MATCHES",
        ]
        first, second = sandbox.tenant.rows(THING)
        assert (first["Code__gc"], first["Text__gc"]) == ("1", "2")
        assert (second["Code__gc"], second["Text__gc"]) == (None, None)


def test_a_deletion_that_finds_nothing_by_gsid_goes_by_key_even_if_it_is_said_to_be_done(
    tmp_path: Path,
) -> None:
    quirks = Quirks(delete_of_missing_succeeds=True)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "here"})
        runner = Runner(sandbox, tmp_path)
        foreign = "1T0" + "9" * 33
        gone = record(Gsid=foreign, Name="here", _sdc_deleted_at="2024-01-01T00:00:00Z")
        runner.loaded(schema(), gone, deletes="delete", **REST)
        assert runner.rows() == {}


def test_ignored_deletes_are_not_loaded(
    runner: Runner, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.tenant.insert(THING, {"Name": "n0"})
    output = runner.loaded(
        schema(), record(Name="n0", Code__gc="x", _sdc_deleted_at="2024-01-01"), state(1), **REST
    )
    assert runner.rows()["n0"]["Code__gc"] is None
    assert output.states == [1]
    assert caplog.text.count("marked as deleted") == 1


GONE: dict[str, Any] = {"_sdc_deleted_at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def late(tmp_path: Path) -> Iterator[Runner]:
    """A tenant that deletes twenty seconds after its reply."""
    quirks = Quirks(delete_seconds=20, upsert_everywhere=True)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        yield Runner(sandbox, tmp_path / "rejects")


@pytest.mark.parametrize("gsid", [True, False])
@pytest.mark.parametrize(
    ("between", "settings"),
    [
        (400, REST),
        (400, {"load_mode": "bulk"}),
        (400, {"load_mode": "auto", "bulk_threshold_rows": 100}),
        (3, REST | {"batch_size_rows": 1}),
        (400, {"load_mode": "bulk", "batch_size_rows": 401}),
    ],
)
def test_a_record_that_is_deleted_and_made_again_is_there(
    late: Runner, between: int, settings: dict[str, Any], *, gsid: bool
) -> None:
    (old,) = late.sandbox.tenant.insert(THING, {"Name": "Quarry", "Code__gc": "old"})
    tombstone = record(Gsid=old, Name=None, **GONE) if gsid else record(Name="Quarry", **GONE)
    output = late.loaded(
        schema(),
        tombstone,
        *records(between),
        record(Name="Quarry", Code__gc="new"),
        state(1),
        deletes="delete",
        **settings,
    )
    assert output.states[-1] == 1
    quarry = late.rows()["Quarry"]
    assert quarry["Code__gc"] == "new"
    assert quarry["Gsid"] != old


def test_a_tombstone_that_comes_last_wins_while_another_is_under_way(late: Runner) -> None:
    late.sandbox.tenant.insert(THING, {"Name": "Quarry"})
    late.loaded(
        schema(),
        record(Name="Quarry", **GONE),
        record(Name="Quarry", Code__gc="new"),
        record(Name="Quarry", **GONE),
        deletes="delete",
        batch_size_rows=1,
        **REST,
    )
    assert not late.rows()


def test_what_has_other_keys_does_not_wait_for_a_deletion(late: Runner) -> None:
    late.sandbox.tenant.insert(THING, {"Name": "Quarry"})
    began = late.sandbox.clock.now()
    late.loaded(schema(), record(Name="Quarry", **GONE), *records(3), deletes="delete", **REST)
    assert late.sandbox.clock.now() == began


def test_a_deletion_that_is_never_done_fails_the_run_before_its_record_is_written(
    tmp_path: Path,
) -> None:
    quirks = Quirks(delete_seconds=10_000)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "Quarry", "Code__gc": "old"})
        runner = Runner(sandbox, tmp_path)
        output = runner.load(
            schema(),
            record(Name="Quarry", **GONE),
            state(1),
            record(Name="Quarry", Code__gc="new"),
            state(2),
            deletes="delete",
            batch_size_rows=1,
            **REST,
        )
        assert "still there after 600 s" in str(output.error)
        assert output.states == [1]
        assert [row["Code__gc"] for row in sandbox.tenant.rows(THING)] == ["old"]


@pytest.mark.parametrize("more", [{}, {"Name": None}, {"Name": "Renamed"}])
@pytest.mark.parametrize("foreign", [True, False])
def test_a_tombstone_takes_back_what_came_before_it_under_its_gsid(
    runner: Runner, sandbox: Sandbox, more: dict[str, Any], *, foreign: bool
) -> None:
    (gsid,) = sandbox.tenant.insert(THING, {"Name": "Quarry"})
    named = "1P99" + "X" * 32 if foreign else gsid
    runner.loaded(
        schema(),
        record(Gsid=named, Name="Quarry", Code__gc="2"),
        record(Name="other"),
        record(Gsid=named, **more, **GONE),
        deletes="delete",
        **REST,
    )
    kept = {"other", "Quarry"} if foreign and more.get("Name") else {"other"}
    assert set(runner.rows()) == kept


def test_what_comes_after_a_tombstone_of_its_gsid_is_written(
    runner: Runner, sandbox: Sandbox
) -> None:
    (gsid,) = sandbox.tenant.insert(THING, {"Name": "Quarry", "Text__gc": "old"})
    runner.loaded(
        schema(),
        record(Gsid=gsid, Name="Quarry", Code__gc="1"),
        record(Gsid=gsid, **GONE),
        record(Gsid=gsid, Name="Quarry", Code__gc="2"),
        deletes="delete",
        **REST,
    )
    (row,) = runner.rows().values()
    assert (row["Code__gc"], row["Text__gc"]) == ("2", None)


@pytest.mark.parametrize("page", [1, 5000])
@pytest.mark.parametrize("folds", [False, True])
def test_a_deletion_by_key_finds_the_record_of_just_that_key(
    tmp_path: Path, page: int, *, folds: bool
) -> None:
    quirks = Quirks(eq_ignores_case=True, keys_ignore_case=folds, query_page_records=page)
    gone = {"_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        names = ["acme", "Acme", "twice", "twice"]
        sandbox.tenant.insert(THING, *({"Name": name} for name in names))
        runner = Runner(sandbox, tmp_path)
        feed = [record(Name="Acme", **gone), record(Name="twice", **gone)]
        runner.load(schema(), *feed, deletes="delete", max_rejects=1, **REST)
        sandbox.clock.sleep(2)
        assert [row["Name"] for row in sandbox.tenant.rows(THING)] == ["acme", "twice", "twice"]
        assert [each["errors"][0]["code"] for each in runner.letters()] == ["SEVERAL_MATCHES"]


@pytest.mark.parametrize(
    "data", ["Delete process initiated for 0 records.", False, {"count": 0}, None, 1, "Done."]
)
@pytest.mark.parametrize("is_done", [True, False])
def test_a_deletion_that_is_not_said_to_be_initiated_is_looked_for(
    runner: Runner, sandbox: Sandbox, data: object, *, is_done: bool
) -> None:
    sandbox.tenant.insert(THING, {"Name": "A"})

    def says(request: Request, _: int, own: Callable[..., Reply]) -> Reply | None:
        if request.method != "DELETE":
            return None
        if is_done:
            own()
        return enveloped({"result": True, "data": data})

    gone = {"_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    with Hostile(sandbox, says) as hostile:
        output = runner.load(
            schema(),
            record(Name="A", **gone),
            state(1),
            domain=hostile.url,
            deletes="delete",
            max_rejects=-1,
            **REST,
        )
    assert output.error is None
    assert set(runner.rows()) == (set() if is_done else {"A"})
    codes = [letter["errors"][0]["code"] for letter in runner.letters()]
    assert codes == ([] if is_done else ["NOT_DELETED"])


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "GSOBJ_1099", "rights"),
        (404, "GSOBJ_1099", "knows nothing"),
        (400, "GSOBJ_1099", "alike"),
    ],
)
def test_deletions_that_are_all_refused_alike_fail_the_run_and_reject_nothing(
    runner: Runner, sandbox: Sandbox, status: int, code: str, said: str
) -> None:
    sandbox.tenant.insert(THING, *({"Name": f"n{index}"} for index in range(6)))
    sandbox.faults.add(
        Fault(Effect.STATUS, on=CallKind.DELETE, status=status, code=code, count=None)
    )
    gone = records(6, _sdc_deleted_at="2024-01-01T00:00:00Z")
    output = runner.load(schema(), *gone, state(1), deletes="delete", max_rejects=-1, **REST)
    assert said in str(output.error)
    assert runner.letters() == []
    assert output.states == []


def test_a_deletion_that_is_refused_among_others_is_rejected(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.tenant.insert(THING, *({"Name": f"n{index}"} for index in range(6)))
    sandbox.faults.add(
        Fault(Effect.STATUS, on=CallKind.DELETE, status=400, code="GSOBJ_1099", skip=2)
    )
    gone = records(6, _sdc_deleted_at="2024-01-01T00:00:00Z")
    runner.loaded(schema(), *gone, state(1), deletes="delete", max_rejects=1, **REST)
    assert [letter["record"]["Name"] for letter in runner.letters()] == ["n2"]
    assert list(runner.rows()) == ["n2"]
