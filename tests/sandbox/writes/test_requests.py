from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.writing import shop

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig


@pytest.mark.parametrize("count", [0, 51])
def test_a_call_takes_up_to_50_records(rig: Rig, count: int) -> None:
    sandbox, writer = shop(rig)
    reply = writer.insert(*({"Name": str(number)} for number in range(count)))
    assert reply.status == 400
    assert reply.code == "GSOBJ_1008"
    assert sandbox.tenant.count("order__gc") == 0
    assert writer.insert(*({"Name": str(number)} for number in range(50))).data["count"] == 50


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"records": {}}', '{"records": [1]}', '{"records": [{"Name": NaN}]}']
)
def test_a_body_that_is_no_list_of_records_is_refused(rig: Rig, body: str) -> None:
    _, writer = shop(rig)
    url = f"{writer.client.url}/v1/data/objects/order__gc"
    response = writer.client.session.post(url, data=body)
    assert response.status_code == 400
    assert response.json()["errorCode"] == "GSOBJ_1008"
