"""The records of BATCH messages: files of JSON lines, which a message names."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote

from singer_sdk.singerlib.exceptions import InvalidInputLine

from target_gainsight.incoming.reader import records_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from target_gainsight.outcomes.problems import Problem

_COMPRESSIONS = (None, "none", "gzip")


def batch_records(
    message: Mapping[str, Any], open_file: Callable[[str], AbstractContextManager[IO[bytes]]]
) -> Iterator[tuple[list[bytes], tuple[Problem, ...]]]:
    """The records of a BATCH message's files, as `records_in` gives them.

    Args:
        message: The message.
        open_file: Opens the file of a URL.

    Raises:
        InvalidInputLine: The message is not as it should be, or a file cannot be read.
    """
    encoding, manifest = message["encoding"], message["manifest"]
    if not isinstance(encoding, dict) or encoding.get("format") != "jsonl":
        raise InvalidInputLine("A BATCH message names files of another format than jsonl")
    if encoding.get("compression") not in _COMPRESSIONS:
        raise InvalidInputLine("A BATCH message names a compression other than gzip and none")
    if not isinstance(manifest, list) or not all(isinstance(url, str) for url in manifest):
        raise InvalidInputLine("A BATCH message has a manifest that is no list of files")
    for url in manifest:
        try:
            with open_file(url) as file:
                packed = encoding.get("compression") == "gzip"
                yield from records_in(_unpacked(file) if packed else file, url)
        except (OSError, EOFError, ImportError, TypeError, ValueError, zlib.error) as exc:
            reason = getattr(exc, "strerror", None) or type(exc).__name__
            raise InvalidInputLine(
                f"The BATCH file {url} cannot be read ({reason}): it is missing, broken off or "
                "not packed as its message says"
            ) from None


def local_path(url: str) -> Path | None:
    """The path of a file on this machine; None, if the file is elsewhere.

    Some taps, as the SDK's do, write a path into a URL as it stands, and others percent-encode it.
    """
    if not url.startswith(("/", "file:///", "file://localhost/")):
        return None
    path = url.removeprefix("file://").removeprefix("localhost")
    plain = Path(unquote(path, errors="surrogateescape"))
    return plain if plain.exists() and not Path(path).exists() else Path(path)


def _unpacked(file: IO[bytes]) -> gzip.GzipFile:
    """The content of a packed file; one of no bytes is none, which Python takes for empty."""
    first = file.read(1)
    if not first:
        raise EOFError
    file.seek(0)
    return gzip.GzipFile(fileobj=file)
