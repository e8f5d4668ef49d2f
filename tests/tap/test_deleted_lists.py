"""The setting `deleted_lists`: what objects' own lists of deleted records show."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError, GainsightError
from gainsight_sandbox import DateForm, Effect, Fault, Quirks, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.tenant.tenant import delete_log
from tests.tap.support import UNLIMITED, calls, make_tap, run, select_only, tenant_of, things

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tap.support import Output

NAME = "deleted_records"
CTA = "call_to_action"
PLAN = "cta_group"


@contextmanager
def tenant(**quirks: Any) -> Iterator[tuple[Sandbox, dict[str, list[str]]]]:
    with tenant_of(things(3), quirks=Quirks(**quirks)) as sandbox:
        gsids = {}
        for name in (CTA, PLAN):
            schema = sandbox.tenant.schema("thing__gc")
            sandbox.tenant.add_object(type(schema)(name, schema.fields, key_prefix="1S01"))
            gsids[name] = sandbox.tenant.insert(name, *({"Name": str(n)} for n in range(3)))
        yield sandbox, gsids


def deletions(sandbox: Sandbox, *lists: str, **options: Any) -> Output:
    options = {**UNLIMITED, "deleted_lists": list(lists), **options}
    return run(select_only(make_tap(sandbox, **options), NAME))


def listed(output: Output, name: str) -> list[str]:
    records = [each for each in output.records[NAME] if each["ObjectName"] == name]
    assert all(each.keys() == {"ObjectName", "RecordId", "DeletedOn"} for each in records)
    return [each["RecordId"] for each in records]


def test_by_default_no_list_is_read() -> None:
    with tenant() as (sandbox, gsids):
        sandbox.tenant.delete(CTA, gsids[CTA][0])
        run(select_only(make_tap(sandbox, **UNLIMITED), NAME))
        assert calls(sandbox, CallKind.DELETED_LIST) == 0


@pytest.mark.parametrize("form", list(DateForm))
@pytest.mark.parametrize("modifies", [True, False])
def test_deleted_calls_to_action_and_success_plans_come_from_their_lists(
    form: DateForm,
    modifies: bool,  # noqa: FBT001
) -> None:
    with tenant(query_dates=form, deletion_modifies=modifies, high_volume_delete_log=False) as (
        sandbox,
        gsids,
    ):
        sandbox.tenant.delete(CTA, gsids[CTA][:2])
        sandbox.tenant.delete(PLAN, gsids[PLAN][2])
        sandbox.tenant.delete_object("record_delete_log")
        sandbox.tenant.add_object(delete_log("record_delete_log"))
        output = deletions(sandbox, CTA, PLAN, CTA)
        assert listed(output, CTA) == gsids[CTA][:2]
        assert listed(output, PLAN) == gsids[PLAN][2:]
        assert all(each["DeletedOn"].endswith("Z") for each in output.records[NAME])
        # The next run reads them again, whole: nothing says when each was deleted.
        assert listed(deletions(sandbox, CTA, state=output.state), CTA) == gsids[CTA][:2]


@pytest.mark.parametrize(("status", "code"), [(404, None), (400, "GSOBJ_1023")])
def test_a_list_that_the_tenant_does_not_have_fails_the_stream_once_all_else_is_read(
    status: int, code: str | None
) -> None:
    with tenant() as (sandbox, gsids):
        sandbox.tenant.delete(PLAN, gsids[PLAN][0])
        refusal = {"result": False, "errorCode": code, "data": None}
        sandbox.faults.add(
            Fault(
                Effect.STATUS,
                on=CallKind.DELETED_LIST,
                count=1,
                status=status,
                body=json.dumps(refusal),
            )
        )
        tap = make_tap(sandbox, **UNLIMITED, deleted_lists=[CTA, PLAN], objects=["thing__gc"])
        with pytest.raises(GainsightError, match=f"{NAME}.* no list of deleted {CTA}:") as caught:
            run(tap)
        output = caught.value.output  # type: ignore[attr-defined]
        assert output.bookmark(NAME)["replication_key_value"]
        assert gsids[PLAN][0] in listed(output, PLAN)
        assert len(output.records["thing__gc"]) == 3


@pytest.mark.parametrize("times", [None, 1])
def test_a_list_that_is_not_answered_fails_the_stream(times: int | None) -> None:
    with tenant(deleted_lists=False) as (sandbox, _):
        with pytest.raises(GainsightError, match=f"stream {NAME}: ") as caught:
            deletions(sandbox, CTA, max_retries=times or 0)
        assert f"take {CTA} out of `deleted_lists`" in str(caught.value)
        for state in caught.value.output.states:  # type: ignore[attr-defined]
            assert "replication_key_value" not in state["bookmarks"].get(NAME, {})


@pytest.mark.parametrize("name", ["activity_timeline", "company"])
def test_what_has_no_list_that_is_documented_is_refused_by_name(name: str) -> None:
    with tenant() as (sandbox, _):
        with pytest.raises(ConfigError, match=f"`deleted_lists`: .* deleted '{name}'"):
            deletions(sandbox, CTA, name)
        assert not sandbox.log
