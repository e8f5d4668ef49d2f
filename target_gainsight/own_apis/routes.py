"""The routes of streams whose object has an API of its own; all others are `routing`'s."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from target_gainsight.loading.routing import RouteError, build_route, named_keys
from target_gainsight.own_apis.cta_fields import cta_object, no_keys
from target_gainsight.own_apis.external_ids import key_kinds
from target_gainsight.own_apis.people import (
    SYSTEM_FIELDS,
    person_mistakes,
    person_object,
    person_settings,
)
from target_gainsight.own_apis.timeline_fields import (
    timeline_mistakes,
    timeline_object,
    timeline_settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gainsight_api.objects.metadata import GainsightObject
    from target_gainsight.loading.route import Route
    from target_gainsight.settings import StreamSettings

_PERSON = "person"
_CTA = "call_to_action"
_TIMELINE = "activity_timeline"
_OWN = {_PERSON: "persons", _CTA: "calls to action", _TIMELINE: "activities"}
_USERS = {"gsuser", "user"}
_NO_PROPERTIES: Mapping[str, Any] = MappingProxyType({})
_NO_USERS = (
    "are not loaded: record calls and import jobs cannot write them, and the call for users may "
    "mail them and changes licences. An administrator can make it: "
    "POST /v1/users/services?notify=false"
)


def is_ordinary(name: str) -> bool:
    """Whether the records of an object are written by record calls or import jobs, if at all."""
    return name.lower() not in {*_OWN, *_USERS}


def route_to(
    stream: str,
    key_properties: Sequence[str],
    settings: StreamSettings,
    found: GainsightObject,
    *,
    properties: Mapping[str, Any] = _NO_PROPERTIES,
    connector: bool,
) -> Route:
    """Build a stream's route, whatever API its object is written by; see `build_route`.

    Args:
        stream: The stream's name.
        key_properties: The stream's own key properties.
        settings: What becomes of the stream.
        found: The object that it is loaded into.
        properties: The JSON Schema of each property of the stream's records.
        connector: Whether imports go by jobs that an admin has set up.

    Raises:
        RouteError: The settings do not go with the object.
    """
    name = found.name.lower()
    if name in _USERS:
        raise RouteError(stream, [f"users ({found.name}) {_NO_USERS}"])
    if name not in _OWN:
        return build_route(stream, key_properties, settings, found, connector=connector)
    keys = named_keys(settings, key_properties)
    found = _written_by_calls(found)
    mistakes = list(_delete_mistakes(settings, found))
    if name == _PERSON:
        mistakes += person_mistakes(settings)
        settings = person_settings(settings, keys)
        found = person_object(found)
    elif name == _CTA:
        found = cta_object(found, owner_is_looked_up="OwnerId" in (settings.lookups or {}))
    else:
        mistakes += timeline_mistakes(settings, keys, properties)
        settings = timeline_settings(settings, keys, properties)
        found = timeline_object(found, settings)
    try:
        route = build_route(stream, key_properties, settings, found, connector=connector)
    except RouteError as exc:
        mistakes += exc.mistakes
    else:
        mistakes += _key_mistakes(route)
    if mistakes:
        raise RouteError(stream, mistakes)
    return replace(
        route,
        key_kinds=key_kinds(route, properties) if name == _TIMELINE else {},
        # Only for the timeline an article shows lookups. For the others the target does them.
        raw_lookups=settings.lookups if name == _TIMELINE else None,
        matched_by_target=name == _CTA,
        skip_unchanged=False,  # a query of the object does not show what their calls write
    )


def _delete_mistakes(settings: StreamSettings, found: GainsightObject) -> Iterator[str]:
    if settings.deletes == "delete":
        yield (
            f"no call is documented that deletes {_OWN[found.name.lower()]} ({found.name}); set "
            "`deletes` to ignore"
        )


def _key_mistakes(route: Route) -> Iterator[str]:
    is_cta = route.object.name.lower() == _CTA
    for name in no_keys(route.keys) if is_cta else ():
        yield (
            f"calls to action cannot be found by {name}, which holds a name; set `keys` of its "
            "`streams` entry"
        )
    for key in () if is_cta else route.looked_up_keys:
        yield f"{key} cannot be one of the `keys` of {route.object.name} and be filled by `lookups`"


def _written_by_calls(found: GainsightObject) -> GainsightObject:
    """An object as its own calls write it: its description may speak of the record calls alone.

    Where that has not one field that can be written, all can be, but for those that Gainsight sets.
    """
    found = replace(found, high_volume=False)
    if any(field.createable or field.updateable for field in found.fields.values()):
        return found
    fields = {
        name: field if name in SYSTEM_FIELDS else replace(field, createable=True, updateable=True)
        for name, field in found.fields.items()
    }
    return replace(found, fields=fields)
