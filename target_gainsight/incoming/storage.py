"""Where records wait: in memory up to a bound over all streams, and beyond it on disk.

What waits on disk is in a folder of the run's own, in files that are open only while they are read
or written. A lock shows that the run lives: the folders of runs that were killed are swept by the
next one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
import weakref
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from gainsight_singer.temporary import temporary_files

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY_BYTES = 1 << 26
PREFIX = "target-gainsight-"
_LOCK = "lock"
_SECONDS_TO_LOCK = 86_400
"""A folder without a lock may be one that is just being made, unless it is older than this."""


class Storage:
    """A run's folder, and the bound of what its batches hold in memory together.

    Args:
        memory_bytes: That bound.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        with temporary_files():
            sweep(Path(tempfile.gettempdir()))
        self._memory_bytes = memory_bytes
        self._used = 0
        self._in_memory: dict[int, Lines] = {}
        self._names = count()
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """The run's folder, readable by its user alone; it goes when the process ends."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            # Locked before it has its name, so that no other run ever finds it without its lock.
            unnamed = self._folder / f"{_LOCK}.new"
            lock = os.open(unnamed, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(self._folder / _LOCK)
            weakref.finalize(self, _remove, self._folder, lock)
        return self._folder

    @contextmanager
    def subfolder(self) -> Iterator[Path]:
        """A folder within it, which goes with all that is in it.

        Raises:
            GainsightError: It cannot be made.
        """
        with temporary_files():
            folder = tempfile.TemporaryDirectory(dir=self.folder)
        with folder as name:
            yield Path(name)

    def new_file(self) -> Path:
        """The path of a file that does not exist yet."""
        return self.folder / f"{next(self._names)}.jsonl"

    def grown(self, lines: Lines, size: int) -> None:
        """Take note of bytes that lines hold in memory now; the largest go to disk for them."""
        self._in_memory.setdefault(id(lines), lines)
        self._used += size
        while self._used > self._memory_bytes:
            max(self._in_memory.values(), key=lambda lines: lines.held).spill()

    def shrunk(self, lines: Lines, size: int) -> None:
        """Take note that lines hold nothing in memory any more, and how much it was."""
        if self._in_memory.pop(id(lines), None):
            self._used -= size


class Lines:
    """Bytes that are added at their end and read back anywhere.

    Args:
        storage: That of the run.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._path: Path | None = None
        self._on_disk = 0
        self._memory = bytearray()

    @property
    def held(self) -> int:
        """How many bytes are in memory."""
        return len(self._memory)

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._memory += data
        self._storage.grown(self, len(data))

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from one place to another."""
        found = b""
        if self._path and start < self._on_disk:
            with self._path.open("rb") as file:
                file.seek(start)
                found = file.read(min(stop, self._on_disk) - start)
        if stop > self._on_disk:
            found += self._memory[max(start - self._on_disk, 0) : stop - self._on_disk]
        return found

    def spill(self) -> None:
        """Move what is in memory to disk.

        Raises:
            GainsightError: The disk does not take it.
        """
        with temporary_files():
            self._path = self._path or self._storage.new_file()
            with self._path.open("ab") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(self._memory)
        self._on_disk += len(self._memory)
        self._forget()

    def close(self) -> None:
        """Give memory and disk back."""
        self._forget()
        if self._path:
            self._path.unlink(missing_ok=True)
            self._path = None

    def _forget(self) -> None:
        self._storage.shrunk(self, len(self._memory))
        self._memory = bytearray()


def sweep(parent: Path) -> None:
    """Remove what killed runs of this user have left in a folder of temporary files."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
            if found.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
                continue
            if _is_left(folder, found.st_mtime):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # another run sweeps it, or it is not ours to sweep


def _is_left(folder: Path, changed: float) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - changed > _SECONDS_TO_LOCK
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _remove(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)
