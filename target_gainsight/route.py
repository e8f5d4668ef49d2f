"""Where a stream goes: its object, operation, keys, fields and lookups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gainsight_api import imports
from gainsight_api.errors import ConfigError
from gainsight_api.records import MOST_KEYS, UPSERTABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gainsight_api.metadata import GainsightObject
    from target_gainsight.settings import StreamSettings

_NO_BULK = {"gsuser", "user", "person"}

Operation = imports.Operation


class LoadMode(StrEnum):
    """The path that the records take."""

    AUTO = "auto"
    REST = "rest"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Lookup:
    """A field whose value is found by other fields of the record (article "Relationship APIs").

    Attributes:
        field: The field that is filled.
        object: The object in which is looked.
        fields: The record's fields, each with the field of that object it must equal.
        result: The field of that object whose value is taken.
        on_no_match: ERROR, NULLABLE or DEFAULTVALUE.
        on_several: FIRSTMATCH or MARKASERROR.
        default: The value of DEFAULTVALUE, where the setting names one.
    """

    field: str
    object: str
    fields: Mapping[str, str]
    result: str
    on_no_match: str = "ERROR"
    on_several: str = "FIRSTMATCH"
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a stream goes.

    Attributes:
        stream: Its name.
        object: The object it is loaded into.
        operation: What is done with the records.
        keys: The fields by which records are found.
        fields: Source property to field, where the names differ.
        lookups: What fills fields by other fields.
        raw_lookups: The setting `lookups`, which REST calls send as it is; None without one, and
            where the target does the lookups because Gainsight refuses a column that is no field.
        load_mode: The path.
        omit_nulls: Whether a null leaves its field as it is, instead of clearing it.
        delete: Whether records that are marked as deleted are deleted.
        job_id: The import job that an admin has set up.
        finds_only: Whether a key is a field that cannot be written, such as Gsid: what is not
            found by it cannot be added.
    """

    stream: str
    object: GainsightObject
    operation: Operation
    keys: tuple[str, ...]
    fields: Mapping[str, str]
    lookups: tuple[Lookup, ...]
    raw_lookups: Mapping[str, Any] | None
    load_mode: LoadMode
    omit_nulls: bool
    delete: bool
    job_id: str | None
    finds_only: bool

    @property
    def upserts_by_call(self) -> bool:
        """Whether the object has an upsert call of its own."""
        return self.object.name.lower() in UPSERTABLE and not self.finds_only

    @property
    def resolves_for_rest(self) -> bool:
        """Whether the target does the lookups for REST calls, too."""
        return bool(self.lookups) and self.raw_lookups is None

    def lacking(self, properties: Collection[str]) -> list[str]:
        """The properties that the settings name and that a stream does not have, to be warned of.

        Args:
            properties: All properties of its schema; none, if the schema does not say.

        Raises:
            ConfigError: Without one of them no record can be loaded; the text names them all.
        """
        if not properties:
            return []
        sent = {self.fields.get(name, name) for name in properties}
        columns = {
            name: f"{name!r} (`lookups` of {lookup.field})"
            for lookup in self.lookups
            for name in lookup.fields
            if name not in sent and name not in self.object.fields
        }
        sources = {
            name: f"{name!r} (`fields` to {field})"
            for name, field in self.fields.items()
            if name not in properties and not name.startswith("_sdc_")
        }
        named = [*columns.values(), *sources.values()]
        if columns or any(self.fields[name] in self.keys for name in sources):
            raise ConfigError(
                f"stream {self.stream}: the stream has no property {', '.join(named)}; mend its "
                "`streams` entry"
            )
        return named

    @property
    def lookup_sources(self) -> frozenset[str]:
        """The record's fields by whose values lookups look."""
        return frozenset(name for lookup in self.lookups for name in lookup.fields)


