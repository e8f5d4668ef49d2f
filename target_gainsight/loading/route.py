"""Where a stream goes: its object, operation, keys, fields and lookups; `routing` builds it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import ConfigError
from gainsight_api.jobs import imports
from gainsight_api.objects.records import KEY_TYPES, MOST_KEYS, UPSERTABLE
from target_gainsight.rows.keys import GSID

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gainsight_api.objects.datatypes import Kind
    from gainsight_api.objects.metadata import GainsightObject

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
            where the target does the lookups: because Gainsight refuses a column that is no field,
            because records look for others of their call, or because the target matches the keys
            itself.
        load_mode: The path.
        omit_nulls: Whether a null leaves its field as it is, instead of clearing it.
        delete: Whether records that are marked as deleted are deleted.
        job_id: The import job that an admin has set up.
        finds_only: Whether a key is a field that cannot be written, such as Gsid: what is not
            found by it cannot be added.
        matched_by_target: Whether the target finds records by the keys; None: if Gainsight's record
            calls cannot.
        known_as_new: Whether the rows have been looked for, and are not there: a job that has
            added such rows before did not add these.
        skip_unchanged: Whether rows that Gainsight already holds with equal values are not written.
        key_kinds: The kinds of the keys, where an `ExternalId` is made of them.
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
    matched_by_target: bool | None = None
    known_as_new: bool = False
    skip_unchanged: bool = False
    key_kinds: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def looked_up_keys(self) -> tuple[str, ...]:
        """The keys that `lookups` fill."""
        filled = {lookup.field for lookup in self.lookups}
        return tuple(key for key in self.keys if key in filled)

    @property
    def matches_keys(self) -> bool:
        """Whether the target must find records by the keys, since Gainsight's calls cannot."""
        if self.matched_by_target is not None:
            return self.matched_by_target and bool(self.keys)
        fields = self.object.fields
        return (
            len(self.keys) > MOST_KEYS
            or bool(self.looked_up_keys)
            or any(fields[key].data_type not in KEY_TYPES for key in self.keys if key in fields)
        )

    @property
    def of_found(self) -> Route:
        """The route of the rows that the target has found itself."""
        return replace(
            self,
            operation=Operation.UPDATE,
            keys=(GSID,),
            lookups=(),
            raw_lookups=None,
            finds_only=True,
        )

    @property
    def of_new(self) -> Route:
        """The route of the rows that the target has not found."""
        return replace(
            self,
            operation=Operation.INSERT,
            lookups=(),
            raw_lookups=None,
            known_as_new=self.operation is not Operation.INSERT,
        )

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
