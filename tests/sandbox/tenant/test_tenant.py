from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import DataType, Field, ObjectSchema, Quirks, Sandbox
from tests.sandbox.client import NOW, SMALL, THING, clock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Rig

THEN = datetime.fromtimestamp(NOW, UTC)


def test_values_come_back_as_they_went_in(rig: Rig) -> None:
    row = {
        "Gsid": "a",
        "Name": ' "x"\r\n🚀 ',
        "Size__gc": Decimal("-0.000000001"),
        "Price__gc": Decimal("123456789012345678901234567890.10"),
        "Share__gc": None,
        "Good__gc": False,
        "Day__gc": date(1582, 10, 15),
        "Color__gc": "1I00RED",
        "Colors__gc": ["1I00RED", "1I00BLUE"],
        "Parent_ID__gc": None,
        "Odd__gc": "",
        "CreatedDate": datetime(1901, 12, 13, 20, 45, 52, 5000, UTC),
        "ModifiedDate": None,
    }
    sandbox, _ = rig.things(row)
    [back] = sandbox.tenant.rows("thing__gc")
    assert back == row
    assert str(back["Price__gc"]) == "123456789012345678901234567890.10"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Size__gc", 1.5),
        ("Size__gc", "many"),
        ("Size__gc", True),
        ("Price__gc", Decimal("NaN")),
        ("Name", 1),
        ("Good__gc", "perhaps"),
        ("Day__gc", "soon"),
        ("CreatedDate", 1.5),
        ("Colors__gc", 7),
        ("Nope", "x"),
    ],
)
def test_wrong_values_are_refused_by_name(rig: Rig, name: str, value: object) -> None:
    sandbox, _ = rig.things()
    with pytest.raises(ValueError, match=name):
        sandbox.tenant.insert("thing__gc", {name: value})
    assert sandbox.tenant.count("thing__gc") == 0


def test_an_insert_gives_a_gsid_and_the_dates(rig: Rig) -> None:
    sandbox, _ = rig.things()
    keys = sandbox.tenant.insert("thing__gc", {"Name": "x"}, {"Gsid": "own", "CreatedDate": None})
    assert keys[0].startswith("1C77")
    assert len(keys[0]) == 36
    first, second = sandbox.tenant.rows("thing__gc")
    assert (first["Gsid"], first["CreatedDate"], first["ModifiedDate"]) == (keys[0], THEN, THEN)
    assert (second["Gsid"], second["CreatedDate"], second["ModifiedDate"]) == ("own", None, THEN)


def test_a_change_moves_the_modified_date(rig: Rig) -> None:
    sandbox, _ = rig.things({"Gsid": "a"}, {"Gsid": "b"})
    sandbox.clock.sleep(60)
    assert sandbox.tenant.update("thing__gc", ["a", "nope"], {"Name": "x"}) == 1
    row = next(sandbox.tenant.rows("thing__gc"))
    assert (row["Name"], row["ModifiedDate"]) == ("x", THEN + timedelta(minutes=1))
    sandbox.clock.sleep(60)
    assert sandbox.tenant.touch("thing__gc", 1) == ["b"]
    dates = [row["ModifiedDate"] for row in sandbox.tenant.rows("thing__gc")]
    assert dates == [THEN + timedelta(minutes=1), THEN + timedelta(minutes=2)]


def test_a_deletion_is_logged_for_15_days(rig: Rig) -> None:
    sandbox, client = rig.things({"Gsid": "a"}, {"Gsid": "b"})
    assert sandbox.tenant.delete("thing__gc", "a") == 1
    assert sandbox.tenant.delete("thing__gc", ["a"]) == 0
    [entry] = client.records("record_delete_log", ["RecordId", "DeletedOn", "ObjectName"])
    assert entry == {"RecordId": "a", "DeletedOn": int(NOW * 1000), "ObjectName": "thing__gc"}
    sandbox.clock.sleep(15 * 86400 + 1)
    assert client.records("record_delete_log", ["RecordId"]) == []
    assert sandbox.tenant.count("thing__gc") == 1


def test_high_volume_objects_have_a_log_of_their_own(rig: Rig) -> None:
    schema = ObjectSchema("big__gc", (Field("Gsid", DataType.GSID),), high_volume=True)
    for there in (True, False):
        sandbox, client = rig.demo(demo=False, quirks=Quirks(high_volume_delete_log=there))
        sandbox.tenant.add_object(schema, [{"Gsid": "a"}])
        sandbox.tenant.delete("big__gc", "a")
        assert client.records("record_delete_log", ["RecordId"]) == []
        response = client.query("record_delete_log_high_volume", ["RecordId"])
        assert response.ok is there


def test_a_record_without_a_key_is_not_changed(rig: Rig) -> None:
    sandbox, _ = rig.demo(demo=False)
    sandbox.tenant.add_object(ObjectSchema("log__gc", (Field("Text"),)))
    assert sandbox.tenant.insert("log__gc", {"Text": "x"}) == []
    with pytest.raises(ValueError, match="no key"):
        sandbox.tenant.delete("log__gc", "x")


def test_a_folder_keeps_the_tenant(tmp_path: Path) -> None:
    folder = tmp_path / "tenant"
    with Sandbox(rows=SMALL, clock=clock(), data=folder) as sandbox:
        sandbox.tenant.insert("company", {"Name": "New"})
        before = list(sandbox.tenant.rows("company"))
        schema = sandbox.tenant.schema("company")
    later = clock()
    later.advance(10**7)
    with Sandbox(clock=later, data=folder, seed=9) as sandbox:
        assert list(sandbox.tenant.rows("company")) == before
        assert sandbox.tenant.schema("company") == schema
    with pytest.raises(ValueError, match="holds a tenant already"):
        Sandbox(rows={"company": 3}, data=folder)


def test_object_names_are_lower_case(rig: Rig) -> None:
    sandbox, _ = rig.things()
    with pytest.raises(ValueError, match="lower case"):
        sandbox.tenant.add_object(ObjectSchema("Thing", THING.fields))
    with pytest.raises(ValueError, match="no field"):
        sandbox.tenant.delete_field("thing__gc", "Nope")
