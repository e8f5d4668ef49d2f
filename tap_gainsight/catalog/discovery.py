"""The streams that a tap offers: those of a tenant's metadata, or those of a catalog."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import ConfigError
from gainsight_api.filters.build import parse_user_filter
from tap_gainsight.catalog.custom import StreamSetting, custom_spec
from tap_gainsight.catalog.spec import DELETE_LOGS, DELETED_RECORDS, StreamSpec, deleted_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gainsight_api.metadata import Metadata
    from tap_gainsight.catalog.objects import Objects


def discovered(
    metadata: Metadata,
    objects: Objects,
    *,
    wanted: Sequence[str] | None = None,
    settings: Mapping[str, StreamSetting] | None = None,
    lookup_names: bool = False,
    labels: bool = False,
) -> list[StreamSpec]:
    """The streams of a tenant: one for each object that can be read, and a user's own.

    Args:
        metadata: The tenant's metadata.
        objects: The tenant's objects, as far as they are described.
        wanted: Names or globs of objects; all where there are none.
        settings: The setting `streams`, by name.
        lookup_names: Whether streams have the names behind their lookups.
        labels: Whether streams have the labels beside their picklists.

    Raises:
        ConfigError: A setting names what the tenant does not have.
    """
    settings = settings or {}
    listed = metadata.objects()
    readable = [summary.name for summary in listed if summary.readable]
    names = _wanted(readable, wanted) if wanted else readable
    names = [name for name in names if name not in DELETE_LOGS]
    described = objects.describe([*names, *(setting.object_name for setting in settings.values())])
    unreadable = {summary.name for summary in listed} - set(readable)
    for name in wanted or ():
        lacking = name not in described or name in unreadable
        if lacking and not _is_glob(name) and name not in DELETE_LOGS:
            raise ConfigError(f"setting `objects`: {_missing(name, unreadable)}")
    for setting in settings.values():
        if setting.object_name not in described or setting.object_name in unreadable:
            raise setting.error(_missing(setting.object_name, unreadable))
    own = {name: StreamSetting(name, name) for name in names if name in described}
    return [
        custom_spec(
            setting,
            described[setting.object_name],
            objects,
            lookup_names=lookup_names,
            labels=labels,
        )
        for setting in {**own, **settings}.values()
        if described[setting.object_name].fields
    ]


def _missing(name: str, unreadable: set[str]) -> str:
    why = "may not be read" if name in unreadable else "does not exist"
    return (
        f"the object {name!r} {why} in this tenant; names are as the API has them, such as "
        "company or my_object__gc"
    )


def _wanted(readable: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The objects that are named, or that match; a name need not be listed to exist."""
    matching = [name for name in readable if any(fnmatchcase(name, glob) for glob in wanted)]
    named = [name for name in wanted if not _is_glob(name)]
    return list(dict.fromkeys([*matching, *named]))


def _is_glob(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def catalogued(
    entry: Mapping[str, Any], settings: Mapping[str, StreamSetting] | None = None
) -> StreamSpec:
    """The stream of a catalog's entry, without asking the tenant.

    Raises:
        ConfigError: The setting `streams` has a filter that does not fit.
    """
    name = str(entry["tap_stream_id"])
    if name == DELETED_RECORDS:
        return replace(deleted_records(), schema=entry["schema"])
    setting = (settings or {}).get(name) or StreamSetting(name, name)
    of_stream: Mapping[str, Any] = next(
        (item["metadata"] for item in entry["metadata"] if not item["breadcrumb"]), {}
    )
    spec = StreamSpec(
        name=name,
        object=setting.object_name,
        schema=entry["schema"],
        keys=tuple(entry.get("key_properties") or of_stream.get("table-key-properties") or ()),
        replication_key=entry.get("replication_key") or of_stream.get("replication-key"),
        filter=parse_user_filter(setting.filter) if setting.filter else None,
        method=setting.extract_method,
    )
    setting.check_filter(spec.data_types())
    return spec
