from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import DateForm, Effect, Fault, Partial, Quirks, WriteCount
from tests.sandbox.client import NOW
from tests.sandbox.writing import shop, stored

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

THREE = ({"Name": "a"}, {"Name": "b"}, {"Name": "c"})


def test_an_insert_is_answered_with_full_records_in_another_order(rig: Rig) -> None:
    _, writer = shop(rig)
    data = writer.insert({"Name": "a", "Total__gc": "5600000000"}, {"Name": "b"}).data
    assert data["count"] == 2
    assert data["errors"] == []
    assert [record["Name"] for record in data["records"]] == ["b", "a"]
    record = data["records"][1]
    assert str(record["Total__gc"]) == "5600000000.00000"
    assert re.fullmatch(r"1P99[0-9A-F]{32}", record["Gsid"])
    assert record["CreatedDate"] == record["ModifiedDate"] == "2025-06-15T15:06:40Z"
    assert record["CreatedBy"] == record["ModifiedBy"] is not None
    assert record["Day__gc"] is None


def test_the_reply_has_its_quirks(rig: Rig) -> None:
    quirks = Quirks(write_keeps_order=True, write_errors_null=True, write_dates=DateForm.EPOCH)
    _, writer = shop(rig, quirks=quirks)
    data = writer.insert({"Name": "a"}, {"Name": "b"}).data
    assert data["errors"] is None
    assert [record["Name"] for record in data["records"]] == ["a", "b"]
    assert data["records"][0]["CreatedDate"] == NOW * 1000


def test_a_bad_record_fails_the_call_and_nothing_is_written(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    reply = writer.insert({"Name": "a"}, {"Name": "b", "State__gc": "123444"})
    assert reply.status == 400
    assert reply.body == {
        "result": False,
        "errorCode": "GSOBJ_1012",
        "errorDesc": "Invalid/Inactive value provided for picklist. (State__gc = 123444).",
        "requestId": reply.body["requestId"],
        "data": {
            "count": 0,
            "errors": [
                [
                    {
                        "success": False,
                        "oldValue": "123444",
                        "parsedValue": "123444",
                        "errors": [
                            {
                                "errorMessage": "Invalid/Inactive value provided for picklist.",
                                "errorCode": "GSOBJ_1012",
                                "fieldName": "State__gc",
                                "invalidValue": ["123444"],
                            }
                        ],
                    }
                ]
            ],
            "records": None,
        },
        "message": None,
    }
    assert sandbox.tenant.count("order__gc") == 0


def test_all_that_is_wrong_is_listed_by_record_and_field(rig: Rig) -> None:
    _, writer = shop(rig)
    reply = writer.insert(
        {"Name": "a", "Day__gc": "x", "Number__gc": "y"}, {"Name": "b"}, {"Name": None}
    )
    assert reply.field_errors() == [
        [("Day__gc", "GSOBJ_1006"), ("Number__gc", "GSOBJ_1002")],
        [("Name", "GSOBJ_1007")],
    ]


def test_the_errors_may_come_in_one_level(rig: Rig) -> None:
    _, writer = shop(rig, quirks=Quirks(write_errors_flat=True))
    errors = writer.insert({"Name": "a", "Day__gc": "x"}, {"Name": None}).body["data"]["errors"]
    assert [entry["errors"][0]["fieldName"] for entry in errors] == ["Day__gc", "Name"]


@pytest.mark.parametrize("partial", [Partial.WRITTEN, Partial.SKIPPED])
def test_a_reply_may_confirm_two_of_three(rig: Rig, partial: Partial) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(partial=partial))
    data = writer.insert(*THREE).data
    assert data["count"] == 2
    assert data["errors"] == []
    assert [record["Name"] for record in data["records"]] == ["b", "a"]
    written = ["a", "b", "c"] if partial is Partial.WRITTEN else ["a", "b"]
    assert [name for (name,) in stored(sandbox, "Name")] == written
    assert writer.insert({"Name": "d"}).data["count"] == 1


@pytest.mark.parametrize("effect", [Effect.UNCONFIRMED, Effect.SKIPPED])
def test_one_reply_may_confirm_too_little_on_request(rig: Rig, effect: Effect) -> None:
    sandbox, writer = shop(rig)
    sandbox.faults.add(Fault(effect))
    assert writer.insert({"Name": "a"}).data == {"count": 0, "errors": [], "records": []}
    assert sandbox.tenant.count("order__gc") == (1 if effect is Effect.UNCONFIRMED else 0)
    assert writer.insert(*THREE).data["count"] == 3


def test_a_failure_may_tell_the_first_error_alone(rig: Rig) -> None:
    _, writer = shop(rig, quirks=Quirks(write_errors_first=True))
    bad = {"Name": "a", "Paid__gc": "yes", "Day__gc": "soon"}
    reply = writer.insert(bad, bad)
    assert reply.field_errors() == [[("Paid__gc", "GSOBJ_1008")]]


@pytest.mark.parametrize(("count", "shown"), [("confirmed", 2), ("sent", 3), ("none", 0)])
def test_the_count_may_be_of_something_else(rig: Rig, count: str, shown: int) -> None:
    quirks = Quirks(partial=Partial.WRITTEN, write_count=WriteCount(count))
    _, writer = shop(rig, quirks=quirks)
    data = writer.insert(*THREE).data
    assert (data["count"], len(data["records"])) == (shown, 2)
