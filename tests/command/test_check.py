from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api import Budget, ConnectionSettings, connect
from gainsight_sandbox import Credentials, Effect, Fault, Limits, ManualClock, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.command.support import KEY, Done, command, config_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BULK = {CallKind.EXPORT_SUBMIT, CallKind.IMPORT_SUBMIT}


@pytest.fixture(autouse=True)
def _whole(sandbox: Sandbox) -> Iterator[None]:
    sandbox.log.clear()
    yield
    sandbox.faults.clear()


def check(sandbox: Sandbox, folder: Path, connector: str = "--tap", **settings: Any) -> Done:
    file = config_file(folder, sandbox, **{"max_retries": 0, **settings})
    return command("check", connector, "--config", file, "--json")


def wrong(done: Done) -> dict[str, list[str]]:
    """What is wrong, by what was looked at."""
    found: dict[str, list[str]] = {}
    for each in done.json["checks"]:
        if not each["ok"]:
            found.setdefault(each["check"], []).append(each["found"])
    assert done.json["ok"] is (not found)
    assert done.status == (1 if found else 0)
    return found


@pytest.mark.parametrize("connector", ["--tap", "--target"])
def test_what_is_well_is_said_for_a_few_ordinary_calls(
    sandbox: Sandbox, tmp_path: Path, connector: str
) -> None:
    streams = [{"name": "companies", "object": "company"}]
    done = check(sandbox, tmp_path, connector, streams=streams)
    assert wrong(done) == {}
    checks = {each["check"] for each in done.json["checks"]}
    assert checks >= {"host", "credential", "clock", "quota store", "object list"}
    assert len(sandbox.log) <= 6
    assert not BULK & {entry.kind for entry in sandbox.log}


def test_the_table_says_what_to_do(sandbox: Sandbox, tmp_path: Path) -> None:
    file = config_file(tmp_path, sandbox, objects=["compnay"])
    done = command("check", "--tap", "--config", file)
    assert done.status == 1
    row = next(line for line in done.out.splitlines() if "objects: compnay" in line)
    assert "WRONG" in row
    assert "write company" in row
    assert done.err == ""


def test_rights_are_told_object_by_object(sandbox: Sandbox, tmp_path: Path) -> None:
    rights = {each["object"]: each for each in check(sandbox, tmp_path).json["objects"]}
    assert rights["company"]["readable"]
    assert not rights["billing_secret__gc"]["readable"]
    assert not rights["gsuser"]["createable"]


def test_a_wrong_key_is_the_credential_and_not_the_host(sandbox: Sandbox, tmp_path: Path) -> None:
    found = wrong(check(sandbox, tmp_path, access_key="another"))
    assert found.keys() == {"credential"}


def test_a_host_that_does_not_answer_is_the_host(sandbox: Sandbox, tmp_path: Path) -> None:
    found = wrong(check(sandbox, tmp_path, domain="http://127.0.0.1:9"))
    assert found.keys() == {"host"}


def test_a_tenant_that_fails_says_nothing_of_the_credential(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(Effect.STATUS, status=503, count=None))
    assert wrong(check(sandbox, tmp_path)).keys() == {"object list"}


def test_clocks_that_differ_are_told(tmp_path: Path) -> None:
    clock = ManualClock(time.time() - 600)
    with Sandbox(demo=False, credentials=Credentials(access_key=KEY), clock=clock) as tenant:
        assert "s ahead of the tenant's" in wrong(check(tenant, tmp_path))["clock"][0]


def test_a_quota_store_that_cannot_be_used_hides_nothing_else(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "quota.sqlite").write_text("no database")
    found = wrong(check(sandbox, tmp_path, objects=["compnay"]))
    assert found.keys() == {"quota store", "objects: compnay"}


def test_a_used_up_limit_is_told_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    store = str(tmp_path / "quota.sqlite")
    settings = ConnectionSettings.from_config(
        {"domain": sandbox.url, "access_key": KEY, "quota_store": store}
    )
    connect(settings).quota.exhausted(Budget.SYNC)
    assert wrong(check(sandbox, tmp_path)).keys() == {"calls"}
    assert not sandbox.log


