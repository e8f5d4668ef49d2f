"""What is done at a phase's call by no fault of the sandbox: a run is killed, a store is gone."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from faults.trials.commands import commands

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.phases import Phase
    from gainsight_sandbox import LoggedRequest


class Strike:
    """A deed at the first of a phase's calls, once.

    Args:
        phase: The phase.

    Attributes:
        deed: What is done; None does nothing.
        struck: How often it was done.
        commands: Those of all programs that ran while calls were made.
    """

    def __init__(self, phase: Phase) -> None:
        self.deed: Callable[[], None] | None = None
        self.struck = 0
        self.commands: set[str] = set()
        self._phase = phase
        self._calls = 0
        self._lock = threading.Lock()

    def __call__(self, request: LoggedRequest) -> None:
        """See a request before it is processed."""
        phase = self._phase
        self.commands.update(commands(os.getpid()))
        if self.deed is None or request.kind is not phase.kind:
            return
        if phase.object not in {None, request.object}:
            return
        with self._lock:
            self._calls += 1
            if self.struck or self._calls <= phase.skip:
                return
            self.struck = 1
        self.deed()
