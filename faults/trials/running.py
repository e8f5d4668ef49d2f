"""One cell: its run, the reruns of a scheduler, and what is wrong in the end."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faults.strikes import Strike
from faults.trials import verdict
from faults.trials.flaws import Flaw  # noqa: TC001 - results are read again by their types
from faults.trials.rig import Rig
from faults.trials.stores import SERVERS
from faults.trials.tenants import tenant_for
from gainsight_sandbox import Hooks, ManualClock

if TYPE_CHECKING:
    from faults.cells import Cell

MOST_RUNS = 3
"""A run and its reruns; what lasts is mended before the last."""
_SECONDS_BETWEEN_RUNS = 120
_MEMORY = "/dev/shm"  # noqa: S108 - where it is, folders of random names are made in it


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a cell.

    Attributes:
        name: The cell's name.
        phase: Its phase.
        mishap: Its fault.
        lasting: Whether it struck each time.
        runs: The runs' exit statuses.
        strikes: How often it struck.
        flaws: What was wrong; nothing, if all was well.
        unanswered: Submissions whose reply never arrived.
        last_line: What the first run that failed said at its end.
        seconds: How long it took.
        work: Of these the processor's, but for those of killed runs.
    """

    name: str
    phase: str
    mishap: str
    lasting: bool
    runs: tuple[int, ...]
    strikes: int
    flaws: tuple[Flaw, ...]
    unanswered: int
    last_line: str
    seconds: float
    work: float


def begin_worker() -> None:
    """What threads of a run still have to say after its end is nobody's; and files cost nothing."""
    if os.access(_MEMORY, os.W_OK):
        tempfile.tempdir = _MEMORY
    logging.lastResort = None
    logging.getLogger().addHandler(logging.NullHandler())


def run_cell(cell: Cell, *, real: bool = False) -> Result:
    """Run a cell, and ask its tenant what is true."""
    started, worked = time.monotonic(), time.process_time()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        rig = _rig(cell, folder, stack, real=real or cell.mishap.kills is not None)
        rig.prepare()
        for number in range(1, MOST_RUNS + 1):
            if number == MOST_RUNS:
                rig.mend()
            if rig.run(real=real) == 0:
                break
            rig.lose()
            if isinstance(rig.sandbox.clock, ManualClock):
                rig.sandbox.clock.advance(_SECONDS_BETWEEN_RUNS)
        flaws = verdict.flaws(rig)
        unanswered = verdict.unanswered_submissions(rig)
    return Result(
        name=cell.name,
        phase=cell.phase.name,
        mishap=cell.mishap.name,
        lasting=cell.strikes is None,
        runs=tuple(done.status for done in rig.ended),
        strikes=rig.struck,
        flaws=tuple(flaws),
        unanswered=unanswered,
        last_line=next((verdict.last_line(done) for done in rig.ended if done.status), ""),
        seconds=time.monotonic() - started,
        work=time.process_time() - worked,
    )


def _rig(cell: Cell, folder: Path, stack: ExitStack, *, real: bool) -> Rig:
    strike = Strike(cell.phase)
    hooks = Hooks(before_request=strike)
    sandbox = stack.enter_context(tenant_for(cell, hooks, real=real))
    server = None
    if cell.mishap.server is not None:
        server = SERVERS[cell.mishap.server]()
        stack.callback(server.close)
    fault = cell.mishap.fault(cell.phase, cell.strikes)
    return Rig(cell, sandbox, folder, fault, strike, server)
