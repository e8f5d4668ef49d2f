"""The files that BATCH messages name: raw records, written while they are encoded.

A file has its name only once it is whole and on disk, so that no message names half a file, however
the run ends.
"""

from __future__ import annotations

import gzip
import os
import re
from contextlib import suppress
from itertools import count
from typing import IO, TYPE_CHECKING, Protocol
from uuid import uuid4

from gainsight_api.errors import ConfigError, GainsightError
from tap_gainsight.batch_settings import GZIP_LEVEL
from tap_gainsight.output import OutputError
from tap_gainsight.records.lines import raw_lines

if TYPE_CHECKING:
    from pathlib import Path

    from tap_gainsight.batch_settings import BatchSettings
    from tap_gainsight.records.block import Block

_SUFFIXES = {("jsonl", "gzip"): "jsonl.gz", ("jsonl", "none"): "jsonl"}
_PARQUET = "parquet"


class Encoder(Protocol):
    """Writes the content of one file."""

    def add(self, block: Block) -> bool:
        """Write a block's records, if the file can hold them; an empty one can.

        Returns:
            Whether it can.
        """

    def close(self) -> None:
        """Write what ends the file; the file itself stays open."""


class JsonLines:
    """Each record as a line of JSON.

    Args:
        file: The file.
        compression: gzip or none.
    """

    def __init__(self, file: IO[bytes], compression: str) -> None:
        packed = compression == "gzip"
        self._file = gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0) if packed else file

    def add(self, block: Block) -> bool:
        """Write a block's records; the file can hold any."""
        self._file.write(raw_lines(block).encode())
        return True

    def close(self) -> None:
        """Write what ends the file."""
        if isinstance(self._file, gzip.GzipFile):
            self._file.close()


class BatchFiles:
    """A stream's files in one run, one after the other.

    Args:
        settings: What they are like.
        stream: The stream's name.

    Raises:
        ConfigError: Their folder cannot be written to.
    """

    def __init__(self, settings: BatchSettings, stream: str) -> None:
        try:
            settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigError(
                f"setting `batch_config`: its storage.root {settings.folder} cannot be made "
                f"({exc.strerror})"
            ) from None
        if not os.access(settings.folder, os.W_OK | os.X_OK):
            raise ConfigError(
                f"setting `batch_config`: its storage.root {settings.folder} cannot be written to"
            )
        self._settings = settings
        self._stream = stream
        safe = re.sub(r"[^A-Za-z0-9_.-]", "_", stream)[:100]
        self._name = f"{settings.prefix}tap-gainsight--{safe}-{uuid4().hex}"
        self._numbers = count(1)
        self._open: _OpenFile | None = None
        self._whole: list[Path] = []

    def add(self, block: Block) -> None:
        """Write a block's records.

        Raises:
            OutputError: The disk does not take them.
            GainsightError: A file of this format cannot hold them.
        """
        try:
            if not (self._open and self._open.encoder.add(block)):
                self._close()
                self._open = self._new_file()
                self._open.encoder.add(block)
        except GainsightError:
            self.discard()  # what a file cannot hold, it is refused at its beginning
            raise
        except OSError as exc:
            raise self._error(exc) from None

    def finish(self) -> list[str]:
        """Complete what has been begun.

        Returns:
            The URLs of the files that are whole and have not been named yet.

        Raises:
            OutputError: A file cannot be written.
        """
        try:
            self._close()
        except OSError as exc:
            raise self._error(exc) from None
        # The SDK takes a URL's path as it stands, without undoing any escapes.
        urls = [f"file://{path}" for path in self._whole]
        self._whole = []
        return urls

    def discard(self) -> None:
        """Remove the file that is not whole, if there is one."""
        if self._open:
            unfinished, self._open = self._open, None
            with suppress(OSError):
                unfinished.part.unlink()
            with suppress(OSError):
                unfinished.file.close()

    def _new_file(self) -> _OpenFile:
        settings = self._settings
        suffix = _SUFFIXES.get((settings.format, settings.compression), _PARQUET)
        path = settings.folder / f"{self._name}-{next(self._numbers)}.{suffix}"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _OpenFile(path, settings, self._stream)

    def _close(self) -> None:
        if self._open:
            self._open.complete()
            self._whole.append(self._open.path)
            self._open = None

    def _error(self, exc: OSError) -> OutputError:
        self.discard()
        return OutputError(
            f"stream {self._stream}: a BATCH file cannot be written to {self._settings.folder} "
            f"({exc.strerror}): make room there, or set another storage.root in `batch_config`"
        )


class _OpenFile:
    """A file that is being written, under a name that ends in `.part`."""

    def __init__(self, path: Path, settings: BatchSettings, stream: str) -> None:
        self.path = path
        self.part = path.with_name(f"{path.name}.part")
        opened = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.file = os.fdopen(opened, "wb")
        self.encoder = _encoder(self.file, settings, stream)

    def complete(self) -> None:
        """Bring all of it to disk, and give it its name."""
        self.encoder.close()
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self.part.rename(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _encoder(file: IO[bytes], settings: BatchSettings, stream: str) -> Encoder:
    if settings.format != _PARQUET:
        return JsonLines(file, settings.compression)
    # Arrow's own pools keep what was freed, and take up to 20 MB more; the time is the same.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from tap_gainsight.parquet import Parquet  # noqa: PLC0415 - it needs an extra

    return Parquet(file, settings.compression, stream)
