"""What the tap's settings name, checked against the tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_api.errors import ConfigError, GainsightError
from gainsight_api.objects.metadata import Metadata
from gainsight_command.check.report import Rights
from gainsight_command.globs import is_glob, matches, spelling
from tap_gainsight.catalog.custom import spec_for
from tap_gainsight.catalog.objects import Objects
from tap_gainsight.catalog.spec import DELETE_LOGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gainsight_api.calls.session import Session
    from gainsight_api.objects.metadata import ObjectSummary
    from gainsight_command.check.report import CheckReport
    from tap_gainsight.catalog.custom import StreamSetting
    from tap_gainsight.settings import TapSettings


def check_tap(
    settings: TapSettings, session: Session, listed: Sequence[ObjectSummary], report: CheckReport
) -> None:
    """Check `objects` and each entry of `streams`; every mistake is a finding."""
    _check_values(settings, report)
    try:
        entries = list(settings.stream_settings.values())
    except ConfigError as exc:
        report.wrong("streams", str(exc), "give each entry a name of its own")
        entries = []
    known = {summary.name: summary for summary in listed}
    objects = Objects(Metadata(session))
    named = [name for name in settings.objects or () if not is_glob(name)]
    try:
        objects.describe(
            [
                *(entry.object_name for entry in entries),
                *(name for name in named if name not in known and name not in DELETE_LOGS),
            ]
        )
    except GainsightError as exc:
        report.wrong("metadata", str(exc))
        return
    for name in settings.objects or ():
        _check_object(name, known, objects, report)
    for entry in entries:
        _check_entry(entry, known, objects, settings, report)
    chosen = [name for name in known if _is_chosen(name, settings.objects)]
    used = dict.fromkeys([*chosen, *(entry.object_name for entry in entries)])
    report.rights += [
        Rights(name, known[name].readable, known[name].createable) for name in used if name in known
    ]
    unreadable = [name for name in chosen if not known[name].readable]
    if not unreadable:
        report.well("rights", f"{len(chosen)} objects can be read")
    elif settings.objects is None:
        found = f"{len(chosen) - len(unreadable)} of {len(chosen)} objects can be read"
        todo = f"no stream, unless an admin grants it: {', '.join(unreadable)}"
        report.well("rights", found, todo)


def _check_values(settings: TapSettings, report: CheckReport) -> None:
    for name in ("zone", "earliest"):
        try:
            getattr(settings, name)
        except ConfigError as exc:
            report.wrong("settings", str(exc), "correct the setting")


def _check_object(
    name: str, known: dict[str, ObjectSummary], objects: Objects, report: CheckReport
) -> None:
    check = f"objects: {name}"
    if is_glob(name):
        matching = [each for each in known if matches(each, [name])]
        if matching:
            report.well(check, f"matches {len(matching)} objects")
        else:
            report.wrong(check, "matches no object", "correct the glob in `objects`, or remove it")
    elif name in known and not known[name].readable:
        report.wrong(check, "may not be read", _GRANT)
    elif name in known or name in DELETE_LOGS or objects.get(name):
        report.well(check, "is there")
    else:
        report.wrong(check, "does not exist in this tenant", spelling(name, known))


def _check_entry(
    entry: StreamSetting,
    known: dict[str, ObjectSummary],
    objects: Objects,
    settings: TapSettings,
    report: CheckReport,
) -> None:
    check = f"streams: {entry.name}"
    summary, found = known.get(entry.object_name), objects.get(entry.object_name)
    if summary and not summary.readable:
        report.wrong(check, f"the object {entry.object_name} may not be read", _GRANT)
        return
    if found is None:
        text = f"the object {entry.object_name} does not exist in this tenant"
        report.wrong(check, text, spelling(entry.object_name, known))
        return
    missing = [path for path in _paths(entry) if objects.resolve(found, path) is None]
    for path in missing:
        todo = f"correct it in the entry; {found.name} has {', '.join(list(found.fields)[:8])}, …"
        report.wrong(check, f"the object {found.name} has no field {path!r}", todo)
    if missing:
        return
    try:
        spec = spec_for(
            entry,
            found,
            objects,
            include_lookup_names=settings.include_lookup_names,
            include_picklist_labels=settings.include_picklist_labels,
        )
    except GainsightError as exc:
        report.wrong(check, str(exc), "correct the entry in `streams`")
        return
    report.well(check, f"{len(spec.schema['properties'])} properties of {found.name}")


_GRANT = "have an admin grant the credential's user the right to read it"


def _paths(entry: StreamSetting) -> list[str]:
    """All fields and lookup paths that an entry names."""
    conditions = (entry.filter or {}).get("conditions") or ()
    named = [
        *(entry.fields or ()),
        *(entry.primary_keys or ()),
        *([entry.replication_key] if entry.replication_key else []),
        *(str(condition.get("name") or "") for condition in conditions),
    ]
    return list(dict.fromkeys(named))


def _is_chosen(name: str, objects: Sequence[str] | None) -> bool:
    return name not in DELETE_LOGS and matches(name, objects or ())
