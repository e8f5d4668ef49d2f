from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import requests

from gainsight_sandbox import Effect, Fault, Limits, Outcome, Quirks
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.sandbox.client import NOW
from tests.sandbox.writing import GSID, shop, stored

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

SENT = datetime.fromtimestamp(NOW, UTC)


def test_a_deletion_is_initiated_and_noted_in_the_delete_log(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    gsid = writer.insert({"Name": "a"}).data["records"][0]["Gsid"]
    assert writer.delete(gsid).data == "Delete process initiated for 1 records."
    assert stored(sandbox, "Gsid") == [(gsid,)]
    assert stored(sandbox, "RecordId", name="record_delete_log") == []
    sandbox.clock.sleep(9)
    assert stored(sandbox, "RecordId", "DeletedOn", "ObjectName", name="record_delete_log") == [
        (gsid, SENT + timedelta(seconds=2), "order__gc")
    ]
    assert sandbox.tenant.count("order__gc") == 0
    reply = writer.delete(gsid)
    assert reply.status == 400
    assert reply.code == "GSOBJ_1011"


def test_what_is_written_to_a_record_that_is_being_deleted_goes_with_it(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(delete_seconds=20))
    gsid = writer.insert({"Name": "a"}).data["records"][0]["Gsid"]
    writer.delete(gsid)
    assert writer.update("Name", {"Name": "a", "Number__gc": "1.50"}).status == 200
    sandbox.clock.sleep(20)
    assert sandbox.tenant.count("order__gc") == 0


def test_a_deletion_may_be_done_at_once(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(delete_seconds=0))
    gsid = writer.insert({"Name": "a"}).data["records"][0]["Gsid"]
    writer.delete(gsid)
    assert sandbox.tenant.count("order__gc") == 0


def test_deleting_what_is_not_there_may_succeed(rig: Rig) -> None:
    _, writer = shop(rig, quirks=Quirks(delete_of_missing_succeeds=True))
    assert writer.delete(GSID).data == "Delete process initiated for 0 records."


def test_one_record_is_read_by_its_gsid(rig: Rig) -> None:
    _, writer = shop(rig)
    gsid = writer.insert({"Name": "a", "Number__gc": "1.50"}).data["records"][0]["Gsid"]
    record = writer.read(gsid).data
    assert (record["Name"], record["Number__gc"]) == ("a", Decimal("1.50"))
    assert writer.read(GSID).code == "GSOBJ_1011"


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
