"""The Cockpit API: calls to action, created and updated, listed, and their picklists.

The article "Call To Action (CTA) API Documentation", of which only the beginning could be read, and
what two connectors send and two mock servers answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.behaviour.faults import Effect
from gainsight_sandbox.behaviour.journal import RecordOutcome
from gainsight_sandbox.behaviour.operations import Operation
from gainsight_sandbox.behaviour.quirk_choices import GoodBesideBad
from gainsight_sandbox.own_apis.lookups import looked_up
from gainsight_sandbox.own_apis.records import Parts, json_object
from gainsight_sandbox.own_apis.replies import Forms, RecordError
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from starlette.responses import Response

    from gainsight_sandbox.tenant.schema import ObjectSchema
    from gainsight_sandbox.writes.batch import Stored

OBJECT = "call_to_action"

_BAD_REQUEST = "COCKPIT_5101"
_NO_CTA = "COCKPIT_6007"
_MISSING = "COCKPIT_9700"

_MOST_RECORDS = 50
_NAMED = {"type": "TypeId", "reason": "ReasonId", "status": "StatusId", "priority": "PriorityId"}
_MANDATORY = ("Name", "CompanyId", "OwnerId", "type")
_IN_EVERY_SAMPLE = ("reason", "status", "priority", "DueDate")
_CATEGORIES = {f"CTA_{name.upper()}": field for name, field in _NAMED.items()}


@dataclass(slots=True)
class _Request:
    """One record of a call: its name in the reply, and what is to be stored of it."""

    name: str
    record: dict[str, Any]
    stored: Stored | None = None


class CockpitRoutes:
    """Answers the calls about calls to action, apart from their list."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        quirks = parts.quirks
        self._forms = Forms(quirks.cta_reply, quirks.cta_failure, "failure")

    def endpoints(self) -> list[Endpoint]:
        """Create and update, with and without the last slash, and the picklists."""
        picklists = "/v2/cockpit/admin/picklist/lite"
        routes = [Endpoint("GET", picklists, CallKind.CTA_PICKLISTS, self.picklists)]
        for path in ("/v2/cockpit/cta/", "/v2/cockpit/cta"):
            routes += [
                Endpoint("POST", path, CallKind.CTA_CREATE, self.create, object=OBJECT),
                Endpoint("PUT", path, CallKind.CTA_UPDATE, self.update, object=OBJECT),
            ]
        return routes

    def create(self, call: Call) -> Response:
        """Create some."""
        return self._write(call, Operation.INSERT)

    def update(self, call: Call) -> Response:
        """Update some, each by the Gsid in its record."""
        return self._write(call, Operation.UPDATE)

    def picklists(self, call: Call) -> Response:
        """The items of the lists that `category` names."""
        schema = self._parts.tenant.schema(OBJECT)
        found: dict[str, list[dict[str, object]]] = {}
        for category in filter(None, call.query.get("category", "").split(",")):
            field = schema.field(_CATEGORIES.get(category, ""))
            found[category] = [
                {
                    "name": option.label,
                    "gsid": option.value,
                    "active": option.active,
                    "entityType": call.query.get("et"),
                    "picklistCategory": category,
                    "typeName": None,
                }
                for option in (field.options if field else ())
            ]
        return success(found)

    def _write(self, call: Call, operation: Operation) -> Response:
        try:
            done, outcomes = self._stored(call, operation)
        except ApiError as error:
            self._parts.note(OBJECT, operation, code=error.code)
            raise
        self._parts.note(OBJECT, operation, *outcomes)
        return success(done)

    def _stored(self, call: Call, operation: Operation) -> tuple[object, list[RecordOutcome]]:
        """Store the good records; returns the reply's data and what has been written."""
        parts, good = self._parts, self._parts.quirks.cta_good
        requests, lookups = _parse(call.body)
        schema = parts.tenant.ready(OBJECT)
        failed: dict[str, RecordError] = {}
        with parts.store.writing() as connection:
            for request in requests:
                try:
                    record = looked_up(parts, connection, schema, request.record, lookups)
                    request.stored = self._checked(connection, schema, record, operation)
                except RecordError as error:
                    failed[request.name] = error
            if failed and good is not GoodBesideBad.STORED:
                raise self._forms.refusal(failed, good)
            kept = [request for request in requests if request.stored is not None]
            if call.effect is Effect.SKIPPED:
                kept = kept[:-1]
            done, outcomes = self._apply(connection, schema, kept, operation)
        if call.effect is Effect.UNCONFIRMED:
            done.popitem()
        return self._forms.data(done, failed), outcomes

    def _apply(
        self,
        connection: sqlite3.Connection,
        schema: ObjectSchema,
        requests: list[_Request],
        operation: Operation,
    ) -> tuple[dict[str, str], list[RecordOutcome]]:
        keys = [schema.field("Gsid")] if operation is Operation.UPDATE else []
        done: dict[str, str] = {}
        outcomes = []
        for request in requests:
            stored = request.stored or {}
            written = self._parts.write(
                connection, schema, operation, stored, *[key for key in keys if key]
            )
            gsid = str(self._parts.read(connection, schema, written.rowid)["Gsid"])
            done[request.name] = gsid
            outcomes.append(RecordOutcome(written.outcome, gsid))
        return done, outcomes

    def _checked(
        self,
        connection: sqlite3.Connection,
        schema: ObjectSchema,
        record: Mapping[str, Any],
        operation: Operation,
    ) -> Stored:
        """What is stored of a record; raises RecordError for a bad one."""
        parts = self._parts
        if operation is Operation.INSERT:
            needed = _MANDATORY + (_IN_EVERY_SAMPLE if parts.quirks.cta_all_mandatory else ())
            missing = [name for name in needed if not record.get(name)]
            if missing:
                text = f"Missing mandatory fields for create - {', '.join(missing)}"
                raise RecordError(_MISSING, text)
        elif not parts.has(connection, OBJECT, record.get("Gsid")):
            raise RecordError(_NO_CTA, "No CTA was found for the Gsid")
        values = dict(record)
        for name, field in _NAMED.items():
            if name in values:
                values[field] = _item(schema, field, name, values.pop(name))
        for name, target in (("CompanyId", "company"), ("OwnerId", "gsuser")):
            if values.get(name) and not parts.has(connection, target, values[name]):
                raise RecordError(_BAD_REQUEST, f"Invalid value - {name}")
        key = schema.field("Gsid")
        keys = (key,) if operation is Operation.UPDATE and key else ()
        stored, wrong = parts.checked(schema, values, *keys)
        for error in wrong:
            raise RecordError(_BAD_REQUEST, f"{error.message} - {error.field}")
        return stored


