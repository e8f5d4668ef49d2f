"""The tap's settings, beside those of the connection."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gainsight_api.settings import CONNECTION_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

TAP_SETTINGS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "start_date": {
            "type": ["string", "null"],
            "format": "date-time",
            "title": "Start date",
            "description": "The earliest replication value of a first incremental sync.",
        },
        "objects": {
            "type": ["array", "null"],
            "items": {"type": "string", "minLength": 1},
            "title": "Objects",
            "description": "Names or globs of the objects to discover, such as company or *__gc; "
            "by default all that can be read.",
        },
        "extract_method": {
            "type": ["string", "null"],
            "enum": ["auto", "query", "bulk", None],
            "default": "auto",
            "title": "Extract method",
            "description": "query: the Query API. bulk: export jobs. auto: query first, and past "
            "bulk_threshold_rows the rest by export job.",
        },
        "bulk_threshold_rows": {
            "type": ["integer", "null"],
            "minimum": 0,
            "default": 25_000,
            "title": "Bulk threshold",
            "description": "Rows of a stream that auto reads by query before it takes a job.",
        },
        "max_rows_per_job": {
            "type": ["integer", "null"],
            "minimum": 1,
            "default": 1_000_000,
            "title": "Rows per job",
            "description": "A larger extract takes several export jobs.",
        },
        "lookback_seconds": {
            "type": ["integer", "null"],
            "minimum": 0,
            "default": 300,
            "title": "Look-back",
            "description": "Seconds before its bookmark at which an incremental extract begins, "
            "for rows that the tenant commits late.",
        },
        "filter_timezone": {
            "type": ["string", "null"],
            "default": "UTC",
            "title": "Filter time zone",
            "description": "The zone in which the tenant reads filter times, such as Europe/Paris.",
        },
        "csv_null": {
            "type": ["string", "null"],
            "title": "CSV null",
            "description": "A cell text that stands for null in export CSVs, exactly so written, "
            "beside the empty cell.",
        },
    }
)
"""JSON Schema of each setting, by name."""

CONFIG_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {**CONNECTION_SETTINGS, **TAP_SETTINGS},
    "required": ["domain"],
}
