from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Quirks
from tests.sandbox.writing import Writer, shop, stored

if TYPE_CHECKING:
    from gainsight_sandbox import Sandbox
    from tests.sandbox.conftest import Rig

ANN = "1P99" + "A" * 32
BOB = "1P99" + "B" * 32
BOB_TOO = "1P99" + "C" * 32
BUYERS = (
    {"Gsid": ANN, "Name": "Ann", "City__gc": "Oslo"},
    {"Gsid": BOB, "Name": "Bob", "City__gc": "Oslo"},
    {"Gsid": BOB_TOO, "Name": "Bob", "City__gc": "Rome"},
)


def lookups(**changes: Any) -> dict[str, Any]:
    lookup = {
        "isLookup": True,
        "fields": {"Buyer_Name__gc": "Name"},
        "objectName": "buyer__gc",
        "onNoMatch": "ERROR",
        "multiMatchOption": "FIRSTMATCH",
        "lookupField": "Gsid",
    }
    return {"Buyer__gc": lookup | changes}


def furnished(rig: Rig, **options: Any) -> tuple[Sandbox, Writer]:
    sandbox, writer = shop(rig, **options)
    sandbox.tenant.insert("buyer__gc", *BUYERS)
    return sandbox, writer


def test_a_lookup_fills_its_field_and_the_column_it_goes_by_stays(rig: Rig) -> None:
    sandbox, writer = furnished(rig)
    writer.insert(
        {"Name": "a", "Buyer_Name__gc": "Ann"}, {"Name": "b", "Buyer__gc": BOB}, lookups=lookups()
    )
    assert stored(sandbox, "Buyer__gc", "Buyer_Name__gc") == [(ANN, "Ann"), (BOB, None)]
    writer.update("Name", {"Name": "a", "Buyer_Name__gc": "Bob"}, lookups=lookups())
    assert stored(sandbox, "Buyer__gc")[0] == (BOB,)


@pytest.mark.parametrize("value", ["Eve", None, "ann", 5])
def test_a_lookup_without_a_match_fails_the_call(rig: Rig, value: object) -> None:
    sandbox, writer = furnished(rig)
    reply = writer.insert({"Name": "a"}, {"Name": "b", "Buyer_Name__gc": value}, lookups=lookups())
    assert reply.status == 400
    assert reply.body["errorCode"] == "GSOBJ_1008"
    assert reply.body["errorDesc"] is None
    assert reply.body["data"] is None
    assert reply.body["message"] == (
        f"No Buyer__gc resolved for lookup information. Criteria: Buyer_Name__gc = {value} "
    )
    assert sandbox.tenant.count("order__gc") == 0


def test_a_lookup_without_a_match_may_leave_null(rig: Rig) -> None:
    sandbox, writer = furnished(rig)
    writer.insert({"Name": "a", "Buyer__gc": ANN})
    record = {"Name": "a", "Buyer_Name__gc": "Eve"}
    writer.update("Name", record, lookups=lookups(onNoMatch="NULLABLE"))
    assert stored(sandbox, "Buyer__gc", "Buyer_Name__gc") == [(None, "Eve")]


def test_a_lookup_without_a_match_may_fill_in_a_default(rig: Rig) -> None:
    sandbox, writer = furnished(rig)
    how = lookups(onNoMatch="DEFAULTVALUE", defaultValue=BOB)
    writer.insert({"Name": "a", "Buyer_Name__gc": "Eve"}, lookups=how)
    assert stored(sandbox, "Buyer__gc") == [(BOB,)]


def test_several_matches_are_the_first_or_an_error(rig: Rig) -> None:
    sandbox, writer = furnished(rig)
    record = {"Name": "a", "Buyer_Name__gc": "Bob"}
    writer.insert(record, lookups=lookups())
    assert stored(sandbox, "Buyer__gc") == [(BOB,)]
    reply = writer.insert(record, lookups=lookups(multiMatchOption="MARKASERROR"))
    assert reply.body["message"].startswith("Multiple Buyer__gc resolved")


def test_a_lookup_may_go_by_several_columns_and_take_another_field(rig: Rig) -> None:
    sandbox, writer = furnished(rig)
    lookup = lookups(fields={"Buyer_Name__gc": "Name", "Code__gc": "City__gc"})
    writer.insert({"Name": "a", "Buyer_Name__gc": "Bob", "Code__gc": "Rome"}, lookups=lookup)
    assert stored(sandbox, "Buyer__gc") == [(BOB_TOO,)]
    city = {"Code__gc": lookups(lookupField="City__gc")["Buyer__gc"]}
    writer.insert({"Name": "b", "Buyer_Name__gc": "Ann"}, lookups=city)
    assert stored(sandbox, "Code__gc")[1] == ("Oslo",)


@pytest.mark.parametrize(
    "changes",
    [
        {"onNoMatch": "MAYBE"},
        {"multiMatchOption": "ANY"},
        {"fields": {"Buyer_Name__gc": "Nothing"}},
        {"fields": {}},
        {"lookupField": "Nothing"},
        {"objectName": None},
    ],
)
def test_a_lookup_that_makes_no_sense_is_refused(rig: Rig, changes: dict[str, Any]) -> None:
    _, writer = furnished(rig)
    record = {"Name": "a", "Buyer_Name__gc": "Ann"}
    assert writer.insert(record, lookups=lookups(**changes)).code == "GSOBJ_1008"
    assert writer.insert(record, lookups=lookups(objectName="no__gc")).code == "P_5005"
    assert writer.insert(record, lookups={"No": lookups()["Buyer__gc"]}).code == "GSOBJ_1008"


def test_the_column_a_lookup_goes_by_is_a_field_unless_told_otherwise(rig: Rig) -> None:
    record = {"Name": "a", "whatever": "Ann"}
    _, writer = furnished(rig)
    reply = writer.insert(record, lookups=lookups(fields={"whatever": "Name"}))
    assert reply.field_errors() == [[("whatever", "GSOBJ_1002")]]
    sandbox, writer = furnished(rig, quirks=Quirks(lookup_columns_free=True))
    writer.insert(record, lookups=lookups(fields={"whatever": "Name"}))
    assert stored(sandbox, "Buyer__gc") == [(ANN,)]


def test_relationships_are_upserted_as_in_the_article(rig: Rig) -> None:
    sandbox, client = rig.demo(empty=True)
    sandbox.tenant.insert("company", {"Name": "Apple"})
    found = {"onNoMatch": "ERROR", "multiMatchOption": "FIRSTMATCH", "lookupField": "Gsid"}
    reply = Writer(client).upsert(
        "Name",
        {"Name": "Iphones", "Arr": "500", "Company_Name__gc": "Apple", "Type_Name__gc": "Region"},
        {"Name": "Macs", "Arr": "600", "Company_Name__gc": "Apple", "Type_Name__gc": "Region"},
        name="relationship",
        lookups={
            "CompanyId": {
                "isLookup": True,
                "fields": {"Company_Name__gc": "Name"},
                "objectName": "company",
                **found,
            },
            "TypeId": {
                "isLookup": True,
                "fields": {"Type_Name__gc": "Name"},
                "objectName": "relationship_type",
                **found,
            },
        },
    )
    assert reply.data["count"] == 2
    assert str(reply.data["records"][0]["Arr"]) == "600.00000"
    assert sandbox.tenant.count("relationship") == 2
