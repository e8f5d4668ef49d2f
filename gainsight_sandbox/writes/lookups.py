"""Lookups of a write call: a field's value found by other fields of another object.

The Relationship APIs article, Create Relationship(s) using Lookups.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.tenant.store import quoted
from gainsight_sandbox.writes.rules import ErrorCode, exact_field
from gainsight_sandbox.writes.validation import InvalidValueError, value_parser

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.schema import ObjectSchema

WireRecord = dict[str, Any]
"""A record as a call sends it: values by field name."""


class NoMatch(StrEnum):
    """What happens to a record whose lookup finds nothing."""

    ERROR = "ERROR"
    NULLABLE = "NULLABLE"
    DEFAULT = "DEFAULTVALUE"


class MultiMatch(StrEnum):
    """What happens to a record whose lookup finds several records."""

    FIRST = "FIRSTMATCH"
    ERROR = "MARKASERROR"


class Lookup(msgspec.Struct, frozen=True, rename="camel"):
    """How to find the value of one field.

    `fields` are columns of the record, each with the field of `object_name` that must equal it.
    """

    object_name: str
    fields: dict[str, str]
    lookup_field: str = "Gsid"
    on_no_match: NoMatch = NoMatch.ERROR
    multi_match_option: MultiMatch = MultiMatch.FIRST
    is_lookup: bool = True
    # The option is documented, but not the name of the member that has the value.
    default_value: str | None = None


class LookupResolver:
    """Finds the value of one field for the records of a call."""

    def __init__(self, field: str, lookup: Lookup, target: ObjectSchema, quirks: Quirks) -> None:
        self._field = field
        self._lookup = lookup
        found = [exact_field(target, name) for name in lookup.fields.values()]
        criteria = [each for each in found if each is not None]
        wanted = exact_field(target, lookup.lookup_field)
        if wanted is None or not criteria or len(criteria) < len(found):
            raise ApiError(
                ErrorCode.BAD_DATA, f"The lookup of {field} names fields that {target.name} lacks."
            )
        self.criteria = tuple(each.name for each in criteria)
        self.columns = tuple(lookup.fields)
        self._parsers = [value_parser(each, quirks) for each in criteria]
        match = " AND ".join(f"{quoted(name)} = ?" for name in self.criteria)
        self._sql = (
            f"SELECT {quoted(wanted.name)} FROM {quoted(target.name)} "  # noqa: S608 - quoted
            f"WHERE {match} ORDER BY rowid LIMIT 2"
        )

    def applies(self, record: Mapping[str, object]) -> bool:
        """Whether a record has any of the columns that the lookup searches with."""
        return any(column in record for column in self._lookup.fields)

    def resolve(self, connection: sqlite3.Connection, record: Mapping[str, object]) -> str | None:
        """The value that a record's field gets; raises ApiError, which fails the whole call."""
        found = self._find(connection, record)
        if not found:
            if self._lookup.on_no_match is NoMatch.ERROR:
                raise self._unresolved("No", record)
            default = self._lookup.on_no_match is NoMatch.DEFAULT
            return self._lookup.default_value if default else None
        if len(found) > 1 and self._lookup.multi_match_option is MultiMatch.ERROR:
            raise self._unresolved("Multiple", record)
        return found[0]

    def _find(
        self, connection: sqlite3.Connection, record: Mapping[str, object]
    ) -> list[str | None]:
        values = [record.get(column) for column in self._lookup.fields]
        try:
            texts = [parse(value) for parse, value in zip(self._parsers, values, strict=True)]
        except InvalidValueError:
            return []
        return [value for (value,) in connection.execute(self._sql, texts)]

    def _unresolved(self, how_many: str, record: Mapping[str, object]) -> ApiError:
        """GSOBJ_1008 as the article prints it, down to the blank at its end."""
        criteria = " ".join(f"{column} = {record.get(column)} " for column in self._lookup.fields)
        return ApiError(
            ErrorCode.BAD_DATA,
            None,
            message=f"{how_many} {self._field} resolved for lookup information. "
            f"Criteria: {criteria}",
        )


def with_lookups(
    connection: sqlite3.Connection,
    records: list[WireRecord],
    resolvers: dict[str, LookupResolver],
    quirks: Quirks,
    schema: ObjectSchema,
) -> list[WireRecord]:
    """The records with the fields that lookups fill.

    The columns that a lookup goes by stay in the record, and must be fields of the object, unless
    the tenant's quirk frees them.
    """
    if not resolvers:
        return records
    sources = {column for resolver in resolvers.values() for column in resolver.columns}
    known = {field.name for field in schema.fields}
    dropped = sources - known if quirks.lookup_columns_free else set()
    completed = []
    for record in records:
        found = {
            field: resolver.resolve(connection, record)
            for field, resolver in resolvers.items()
            if resolver.applies(record)
        }
        kept = {name: value for name, value in record.items() if name not in dropped}
        completed.append(kept | found)
    return completed
