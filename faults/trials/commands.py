"""What anybody on the machine can read of running programs: the commands that started them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROCESSES = Path("/proc")


def commands(pid: int) -> Iterator[str]:
    """The commands of a process and of all that it has started; none where there is no /proc."""
    folder = _PROCESSES / str(pid)
    with contextlib.suppress(OSError):  # one that has just ended
        yield (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        for children in folder.glob("task/*/children"):
            for child in children.read_text(encoding="ascii").split():
                yield from commands(int(child))
