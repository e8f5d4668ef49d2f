"""Files that come as multipart/form-data, kept on disk while their call is answered."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from starlette.datastructures import UploadFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

FILE = "file"


@dataclass(frozen=True, slots=True)
class Upload:
    """The fields of a form, and its file, if there is one."""

    fields: dict[str, str] = field(default_factory=dict)
    file: IO[bytes] | None = None
    file_name: str = ""
    size: int = 0


@asynccontextmanager
async def receive_upload(request: Request) -> AsyncIterator[Upload]:
    """Read a form; Starlette writes its file to disk as it comes."""
    async with request.form() as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        file = form.get(FILE)
        if isinstance(file, UploadFile):
            yield Upload(fields, file.file, file.filename or "", file.size or 0)
        else:
            yield Upload(fields)
