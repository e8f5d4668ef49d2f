"""What a command does first, while all else is still being imported."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def hear_interrupts(*, importing: bool) -> None:
    """Have an interrupt end the command in one line, with status 130.

    Python would print a traceback, and click "Aborted!", with status 1. A run listens to signals
    itself, once it has begun.

    Args:
        importing: Whether modules are still to be imported: an exception could be lost in there.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _end if importing else _stop)


def _end(signum: int, _: FrameType | None) -> None:
    _tell()
    os._exit(128 + signum)


def _stop(signum: int, _: FrameType | None) -> None:
    _tell()
    sys.exit(128 + signum)


def _tell() -> None:
    with suppress(OSError):  # not by `sys.stderr`, which may be in the middle of a line
        os.write(2, b"Stopped by a signal\n")