def _item(schema: ObjectSchema, field: str, name: str, label: object) -> str | None:
    """The id of a picklist's item of that name."""
    if label is None:
        return None
    found = schema.field(field)
    for option in found.options if found else ():
        if option.active and option.label == label:
            return option.value
    raise RecordError(_BAD_REQUEST, f"Invalid value - {name}")


def _parse(body: bytes) -> tuple[list[_Request], dict[str, Any]]:
    """The records of a body and its lookups; raises ApiError for one that is not understood."""
    payload = json_object(body) or {}
    requests, lookups = payload.get("requests"), payload.get("lookups") or {}
    if not isinstance(requests, list) or not requests or len(requests) > _MOST_RECORDS:
        raise _bad(f"requests is no list of 1 to {_MOST_RECORDS} records")
    parsed: dict[str, _Request] = {}
    for number, request in enumerate(requests):
        record = request.get("record") if isinstance(request, dict) else None
        if not isinstance(record, dict):
            raise _bad("a request has no record")
        name = str(record.pop("referenceId", number))
        if name in parsed:
            raise _bad("two records have one referenceId")
        parsed[name] = _Request(name, record)
    if not isinstance(lookups, dict):
        raise _bad("lookups is no object")
    return list(parsed.values()), lookups


def _bad(text: str) -> ApiError:
    return ApiError(_BAD_REQUEST, f"Bad request: {text}.", status=HTTPStatus.BAD_REQUEST)
