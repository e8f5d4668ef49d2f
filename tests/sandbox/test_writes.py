from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import requests

from gainsight_sandbox import DateForm, Effect, Fault, Limits, ManyMatches, Outcome, Partial, Quirks
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.sandbox.client import NOW
from tests.sandbox.writing import GSID, Writer, shop, stored

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

SENT = datetime.fromtimestamp(NOW, UTC)
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


def test_a_new_record_needs_the_required_columns(rig: Rig) -> None:
    _, writer = shop(rig)
    reply = writer.insert({"Code__gc": "1"})
    assert reply.status == 400
    assert reply.code == "GSOBJ_1025"
    assert reply.body["message"] == "Required columns are absent. [Name]"
    assert reply.body["data"] is None


@pytest.mark.parametrize("count", [0, 51])
def test_a_call_takes_up_to_50_records(rig: Rig, count: int) -> None:
    sandbox, writer = shop(rig)
    reply = writer.insert(*({"Name": str(number)} for number in range(count)))
    assert reply.status == 400
    assert reply.code == "GSOBJ_1008"
    assert sandbox.tenant.count("order__gc") == 0
    assert writer.insert(*({"Name": str(number)} for number in range(50))).data["count"] == 50


def test_an_update_changes_what_is_sent_and_leaves_the_rest(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "1", "Number__gc": 1}, {"Name": "b", "Code__gc": "2"})
    sandbox.clock.sleep(60)
    data = writer.update("Code__gc", {"Code__gc": "1", "Number__gc": None, "Paid__gc": True}).data
    assert data["count"] == 1
    assert data["records"][0]["X-GS-MSGID"] is None
    assert data["records"][0]["CreatedDate"] == "2025-06-15T15:06:40Z"
    assert data["records"][0]["ModifiedDate"] == "2025-06-15T15:07:40Z"
    assert stored(sandbox, "Name", "Number__gc", "Paid__gc") == [
        ("a", None, True),
        ("b", None, None),
    ]


def test_an_update_of_what_is_not_there_fails_as_a_whole(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a"})
    reply = writer.update("Name", {"Name": "a", "Code__gc": "1"}, {"Name": "b", "Code__gc": "2"})
    assert reply.status == 400
    assert reply.code == "GSOBJ_1011"
    assert reply.body["message"] == "Failed to find record for given criteria."
    assert stored(sandbox, "Code__gc") == [(None,)]


def test_an_update_may_confirm_only_what_it_found(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(update_skips_unmatched=True))
    writer.insert({"Name": "a"})
    data = writer.update("Name", {"Name": "b"}, {"Name": "a", "Code__gc": "1"}).data
    assert data["count"] == 1
    assert stored(sandbox, "Name", "Code__gc") == [("a", "1")]
    assert writer.update("Name", {"Name": "b"}).code == "GSOBJ_1011"


def test_up_to_three_keys_are_joined(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "1"}, {"Name": "a", "Code__gc": "2"})
    writer.update("Name,Code__gc", {"Name": "a", "Code__gc": "2", "Number__gc": 2})
    assert stored(sandbox, "Number__gc") == [(None,), (Decimal(2),)]


def test_a_record_is_updated_by_its_gsid(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    gsid = writer.insert({"Name": "a"}).data["records"][0]["Gsid"]
    assert writer.update("Gsid", {"Gsid": gsid, "Name": "b"}).data["count"] == 1
    assert stored(sandbox, "Gsid", "Name") == [(gsid, "b")]
    assert writer.update("Gsid", {"Gsid": GSID, "Name": "b"}).code == "GSOBJ_1011"
    assert writer.update("Gsid", {"Gsid": "short", "Name": "b"}).code == "GSOBJ_1004"
    assert writer.update("Gsid", {"Name": "b"}).code == "GSOBJ_1004"


def test_number_keys_match_by_value(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Number__gc": 5})
    assert writer.update("Number__gc", {"Number__gc": "5.00000", "Name": "b"}).data["count"] == 1
    assert stored(sandbox, "Name", "Number__gc") == [("b", Decimal(5))]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("", "GSOBJ_1008"),
        ("Name,Code__gc,Number__gc,Email__gc", "GSOBJ_1008"),
        ("Name,Name", "GSOBJ_1008"),
        ("Nothing__gc", "GSOBJ_1002"),
        ("name", "GSOBJ_1002"),
        ("Day__gc", "GSOBJ_1008"),
        ("Buyer__gc", "GSOBJ_1008"),
        ("State__gc", "GSOBJ_1008"),
    ],
)
def test_what_cannot_be_a_key_is_refused(rig: Rig, keys: str, code: str) -> None:
    _, writer = shop(rig)
    reply = writer.update(keys, {"Name": "a"})
    assert reply.status == 400
    assert reply.code == code


