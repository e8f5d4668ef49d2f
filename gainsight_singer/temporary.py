"""Temporary files that cannot be written: what both connectors say of that."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gainsight_api.errors import GainsightError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def temporary_files() -> Iterator[None]:
    """What is done in here writes temporary files.

    Raises:
        GainsightError: The disk does not take them.
    """
    try:
        yield
    except OSError as exc:
        folder = f", {tempfile.tempdir}," if tempfile.tempdir else ""
        raise GainsightError(
            f"the folder of temporary files{folder} cannot be written to ({exc.strerror}): make "
            "room there, or set TMPDIR to another one"
        ) from None
