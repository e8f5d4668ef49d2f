"""A connector's command, run in this process or in one of its own.

Processes are forked from one that has imported all: to import the SDK takes longer than a run.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import multiprocessing
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from faults.phases import TAP
from faults.trials.tenants import PAGE_ROWS
from tap_gainsight.tap import TapGainsight
from target_gainsight.target import TargetGainsight

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gainsight_sandbox import Sandbox

PATIENCE = 120
_OUTPUTS = ("stdout", "stderr")
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


class TapOfFewRows(TapGainsight):
    """The tap, with small pages."""

    page_rows = PAGE_ROWS


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What it wrote to standard output; half a line counts as none."""
        whole = self.out.split("\n")[:-1]
        return [json.loads(line) for line in whole if line]


class _Beside:
    """A connector's own clock: it goes as the tenant's does, but nobody turns it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._clock: Any = sandbox.clock

    def now(self) -> float:
        """Seconds since 1970."""
        return float(self._clock.now() - self._clock.turned)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.sleep(seconds)


def launch(
    connector: str,
    place: tuple[Path, Sandbox],
    arguments: list[str],
    *,
    real: bool,
    begun: Callable[[int], None],
) -> Ended:
    """Run a command to its end.

    Args:
        connector: Which one.
        place: In which folder, and by whose clock.
        arguments: What it is called with.
        real: Whether in a process of its own.
        begun: Is told the id of that.
    """
    folder, sandbox = place
    if real:
        return _process(connector, folder, arguments, begun)
    if connector == TAP:

        class Tap(TapOfFewRows):
            clock: ClassVar[Any] = _Beside(sandbox)

        return _here(Tap, folder, arguments)

    class Target(TargetGainsight):
        clock: ClassVar[Any] = _Beside(sandbox)

    return _here(Target, folder, arguments)


def _process(
    connector: str, folder: Path, arguments: list[str], begun: Callable[[int], None]
) -> Ended:
    process = _processes.Process(target=_main, args=(connector, folder, arguments))
    process.start()
    begun(int(process.pid or 0))
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"a run did not end within {PATIENCE} seconds")
    texts = [(folder / name).read_text(encoding="utf-8") for name in _OUTPUTS]
    for name in _OUTPUTS:
        (folder / name).unlink()
    return Ended(process.exitcode, *texts)


def _main(connector: str, folder: Path, arguments: list[str]) -> None:
    """Be the program."""
    os.chdir(folder)
    for descriptor, name in enumerate(_OUTPUTS, 1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    plugin: Any = TapOfFewRows if connector == TAP else TargetGainsight
    plugin.cli(arguments)


def _here(plugin: type[Any], folder: Path, arguments: list[str]) -> Ended:
    # The sandbox's server is in this process, too.
    logging.getLogger("uvicorn.error").disabled = True
    out, err = io.StringIO(), io.StringIO()
    status = 0
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            plugin.cli(arguments)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001 - as Python would end the program
            import traceback  # noqa: PLC0415

            traceback.print_exc()
            status = 1
        finally:  # the SDK sets up the log for a program
            root.handlers[:], level = before
            root.setLevel(level)
    return Ended(status, out.getvalue(), err.getvalue())