def test_a_record_without_a_key_is_refused(rig: Rig) -> None:
    _, writer = shop(rig)
    for record in ({"Name": "a"}, {"Name": "a", "Code__gc": None}, {"Name": "a", "Code__gc": ""}):
        reply = writer.update("Code__gc", record)
        assert reply.field_errors() == [[("Code__gc", "GSOBJ_1007")]]


def test_keys_that_match_several_records_are_an_error_or_change_all(rig: Rig) -> None:
    for choice in ManyMatches:
        sandbox, writer = shop(rig, quirks=Quirks(many_matches=choice))
        writer.insert({"Name": "a"}, {"Name": "a"})
        reply = writer.update("Name", {"Name": "a", "Code__gc": "1"})
        if choice is ManyMatches.ALL:
            assert reply.data["count"] == 2
            assert stored(sandbox, "Code__gc") == [("1",), ("1",)]
        else:
            assert reply.code == "GSOBJ_1008"
            assert stored(sandbox, "Code__gc") == [(None,), (None,)]


def test_upsert_is_there_for_the_relationship_object_alone(rig: Rig) -> None:
    _, writer = shop(rig)
    reply = writer.upsert("Name", {"Name": "a"})
    assert reply.status == 400
    assert reply.code == "GSOBJ_1023"


def test_an_upsert_updates_what_is_there_and_inserts_the_rest(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(upsert_everywhere=True))
    writer.insert({"Name": "a", "Number__gc": 1, "Code__gc": "x"})
    data = writer.upsert("Name", {"Name": "a", "Number__gc": 2}, {"Name": "b"}).data
    assert data["count"] == 2
    assert "X-GS-MSGID" not in data["records"][0]
    assert stored(sandbox, "Name", "Number__gc", "Code__gc") == [
        ("a", Decimal(2), "x"),
        ("b", None, None),
    ]
    assert writer.upsert("Code__gc", {"Code__gc": "y"}).code == "GSOBJ_1025"
    assert writer.upsert("Code__gc", {"Code__gc": "x", "Paid__gc": True}).data["count"] == 1
    assert writer.upsert("Gsid", {"Gsid": GSID, "Name": "c"}).code == "GSOBJ_1011"


def test_of_two_records_of_one_key_the_later_changes_what_the_earlier_wrote(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(upsert_everywhere=True))
    data = writer.upsert(
        "Name", {"Name": "a", "Number__gc": 1, "Code__gc": "x"}, {"Name": "a", "Number__gc": 2}
    ).data
    assert data["count"] == 1
    assert stored(sandbox, "Name", "Number__gc", "Code__gc") == [("a", Decimal(2), "x")]
    writer.insert({"Name": "a"}, {"Name": "a"})
    assert sandbox.tenant.count("order__gc") == 3


def test_a_deletion_is_initiated_and_noted_in_the_delete_log(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    gsid = writer.insert({"Name": "a"}).data["records"][0]["Gsid"]
    assert writer.delete(gsid).data == "Delete process initiated for 1 records."
    assert stored(sandbox, "RecordId", "DeletedOn", "ObjectName", name="record_delete_log") == [
        (gsid, SENT, "order__gc")
    ]
    reply = writer.delete(gsid)
    assert reply.status == 400
    assert reply.code == "GSOBJ_1011"


def test_deleting_what_is_not_there_may_succeed(rig: Rig) -> None:
    _, writer = shop(rig, quirks=Quirks(delete_of_missing_succeeds=True))
    assert writer.delete(GSID).data == "Delete process initiated for 0 records."


def test_one_record_is_read_by_its_gsid(rig: Rig) -> None:
    _, writer = shop(rig)
    gsid = writer.insert({"Name": "a", "Number__gc": "1.50"}).data["records"][0]["Gsid"]
    record = writer.read(gsid).data
    assert (record["Name"], record["Number__gc"]) == ("a", Decimal("1.50"))
    assert writer.read(GSID).code == "GSOBJ_1011"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("gsuser", "GSOBJ_1023"),
        ("company_person", "GSOBJ_1023"),
        ("usage_event__gc", "GSOBJ_1023"),
        ("billing_secret__gc", "GSOBJ_1023"),
        ("record_delete_log", "GSOBJ_1023"),
        ("nothing__gc", "P_5005"),
    ],
)
def test_what_these_calls_do_not_write_is_refused(rig: Rig, name: str, code: str) -> None:
    _, client = rig.demo(empty=True)
    writer = Writer(client)
    for reply in (
        writer.insert({"Name": "a"}, name=name),
        writer.update("Name", {"Name": "a"}, name=name),
        writer.delete(GSID, name=name),
    ):
        assert reply.status == 400
        assert reply.code == code


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"records": {}}', '{"records": [1]}', '{"records": [{"Name": NaN}]}']
)
def test_a_body_that_is_no_list_of_records_is_refused(rig: Rig, body: str) -> None:
    _, writer = shop(rig)
    url = f"{writer.client.url}/v1/data/objects/order__gc"
    response = writer.client.session.post(url, data=body)
    assert response.status_code == 400
    assert response.json()["errorCode"] == "GSOBJ_1008"


