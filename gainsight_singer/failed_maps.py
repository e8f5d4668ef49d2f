"""What can be said of a stream map that fails on a record, without the record's values."""

from __future__ import annotations

import traceback
from typing import Any

_MAPS = "singer_sdk.mapper"


def reason_of(error: Exception) -> str:
    """Why a map failed, by the kind of its error."""
    return f"a stream map failed on the record ({type(error).__name__})"


def is_of_a_map(error: Exception) -> bool:
    """Whether it comes out of a stream map, of which an expression may fail in any way."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__") == _MAPS for frame, _ in frames)


def property_of(error: Exception) -> str | None:
    """The property whose expression failed; the SDK's error does not tell."""
    found: Any = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = frame.f_locals.get("property_name", found)
    return found if isinstance(found, str) else None
