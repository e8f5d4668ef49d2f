"""The temporary folder of a batch's import files, and what killed runs have left of theirs."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "target-gainsight-"
_LOCK = "lock"


@contextmanager
def import_folder() -> Iterator[Path]:
    """Make a folder for import files, which nobody else can read; it is removed at the end.

    The files hold values of records. A run that is killed cannot remove them, so each run removes
    the folders that nobody has locked any more.
    """
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        making = folder / "making"
        with making.open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            making.rename(folder / _LOCK)  # only now is it looked at by another run's sweep
            yield folder


def _sweep(parent: Path) -> None:
    for lock in parent.glob(f"{_PREFIX}*/{_LOCK}"):
        try:
            with lock.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:  # in use, another user's, or just removed
            continue