def test_writes_pass_the_gate_and_the_meter(rig: Rig) -> None:
    sandbox, writer = shop(rig, limits=Limits(sync_per_minute=2))
    writer.insert({"Name": "a"})
    writer.insert({"Name": "b", "Day__gc": "x"})
    assert writer.insert({"Name": "c"}).status == 429
    sandbox.clock.sleep(60)
    writer.client.session.headers["accesskey"] = "another"
    assert writer.insert({"Name": "d"}).code == "GS_APIG_2401"
    assert stored(sandbox, "Name") == [("a",)]
    assert [entry.kind for entry in sandbox.log] == [CallKind.INSERT] * 4


def test_a_connection_may_break_after_the_write(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    sandbox.faults.add(Fault(Effect.DROP_AFTER, on=CallKind.INSERT))
    with pytest.raises(requests.ConnectionError):
        writer.insert({"Name": "a"})
    assert stored(sandbox, "Name") == [("a",)]


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


def test_the_journal_tells_what_was_written(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a"}, {"Name": "b"})
    writer.update("Name", {"Name": "a"}, {"Name": "c"})
    gsid = str(stored(sandbox, "Gsid")[1][0])
    writer.delete(gsid)
    insert, update, delete = sandbox.journal.calls
    assert (insert.object, insert.operation, insert.keys) == ("order__gc", "INSERT", ())
    assert [each.outcome for each in insert.outcomes] == [Outcome.INSERTED, Outcome.INSERTED]
    assert insert.outcomes[1].key == gsid
    assert (update.code, update.keys, update.count(Outcome.REFUSED)) == ("GSOBJ_1011", ("Name",), 2)
    assert (delete.operation, delete.count(Outcome.DELETED)) == ("DELETE", 1)
    shown = writer.client.get("sandbox/journal?object=order__gc").json()["data"]
    assert [call["operation"] for call in shown["calls"]] == ["INSERT", "UPDATE", "DELETE"]
    assert shown["calls"][0]["outcomes"][1] == {"outcome": "inserted", "key": gsid}
    assert sandbox.journal.written("order__gc")[Outcome.INSERTED] == 2
    writer.client.session.delete(f"{writer.client.url}/sandbox/journal")
    assert not sandbox.journal.calls


def test_two_tenants_live_side_by_side(rig: Rig) -> None:
    first, writer = shop(rig)
    second, other = shop(rig)
    writer.insert({"Name": "a"})
    other.insert({"Name": "b"})
    assert (stored(first, "Name"), stored(second, "Name")) == ([("a",)], [("b",)])


def test_written_records_are_read_and_exported_like_others(rig: Rig) -> None:
    _, writer = shop(rig)
    writer.insert({"Name": "a", "Moment__gc": "2022-07-01T06:36:00.000-07:00"})
    select = ["Name", "Moment__gc"]
    assert writer.client.export("order__gc", select) == [["a", "2022-07-01T13:36:00.000Z"]]


def test_a_deleted_field_is_no_longer_written(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "1"})
    writer.update("Code__gc", {"Code__gc": "1", "Paid__gc": True})
    sandbox.faults.add(Fault(Effect.FIELD_DELETED, on=CallKind.INSERT, field="Code__gc"))
    reply = writer.insert({"Name": "b", "Code__gc": "2"})
    assert reply.field_errors() == [[("Code__gc", "GSOBJ_1002")]]
