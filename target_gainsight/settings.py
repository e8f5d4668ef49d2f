"""The target's settings, beside those of the connection."""

from __future__ import annotations

from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from typing_extensions import override

from gainsight_api.objects.records import LARGEST_CALL
from gainsight_api.settings import CONNECTION_SETTINGS, ConnectionSettings, with_defaults
from gainsight_singer.report.setting import REPORT_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = {"type": "string", "minLength": 1}


def _choice(title: str, description: str, *values: str, **more: Any) -> dict[str, Any]:
    return {
        "type": ["string", "null"],
        "enum": [*values, None],
        "title": title,
        "description": description,
        **more,
    }


def _count(title: str, description: str, **more: Any) -> dict[str, Any]:
    return {"type": ["integer", "null"], "title": title, "description": description, **more}


_KEYS = {
    "type": ["array", "null"],
    "items": _NAME,
    "minItems": 1,
    "title": "Keys",
    "description": "Gainsight fields by which records are found; by default the stream's key "
    "properties.",
}
_FIELDS = {
    "type": ["object", "null"],
    "additionalProperties": _NAME,
    "title": "Fields",
    "description": "Source property to Gainsight field; properties not named keep their name.",
}
_LOOKUPS = {
    "type": ["object", "null"],
    "title": "Lookups",
    "description": "The lookups object of Gainsight's write calls.",
    "additionalProperties": {
        "type": "object",
        "required": ["fields", "objectName", "lookupField"],
        "properties": {
            "isLookup": {"type": "boolean"},
            "fields": {"type": "object", "minProperties": 1, "additionalProperties": _NAME},
            "objectName": _NAME,
            "lookupField": _NAME,
            "onNoMatch": {"enum": ["ERROR", "NULLABLE", "DEFAULTVALUE"]},
            "multiMatchOption": {"enum": ["FIRSTMATCH", "MARKASERROR"]},
        },
    },
}
_OPERATION = _choice(
    "Operation",
    "What is done with the records.",
    "insert",
    "update",
    "upsert",
)
_LOAD_MODE = _choice(
    "Load mode",
    "rest: calls of rest_batch_size records. bulk: CSV import jobs. auto: REST up to "
    "bulk_threshold_rows in a batch, a job beyond.",
    "auto",
    "rest",
    "bulk",
)
_NULL_HANDLING = _choice(
    "Nulls",
    "send: a null clears the field. omit: it leaves the field as it is.",
    "send",
    "omit",
)
_UNCHANGED = _choice(
    "Unchanged records",
    "send: all records are written. skip: records that Gainsight already holds with equal values "
    "are read instead, and not written.",
    "send",
    "skip",
)
_DELETES = _choice(
    "Deletes",
    "What becomes of records with _sdc_deleted_at: ignore them, or delete them in Gainsight.",
    "ignore",
    "delete",
)

TARGET_SETTINGS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "streams": {
            "type": ["array", "null"],
            "title": "Streams",
            "description": "What becomes of each stream; the first entry whose name (or glob) "
            "matches counts. A stream without one is loaded into the object of its own name.",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {**_NAME, "title": "Stream name or glob"},
                    "object": {"type": ["string", "null"], "title": "Object"},
                    "operation": _OPERATION,
                    "keys": _KEYS,
                    "fields": _FIELDS,
                    "lookups": _LOOKUPS,
                    "load_mode": _LOAD_MODE,
                    "null_handling": _NULL_HANDLING,
                    "unchanged": _UNCHANGED,
                    "deletes": _DELETES,
                    "bulk_job_id": {"type": ["string", "null"], "title": "Id of the import job"},
                },
            },
        },
        "operation": {**_OPERATION, "default": "upsert"},
        "keys": _KEYS,
        "fields": _FIELDS,
        "lookups": _LOOKUPS,
        "load_mode": {**_LOAD_MODE, "default": "auto"},
        "null_handling": {**_NULL_HANDLING, "default": "send"},
        "unchanged": {**_UNCHANGED, "default": "send"},
        "deletes": {**_DELETES, "default": "ignore"},
        "bulk_threshold_rows": _count(
            "Bulk threshold",
            "Records of a batch that auto loads by REST; a larger batch takes a job.",
            default=5_000,
            minimum=0,
        ),
        "batch_size_rows": _count(
            "Batch size",
            "Records in a batch; by default 500000, and 5000 with load_mode rest.",
            minimum=1,
        ),
        "max_bulk_bytes": _count(
            "Largest file",
            "Bytes of an import job's CSV at most; a larger one is split over several jobs.",
            default=79_000_000,
            minimum=1_000,
        ),
        "rest_batch_size": _count(
            "REST batch size",
            "Records of a REST call.",
            default=LARGEST_CALL,
            minimum=1,
            maximum=LARGEST_CALL,
        ),
        "multiselect_format": _choice(
            "Multi-selects by REST",
            "list: a list of item ids. text: id;id. auto: a list, until the tenant has refused one "
            "and taken the text.",
            "auto",
            "list",
            "text",
            default="auto",
        ),
        "bulk_import_api": _choice(
            "Import API",
            "jobs: import jobs that take all they need with the file. connector: import jobs "
            "that an admin has set up, named by bulk_job_id in each streams entry.",
            "jobs",
            "connector",
            default="jobs",
        ),
        "bulk_access_key": {
            "type": ["string", "null"],
            "title": "Import access key",
            "description": "With bulk_import_api: connector, for a connection that has an access "
            "key of its own.",
            "secret": True,
            "writeOnly": True,
        },
        "bulk_row_number_base": {
            "enum": ["auto", "0", "1", "2", 0, 1, 2, None],
            "title": "First row's number",
            "description": "What the errors of import jobs call the first row of data; auto finds "
            "out.",
            "default": "auto",
        },
        "rejects_path": {
            "type": ["string", "null"],
            "title": "Rejects",
            "description": "The folder of the dead-letter files.",
            "default": "rejects/",
        },
        "max_rejects": _count(
            "Rejects allowed",
            "More rejected records than this fail the run, after the good ones are loaded and the "
            "bad ones are in the dead-letter file; -1: no limit.",
            default=0,
            minimum=-1,
        ),
        "dry_run": {
            "type": ["boolean", "null"],
            "title": "Dry run",
            "description": "Print what would be sent and at what cost, and write nothing.",
            "default": False,
        },
        "report_path": REPORT_PATH,
    }
)
"""JSON Schema of each setting, by name."""

