"""What the target's settings name, checked against the tenant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gainsight_api.errors import GainsightError
from gainsight_api.objects.metadata import Metadata
from gainsight_api.objects.records import KEY_TYPES
from gainsight_command.check.report import Rights
from gainsight_command.globs import is_glob, spelling
from gainsight_command.routes import route_of
from target_gainsight.loading.routing import RouteError
from target_gainsight.outcomes.letter_file import check_folder
from target_gainsight.own_apis.routes import is_ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gainsight_api.calls.session import Session
    from gainsight_api.objects.metadata import GainsightObject, ObjectSummary
    from gainsight_command.check.report import CheckReport
    from target_gainsight.loading.route import Route
    from target_gainsight.settings import StreamSettings, TargetSettings


_NO_ADDING = "name another `object`, or ask a Gainsight admin for the right to add records"


def check_target(
    settings: TargetSettings,
    session: Session,
    listed: Sequence[ObjectSummary],
    report: CheckReport,
) -> None:
    """Check each entry of `streams` against its object, and the folder of the rejects.

    Every mistake is a finding.
    """
    try:
        check_folder(Path(settings.rejects_path))
    except GainsightError as exc:
        report.wrong("rejects_path", str(exc), "correct the setting")
    known = {summary.name: summary for summary in listed}
    objects = {
        entry.object or entry.name
        for entry in settings.streams
        if entry.object or not is_glob(entry.name)
    }
    looked_in = {
        str(lookup["objectName"])
        for entry in settings.streams
        for lookup in (entry.lookups or {}).values()
    }
    try:
        found = Metadata(session).describe(sorted(objects | looked_in)) if objects else {}
    except GainsightError as exc:
        report.wrong("metadata", str(exc))
        return
    for entry in settings.streams:
        first = settings.for_stream(entry.name)
        if first is not entry:
            todo = "put the narrower entry first"
            report.wrong(f"streams: {entry.name}", f"the entry {first.name!r} comes first", todo)
        else:
            _check_entry(entry, found, known, settings, report)
    for name in sorted(objects & found.keys()):
        report.rights.append(_rights(found[name], known.get(found[name].name)))
    if not settings.streams:
        report.well("streams", "no entries: each stream goes into the object of its own name")


def _check_entry(
    entry: StreamSettings,
    described: Mapping[str, GainsightObject],
    known: Mapping[str, ObjectSummary],
    settings: TargetSettings,
    report: CheckReport,
) -> None:
    check = f"streams: {entry.name}"
    if not entry.object and is_glob(entry.name):
        report.well(check, "each matching stream goes into the object of its own name")
        return
    name = entry.object or entry.name
    found = described.get(name)
    if found is None:
        report.wrong(check, f"this tenant has no object {name!r}", spelling(name, known))
        return
    mistakes = list(_mistakes(entry, found, described, settings))
    summary = known.get(found.name)
    adds = entry.operation != "update" and is_ordinary(found.name)
    if adds and summary and not summary.createable:
        no_adding = f"Gainsight's metadata say that no records can be added to {found.name}"
        mistakes.append((no_adding, _NO_ADDING))
    for mistake, todo in mistakes:
        report.wrong(check, mistake, todo)
    if not mistakes:
        keys = ", ".join(entry.keys or ()) or "the stream's key properties"
        by = "" if entry.operation == "insert" else f" by {keys}"
        report.well(check, f"{entry.operation}{by} into {found.name}")


def _mistakes(
    entry: StreamSettings,
    found: GainsightObject,
    described: Mapping[str, GainsightObject],
    settings: TargetSettings,
) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry, each with what to do."""
    route: Route | None = None
    try:
        route = route_of(settings, entry.name, _stand_in_keys(entry, found), found)
    except RouteError as exc:
        for mistake in exc.mistakes:
            yield mistake, "correct the entry in `streams`"
    for name, lookup in (entry.lookups or {}).items():
        target = described.get(str(lookup["objectName"]))
        if target is None:
            yield f"lookup {name}: there is no object {lookup['objectName']!r}", "correct it"
            continue
        sought = [*lookup["fields"].values(), lookup["lookupField"]]
        for field in dict.fromkeys(map(str, sought)):
            if field not in target.fields:
                yield f"lookup {name}: {target.name} has no field {field!r}", "correct the lookup"
    if route:
        yield from _unwritable(route)


def _unwritable(route: Route) -> Iterator[tuple[str, str]]:
    """Fields that an entry names, and that no call can write."""
    named = {*route.fields.values(), *(lookup.field for lookup in route.lookups)}
    for name in sorted(named - {*route.keys} - route.lookup_sources):
        field = route.object.fields.get(name)
        if field and not field.createable and not field.updateable:
            yield f"the field {name} of {route.object.name} cannot be written", "leave it out"


def _stand_in_keys(entry: StreamSettings, found: GainsightObject) -> tuple[str, ...]:
    """In place of the key properties, which only the stream's SCHEMA names: a text if any."""
    if entry.keys:
        return ()
    sources = {field: source for source, field in (entry.fields or {}).items()}
    known = [
        field
        for field in found.fields.values()
        if field.data_type in KEY_TYPES and field.name not in (entry.lookups or {})
    ]
    known.sort(
        key=lambda field: (field.data_type != "STRING", not (field.createable and field.updateable))
    )
    return tuple(sources.get(field.name, field.name) for field in known[:1])


def _rights(found: GainsightObject, summary: ObjectSummary | None) -> Rights:
    fields = found.fields.values()
    return Rights(
        found.name,
        summary.readable if summary else None,
        summary.createable if summary else None,
        len(fields),
        sum(field.createable for field in fields),
        sum(field.updateable for field in fields),
    )
