"""The timeline: activities, each with an id of the caller's that no other one may ever have.

The article "Timeline APIs", of which only the beginning could be read, and what a mock server
answers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.behaviour.faults import Effect
from gainsight_sandbox.behaviour.journal import Outcome, RecordOutcome
from gainsight_sandbox.behaviour.operations import Operation
from gainsight_sandbox.behaviour.quirk_choices import GoodBesideBad
from gainsight_sandbox.own_apis.lookups import looked_up
from gainsight_sandbox.own_apis.records import Parts, json_object
from gainsight_sandbox.own_apis.replies import Forms, RecordError
from gainsight_sandbox.tenant.store import quoted
from gainsight_sandbox.tenant.values import from_seconds
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from starlette.responses import Response

    from gainsight_sandbox.tenant.schema import ObjectSchema
    from gainsight_sandbox.writes.batch import Stored

OBJECT = "activity_timeline"

_MISSING = "GS_TL_10_0206"
_DUPLICATE = "GS_TL_10_0207"
_NOT_FOUND = "GS_TL_10_0213"

_PATH = "/v1/ant/es/activity"
_ID = "ExternalId"
_REQUIRED = (_ID, "AuthorId", "ContextName", "TypeName", "Subject", "Notes", "ActivityDate")
_CONTEXTS = {
    "Company": ("GsCompanyId", "company"),
    "Relationship": ("GsRelationshipId", "relationship"),
}
_ATTENDEES = ("internalAttendees", "externalAttendees")


class TimelineRoutes:
    """Answers writes to the timeline."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        quirks = parts.quirks
        failures = "failure" if quirks.timeline_failure_singular else "failures"
        self._forms = Forms(quirks.timeline_reply, quirks.timeline_failure, failures)
        self._unseen: dict[str, Stored] = {}

    def endpoints(self) -> list[Endpoint]:
        """Insert and update."""
        return [
            Endpoint("POST", _PATH, CallKind.ACTIVITY_INSERT, self.insert, object=OBJECT),
            Endpoint("PUT", _PATH, CallKind.ACTIVITY_UPDATE, self.update, object=OBJECT),
        ]

    def insert(self, call: Call) -> Response:
        """Insert activities."""
        return self._write(call, Operation.INSERT)

    def update(self, call: Call) -> Response:
        """Update activities, found by the identifier that the query names."""
        return self._write(call, Operation.UPDATE)

    def _write(self, call: Call, operation: Operation) -> Response:
        parts, quirks = self._parts, self._parts.quirks
        try:
            done, failed = self._written(call, operation)
            if failed and quirks.timeline_bad is not GoodBesideBad.STORED:
                raise self._forms.refusal(failed, quirks.timeline_bad)
        except ApiError as error:
            parts.note(OBJECT, operation, code=error.code)
            raise
        outcome = Outcome.INSERTED if operation is Operation.INSERT else Outcome.UPDATED
        parts.note(OBJECT, operation, *(RecordOutcome(outcome, name) for name in done))
        if call.effect is Effect.UNCONFIRMED or (quirks.timeline_silent and not failed):
            return success(None)
        shown = {name: [{"activityId": f"activity of {name}"}] for name in done}
        return success(self._forms.data(shown, failed))

    def _written(
        self, call: Call, operation: Operation
    ) -> tuple[list[str], dict[str, RecordError]]:
        """Write what can be written: the ids of the activities, and why the others failed."""
        parts = self._parts
        payload = json_object(call.body) or {}
        records, lookups = payload.get("records"), payload.get("lookups") or {}
        if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
            raise ApiError(_MISSING, "records is no list of activities.")
        if operation is Operation.UPDATE and call.query.get("identifier") != "externalid":
            raise ApiError(_MISSING, "The sandbox knows no other identifier than externalid.")
        schema = parts.tenant.ready(OBJECT)
        good: dict[str, Stored] = {}
        failed: dict[str, RecordError] = {}
        with parts.store.writing() as connection:
            for record in records:
                name = str(record.get(_ID) or "")
                try:
                    _refuse_repeated(name, good)
                    whole = looked_up(parts, connection, schema, record, lookups, code=_NOT_FOUND)
                    good[name] = self._checked(connection, schema, whole, record, operation)
                except RecordError as error:
                    failed[name] = error
        all_or_nothing = failed and parts.quirks.timeline_bad is not GoodBesideBad.STORED
        if all_or_nothing or call.effect is Effect.SKIPPED:
            good.clear()
        for name, stored in good.items():
            if operation is Operation.INSERT:
                self._insert_later(schema, name, stored)
            else:
                self._update(schema, stored)
        return list(good), failed

    def _insert_later(self, schema: ObjectSchema, name: str, stored: Stored) -> None:
        """Insert an activity that shows in queries a moment later."""
        self._unseen[name] = stored
        seconds = timedelta(seconds=self._parts.quirks.timeline_seconds)
        moment = from_seconds(self._parts.clock.now()) + seconds
        self._parts.tenant.do_later(moment, lambda: self._show(schema, name))

    def _show(self, schema: ObjectSchema, name: str) -> None:
        stored = self._unseen.pop(name, None)
        if stored is not None:
            with self._parts.store.writing() as connection:
                self._parts.write(connection, schema, Operation.INSERT, stored)

    def _update(self, schema: ObjectSchema, stored: Stored) -> None:
        self._show(schema, str(stored[_ID]))
        field = schema.field(_ID)
        with self._parts.store.writing() as connection:
            if field:
                self._parts.write(connection, schema, Operation.UPDATE, stored, field)

    def _checked(
        self,
        connection: sqlite3.Connection,
        schema: ObjectSchema,
        record: Mapping[str, Any],
        sent: Mapping[str, Any],
        operation: Operation,
    ) -> Stored:
        """What is stored of an activity; raises RecordError for a bad one."""
        name = record.get(_ID)
        if operation is Operation.INSERT:
            self._refuse_incomplete(record, sent)
            if self._is_there(connection, schema, name):
                raise RecordError(_DUPLICATE, f"duplicate {_ID}")
        elif not self._is_there(connection, schema, name):
            raise RecordError(_NOT_FOUND, f"no activity has this {_ID}")
        self._check_context(connection, record, operation)
        values: dict[str, Any] = {}
        for given, value in record.items():
            if given == "Author":
                continue
            field = schema.field(given)
            listed = given in _ATTENDEES and isinstance(value, list)
            values[field.name if field else given] = ",".join(value) if listed else value
        values |= _type(schema, record)
        stored, wrong = self._parts.checked(schema, values)
        for error in wrong:
            raise RecordError(_MISSING, f"{error.message} {error.field}")
        return stored

    def _refuse_incomplete(self, record: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
        missing = [name for name in _REQUIRED if not record.get(name)]
        if self._parts.quirks.timeline_author_needed and not sent.get("Author"):
            missing.append("Author")
        if missing:
            raise RecordError(_MISSING, f"mandatory values are missing: {', '.join(missing)}")

    def _check_context(
        self, connection: sqlite3.Connection, record: Mapping[str, Any], operation: Operation
    ) -> None:
        context = record.get("ContextName")
        if context is None and operation is Operation.UPDATE:
            return
        if context not in _CONTEXTS:
            raise RecordError(_MISSING, "ContextName is not known")
        field, target = _CONTEXTS[context]
        given = record.get(field)
        needed = operation is Operation.INSERT or given is not None
        if needed and not self._parts.has(connection, target, given):
            raise RecordError(_NOT_FOUND, f"the record of the context was not found: {field}")

    def _is_there(self, connection: sqlite3.Connection, schema: ObjectSchema, name: object) -> bool:
        if name in self._unseen:
            return True
        sql = f"SELECT 1 FROM {quoted(schema.name)} WHERE {quoted(_ID)} = ?"  # noqa: S608
        return connection.execute(sql, (name,)).fetchone() is not None


def _refuse_repeated(name: str, good: Mapping[str, Stored]) -> None:
    if name in good:
        raise RecordError(_DUPLICATE, f"duplicate {_ID}")


def _type(schema: ObjectSchema, record: Mapping[str, Any]) -> dict[str, str]:
    """The item of the type that a record names."""
    if "TypeName" not in record:
        return {}
    field = schema.field("TypeName")
    for option in field.options if field else ():
        if option.label == record["TypeName"]:
            return {"TypeName": option.value}
    raise RecordError(_MISSING, "TypeName is not known")
