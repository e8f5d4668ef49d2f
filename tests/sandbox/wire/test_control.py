from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig


def test_out_of_process_users_have_calls_of_their_own(rig: Rig) -> None:
    sandbox, client = rig.things({"Gsid": "a", "Name": "x"})
    client.session.headers.pop("accesskey")

    def mutate(**payload: Any) -> Any:
        return client.post("sandbox/mutate", {"object": "thing__gc", **payload}).json()

    assert mutate(insert=[{"Gsid": "b", "Size__gc": 1.50}])["data"] == {"inserted": ["b"]}
    assert mutate(update=[{"Gsid": "a", "Name": "y"}])["data"] == {"updated": 1}
    assert mutate(touch=2)["data"] == {"touched": ["a", "b"]}
    assert mutate(delete=["b"])["data"] == {"deleted": 1}
    assert mutate(insert=[{"Nope": 1}])["result"] is False
    assert client.post("sandbox/mutate", {"object": "nope", "touch": 1}).status_code == 400
    assert client.get("sandbox/counts").json()["data"]["thing__gc"] == 1
    assert client.get("sandbox/usage").json()["data"]["violations"] == 0
    assert client.post("sandbox/faults", {"effect": "status"}).json()["data"] == 1
    assert client.post("sandbox/faults", [{"effect": "nope"}]).status_code == 400
    assert client.get("sandbox/faults").json()["data"][0]["effect"] == "status"
    assert client.session.delete(f"{client.url}/sandbox/faults").ok
    assert client.get("sandbox/faults").json()["data"] == []
    assert sandbox.usage().sync == 0
    assert next(sandbox.tenant.rows("thing__gc"))["Name"] == "y"