def build_route(
    stream: str,
    key_properties: Sequence[str],
    settings: StreamSettings,
    found: GainsightObject,
    *,
    connector: bool,
) -> Route:
    """Build a stream's route, checking its settings against its object.

    Args:
        stream: The stream's name.
        key_properties: The stream's own key properties.
        settings: What becomes of the stream.
        found: The object that it is loaded into.
        connector: Whether imports go by jobs that an admin has set up.

    Raises:
        ConfigError: They do not go together; the text says what to do.
    """
    fields = dict(settings.fields or {})
    keys = tuple(settings.keys or (fields.get(name, name) for name in key_properties))
    operation = Operation(settings.operation)
    if operation is Operation.INSERT:
        keys = tuple(key for key in keys if key in found.fields and found.fields[key].createable)
        keys = keys[:MOST_KEYS]
    lookups = tuple(_lookup(name, entry) for name, entry in (settings.lookups or {}).items())
    own = any(name not in found.fields for lookup in lookups for name in lookup.fields)
    route = Route(
        stream=stream,
        object=found,
        operation=operation,
        keys=keys,
        fields=fields,
        lookups=lookups,
        raw_lookups=None if own else settings.lookups or None,
        load_mode=LoadMode(settings.load_mode),
        omit_nulls=settings.null_handling == "omit",
        delete=settings.deletes == "delete",
        job_id=settings.bulk_job_id,
        finds_only=any(key in found.fields and not found.fields[key].createable for key in keys),
    )
    _check_keys(route)
    _check_names(route)
    return replace(route, load_mode=_path(route, lacks_job=connector and not route.job_id))


def _lookup(name: str, entry: Mapping[str, Any]) -> Lookup:
    default = entry.get("defaultValue")
    return Lookup(
        field=name,
        object=str(entry["objectName"]),
        fields=dict(entry["fields"]),
        result=str(entry["lookupField"]),
        on_no_match=str(entry.get("onNoMatch") or "ERROR"),
        on_several=str(entry.get("multiMatchOption") or "FIRSTMATCH"),
        default=None if default is None else str(default),
    )


def _check_keys(route: Route) -> None:
    stream, found, operation, keys = route.stream, route.object, route.operation, route.keys
    if not keys and (operation is not Operation.INSERT or route.delete):
        what = operation if operation is not Operation.INSERT else "deletes"
        raise ConfigError(
            f"stream {stream}: {what} needs `keys`, and the stream has no key properties; name "
            "the fields in its `streams` entry, or use `operation: insert`"
        )
    if len(keys) > MOST_KEYS:
        raise ConfigError(
            f"stream {stream}: {len(keys)} key fields, and Gainsight takes {MOST_KEYS} at most; "
            "set `keys` in its `streams` entry"
        )
    missing = [key for key in keys if key not in found.fields]
    if missing:
        raise ConfigError(
            f"stream {stream}: the object {found.name} has no field {missing[0]!r} to find records "
            "by; set `keys` in its `streams` entry, or map the property with `fields`"
        )
    filled = [lookup.field for lookup in route.lookups if lookup.field in keys]
    if filled:
        raise ConfigError(
            f"stream {stream}: {filled[0]} cannot be one of the `keys` and be filled by `lookups`"
        )


def _check_names(route: Route) -> None:
    stream, found = route.stream, route.object
    mapped = list(route.fields.values())
    named = [*mapped, *(lookup.field for lookup in route.lookups)]
    unknown = [
        name for name in named if name not in found.fields and name not in route.lookup_sources
    ]
    if unknown:
        raise ConfigError(
            f"stream {stream}: the object {found.name} has no field {unknown[0]!r}, which `fields` "
            "or `lookups` names"
        )
    twice = sorted({name for name in mapped if mapped.count(name) > 1})
    if twice:
        raise ConfigError(f"stream {stream}: `fields` maps several properties to {twice[0]}")


def _path(route: Route, *, lacks_job: bool) -> LoadMode:
    """The path, where the object or the settings leave only one."""
    stream, found, mode = route.stream, route.object, route.load_mode
    no_bulk = found.name.lower() in _NO_BULK
    if found.high_volume and route.delete:
        raise ConfigError(
            f"stream {stream}: records of {found.name}, a high-volume object, cannot be deleted by "
            "any call; set `deletes` to ignore"
        )
    if found.high_volume and mode is LoadMode.REST:
        raise ConfigError(
            f"stream {stream}: {found.name} is a high-volume object, which REST calls cannot "
            "write; set `load_mode` to auto or bulk"
        )
    if no_bulk and mode is LoadMode.BULK:
        raise ConfigError(
            f"stream {stream}: {found.name} is an object that import jobs cannot write; set "
            "`load_mode` to auto or rest"
        )
    if lacks_job and (found.high_volume or mode is LoadMode.BULK):
        raise ConfigError(
            f"stream {stream}: with `bulk_import_api: connector` its `streams` entry needs the "
            "`bulk_job_id` of the import job that an admin has set up for it"
        )
    if found.high_volume:
        return LoadMode.BULK
    return LoadMode.REST if no_bulk or lacks_job else mode
