"""Load persons, one by each call of the People API (article "People API Documentation")."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_api.objects.datatypes import json_decoder
from gainsight_api.objects.metadata import Field
from target_gainsight.loading.loaders import Outcome
from target_gainsight.loading.route import Operation
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rest.said import Said, said_of
from target_gainsight.rows.values import ConversionError, as_json
from target_gainsight.rows.wire_json import json_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gainsight_api.objects.metadata import GainsightObject
    from gainsight_api.own_apis.people import People
    from target_gainsight.loading.route import Route
    from target_gainsight.rest.multiselects import Multiselects
    from target_gainsight.rest.verdicts import Verdicts
    from target_gainsight.rows.blocks import Row, Rows
    from target_gainsight.rows.values import Wire
    from target_gainsight.settings import StreamSettings

EMAIL = "Email"
_KEYS = ((EMAIL,), ("ExternalRecordID",))
_LINKS = "companies"
_COMPANY = "Company_ID"
_LINK = {
    _COMPANY: "GSID",
    "Role": "STRING",
    "Title": "STRING",
    "IsPrimaryCompany": "BOOLEAN",
}
"""The fields of a flat record that make its one link to a company, with their data types."""
SYSTEM_FIELDS = (
    "Gsid",
    "CreatedDate",
    "CreatedBy",
    "ModifiedDate",
    "ModifiedBy",
    "LastModifiedDate",
    "LastModifiedBy",
)
"""The fields that Gainsight itself sets, and refuses."""


def person_object(found: GainsightObject) -> GainsightObject:
    """The object with the fields that the call takes beside it, less those that it refuses."""
    fields = dict(found.fields)
    for name in (name for name in SYSTEM_FIELDS if name in fields):
        fields[name] = replace(fields[name], createable=False, updateable=False)
    fields[_LINKS] = Field(_LINKS, _LINKS, "JSON")
    fields |= {name: Field(name, name, data_type) for name, data_type in _LINK.items()}
    return replace(found, fields=fields)


def person_settings(settings: StreamSettings, keys: tuple[str, ...]) -> StreamSettings:
    """A stream's settings, with the key by which persons are told apart.

    Args:
        settings: The settings.
        keys: The fields that they, or else the stream's key properties, name as keys.
    """
    return replace(settings, keys=keys if keys in _KEYS else (EMAIL,))


def person_mistakes(settings: StreamSettings) -> Iterator[str]:
    """What the People API cannot do of a stream's settings."""
    if Operation(settings.operation) is not Operation.UPSERT:
        yield (
            "persons are only upserted, by the People API; set `operation` of its `streams` entry "
            "to upsert"
        )
    if settings.keys and tuple(settings.keys) not in _KEYS:
        yield (
            "Gainsight tells persons apart by Email or by ExternalRecordID, as the tenant is set "
            f"up, and not by {', '.join(settings.keys)}; set `keys` of its `streams` entry"
        )


@dataclass(frozen=True, slots=True)
class PersonLoader:
    """Loads persons; each comes out as confirmed or rejected.

    Attributes:
        route: Where the rows go.
        people: The calls.
        verdicts: Tells what refusals mean.
        multiselects: How the tenant takes multi-selects.
        rest_batch_size: Rows of a call.
    """

    route: Route
    people: People
    verdicts: Verdicts
    multiselects: Multiselects
    rest_batch_size: int = 1

    def calls_for(self, rows: int) -> int:
        """How many calls it takes to load that many rows."""
        return rows

    def sendable(self, rows: Rows, outcome: Outcome) -> Iterator[Row]:
        """The rows that would be sent: those whose links are links."""
        for row in rows:
            try:
                self._links(row.values)
            except ConversionError as exc:
                outcome.reject(row, Problem(exc.code, str(exc), _LINKS))
            else:
                yield row

    def load(self, rows: Rows) -> Outcome:
        """Load rows in the order of their records, since several may be of one person.

        A call that was not answered is made again: it does no harm twice.
        """
        outcome = Outcome()
        ready = self.sendable(rows, outcome)
        for row in sorted(ready, key=lambda row: row.sources[0]):
            said = said_of(self.verdicts, row, partial(self._send, row))
            if said.done:
                outcome.confirm([row])
            else:
                outcome.reject(row, *said.problems, request_id=said.request_id)
        return outcome

    def _send(self, row: Row) -> Said:
        self.multiselects.write(
            self.route.object,
            [row.values],
            lambda rows: self.people.upsert(self._person(rows[0])),
        )
        return Said(done=True)

    def _person(self, values: Mapping[str, Any]) -> dict[str, Any]:
        links = self._links(values)
        own = {name: value for name, value in values.items() if name not in {_LINKS, *_LINK}}
        person = json_values(self.route.object, own)
        return {**person, _LINKS: links} if links else person

    def _links(self, values: Mapping[str, Wire]) -> list[msgspec.Raw]:
        """The links to companies that a record names: in its list, and by its flat fields.

        Raises:
            ConversionError: They are no links.
        """
        links = _parsed(values.get(_LINKS))
        company = values.get(_COMPANY)
        if company and all(link[_COMPANY] != company for link in links):
            links.append({name: values[name] for name in _LINK if name in values})
        return [msgspec.Raw(as_json(self._without_nulls(link)).encode()) for link in links]

    def _without_nulls(self, link: dict[str, Any]) -> dict[str, Any]:
        if not self.route.omit_nulls:
            return link
        return {name: value for name, value in link.items() if value is not None}


def _parsed(text: Wire) -> list[dict[str, Any]]:
    """The value of `companies`: a list of objects, or one object."""
    if text is None:
        return []
    try:
        found = json_decoder().decode(str(text))
    except msgspec.DecodeError:
        found = None
    links = [found] if isinstance(found, dict) else found
    if not isinstance(links, list) or not all(
        isinstance(link, dict) and link.get(_COMPANY) for link in links
    ):
        raise ConversionError(
            "INVALID_VALUE", f"the value is no list of objects, each with a {_COMPANY}"
        )
    return links
