"""A multipart form with one file, read from disk while it is sent."""

from __future__ import annotations

import secrets
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType


class FormBody:
    """The body of a multipart/form-data request, of a known length and never whole in memory.

    Args:
        fields: The form's text fields.
        file: The file, sent in the field `file` under its own name.
    """

    def __init__(self, fields: Mapping[str, str], file: Path) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{file.name}"\r\nContent-Type: text/csv\r\n\r\n'
        )
        self._path = file
        self._head = head.encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._length = len(self._head) + file.stat().st_size + len(self._tail)
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("rb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()

    def __len__(self) -> int:
        """Bytes in all, which become the Content-Length."""
        return self._length

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; empty at the end."""
        if self._file is None:
            raise ValueError("the body is not open")
        if size < 0:
            size = self._length
        block, self._head = self._head[:size], self._head[size:]
        if len(block) < size:
            block += self._file.read(size - len(block))
        if len(block) < size:
            rest = size - len(block)
            block += self._tail[:rest]
            self._tail = self._tail[rest:]
        return block
