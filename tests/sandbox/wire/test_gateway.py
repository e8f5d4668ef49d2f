from __future__ import annotations

import pytest

from gainsight_sandbox import Hooks, Sandbox
from tests.sandbox.client import Client


def test_a_defect_in_a_hook_does_not_pass_unseen() -> None:
    def hook(_: object) -> None:
        raise ZeroDivisionError

    sandbox = Sandbox(demo=False, hooks=Hooks(before_request=hook))
    with pytest.raises(ZeroDivisionError), sandbox, Client(sandbox) as client:
        assert client.get("v1/meta/services/objects/list").status_code == 500
