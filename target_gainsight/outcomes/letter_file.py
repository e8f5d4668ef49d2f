"""A dead-letter file on disk: locked while it is read or changed, and never left half written.

Whoever holds the lock may put another file in its place. So who has waited for the lock looks
whether the file that is locked is still the one of that name.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from gainsight_api.errors import ConfigError, GainsightError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_FLAGS = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
"""To open a FIFO is not to wait for who is at its other end."""


def check_folder(folder: Path) -> None:
    """Check that dead-letter files can be written to a folder, which is not made for it.

    Args:
        folder: The setting `rejects_path`.

    Raises:
        ConfigError: They cannot.
    """
    try:
        with suppress(FileNotFoundError):
            folder.stat()
        place = next(filter(os.path.lexists, (folder, *folder.parents)), folder)
        is_folder = place.is_dir()
        if is_folder and os.access(place, os.W_OK | os.X_OK):
            return
        why = f"{place} {'cannot be written to' if is_folder else 'is no folder'}"
    except (OSError, ValueError) as exc:
        why = f"{folder} cannot be a folder ({getattr(exc, 'strerror', None) or exc})"
    raise ConfigError(
        f"setting `rejects_path`: {why}; name a folder for rejected records that can be written to"
    )


@contextmanager
def locked(path: Path) -> Iterator[IO[bytes]]:
    """A dead-letter file that nobody else reads or changes meanwhile; it is made if need be.

    Raises:
        GainsightError: It cannot be opened, is a symbolic link, or no regular file.
    """
    with _errors(path):
        file = _opened(path)
    with file:
        yield file


def append(path: Path, lines: bytes) -> int:
    """Append lines, on a new line; they are on disk when this returns.

    Returns:
        The number of the first one in the file.

    Raises:
        GainsightError: The file cannot be written.
    """
    with _errors(path), locked(path) as file:
        before, last = 0, b"\n"
        while chunk := file.read(1 << 20):
            before, last = before + chunk.count(b"\n"), chunk[-1:]
        if last != b"\n":  # a run that was killed, or a full disk, left half a line
            lines = b"\n" + lines
            before += 1
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    return before + 1


def replace(path: Path, lines: Iterable[bytes]) -> None:
    """Put other lines in the place of a file that the caller holds locked.

    A kill leaves either the old lines or the new ones.

    Raises:
        GainsightError: They cannot be written.
    """
    beside = path.with_name(f"{path.name}.new")
    with _errors(path):
        _check_regular(beside)
        with os.fdopen(os.open(beside, _FLAGS | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _opened(path: Path) -> IO[bytes]:
    while True:
        _check_regular(path)
        opened = os.open(path, _FLAGS | os.O_RDWR | os.O_APPEND, 0o600)
        file = os.fdopen(opened, "r+b")
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            if _is_at(path, opened):
                os.fchmod(opened, 0o600)
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _check_regular(path: Path) -> None:
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise OSError(errno.EINVAL, "is no regular file")


def _is_at(path: Path, opened: int) -> bool:
    try:
        return os.path.samestat(os.fstat(opened), path.lstat())
    except FileNotFoundError:
        return False


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        what = "is a symbolic link" if exc.errno == errno.ELOOP else exc.strerror
        raise GainsightError(
            f"the dead-letter file {path} cannot be used ({what}): check `rejects_path`"
        ) from None