def test_every_mistake_of_the_taps_settings_is_told_at_once(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    found = wrong(
        check(
            sandbox,
            tmp_path,
            objects=["company", "compnay", "nothing*", "billing_secret__gc"],
            filter_timezone="Nowhere/City",
            streams=[
                {"object": "company", "name": "mine", "fields": ["Nmae", "Csm__gr.Nmae", "Name"]},
                {"object": "compnay", "name": "yours"},
                {"object": "company", "name": "ours", "replication_key": "Name"},
            ],
        )
    )
    assert {check: len(texts) for check, texts in found.items()} == {
        "settings": 1,
        "objects: compnay": 1,
        "objects: nothing*": 1,
        "objects: billing_secret__gc": 1,
        "streams: mine": 2,
        "streams: yours": 1,
        "streams: ours": 1,
    }


def test_every_mistake_of_the_targets_entries_is_told_at_once(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    lookup = {"objectName": "gsuser", "fields": {"mail": "Foo"}, "lookupField": "Bar"}
    found = wrong(
        check(
            sandbox,
            tmp_path,
            "--target",
            streams=[
                {"name": "a", "object": "compnay"},
                {"name": "b", "object": "company", "keys": ["Nmae", "Foo"]},
                {"name": "c", "object": "company", "lookups": {"Csm": lookup}},
                {"name": "d", "object": "company", "fields": {"who": "CreatedBy"}},
                {"name": "companies", "object": "company"},
                {"name": "e*", "object": "company"},
                {"name": "early", "object": "company"},
            ],
        )
    )
    assert {check: len(texts) for check, texts in found.items()} == {
        "streams: a": 1,
        "streams: b": 2,
        "streams: c": 2,
        "streams: d": 1,
        "streams: early": 1,
    }


def test_mistakes_with_objects_that_have_an_api_of_their_own_hide_no_others(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    streams = [
        {"name": "a", "object": "gsuser"},
        {"name": "b", "object": "person", "operation": "insert", "deletes": "delete"},
        {"name": "c", "object": "call_to_action", "keys": ["Foo"], "deletes": "delete"},
        {"name": "d", "object": "compnay"},
    ]
    found = wrong(check(sandbox, tmp_path, "--target", streams=streams))
    assert {check: len(texts) for check, texts in found.items()} == {
        "streams: a": 1,
        "streams: b": 2,
        "streams: c": 2,
        "streams: d": 1,
    }
    assert "users (gsuser) are not loaded" in found["streams: a"][0]


def test_an_object_that_records_cannot_be_added_to_is_told(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    streams = [
        {"name": "a", "object": "nps_survey_response"},
        {"name": "b", "object": "company_person", "operation": "insert"},
        {"name": "c", "object": "call_to_action"},
        {"name": "d", "object": "company"},
    ]
    done = check(sandbox, tmp_path, "--target", streams=streams)
    found = wrong(done)
    assert found.keys() == {"streams: a", "streams: b"}
    assert "records can be added to nps_survey_response" in found["streams: a"][0]
    todo = next(each["todo"] for each in done.json["checks"] if each["check"] == "streams: a")
    assert "name another `object`" in todo


def test_a_folder_for_rejects_that_cannot_be_one_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "rejects").write_text("mine")
    entry = {"name": "a", "object": "compnay"}
    rejects = str(tmp_path / "rejects")
    found = wrong(check(sandbox, tmp_path, "--target", rejects_path=rejects, streams=[entry]))
    assert found.keys() == {"rejects_path", "streams: a"}


def test_settings_of_the_wrong_type_are_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    file = config_file(tmp_path, sandbox, access_key=7)
    assert "`access_key` is not text" in command("check", "--tap", "--config", file).error


def test_variables_and_files_are_read_as_the_connectors_read_them(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"objects": ["nothing*"]}))
    variables = {
        "TAP_GAINSIGHT_DOMAIN": sandbox.url,
        "TAP_GAINSIGHT_ACCESS_KEY": KEY,
        "TAP_GAINSIGHT_QUOTA_STORE": "memory",
    }
    done = command("check", "--json", **variables)
    assert done.status == 0
    assert done.json["connector"] == "tap-gainsight"
    files = ["--config", "ENV", "--config", str(other)]
    assert wrong(command("check", "--tap", *files, "--json", **variables)).keys() == {
        "objects: nothing*"
    }


def test_calls_past_the_tenants_own_limit_are_told(tmp_path: Path) -> None:
    with Sandbox(
        demo=False,
        credentials=Credentials(access_key=KEY),
        limits=Limits(sync_per_minute=0),
    ) as tenant:
        assert wrong(check(tenant, tmp_path)).keys() == {"calls"}


def test_all_mistakes_of_one_entry_are_told_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    entry = {
        "name": "a",
        "object": "company",
        "keys": ["Foo", "Bar"],
        "fields": {"x": "Baz", "y": "Name", "z": "Name"},
    }
    told = "; ".join(wrong(check(sandbox, tmp_path, "--target", streams=[entry]))["streams: a"])
    for name in ("'Foo'", "'Bar'", "'Baz'", "several properties to Name"):
        assert name in told
