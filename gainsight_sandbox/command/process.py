"""Runs another command, passes signals on to it, and returns its exit status."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

_SIGNALLED = 128
_FORWARDED = (signal.SIGTERM, signal.SIGINT)


def run_beside(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The command's exit status; 128 and the signal's number if a signal ended it."""
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    from_terminal = _in_foreground()

    def forward(number: int, frame: FrameType | None) -> None:
        del frame
        if number == signal.SIGINT and from_terminal:
            return
        if process is None:
            early.append(number)
        else:
            process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        # What the user asked to run.
        process = subprocess.Popen(list(command), env=dict(environment))  # noqa: S603
        for number in early:
            process.send_signal(number)
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return _SIGNALLED - status if status < 0 else status


def _in_foreground() -> bool:
    """Whether Ctrl-C reaches the command from the terminal, so that it need not be passed on."""
    try:
        with Path("/dev/tty").open("rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
