"""Records as stream maps change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_api.objects.datatypes import json_decoder
from gainsight_singer.failed_maps import property_of, reason_of
from target_gainsight.outcomes.problems import Problem
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
        return record, (Problem("STREAM_MAP_FAILED", reason_of(exc), property_of(exc)),)
    if changed is None:
        return b"", ()
    try:
        return as_json(changed).encode(), ()
    except ConversionError as exc:
        return record, (Problem(exc.code, str(exc)),)
    except (TypeError, ValueError, OverflowError) as exc:  # a number of thousands of digits, say
        reason = f"a stream map makes a value that cannot be sent ({type(exc).__name__})"
        return record, (Problem("STREAM_MAP_FAILED", reason),)
