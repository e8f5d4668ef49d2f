"""The fields of activities, as people have them and as the timeline's calls take them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_api.objects.datatypes import Kind
from gainsight_api.objects.metadata import Field
from target_gainsight.loading.route import Lookup, Operation
from target_gainsight.outcomes.problems import Problem
from target_gainsight.own_apis.external_ids import external_id
from target_gainsight.rows.keys import comparable, kind_of_field
from target_gainsight.rows.values import ConversionError, Items

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from gainsight_api.objects.metadata import GainsightObject, Option
    from target_gainsight.loading.route import Route
    from target_gainsight.rows.blocks import Row
    from target_gainsight.rows.values import Wire
    from target_gainsight.settings import StreamSettings

EXTERNAL_ID = "ExternalId"
TYPE = "TypeName"
_TELLING = ("ContextName", TYPE, "Subject", "ActivityDate")
"""What tells whether an activity that is there is the one that was to be inserted."""
_ADDED = "what the calls take, and the object's description does not have"
_AUTHOR, _AUTHOR_ID = "Author", "AuthorId"
_COMPANY_NAME = "companyName"
_RICH_TEXT = "RICHTEXTAREA"
_ATTENDEES = ("internalAttendees", "externalAttendees")
_DOCUMENTED = {
    EXTERNAL_ID: "STRING",
    "ContextName": "STRING",
    TYPE: "STRING",
    "Subject": "STRING",
    "Notes": "STRING",
    "ActivityDate": "DATETIME",
    _AUTHOR: "STRING",
    _AUTHOR_ID: "STRING",
    _COMPANY_NAME: "STRING",
    "GsCompanyId": "GSID",
    **dict.fromkeys(_ATTENDEES, "JSON"),
}
"""The fields of the article's sample, with the data types that their values are sent as."""
_BY_FOLDED = {name.casefold(): name for name in _DOCUMENTED}

_LOOKUPS = {
    field: {
        "fields": {column: found_by},
        "lookupField": "Gsid",
        "objectName": target,
        "multiMatchOption": "FIRSTMATCH",
        "onNoMatch": "ERROR",
    }
    for field, column, target, found_by in (
        (_AUTHOR_ID, _AUTHOR, "GsUser", "Email"),
        ("GsCompanyId", _COMPANY_NAME, "Company", "Name"),
    )
}
"""The lookups of the article's sample."""

AUTHOR_LOOKUPS = (
    Lookup(
        field=_AUTHOR,
        object="gsuser",
        fields={_AUTHOR_ID: "Gsid"},
        result="Email",
        on_no_match="NULLABLE",
    ),
)
"""Finds the address of an author of whom only the Gsid is known: the calls want the address."""


def timeline_settings(
    settings: StreamSettings, keys: tuple[str, ...], properties: Collection[str]
) -> StreamSettings:
    """A stream's settings, with the fields that make its `ExternalId`, and the sample's lookups.

    Args:
        settings: The settings.
        keys: The fields that they, or else the stream's key properties, name as keys.
        properties: The properties of the stream's records.
    """
    own = () if settings.keys else properties
    if not keys or EXTERNAL_ID in {*(settings.fields or {}).values(), *keys, *own}:
        keys = (EXTERNAL_ID,)
    return replace(settings, keys=keys, lookups={**_LOOKUPS, **(settings.lookups or {})})


def timeline_mistakes(
    settings: StreamSettings, keys: tuple[str, ...], properties: Collection[str]
) -> Iterator[str]:
    """What the timeline lacks in a stream's settings; the arguments are `timeline_settings`'."""
    if not keys and EXTERNAL_ID not in {*(settings.fields or {}).values(), *properties}:
        yield (
            f"activities are told apart by {EXTERNAL_ID}, and the stream has no key properties to "
            "make one of; map a property to it with `fields`, or name `keys`"
        )


def timeline_object(found: GainsightObject, settings: StreamSettings) -> GainsightObject:
    """The object with the names of the article's sample, which its description may not have.

    Args:
        found: The object.
        settings: What `timeline_settings` has made of the stream's settings.
    """
    fields = dict(found.fields)
    for name in settings.keys or ():
        known = fields.get(name, Field(name, name, "STRING", createable=False))
        if not (known.createable and known.updateable):
            # It is a part of the ExternalId, and is not sent itself.
            fields[name] = replace(known, createable=True, updateable=False)
    columns = {name for each in (settings.lookups or {}).values() for name in each["fields"]}
    for name, data_type in _DOCUMENTED.items():
        if name == _COMPANY_NAME and name not in columns:
            continue  # only a lookup can do anything with it
        known = fields.get(name, Field(name, name, data_type, _ADDED))
        if known.data_type != _RICH_TEXT:
            known = replace(known, data_type=data_type)
        fields[name] = replace(known, createable=True, updateable=True)
        for other in _spellings(found.fields, name):
            fields[other] = replace(fields[other], data_type=data_type, createable=True)
            fields[other] = replace(fields[other], updateable=True)
    return replace(found, fields=fields)


