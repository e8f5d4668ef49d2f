"""Records as stream maps change them."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from gainsight_api.datatypes import json_decoder
from target_gainsight.problems import Problem
from target_gainsight.rows.values import ConversionError, as_json

if TYPE_CHECKING:
    from singer_sdk.mapper import StreamMap

_decode = json_decoder().decode


def transformed(
    stream_map: StreamMap, record: bytes, problems: tuple[Problem, ...]
) -> tuple[bytes, tuple[Problem, ...]]:
    """A record as a stream map changes it, and its problems; empty if it is left out.

    Args:
        stream_map: The map.
        record: The record's JSON text.
        problems: Why it cannot be loaded anyway; it is left as it is then.
    """
    if problems:
        return record, problems
    try:
        changed = stream_map.transform(_decode(record))
    except Exception as exc:  # noqa: BLE001 - an expression of the user's may raise anything
        reason = f"a stream map failed on the record ({type(exc).__name__})"
        return record, (Problem("STREAM_MAP_FAILED", reason, _property_of(exc)),)
    if changed is None:
        return b"", ()
    try:
        return as_json(changed).encode(), ()
    except ConversionError as exc:
        return record, (Problem(exc.code, str(exc)),)


def _property_of(error: Exception) -> str | None:
    """The property whose expression failed; the SDK's error does not tell."""
    found: Any = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = frame.f_locals.get("property_name", found)
    return found if isinstance(found, str) else None
