from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig


def test_the_log_tells_what_was_asked(rig: Rig) -> None:
    sandbox, client = rig.things()
    response = client.get("v1/meta/services/objects/list?po=company")
    entry = sandbox.log[-1]
    assert (entry.method, entry.path, entry.query, entry.status) == (
        "GET",
        "/v1/meta/services/objects/list",
        "po=company",
        200,
    )
    assert entry.size == int(response.headers["content-length"])