CONFIG_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {**CONNECTION_SETTINGS, **TARGET_SETTINGS},
    "required": ["domain"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """What becomes of a stream: an entry of `streams`, with the general settings in its gaps.

    Each attribute is the property of its name, as `TARGET_SETTINGS` describes it.
    """

    name: str
    object: str | None = None
    operation: Literal["insert", "update", "upsert"]
    keys: Sequence[str] | None
    fields: Mapping[str, str] | None
    lookups: Mapping[str, Mapping[str, Any]] | None
    load_mode: Literal["auto", "rest", "bulk"]
    null_handling: Literal["send", "omit"]
    unchanged: Literal["send", "skip"]
    deletes: Literal["ignore", "delete"]
    bulk_job_id: str | None = None

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any], general: Mapping[str, Any]) -> Self:
        """Read an entry; what is null or absent in it is as the general settings have it."""
        names = [field.name for field in fields(cls)]
        values: dict[str, Any] = {
            name: general.get(name) if entry.get(name) is None else entry[name] for name in names
        }
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class TargetSettings(ConnectionSettings):
    """How a tenant is reached, and how records are loaded into it.

    Each attribute is the setting of its name, as `CONNECTION_SETTINGS` and `TARGET_SETTINGS`
    describe it.
    """

    schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = CONFIG_SCHEMA["properties"]

    streams: tuple[StreamSettings, ...]
    operation: Literal["insert", "update", "upsert"]
    keys: Sequence[str] | None
    fields: Mapping[str, str] | None
    lookups: Mapping[str, Mapping[str, Any]] | None
    load_mode: Literal["auto", "rest", "bulk"]
    null_handling: Literal["send", "omit"]
    unchanged: Literal["send", "skip"]
    deletes: Literal["ignore", "delete"]
    bulk_threshold_rows: int
    batch_size_rows: int | None
    max_bulk_bytes: int
    rest_batch_size: int
    multiselect_format: Literal["auto", "list", "text"]
    bulk_import_api: Literal["jobs", "connector"]
    bulk_access_key: str | None
    bulk_row_number_base: str | int
    rejects_path: str
    max_rejects: int
    dry_run: bool
    report_path: str | None

    @classmethod
    @override
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        general = with_defaults(config, TARGET_SETTINGS)
        entries = general["streams"] or ()
        streams = tuple(StreamSettings.from_entry(entry, general) for entry in entries)
        return super().from_config({**config, "streams": streams})

    def for_stream(self, stream: str) -> StreamSettings:
        """The first entry of `streams` whose name or glob matches; else the general settings."""
        for entry in self.streams:
            if entry.name == stream or fnmatchcase(stream, entry.name):
                return entry
        general = {each.name: getattr(self, each.name, None) for each in fields(StreamSettings)}
        return StreamSettings.from_entry({"name": stream}, general)

    def has_entry_with_fields(self, stream: str) -> bool:
        """Whether `streams` has an entry for just this stream, with `fields` of its own."""
        entry = self.for_stream(stream)
        return entry in self.streams and entry.name == stream and entry.fields is not self.fields