@dataclass(frozen=True, slots=True)
class ActivityFields:
    """Turns rows into activities, and compares them with those that are there.

    Attributes:
        route: Where the rows go.
        options_of: Fetches the items of a picklist field whose description has none.
    """

    route: Route
    options_of: Callable[[Field], Sequence[Option]]

    def resolve(self, row: Row) -> list[Problem]:
        """Give a row's values the names and forms of the calls; say why that cannot be."""
        values = {_BY_FOLDED.get(name.casefold(), name): each for name, each in row.values.items()}
        if EXTERNAL_ID not in self.route.keys:
            parts = [str(row.values[key]) for key in self.route.keys]
            kinds = [self.route.key_kinds.get(key, Kind.TEXT) for key in self.route.keys]
            values[EXTERNAL_ID] = external_id(self.route.stream, parts, kinds)
            for key in set(self.route.keys) - self.route.lookup_sources:
                if not self.route.object.fields[key].updateable:
                    values.pop(key, None)
        author = values.get(_AUTHOR_ID)
        if isinstance(author, str) and "@" in author:
            values[_AUTHOR] = values.pop(_AUTHOR_ID)
        row.values = values
        try:
            if values.get(TYPE) is not None:
                values[TYPE] = self.type_name(str(values[TYPE]))
        except ConversionError as exc:
            return [Problem(exc.code, str(exc), TYPE)]
        return []

    def looks_for_author(self, row: Row) -> bool:
        """Whether only the Gsid of a row's author is known."""
        values = row.values
        return values.get(_AUTHOR_ID) is not None and values.get(_AUTHOR) is None

    def lookups_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The lookups that have something to look by in an activity."""
        return {
            field: lookup
            for field, lookup in (self.route.raw_lookups or {}).items()
            if any(values.get(column) is not None for column in lookup["fields"])
        }

    def activity(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a row, as the calls take them."""
        columns = {name for each in self.lookups_of(values).values() for name in each["fields"]}
        carried = self.route.lookup_sources - columns
        activity = {name: value for name, value in values.items() if name not in carried}
        if columns & {_AUTHOR}:
            activity.pop(_AUTHOR_ID, None)
        for name in _ATTENDEES:
            if activity.get(name) is not None:
                activity[name] = _listed(str(activity[name]))
        return activity

    def type_name(self, value: str) -> str:
        """The name of a type of activity, by itself or by its item's id.

        Raises:
            ConversionError: The tenant has no such type.
        """
        field = self.route.object.fields[self.name_in_queries(TYPE)]
        options = field.options or (self.options_of(field) if field.category_id else ())
        return Items(options).label_of(value) if options else value

    def name_in_queries(self, name: str) -> str:
        """The name by which the object's description has a field of the calls."""
        return next(iter(_spellings(self.route.object.fields, name)), name)

    def compared(self, row: Row, sent: Operation) -> list[str]:
        """The fields by which an activity that is there is compared with a row.

        Args:
            row: The row.
            sent: The call by which it was sent.
        """
        if self.route.operation is Operation.INSERT:
            return list(_TELLING)
        fields = self.route.object.fields
        known = {
            name: fields[own]
            for name in row.values
            if (own := self.name_in_queries(name)) in fields and name not in _ATTENDEES
        }
        # A tenant may keep rich text in another form: that an update has changed it cannot be seen.
        rich = {_RICH_TEXT} if sent is Operation.UPDATE else set()
        return [
            name
            for name, field in known.items()
            if field.description != _ADDED and field.data_type not in rich
        ]

    def is_equal(self, row: Row, found: Mapping[str, Any], names: Iterable[str]) -> bool:
        """Whether an activity that is there is the one of a row, by some fields."""
        return all(
            self._form(name, row.values.get(name))
            == self._form(name, found.get(self.name_in_queries(name)))
            for name in names
        )

    def _form(self, name: str, value: Any) -> Any:
        if name == TYPE and value:
            with suppress(ConversionError):
                value = self.type_name(str(value))
        return comparable(kind_of_field(self.route.object, name), value)


def _spellings(names: Collection[str], name: str) -> list[str]:
    """The names that differ from a name in case alone."""
    return [each for each in names if each != name and each.casefold() == name.casefold()]


def _listed(text: Wire) -> Any:
    """Addresses as a list: of a JSON array, or of a text that separates them."""
    written = str(text)
    if written.startswith("["):
        return msgspec.Raw(written.encode())
    return [part.strip() for part in written.replace(";", ",").split(",") if part.strip()]
