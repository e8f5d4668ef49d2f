from __future__ import annotations

import pytest

from gainsight_sandbox import Sandbox


def test_one_port_serves_one_sandbox() -> None:
    with Sandbox(demo=False) as sandbox, pytest.raises(OSError, match="use"):
        Sandbox(demo=False, port=int(sandbox.url.rpartition(":")[2]))
