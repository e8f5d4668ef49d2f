"""The records of BATCH messages: files of JSON lines, which a message names."""

from __future__ import annotations

import gzip
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.singerlib.exceptions import InvalidInputLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager


def batch_lines(
    message: Mapping[str, Any], open_file: Callable[[str], AbstractContextManager[IO[bytes]]]
) -> Iterator[bytes]:
    """The lines of a BATCH message's files, each the JSON text of a record.

    Args:
        message: The message.
        open_file: Opens the file of a URL.

    Raises:
        InvalidInputLine: The files are no JSON lines.
    """
    encoding = message["encoding"]
    if encoding.get("format") != "jsonl":
        raise InvalidInputLine("A BATCH message names files of another format than jsonl")
    for path in message["manifest"]:
        with open_file(path) as file:
            if encoding.get("compression") == "gzip":
                with gzip.open(file) as unpacked:
                    yield from unpacked
            else:
                yield from file
