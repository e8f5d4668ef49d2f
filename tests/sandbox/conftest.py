from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Sandbox
from tests.sandbox.client import THING, Client, clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Rig:
    """Starts sandboxes, and clients for them, that end with the test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def demo(self, **options: Any) -> tuple[Sandbox, Client]:
        sandbox = self._stack.enter_context(Sandbox(clock=options.pop("clock", clock()), **options))
        return sandbox, self._stack.enter_context(Client(sandbox))

    def things(self, *rows: Mapping[str, object], **options: Any) -> tuple[Sandbox, Client]:
        return self.filled(rows, **options)

    def filled(
        self, rows: Iterable[Mapping[str, object]], **options: Any
    ) -> tuple[Sandbox, Client]:
        sandbox, client = self.demo(demo=False, **options)
        sandbox.tenant.add_object(THING, rows)
        return sandbox, client


@pytest.fixture
def rig() -> Iterator[Rig]:
    with ExitStack() as stack:
        yield Rig(stack)
