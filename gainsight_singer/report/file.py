"""The report's file: there whole or not at all, and readable by its owner alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gainsight_api.errors import ConfigError


def check_writable(path: str) -> None:
    """Make the file's folder, and see whether the file can be put there.

    Raises:
        ConfigError: It cannot.
    """
    try:
        if Path(path).is_dir():
            raise IsADirectoryError(0, "it is a folder")
        _temporary(path, b"").unlink()
    except (OSError, ValueError) as exc:
        raise _unwritable(path, exc) from None


def replace_file(path: str, text: str) -> None:
    """Put a text in the file's place, at once.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        # A name in the tenant's encoding may hold half a surrogate pair.
        temporary = _temporary(path, text.encode("utf-8", "replace"))
        try:
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise _unwritable(path, exc) from None


def _temporary(path: str, content: bytes) -> Path:
    """A file beside it, which only its owner may read."""
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    opened, name = tempfile.mkstemp(dir=folder, prefix=f".{Path(path).name[:100]}.")
    with os.fdopen(opened, "wb") as file:
        file.write(content)
    return Path(name)


def _unwritable(path: str, error: OSError | ValueError) -> ConfigError:
    reason = getattr(error, "strerror", None) or error
    return ConfigError(f"setting `report_path`: {path} cannot be written ({reason})")
