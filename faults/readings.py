"""Tenants that do what the documents leave open in another way: each way is a mishap, too."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_type_hints

from gainsight_sandbox import CallKind, Quirks

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBERS_AND_NAMES: dict[str, list[Any]] = {
    "auth_header": ["x-api-key"],
    "csv_null": ["NULL-CELL"],
    "delete_seconds": [0, 60],
    "export_max_limit": [50],
    "filter_zone": ["America/New_York"],
    "import_max_bytes": [1_000],
    "import_row_base": [0, 2],
    "query_page_records": [7],
    "timeline_seconds": [0],
    "write_max_records": [10],
}
_TOLD = {
    "auth_header": "auth_header",
    "csv_null": "csv_null",
    "export_max_limit": "max_rows_per_job",
    "filter_zone": "filter_timezone",
    "import_max_bytes": "max_bulk_bytes",
    "write_max_records": "rest_batch_size",
}
"""The settings by which a connector is told of a quirk."""
_UNMET = {"import_api", "people_key", "parentheses", "bulk_key_for_jobs"}
"""What takes other settings than the runs of a phase have, or is refused."""

_EXPORTS = {CallKind.EXPORT_SUBMIT}
_READS = {CallKind.QUERY}
_WRITES = {CallKind.INSERT, CallKind.UPDATE, CallKind.UPSERT, CallKind.DELETE}
_CTAS = {CallKind.CTA_CREATE, CallKind.CTA_UPDATE}
_ACTIVITIES = {CallKind.ACTIVITY_INSERT, CallKind.ACTIVITY_UPDATE}
_IMPORTS = {CallKind.IMPORT_SUBMIT}
_BY_WORD = {
    **dict.fromkeys(("export", "csv"), _EXPORTS),
    **dict.fromkeys(("query", "contains", "eq", "order", "null", "unstable", "high"), _READS),
    **dict.fromkeys(("filter", "not", "list", "wide", "rich"), _READS),
    **dict.fromkeys(("write", "upsert", "partial", "keys", "many", "repeated"), _WRITES),
    **dict.fromkeys(("update", "delete", "lookup"), _WRITES),
    "people": {CallKind.PERSON_UPSERT},
    "cta": _CTAS,
    "timeline": _ACTIVITIES,
    "import": _IMPORTS,
    "bulk": _IMPORTS,
}
"""Which calls a quirk is about, by the first word of its name; all others are about all calls."""


def readings() -> Iterator[tuple[str, Any, frozenset[CallKind], dict[str, Any]]]:
    """Each quirk and value, the calls that it is about, and the settings that tell of it."""
    types = get_type_hints(Quirks)
    for each in fields(Quirks):
        if each.name in _UNMET:
            continue
        kinds = frozenset(_BY_WORD.get(each.name.partition("_")[0], CallKind))
        for value in _others(types[each.name], each.name, each.default):
            told = {_TOLD[each.name]: value} if each.name in _TOLD else {}
            yield each.name, value, kinds, told


def _others(kind: type[Any], name: str, default: object) -> list[Any]:
    if kind is bool:
        return [not default]
    if issubclass(kind, StrEnum):
        return [value for value in kind if value is not default]
    return _NUMBERS_AND_NAMES[name]
