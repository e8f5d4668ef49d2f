"""The records of BATCH messages: files of JSON lines, which a message names."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchFileFormat, StorageTarget
from singer_sdk.singerlib.exceptions import InvalidInputLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def batch_lines(message: Mapping[str, Any]) -> Iterator[bytes]:
    """The lines of a BATCH message's files, each the JSON text of a record.

    Raises:
        InvalidInputLine: The files are no JSON lines.
    """
    encoding = BaseBatchFileEncoding.from_dict(message["encoding"])
    if encoding.format != BatchFileFormat.JSONL:
        raise InvalidInputLine("A BATCH message names files of another format than jsonl")
    for path in message["manifest"]:
        folder, name = StorageTarget.split_url(path)
        with StorageTarget.from_url(folder).open(name, mode="rb") as file:
            if encoding.compression == "gzip":
                with gzip.open(file) as unpacked:
                    yield from unpacked
            else:
                yield from file
