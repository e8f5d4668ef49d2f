"""Build the route of a stream, and name all that is wrong with its settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import ConfigError
from target_gainsight.loading.route import LoadMode, Lookup, Operation, Route
from target_gainsight.rows.keys import GSID
from target_gainsight.rows.values import MULTISELECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gainsight_api.objects.metadata import GainsightObject
    from target_gainsight.settings import StreamSettings

_NO_REST = {"relationship_type"}
_NO_BULK = {"gsuser", "user", "person", "call_to_action", "activity_timeline"}


class RouteError(ConfigError):
    """The settings of a stream that do not go with its object.

    Attributes:
        mistakes: All that is wrong, and what to do.
    """

    def __init__(self, stream: str, mistakes: Sequence[str]) -> None:
        super().__init__(f"stream {stream}: {'; '.join(mistakes)}")
        self.mistakes = mistakes


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
        RouteError: They do not go together.
    """
    fields = dict(settings.fields or {})
    keys = named_keys(settings, key_properties)
    operation = Operation(settings.operation)
    deletes = settings.deletes == "delete"
    if operation is Operation.INSERT:
        keys = tuple(key for key in keys if key in found.fields and found.fields[key].createable)
        if not deletes:
            keys = tuple(key for key in keys if found.fields[key].data_type != MULTISELECT)
    route = Route(
        stream=stream,
        object=found,
        operation=operation,
        keys=keys,
        fields=fields,
        lookups=tuple(_lookup(name, entry) for name, entry in (settings.lookups or {}).items()),
        raw_lookups=settings.lookups or None,
        load_mode=LoadMode(settings.load_mode),
        omit_nulls=settings.null_handling == "omit",
        delete=deletes,
        job_id=settings.bulk_job_id,
        finds_only=any(key in found.fields and not found.fields[key].createable for key in keys),
        skip_unchanged=settings.unchanged == "skip",
    )
    mistakes = [
        *_key_mistakes(route),
        *_name_mistakes(route),
        *_path_mistakes(route, connector=connector),
    ]
    if mistakes:
        raise RouteError(stream, mistakes)
    # Gainsight looks before it writes: records of one call do not find each other.
    in_itself = any(lookup.object.lower() == found.name.lower() for lookup in route.lookups)
    if route.matches_keys or in_itself or not route.lookup_sources <= set(found.fields):
        route = replace(route, raw_lookups=None)
    return replace(route, load_mode=_path(route, connector=connector))


def named_keys(settings: StreamSettings, key_properties: Sequence[str]) -> tuple[str, ...]:
    """The fields that the settings, or else the stream's key properties, name as keys."""
    fields = settings.fields or {}
    return tuple(dict.fromkeys(settings.keys or (fields.get(key, key) for key in key_properties)))


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


def _key_mistakes(route: Route) -> Iterator[str]:
    found, operation, keys = route.object, route.operation, route.keys
    if not keys and (operation is not Operation.INSERT or route.delete):
        what = operation if operation is not Operation.INSERT else "deletes"
        yield (
            f"{what} needs `keys`, and the stream has no key properties; name the fields in its "
            "`streams` entry, or use `operation: insert`"
        )
    for key in keys:
        if key not in found.fields:
            yield (
                f"the object {found.name} has no field {key!r} to find records by; set `keys` in "
                "its `streams` entry, or map the property with `fields`"
            )
        elif found.fields[key].data_type == MULTISELECT:
            yield (
                f"the key {key} is a multi-select, by which no record can be found; name other "
                "`keys` in its `streams` entry"
            )
    if route.skip_unchanged and operation is Operation.INSERT:
        yield (
            "`unchanged: skip` does not go with `operation: insert`, which adds every record; set "
            "`unchanged` to send in its `streams` entry, or use another operation"
        )
    if route.matches_keys and operation is not Operation.INSERT and GSID not in found.fields:
        yield (
            f"records of {found.name} have no Gsid, so that the target cannot match them by "
            f"{', '.join(keys)}; name at most three `keys` that are texts, numbers or e-mail "
            "addresses, and that no `lookups` fill"
        )


def _name_mistakes(route: Route) -> Iterator[str]:
    found = route.object
    mapped = list(route.fields.values())
    named = [*mapped, *(lookup.field for lookup in route.lookups)]
    for name in dict.fromkeys(named):
        if name not in found.fields and name not in route.lookup_sources:
            yield (
                f"the object {found.name} has no field {name!r}, which `fields` or `lookups` names"
            )
    for name in sorted({name for name in mapped if mapped.count(name) > 1}):
        yield f"`fields` maps several properties to {name}"


def _path_mistakes(route: Route, *, connector: bool) -> Iterator[str]:
    found, mode = route.object, route.load_mode
    kind = "a high-volume object" if found.high_volume else "an object"
    if _lacks_rest(found) and route.delete:
        yield (
            f"{found.name} is {kind} whose records cannot be deleted by any call; set `deletes` to "
            "ignore"
        )
    if _lacks_rest(found) and mode is LoadMode.REST:
        yield (
            f"{found.name} is {kind} that REST calls cannot write; set `load_mode` to auto or bulk"
        )
    if _lacks_bulk(found) and mode is LoadMode.BULK:
        yield (
            f"{found.name} is an object that import jobs cannot write; set `load_mode` to auto or "
            "rest"
        )
    if not connector or not (_lacks_rest(found) or mode is LoadMode.BULK):
        return
    if not route.job_id:
        yield (
            "with `bulk_import_api: connector` its `streams` entry needs the `bulk_job_id` of the "
            "import job that an admin has set up for it"
        )
    if _takes_two_jobs(route):
        instead = "" if _lacks_rest(found) else ", or set `load_mode` to auto or rest"
        yield (
            f"the target itself matches records by {', '.join(route.keys)}, which takes a job that "
            "updates and one that adds, and with `bulk_import_api: connector` there is one job; "
            f"name other `keys`{instead}"
        )


def _lacks_rest(found: GainsightObject) -> bool:
    return found.high_volume or found.name.lower() in _NO_REST


def _lacks_bulk(found: GainsightObject) -> bool:
    return found.name.lower() in _NO_BULK


def _takes_two_jobs(route: Route) -> bool:
    return route.matches_keys and route.operation is not Operation.INSERT


def _path(route: Route, *, connector: bool) -> LoadMode:
    """The path, where the object or the settings leave only one."""
    if _lacks_rest(route.object):
        return LoadMode.BULK
    no_job = connector and (not route.job_id or _takes_two_jobs(route))
    return LoadMode.REST if no_job or _lacks_bulk(route.object) else route.load_mode
