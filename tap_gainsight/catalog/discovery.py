"""The streams that a tap offers: those of a tenant's metadata, or those of a catalog."""

from __future__ import annotations

import logging
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gainsight_api.errors import ConfigError
from gainsight_api.objects.datatypes import Kind, kind_in
from tap_gainsight.catalog.custom import StreamSetting, spec_for
from tap_gainsight.catalog.spec import DELETE_LOGS, DELETED_RECORDS, StreamSpec, deleted_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from singer_sdk.singerlib.catalog import CatalogEntry

    from gainsight_api.objects.metadata import GainsightObject, Metadata, ObjectSummary
    from tap_gainsight.catalog.objects import Objects
    from tap_gainsight.settings import TapSettings

logger = logging.getLogger(__name__)


def discover_specs(metadata: Metadata, objects: Objects, settings: TapSettings) -> list[StreamSpec]:
    """The streams of a tenant: one for each object that can be read, and a user's own.

    Args:
        metadata: The tenant's metadata.
        objects: The tenant's objects, as far as they are described.
        settings: Those that choose objects, and add streams or properties.

    Raises:
        ConfigError: A setting names what the tenant does not have.
    """
    entries = settings.stream_settings
    listed = metadata.objects()
    readable = [summary.name for summary in listed if summary.readable]
    unreadable = {summary.name for summary in listed} - set(readable)
    wanted = [_as_listed(name, listed) for name in settings.objects or ()]
    names = _wanted(readable, wanted) if wanted else readable
    _warn_of_idle_globs(readable, wanted)
    names = [name for name in names if name not in DELETE_LOGS]
    described = objects.describe([*names, *(entry.object_name for entry in entries.values())])
    _check_names(wanted, entries.values(), described, unreadable)
    own = {
        name: StreamSetting(name, name)
        for name in names
        if name in described and not _hidden_by_ours(name) and _has_fields(described[name])
    }
    _check_streams(entries, own)
    return [
        spec_for(
            entry,
            described[entry.object_name],
            objects,
            include_lookup_names=settings.include_lookup_names,
            include_picklist_labels=settings.include_picklist_labels,
        )
        for entry in {**own, **entries}.values()
    ]


def _check_names(
    wanted: Sequence[str],
    entries: Iterable[StreamSetting],
    described: Mapping[str, GainsightObject],
    unreadable: set[str],
) -> None:
    """Fail if settings name objects that cannot be read; the error has them all."""
    mistakes = [
        f"setting `objects`: {wrong}"
        for name in wanted
        if not _is_glob(name) and name not in DELETE_LOGS
        if (wrong := _wrong_with(name, described, unreadable))
    ]
    mistakes += [
        str(entry.error(wrong))
        for entry in entries
        if (wrong := _wrong_with(entry.object_name, described, unreadable))
    ]
    if mistakes:
        raise ConfigError("; ".join(mistakes))


def _check_streams(entries: Mapping[str, StreamSetting], own: Mapping[str, StreamSetting]) -> None:
    """Fail if an entry has the name of another object's stream."""
    for entry in entries.values():
        hidden = entry.name in own and entry.object_name != entry.name
        if hidden or entry.name == DELETED_RECORDS:
            raise entry.error("this name is that of another stream; give it a name of its own")


def _wrong_with(
    name: str, described: Mapping[str, GainsightObject], unreadable: set[str]
) -> str | None:
    """Why an object that is named cannot be read; None if it can."""
    if name in unreadable:
        why = "may not be read"
    elif name not in described:
        why = "does not exist"
    elif not described[name].fields:
        why = "has no field that can be read"
    else:
        return None
    return (
        f"the object {name!r} {why} in this tenant; names are as the API has them, such as "
        "company or my_object__gc"
    )


def _as_listed(name: str, listed: Sequence[ObjectSummary]) -> str:
    """A name as the tenant spells it: exactly so, else in another case."""
    names = [summary.name for summary in listed]
    others = [known for known in names if known.casefold() == name.casefold()]
    return others[0] if others and name not in names else name


def _wanted(readable: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The objects that are named, or that match; a name need not be listed to exist."""
    matching = [name for name in readable if any(fnmatchcase(name, glob) for glob in wanted)]
    named = [name for name in wanted if not _is_glob(name)]
    return list(dict.fromkeys([*matching, *named]))


def _hidden_by_ours(name: str) -> bool:
    if name == DELETED_RECORDS:
        logger.warning("The object %s has no stream: its name is that of the tap's own", name)
    return name == DELETED_RECORDS


def _has_fields(found: GainsightObject) -> bool:
    if not found.fields:
        logger.warning("The object %s has no stream: none of its fields can be read", found.name)
    return bool(found.fields)


def _warn_of_idle_globs(readable: Sequence[str], wanted: Sequence[str]) -> None:
    for glob in filter(_is_glob, wanted):
        if not any(fnmatchcase(name, glob) for name in readable):
            logger.warning("setting `objects`: no object's name matches %r", glob)


def _is_glob(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def spec_from_catalog(
    entry: CatalogEntry, settings: Mapping[str, StreamSetting] | None = None
) -> StreamSpec:
    """The stream of a catalog's entry, without asking the tenant.

    Args:
        entry: The entry, complete.
        settings: The setting `streams`, by name.

    Raises:
        ConfigError: A filter of the setting `streams` cannot be used.
    """
    name = entry.tap_stream_id
    schema = entry.schema.to_dict()
    if name == DELETED_RECORDS:
        return replace(deleted_records(), schema=schema)
    setting = (settings or {}).get(name) or StreamSetting(name, name)
    spec = StreamSpec(
        name=name,
        object=setting.object_name,
        schema=schema,
        keys=tuple(entry.key_properties or ()),
        replication_key=entry.replication_key,
        extract_method=setting.extract_method,
    )
    return replace(spec, filter=setting.user_filter(spec.data_types()))


def complete(entry: CatalogEntry) -> None:
    """Complete a catalog's entry, for the SDK reads it as well.

    Keys may be in the metadata alone; keys are always selected; a method may be in small letters.

    Raises:
        ConfigError: The entry cannot be used.
    """
    name = entry.tap_stream_id
    if entry.stream not in {None, name}:
        raise ConfigError(
            f"catalog, stream {name}: `stream` is {entry.stream!r}; it has to be as `tap_stream_id`"
            " says. To rename a stream, use `stream_maps`"
        )
    of_stream = entry.metadata.root
    entry.key_properties = entry.key_properties or of_stream.table_key_properties
    entry.replication_key = entry.replication_key or of_stream.replication_key
    method = of_stream.forced_replication_method or entry.replication_method
    entry.replication_method = method.upper() if method else None
    if entry.replication_method not in {None, "INCREMENTAL", "FULL_TABLE"}:
        raise ConfigError(
            f"catalog, stream {name}: the replication method {method!r} is neither INCREMENTAL nor "
            "FULL_TABLE"
        )
    properties = entry.schema.to_dict().get("properties", {})
    for key in (*(entry.key_properties or ()), *filter(None, [entry.replication_key])):
        if key not in properties:
            raise ConfigError(f"catalog, stream {name}: its key {key} is no property of its schema")
    for key in entry.key_properties or ():
        of_key = entry.metadata["properties", key]
        of_key.inclusion = of_key.InclusionType.AUTOMATIC
    time = entry.replication_key
    if time and kind_in(properties[time]) is not Kind.DATETIME:
        raise ConfigError(
            f"catalog, stream {name}: its replication key {time} is no date-time; name one that is"
        )
