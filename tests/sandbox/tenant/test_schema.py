from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox import DataType, Field, custom_object
from tests.sandbox.writing import Writer

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig


def test_an_id_is_writable_unless_it_is_the_objects_key(rig: Rig) -> None:
    schema = custom_object("order__gc", Field("id"), Field("Total__gc", DataType.NUMBER))
    _, client = rig.demo(demo=False, objects=[schema])
    assert Writer(client).insert({"id": "1"}).data["records"][0]["id"] == "1"
    described = client.get("v1/meta/services/objects/order__gc/describe").json()["data"][0]
    updateable = {field["fieldName"]: field["meta"]["updateable"] for field in described["fields"]}
    assert updateable == {
        "Gsid": False,
        "id": True,
        "Total__gc": True,
        "CreatedDate": False,
        "CreatedBy": False,
        "ModifiedDate": False,
        "ModifiedBy": False,
    }
