"""The fields of calls to action, as people have them and as the Cockpit's calls take them."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gainsight_api.errors import DataError, GatewayError, RequestError
from gainsight_api.objects.metadata import Field
from target_gainsight.loading.route import Lookup, Operation
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rows.values import ConversionError, Items

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gainsight_api.objects.metadata import GainsightObject, Option
    from gainsight_api.own_apis.cockpit import Cockpit
    from target_gainsight.loading.route import Route
    from target_gainsight.rows.blocks import Row
    from target_gainsight.rows.values import Wire

logger = logging.getLogger(__name__)

GSID = "Gsid"
_LISTS = {"type": "TypeId", "reason": "ReasonId", "status": "StatusId", "priority": "PriorityId"}
"""The keys of a call that hold names of items, with the fields that hold the items' ids."""
_LIST_OF = {
    name: wire for wire, field in _LISTS.items() for name in (wire, wire.capitalize(), field)
}
_ON_CREATE, _ON_UPDATE = "taken by creates alone", "taken by updates alone"
_OWNER = "OwnerId"
_OWNER_NAMES = ("OwnerEmail", "Owner", "owner", "OwnerName")
_BY_EMAIL, _BY_NAME = "OwnerEmail", "OwnerName"
_is_gsid = re.compile(r"[0-9A-Za-z]{36}").fullmatch

OWNER_LOOKUPS = tuple(
    Lookup(
        field=_OWNER,
        object="gsuser",
        fields={column: found_by},
        result=GSID,
        on_several=on_several,
    )
    for column, found_by, on_several in (
        (_BY_EMAIL, "Email", "FIRSTMATCH"),
        (_BY_NAME, "Name", "MARKASERROR"),
    )
)
OWNER_COLUMNS = frozenset({_BY_EMAIL, _BY_NAME})


def cta_object(found: GainsightObject, *, owner_is_looked_up: bool) -> GainsightObject:
    """The object with all names by which people may have its lists and its owner, as texts.

    A field that only a create takes, such as the company, or only an update, is let through for
    both: `is_sent` tells.

    Args:
        found: The object.
        owner_is_looked_up: Whether the stream's own lookups find the owner.
    """
    fields = {
        name: field
        if field.createable is field.updateable
        else replace(
            field,
            createable=True,
            updateable=True,
            description=_ON_CREATE if field.createable else _ON_UPDATE,
        )
        for name, field in found.fields.items()
    }
    for name in (*_LIST_OF, _OWNER, *(() if owner_is_looked_up else _OWNER_NAMES)):
        known = fields.get(name, Field(name, name, "STRING"))
        fields[name] = replace(known, data_type="STRING", createable=True, updateable=True)
    return replace(found, fields=fields)


def is_sent(field: Field | None, operation: Operation) -> bool:
    """Whether a call takes a field of such an object; None is a name that it does not have."""
    other = _ON_UPDATE if operation is Operation.INSERT else _ON_CREATE
    return field is None or field.description != other


def no_keys(keys: Sequence[str]) -> list[str]:
    """The fields of some keys by which no call to action can be found, since they hold names."""
    return [key for key in keys if key in _LIST_OF or key in {_OWNER, *_OWNER_NAMES}]


@dataclass(slots=True)
class CtaNames:
    """Turns what people call items and owners into what the calls take.

    Attributes:
        route: Where the rows go.
        options_of: Fetches the items of a picklist field.
        cockpit: Tells the items that the object's description lacks.
    """

    route: Route
    options_of: Callable[[Field], Sequence[Option]]
    cockpit: Cockpit
    _described: dict[str, Items] = field(default_factory=dict)
    _listed: dict[str, list[Option]] | None = None

    def resolve(self, row: Row) -> list[Problem]:
        """Replace a row's values by those that the calls take; say why that cannot be."""
        values: dict[str, Wire] = {}
        problems: list[Problem] = []
        for name, value in row.values.items():
            wire = _LIST_OF.get(name)
            if wire is None:
                values[name] = value
                continue
            try:
                label = self._label(wire, str(value)) if value is not None else None
            except ConversionError as exc:
                problems.append(Problem(exc.code, str(exc), name))
                continue
            if label is not None or wire not in values:
                values[wire] = label
        self._place_owner(values)
        row.values = values
        return problems

    def _place_owner(self, values: dict[str, Wire]) -> None:
        """Leave one column of the owner: its Gsid, or what a lookup finds that by."""
        names = (_OWNER, *_OWNER_NAMES)
        given = {name: values.pop(name) for name in names if name in values}
        if not given:
            return
        name, owner = next(((n, str(v)) for n, v in given.items() if v is not None), (_OWNER, ""))
        if "@" in owner:
            values[_BY_EMAIL] = owner
        elif _is_gsid(owner) or (name == _OWNER and " " not in owner):
            values[_OWNER] = owner or None
        else:
            values[_BY_NAME] = owner

    def _label(self, wire: str, value: str) -> str:
        """The name of the item that a value means: by the object's description, or the Cockpit's.

        Raises:
            ConversionError: There is none. Where no list is known, Gainsight is to judge.
        """
        if wire not in self._described:
            found = self.route.object.fields[_LISTS[wire]]
            self._described[wire] = Items(found.options or self.options_of(found))
        try:
            return self._described[wire].label_of(value)
        except ConversionError:
            listed = self._listed_items(wire)
            if not listed.labels:
                return value
            return listed.label_of(value)

    def _listed_items(self, wire: str) -> Items:
        """All items that are known of a list: those described, and those that the Cockpit lists."""
        found = self.route.object.fields[_LISTS[wire]]
        listed = self._cockpit_lists().get(f"CTA_{wire.upper()}", [])
        options = (*(found.options or self.options_of(found)), *listed)
        return Items(list({option.id: option for option in options}.values()))

    def _cockpit_lists(self) -> dict[str, list[Option]]:
        if self._listed is None:
            try:
                self._listed = self.cockpit.picklists([f"CTA_{wire.upper()}" for wire in _LISTS])
            except (RequestError, GatewayError, DataError) as exc:
                logger.info("%s: the Cockpit does not tell its lists: %s", self.route.stream, exc)
                self._listed = {}
        return self._listed
