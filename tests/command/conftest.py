from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import Credentials, Sandbox
from tests.command.support import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A tenant whose key no output may hold."""
    with Sandbox(rows={"company": 10}, credentials=Credentials(access_key=KEY)) as running:
        yield running


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for connector in ("TAP", "TARGET"):
        for name in ("DOMAIN", "ACCESS_KEY", "QUOTA_STORE", "STREAMS", "OBJECTS"):
            monkeypatch.delenv(f"{connector}_GAINSIGHT_{name}", raising=False)
