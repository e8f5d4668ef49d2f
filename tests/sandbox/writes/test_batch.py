from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import ManyMatches, Quirks
from tests.sandbox.writing import GSID, shop, stored

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig


def test_a_new_record_needs_the_required_columns(rig: Rig) -> None:
    _, writer = shop(rig)
    reply = writer.insert({"Code__gc": "1"})
    assert reply.status == 400
    assert reply.code == "GSOBJ_1025"
    assert reply.body["message"] == "Required columns are absent. [Name]"
    assert reply.body["data"] is None


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


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(False, "2025-06-15T15:06:40Z"), (True, "2025-06-15T15:06:40.750Z")],
)
def test_records_are_dated_to_the_second_by_default(
    rig: Rig, *, milliseconds: bool, shown: str
) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(write_milliseconds=milliseconds))
    sandbox.clock.sleep(0.75)
    [record] = writer.insert({"Name": "a"}).data["records"]
    assert (record["CreatedDate"], record["ModifiedDate"]) == (shown, shown)


@pytest.mark.parametrize(("ignores_case", "code"), [(False, "GSOBJ_1011"), (True, None)])
def test_keys_may_match_in_upper_and_lower_case(
    rig: Rig, *, ignores_case: bool, code: str | None
) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(keys_ignore_case=ignores_case))
    writer.insert({"Name": "Straße"})
    reply = writer.update("Name", {"Name": "STRASSE", "Code__gc": "1"})
    assert reply.body["errorCode"] == code
    job, _ = writer.load("Name,Code__gc\nstraße,2\n", operation="UPSERT", keys="Name")
    assert job["failureCount"] == 0
    names = ["Straße"] if ignores_case else ["Straße", "straße"]
    assert stored(sandbox, "Name") == [(name,) for name in names]


def test_of_several_matches_the_first_may_be_changed(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(many_matches=ManyMatches.FIRST))
    writer.insert({"Name": "a"}, {"Name": "a"})
    assert writer.update("Name", {"Name": "a", "Code__gc": "1"}).data["count"] == 1
    writer.load("Name,Number__gc\na,2\n", operation="UPSERT", keys="Name")
    assert stored(sandbox, "Code__gc", "Number__gc") == [("1", 2), (None, None)]


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


def test_a_record_without_a_key_is_refused(rig: Rig) -> None:
    _, writer = shop(rig)
    for record in ({"Name": "a"}, {"Name": "a", "Code__gc": None}, {"Name": "a", "Code__gc": ""}):
        reply = writer.update("Code__gc", record)
        assert reply.field_errors() == [[("Code__gc", "GSOBJ_1007")]]


def test_keys_that_match_several_records_are_an_error_or_change_all(rig: Rig) -> None:
    for choice in (ManyMatches.ERROR, ManyMatches.ALL):
        sandbox, writer = shop(rig, quirks=Quirks(many_matches=choice))
        writer.insert({"Name": "a"}, {"Name": "a"})
        reply = writer.update("Name", {"Name": "a", "Code__gc": "1"})
        if choice is ManyMatches.ALL:
            assert reply.data["count"] == 2
            assert stored(sandbox, "Code__gc") == [("1",), ("1",)]
        else:
            assert reply.code == "GSOBJ_1008"
            assert stored(sandbox, "Code__gc") == [(None,), (None,)]


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


def test_two_records_of_equal_keys_may_be_refused(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(repeated_keys_refused=True))
    writer.insert({"Name": "a"}, {"Name": "b"})
    reply = writer.update("Name", {"Name": "a", "Code__gc": "1"}, {"Name": "a", "Code__gc": "2"})
    assert (reply.code, reply.field_errors()) == ("GSOBJ_1008", [[("Name", "GSOBJ_1008")]])
    assert stored(sandbox, "Code__gc") == [(None,), (None,)]
    assert writer.insert({"Name": "c"}, {"Name": "c"}).data["count"] == 2


def test_an_upsert_by_an_unknown_gsid_may_insert_with_another(rig: Rig) -> None:
    quirks = Quirks(upsert_everywhere=True, upsert_inserts_unknown=True)
    sandbox, writer = shop(rig, quirks=quirks)
    assert writer.upsert("Gsid", {"Gsid": GSID, "Name": "a"}).data["count"] == 1
    [(gsid, name)] = stored(sandbox, "Gsid", "Name")
    assert (gsid == GSID, name) == (False, "a")
