"""The tap's settings, beside those of the connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gainsight_api.errors import ConfigError
from gainsight_api.objects.datatypes import timestamp
from gainsight_api.objects.deleted_lists import DELETED_LISTS
from gainsight_api.settings import CONNECTION_SETTINGS, ConnectionSettings
from gainsight_singer.report.setting import REPORT_PATH
from tap_gainsight.batch_settings import BATCH_CONFIG, BatchSettings
from tap_gainsight.catalog.custom import StreamSetting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

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
        "streams": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": ["string", "null"], "minLength": 1},
                    "object": {"type": "string", "minLength": 1},
                    "fields": {
                        "type": ["array", "null"],
                        "items": {"type": "string", "minLength": 1},
                    },
                    "filter": {
                        "type": ["object", "null"],
                        "properties": {
                            "conditions": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["name", "alias", "operator"],
                                },
                            },
                            "expression": {"type": ["string", "null"]},
                        },
                        "required": ["conditions"],
                        "additionalProperties": False,
                    },
                    "replication_key": {"type": ["string", "null"]},
                    "primary_keys": {"type": ["array", "null"], "items": {"type": "string"}},
                    "extract_method": {
                        "type": ["string", "null"],
                        "enum": ["auto", "query", "bulk", None],
                    },
                },
                "required": ["object"],
            },
            "title": "Streams",
            "description": "Streams of your own: a list of name, object, fields (with lookup "
            "paths, such as Csm__gr.Name), filter, replication_key, primary_keys and "
            "extract_method. Only object is required; an entry that is named as its object "
            "configures that object's stream.",
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
        "max_concurrent_jobs": {
            "type": ["integer", "null"],
            "minimum": 1,
            "default": 4,
            "title": "Concurrent jobs",
            "description": "Export jobs under way at once, over all streams.",
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
        "include_lookup_names": {
            "type": ["boolean", "null"],
            "default": False,
            "title": "Lookup names",
            "description": "Also the Name, and a user's Email, behind every lookup field.",
        },
        "include_picklist_labels": {
            "type": ["boolean", "null"],
            "default": False,
            "title": "Picklist labels",
            "description": "Also the label beside each picklist's item id, as <field>__label.",
        },
        "deleted_lists": {
            "type": ["array", "null"],
            "items": {"type": "string", "minLength": 1},
            "title": "Deleted lists",
            "description": "Objects of which deleted_records also has what their own lists of "
            "deleted records show: call_to_action, cta_group (success plans).",
        },
        "csv_null": {
            "type": ["string", "null"],
            "title": "CSV null",
            "description": "A cell text that stands for null in export CSVs, exactly so written, "
            "beside the empty cell.",
        },
        "report_path": REPORT_PATH,
        "batch_config": BATCH_CONFIG,
    }
)
"""JSON Schema of each setting, by name."""

CONFIG_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {**CONNECTION_SETTINGS, **TAP_SETTINGS},
    "required": ["domain"],
}


@dataclass(frozen=True, kw_only=True)
class TapSettings(ConnectionSettings):
    """The tap's settings; each attribute is the setting of its name, as `TAP_SETTINGS` has it."""

    schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = CONFIG_SCHEMA["properties"]

    start_date: str | None
    objects: Sequence[str] | None
    streams: Sequence[Mapping[str, Any]] | None
    extract_method: Literal["auto", "query", "bulk"]
    bulk_threshold_rows: int
    max_rows_per_job: int
    max_concurrent_jobs: int
    lookback_seconds: int
    filter_timezone: str
    include_lookup_names: bool
    include_picklist_labels: bool
    deleted_lists: Sequence[str] | None
    csv_null: str | None
    report_path: str | None
    batch_config: Mapping[str, Any] | None

    @cached_property
    def stream_settings(self) -> Mapping[str, StreamSetting]:
        """The setting `streams`, by the streams' names.

        Raises:
            ConfigError: Two entries have one name.
        """
        return StreamSetting.read(self.streams)

    @cached_property
    def batches(self) -> BatchSettings | None:
        """The setting `batch_config`; None where records go out as messages.

        Raises:
            ConfigError: It cannot be done.
        """
        return BatchSettings.read(self.batch_config)

    @cached_property
    def listed_deletions(self) -> Sequence[str]:
        """The setting `deleted_lists`, each object once.

        Raises:
            ConfigError: An object has no such list.
        """
        for name in self.deleted_lists or ():
            if name not in DELETED_LISTS:
                raise ConfigError(
                    f"setting `deleted_lists`: nothing documents a list of deleted {name!r} that "
                    f"could be read; there are {' and '.join(DELETED_LISTS)}"
                )
        return tuple(dict.fromkeys(self.deleted_lists or ()))

    @cached_property
    def zone(self) -> tzinfo:
        """The setting `filter_timezone`.

        Raises:
            ConfigError: There is no such zone.
        """
        if self.filter_timezone == "UTC":
            return UTC
        try:
            return ZoneInfo(self.filter_timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(
                "setting `filter_timezone` is not the name of a time zone, such as Europe/Paris"
            ) from None

    @cached_property
    def earliest(self) -> datetime | None:
        """The setting `start_date`, in UTC.

        Raises:
            ConfigError: It is no date-time.
        """
        if not self.start_date:
            return None
        digits = self.start_date.strip().lstrip("+-").isdigit()
        try:
            return datetime.fromisoformat(timestamp("" if digits else self.start_date)).replace(
                tzinfo=None
            )
        except ValueError:
            raise ConfigError(
                "setting `start_date` is not a date-time, such as 2025-06-01 or "
                "2025-06-01T00:00:00Z"
            ) from None
