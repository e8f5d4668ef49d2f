"""The People API: one person a call, found by e-mail or external id, with links to companies.

The article "People API Documentation", and what connectors send by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.behaviour.journal import RecordOutcome
from gainsight_sandbox.behaviour.operations import Operation
from gainsight_sandbox.behaviour.quirk_choices import ManyMatches, PeopleKey, PeopleReply
from gainsight_sandbox.own_apis.records import Parts, json_object
from gainsight_sandbox.tenant.schema import SYSTEM_FIELDS
from gainsight_sandbox.tenant.store import quoted
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import success

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from starlette.responses import Response

    from gainsight_sandbox.tenant.schema import Field, ObjectSchema
    from gainsight_sandbox.writes.validation import FieldError

# The article has the names; what they stand for is guessed from them.
_REQUEST = "GSOBJ_PEOPLE1001"
_PARAMETER = "GSOBJ_VQP1001"
_DATA_TYPE = "GSOBJ_VDT1001"
_ACCESS = "GSOBJ_VCRUDR1001"

_PATHS = ("/v1/peoplemgmt/v1.0/people", "/v1.0/api/people")
_COMPANY = ("Company_ID", "Company_ID__gc")


class PeopleRoutes:
    """Answers the writes of persons."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def endpoints(self) -> list[Endpoint]:
        """The upsert, under its present path and its older one."""
        kind = CallKind.PERSON_UPSERT
        return [Endpoint("PUT", path, kind, self.upsert, object="person") for path in _PATHS]

    def upsert(self, call: Call) -> Response:
        """Upsert a person, and the links that it names."""
        try:
            person = json_object(call.body)
            if person is None:
                raise _refused(_REQUEST, "The body is not a person")
            record, outcome = self._upsert(person)
        except ApiError as error:
            self._parts.note("person", Operation.UPSERT, code=error.code)
            raise
        self._parts.note("person", Operation.UPSERT, outcome)
        replies: dict[PeopleReply, object] = {
            PeopleReply.PERSON: record,
            PeopleReply.GSID: {"Gsid": record["Gsid"]},
            PeopleReply.LIST: [record],
            PeopleReply.NULL: None,
        }
        return success(replies[self._parts.quirks.people_reply])

    def _upsert(self, person: dict[str, Any]) -> tuple[dict[str, Any], RecordOutcome]:
        """Write all, or nothing."""
        parts, quirks = self._parts, self._parts.quirks
        schema = parts.tenant.ready("person")
        links = _links(person.pop("companies", []))
        key = _field(schema, quirks.people_key)
        self._refuse_incomplete(person, key)
        stored, wrong = parts.checked(schema, person, key)
        _refuse(schema, wrong)
        ways = replace(
            quirks, keys_ignore_case=quirks.people_ignore_case, many_matches=ManyMatches.FIRST
        )
        with parts.store.writing() as connection:
            written = parts.write(connection, schema, Operation.UPSERT, stored, key, quirks=ways)
            record = parts.read(connection, schema, written.rowid)
            gsids = {self._link(connection, record, link) for link in links}
            if links and quirks.people_links_replace:
                self._unlink(connection, record["Gsid"], gsids)
        return record, RecordOutcome(written.outcome, record["Gsid"])

    def _refuse_incomplete(self, person: Mapping[str, Any], key: Field) -> None:
        optional = self._parts.quirks.people_email_optional and key.name != PeopleKey.EMAIL
        needed = {key.name} if optional else {key.name, PeopleKey.EMAIL}
        for name in sorted(needed):
            if not person.get(name):
                raise _refused(_REQUEST, f"{name} is mandatory")

    def _link(
        self, connection: sqlite3.Connection, person: Mapping[str, Any], link: Mapping[str, Any]
    ) -> str:
        """Add or change the link to a company; returns its Gsid."""
        parts = self._parts
        schema = parts.tenant.ready("company_person")
        company = next(field for name in _COMPANY if (field := schema.field(name)))
        record = {name: value for name, value in link.items() if name not in _COMPANY}
        gsid = link.get("Company_ID")
        if not parts.has(connection, "company", gsid):
            raise _refused(_ACCESS, "There is no such company: Company_ID")
        record |= {company.name: gsid, "Person_ID": person["Gsid"], "Email": person["Email"]}
        record["Name"] = person["Name"] or person["Email"] or person["Gsid"]
        labels = replace(parts.quirks, write_labels=True, many_matches=ManyMatches.FIRST)
        keys = (_field(schema, "Person_ID"), company)
        stored, wrong = replace(parts, quirks=labels).checked(schema, record)
        _refuse(schema, wrong)
        written = parts.write(connection, schema, Operation.UPSERT, stored, *keys, quirks=labels)
        return str(parts.read(connection, schema, written.rowid)["Gsid"])

    def _unlink(self, connection: sqlite3.Connection, person: str, kept: set[str]) -> None:
        """Remove a person's links but for some."""
        schema = self._parts.tenant.schema("company_person")
        sql = f'SELECT "Gsid" FROM {quoted(schema.name)} WHERE "Person_ID" = ?'  # noqa: S608
        linked = {gsid for (gsid,) in connection.execute(sql, (person,))}
        self._parts.tenant.delete(schema.name, sorted(linked - kept))


def _links(companies: object) -> list[dict[str, Any]]:
    """The links that a person's `companies` name."""
    if not isinstance(companies, list) or not all(isinstance(link, dict) for link in companies):
        raise _refused(_PARAMETER, "A list of objects is expected: companies")
    return companies


def _field(schema: ObjectSchema, name: str) -> Field:
    field = schema.field(name)
    if field is None:
        raise _refused(_PARAMETER, f"There is no field {name}")
    return field


def _refuse(schema: ObjectSchema, wrong: list[FieldError]) -> None:
    """Raise the first error: the reply has the field in its text alone."""
    for error in wrong:
        field = schema.field(error.field)
        known = field is not None and field.name == error.field
        if not known or error.field in SYSTEM_FIELDS:
            raise _refused(_PARAMETER, f"Invalid parameter: {error.field}")
        raise _refused(_DATA_TYPE, f"{error.message} Field: {error.field}")


def _refused(code: str, text: str) -> ApiError:
    return ApiError(code, f"{text}.")
