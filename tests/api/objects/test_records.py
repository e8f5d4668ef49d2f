"""The write calls: what is sent, and what replies and refusals are read to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.calls.replies import Reply, answer
from gainsight_api.connect import connect
from gainsight_api.errors import DataError, GainsightError, RequestError
from gainsight_api.objects.records import (
    FieldError,
    Records,
    WriteReply,
    is_about_data,
    refusal,
)
from gainsight_api.settings import ConnectionSettings
from gainsight_sandbox import Field, ManualClock, Sandbox, custom_object
from gainsight_sandbox.behaviour.call_kinds import CallKind

if TYPE_CHECKING:
    from collections.abc import Iterator

PICKLIST_ERROR = {
    "errorMessage": "Invalid/Inactive value provided for picklist.",
    "errorCode": "GSOBJ_1012",
    "fieldName": "Stage",
    "invalidValue": ["123444"],
}
ENTRY = {
    "success": False,
    "oldValue": "123444",
    "parsedValue": "123444",
    "errors": [PICKLIST_ERROR],
}
READ = FieldError(
    "GSOBJ_1012", "Invalid/Inactive value provided for picklist.", "Stage", ("123444",)
)


def error_of(status: int, envelope: dict[str, Any]) -> GainsightError:
    with pytest.raises(GainsightError) as caught:
        answer(Reply(status, json.dumps(envelope).encode()), now=0.0)
    return caught.value


def refused(**envelope: Any) -> RequestError:
    body = {"result": False, "requestId": "r1", **envelope}
    error = error_of(400, body)
    assert isinstance(error, RequestError)
    return error


@pytest.mark.parametrize("errors", [[[ENTRY]], [ENTRY], [[PICKLIST_ERROR]], [PICKLIST_ERROR]])
def test_errors_of_records_are_read_at_any_depth(errors: list[Any]) -> None:
    error = refused(errorCode="GSOBJ_1012", data={"count": 0, "errors": errors, "records": None})
    told = refusal(error)
    assert told.failures == ((READ,),)
    assert told.request_id == "r1"


def test_required_columns_are_read_out_of_the_message() -> None:
    error = refused(
        errorCode="GSOBJ_1025",
        errorDesc="Data for required columns is absent, please re-check your data.",
        message="Required columns are absent. [Name, TypeId]",
    )
    assert refusal(error).absent == ("Name", "TypeId")


@pytest.mark.parametrize(
    ("criteria", "pairs"),
    [
        ("Company_Name__gc = Apple1 ", (("Company_Name__gc", "Apple1"),)),
        ("A__gc = x y  B__gc = z ", (("A__gc", "x y"), ("B__gc", "z"))),
        ("A__gc = x, B__gc = z", (("A__gc", "x"), ("B__gc", "z"))),
        ("A__gc = x && B__gc = z", (("A__gc", "x"), ("B__gc", "z"))),
        ("A__gc = BRAND AND B__gc = z AND", (("A__gc", "BRAND"), ("B__gc", "z AND"))),
        ("nothing of the kind", ()),
    ],
)
def test_what_a_lookup_looked_for_is_read_out_of_the_message(
    criteria: str, pairs: tuple[tuple[str, str], ...]
) -> None:
    error = refused(
        errorCode="GSOBJ_1008",
        errorDesc=None,
        message=f"No CompanyId resolved for lookup information. Criteria: {criteria}",
    )
    assert refusal(error).criteria == pairs


def test_gainsights_words_stay_out_of_the_error_itself() -> None:
    error = refused(errorCode="GSOBJ_1012", errorDesc="Invalid (Stage = SECRET).", data=None)
    assert "SECRET" not in str(error)
    assert "SECRET" in refusal(error).error.message


def test_long_messages_are_cut() -> None:
    assert len(refusal(refused(errorCode="X", errorDesc="y" * 10_000)).error.message) == 500


@pytest.mark.parametrize(
    ("status", "code", "about_data"),
    [(400, "GSOBJ_1008", True), (400, None, True), (404, None, False), (400, "GSOBJ_1023", False)],
)
def test_only_some_refusals_are_the_records_fault(
    status: int, code: str | None, *, about_data: bool
) -> None:
    error = error_of(status, {"result": False, "errorCode": code})
    assert isinstance(error, RequestError)
    assert is_about_data(error) is about_data


@pytest.fixture
def tenant() -> Iterator[Sandbox]:
    objects = [custom_object("thing__gc", Field("Name"), Field("Code__gc"))]
    with Sandbox(empty=True, clock=ManualClock(), objects=objects) as sandbox:
        yield sandbox


@pytest.fixture
def records(tenant: Sandbox) -> Records:
    config = {"domain": tenant.url, "access_key": tenant.access_key, "quota_store": "memory"}
    return Records(connect(ConnectionSettings.from_config(config), clock=tenant.clock))


def test_records_are_inserted_updated_and_deleted(tenant: Sandbox, records: Records) -> None:
    reply = records.insert("thing__gc", [{"Name": "a"}, {"Name": "b"}])
    assert reply.count == 2
    assert {record["Name"] for record in reply.records} == {"a", "b"}
    reply = records.update("thing__gc", ["Name"], [{"Name": "a", "Code__gc": "1"}])
    gsid = str(reply.records[0]["Gsid"])
    assert records.delete("thing__gc", gsid)
    tenant.clock.sleep(tenant.quirks.delete_seconds)
    assert not records.delete("thing__gc", gsid)
    assert tenant.tenant.count("thing__gc") == 1
    put = next(each for each in tenant.log if each.kind is CallKind.UPDATE)
    assert put.query == "keys=Name"


def test_only_listed_objects_have_an_upsert_call(records: Records) -> None:
    with pytest.raises(RequestError) as caught:
        records.upsert("thing__gc", ["Name"], [{"Name": "a"}])
    assert not is_about_data(caught.value)


@pytest.mark.parametrize("data", [None, "text"])
def test_a_reply_that_says_nothing_is_no_success(data: Any) -> None:
    class Silent:
        def post(self, *_: Any, **__: Any) -> Any:
            return data

    with pytest.raises(DataError):
        Records(Silent()).insert("x", [{}])  # type: ignore[arg-type]


def test_replies_may_leave_things_out() -> None:
    class Terse:
        def post(self, *_: Any, **__: Any) -> Any:
            return {"count": 1, "errors": None, "records": None}

    assert Records(Terse()).insert("x", [{}]) == WriteReply(1, (), ())  # type: ignore[arg-type]
