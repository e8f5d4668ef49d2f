from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import ManualClock, Sandbox
from tests.target.support import Runner, thing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A tenant without records, with a custom object of every kind of field."""
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()]) as tenant:
        yield tenant


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """A tenant for a module's tests, each of which empties it."""
    with Sandbox(empty=True, clock=ManualClock()) as tenant:
        yield tenant


@pytest.fixture
def runner(sandbox: Sandbox, tmp_path: Path) -> Runner:
    return Runner(sandbox, tmp_path / "rejects")
