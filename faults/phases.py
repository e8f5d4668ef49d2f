"""The phases of both connectors' work, each of which a fault may strike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from faults.trials.loads import (
    ACTIVITIES,
    CTAS,
    CTAS_OF_ITEMS,
    PERSONS,
    RELATIONSHIPS,
    THINGS,
    Load,
)
from gainsight_sandbox import CallKind

if TYPE_CHECKING:
    from collections.abc import Mapping

TAP, TARGET = "tap", "target"
OBJECT = THINGS.object
DELETE_LOG = "record_delete_log"
LISTED = CTAS.object
"""The object whose own list of deleted records is read, where one is."""
DELETED_RECORDS = "deleted_records"


@dataclass(frozen=True, slots=True)
class Phase:
    """Calls of one kind, and a run that makes them.

    Attributes:
        name: What the reports call it.
        connector: Which connector runs.
        kind: The calls that a fault strikes.
        object: Which object they are about; any, if None.
        settings: The run's settings, besides those of all runs.
        oauth: Whether the run has OAuth's credentials, and no access key.
        there: How many of the target's records are in the tenant before.
        deletes: Whether the target's records are deletions.
        skip: How many such calls pass before a fault strikes.
        load: What the target loads.
        data_job: Whether its jobs are of a kind that an admin has set up.
    """

    name: str
    connector: str
    kind: CallKind
    object: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    oauth: bool = False
    there: int = 0
    deletes: bool = False
    skip: int = 0
    load: Load = THINGS
    data_job: bool = False

    @property
    def run(self) -> tuple[Any, ...]:
        """All that its run depends on, be it a fault's phase or not."""
        tenant = self.load.object, self.there, self.deletes, self.data_job
        return self.connector, self.settings, self.oauth, *tenant

    @property
    def inserts(self) -> bool:
        """Whether the target inserts by calls: what is sent again may come twice."""
        return self.settings.get("operation") == "insert" and self.settings["load_mode"] == "rest"

    @property
    def one_by_one(self) -> bool:
        """Whether each call writes one record alone."""
        return self.load in (PERSONS, ACTIVITIES)


RECORDS = 12
"""How many records a target gets."""

_LISTS = {"extract_method": "query", "deleted_lists": [LISTED]}
_JOB = {"extract_method": "bulk"}
_PAGES = {"extract_method": "query"}
_INSERT = {"operation": "insert", "load_mode": "rest"}
_UPDATE = {"operation": "update", "load_mode": "rest"}
_UPSERT = {"operation": "upsert", "load_mode": "rest"}
_IMPORT = {"operation": "insert", "load_mode": "bulk"}
_UPSERT_JOB = {"operation": "upsert", "load_mode": "bulk"}
_DATA_JOB = {"operation": "upsert", "load_mode": "bulk", "bulk_import_api": "connector"}
_DELETE = {"operation": "upsert", "load_mode": "rest", "deletes": "delete"}
_HALF = RECORDS // 2


def _own(name: str, kind: CallKind, load: Load, there: int = 0, skip: int = 0) -> Phase:
    """A phase of an object that has an API of its own."""
    return Phase(
        f"target: {name}",
        TARGET,
        kind,
        load.object,
        _UPSERT,
        oauth=skip > 0,
        there=there,
        skip=skip,
        load=load,
    )


PHASES = (
    Phase("tap: discover", TAP, CallKind.METADATA, settings=_PAGES),
    Phase("tap: token", TAP, CallKind.TOKEN, settings=_JOB, oauth=True),
    Phase("tap: submit", TAP, CallKind.EXPORT_SUBMIT, settings=_JOB),
    Phase("tap: poll", TAP, CallKind.EXPORT_STATUS, settings=_JOB),
    Phase("tap: chunk", TAP, CallKind.EXPORT_CHUNK, settings=_JOB),
    Phase("tap: later chunk", TAP, CallKind.EXPORT_CHUNK, settings=_JOB, skip=2, oauth=True),
    Phase("tap: query page", TAP, CallKind.QUERY, OBJECT, _PAGES),
    Phase("tap: later page", TAP, CallKind.QUERY, OBJECT, _PAGES, skip=1, oauth=True),
    Phase("tap: count after a job", TAP, CallKind.QUERY, OBJECT, _JOB),
    Phase("tap: delete log", TAP, CallKind.QUERY, DELETE_LOG, _PAGES),
    Phase("tap: deleted list", TAP, CallKind.DELETED_LIST, LISTED, _LISTS, oauth=True),
    Phase("target: describe", TARGET, CallKind.METADATA, settings=_INSERT),
    Phase("target: token", TARGET, CallKind.TOKEN, settings=_INSERT, oauth=True),
    Phase("target: insert", TARGET, CallKind.INSERT, OBJECT, _INSERT),
    Phase("target: later insert", TARGET, CallKind.INSERT, OBJECT, _INSERT, skip=1, oauth=True),
    Phase("target: update", TARGET, CallKind.UPDATE, OBJECT, _UPDATE, there=RECORDS, oauth=True),
    Phase(
        "target: upsert",
        TARGET,
        CallKind.UPSERT,
        RELATIONSHIPS.object,
        _UPSERT,
        there=_HALF,
        load=RELATIONSHIPS,
    ),
    Phase("target: look up", TARGET, CallKind.QUERY, OBJECT, _UPSERT, there=_HALF),
    Phase("target: delete", TARGET, CallKind.DELETE, OBJECT, _DELETE, there=RECORDS, deletes=True),
    Phase("target: import submit", TARGET, CallKind.IMPORT_SUBMIT, None, _UPSERT_JOB, there=_HALF),
    Phase("target: import poll", TARGET, CallKind.IMPORT_STATUS, settings=_IMPORT),
    Phase("target: import errors", TARGET, CallKind.IMPORT_ERRORS, settings=_IMPORT, oauth=True),
    Phase("target: import list", TARGET, CallKind.IMPORT_LIST, settings=_IMPORT),
    Phase("target: set-up submit", TARGET, CallKind.IMPORT_SUBMIT, None, _DATA_JOB, data_job=True),
    Phase("target: set-up poll", TARGET, CallKind.IMPORT_STATUS, None, _DATA_JOB, data_job=True),
    _own("person", CallKind.PERSON_UPSERT, PERSONS, there=_HALF),
    _own("later person", CallKind.PERSON_UPSERT, PERSONS, there=_HALF, skip=3),
    _own("CTA create", CallKind.CTA_CREATE, CTAS),
    _own("CTA update", CallKind.CTA_UPDATE, CTAS, there=RECORDS),
    Phase(
        "target: CTA item list", TARGET, CallKind.CTA_PICKLISTS, None, _UPSERT, load=CTAS_OF_ITEMS
    ),
    _own("CTA look up", CallKind.QUERY, CTAS, there=_HALF),
    _own("activity insert", CallKind.ACTIVITY_INSERT, ACTIVITIES),
    _own("later activity", CallKind.ACTIVITY_INSERT, ACTIVITIES, skip=3),
    _own("activity update", CallKind.ACTIVITY_UPDATE, ACTIVITIES, there=RECORDS),
)
