"""Tenants that do what the documents leave open in another way: each way is a mishap, too."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, get_type_hints

from faults.phases import DELETED_RECORDS
from gainsight_sandbox import CallKind, ImportApi, PeopleKey, Quirks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
_OF_THEIR_OWN = {
    "import_api",
    "people_key",
    "parentheses",
    "bulk_key_for_jobs",
    "deleted_lists",
}
"""Quirks that not each run meets, or meets well with the settings that it has."""

_EXPORTS = {CallKind.EXPORT_SUBMIT}
_READS = {CallKind.QUERY}
_WRITES = {CallKind.INSERT, CallKind.UPDATE, CallKind.UPSERT, CallKind.DELETE}
_CTAS = {CallKind.CTA_CREATE, CallKind.CTA_UPDATE}
_ACTIVITIES = {CallKind.ACTIVITY_INSERT, CallKind.ACTIVITY_UPDATE}
_LISTS = {CallKind.DELETED_LIST}
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
    "deletion": _LISTS,
    "import": _IMPORTS,
    "bulk": _IMPORTS,
}
"""Which calls a quirk is about, by the first word of its name; all others are about all calls."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A quirk of another value.

    Attributes:
        quirk: The quirk.
        value: Its value.
        kinds: The calls that it is about.
        told: The settings by which a connector is told of it.
        in_stream: Those that its entry of `streams` has.
        refused: Whether runs are ended by it, clearly, until somebody tells the connector.
        data_job: Whether it is met only by jobs that an admin has set up, or by others only.
        deselected: The stream of a tap's that is then left out, since nothing else helps it.
    """

    quirk: str
    value: Any
    kinds: frozenset[CallKind]
    told: Mapping[str, Any] = field(default_factory=dict)
    in_stream: Mapping[str, Any] = field(default_factory=dict)
    refused: bool = False
    data_job: bool | None = None
    deselected: str | None = None


def readings() -> Iterator[Reading]:
    """All of them."""
    types = get_type_hints(Quirks)
    for each in fields(Quirks):
        if each.name in _OF_THEIR_OWN:
            continue
        kinds = frozenset(_BY_WORD.get(each.name.partition("_")[0], CallKind))
        for value in _others(types[each.name], each.name, each.default):
            told = {_TOLD[each.name]: value} if each.name in _TOLD else {}
            yield Reading(each.name, value, kinds, told)
    yield from _of_their_own()


def _of_their_own() -> Iterator[Reading]:
    imports, people = frozenset(_IMPORTS), frozenset({CallKind.PERSON_UPSERT})
    by_calls, by_jobs = {"load_mode": "rest"}, {"bulk_import_api": "jobs"}
    for value, told in ((ImportApi.JOBS, by_jobs), (ImportApi.CONNECTOR, by_calls)):
        its_own = value is ImportApi.CONNECTOR
        yield Reading("import_api", value, imports, data_job=its_own)
        yield Reading("import_api", value, imports, told, refused=True, data_job=not its_own)
    key_asked = partial(Reading, "bulk_key_for_jobs", value=True, kinds=imports)
    yield key_asked(data_job=True)
    yield key_asked(told=by_calls, refused=True, data_job=False)
    key = PeopleKey.EXTERNAL
    yield Reading("people_key", key, people, in_stream={"key_properties": [key.value]})
    lists = frozenset(_LISTS)
    untold = {"deleted_lists": None}
    yield Reading("deleted_lists", value=False, kinds=lists, told=untold, refused=True)
    yield Reading(
        "parentheses",
        value=False,
        kinds=frozenset(_READS),
        told={"extract_method": "bulk"},
        refused=True,
        deselected=DELETED_RECORDS,
    )


def _others(kind: type[Any], name: str, default: object) -> list[Any]:
    if kind is bool:
        return [not default]
    if issubclass(kind, StrEnum):
        return [value for value in kind if value is not default]
    return _NUMBERS_AND_NAMES[name]
