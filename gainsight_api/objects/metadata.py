"""What objects a tenant has, and what fields they have (article "Data Management APIs")."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gainsight_api.calls.replies import count
from gainsight_api.errors import DataError, GatewayError, RequestError, ServerError
from gainsight_api.pieces import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gainsight_api.calls.session import Session

logger = logging.getLogger(__name__)

_OBJECTS = "v1/meta/services/objects"
OBJECTS_PER_CALL = 25
"""No limit is documented; what other clients have found to work."""
_DESCRIBE_OPTIONS = {
    "includeChilds": "false",
    "childLevels": "0",
    "populatePickListOptions": "true",
    "useCollectionId": "false",
    "removeDeleted": "true",
    "removeHidden": "false",
    "host": "MDA",
    "sortFieldsByLabel": "false",
    "populateFieldId": "false",
    "honorUserContext": "true",
    "honorCustomLookup": "true",
    "populateAutoSuggestDetails": "false",
    "externalContext": "false",
}


@dataclass(frozen=True, slots=True)
class Option:
    """An item of a picklist: its id, which records hold, and its label."""

    id: str
    label: str
    active: bool


@dataclass(frozen=True, slots=True)
class LookupTarget:
    """Where a field points to: the name to traverse it by, and the objects it may find there."""

    name: str
    objects: tuple[str, ...]


@dataclass(slots=True)  # a frozen one takes four times as long to make, and there may be 100,000
class Field:
    """A field of an object."""

    name: str
    label: str
    data_type: str
    description: str = ""
    hidden: bool = False
    createable: bool = True
    updateable: bool = True
    required: bool = False
    decimal_places: int | None = None
    lookup: LookupTarget | None = None
    category_id: str | None = None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """An object as the list of objects has it."""

    name: str
    label: str
    readable: bool
    createable: bool


@dataclass(frozen=True, slots=True)
class GainsightObject:
    """An object with its fields, by name, in the API's order.

    Attributes:
        name: Its name.
        label: What people call it.
        fields: The fields by name.
        high_volume: Whether it is one of those that only bulk imports write.
    """

    name: str
    label: str
    fields: Mapping[str, Field]
    high_volume: bool = False


class Metadata:
    """The metadata calls of one tenant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def objects(self) -> list[ObjectSummary]:
        """All objects that the credential can see, in the API's order.

        The documented list is by parent and may leave objects out, so it is the last to be asked.
        """
        everything = {"externalUse": "true", "sortByLabel": "false"}
        ways: list[Callable[[], Any]] = [
            lambda: self._session.post(_OBJECTS, everything),
            lambda: self._session.get(f"{_OBJECTS}/list?em=false"),
            lambda: self._session.get(f"{_OBJECTS}/list?po=company&em=false"),
        ]
        for ask in ways[:-1]:
            try:
                if listed := _summaries(ask()):
                    return listed
            except (RequestError, GatewayError, DataError):
                continue
        listed = _summaries(ways[-1]())
        if listed:
            logger.warning(
                "The tenant lists only the objects that hang on companies: there may be more; name "
                "them in the setting `objects`"
            )
        else:
            logger.warning("The tenant lists no object: check the rights of the credential")
        return listed

    def describe(self, names: Iterable[str]) -> dict[str, GainsightObject]:
        """Describe objects, many to a call; what a shared call does not give is asked for alone.

        Returns:
            The objects by name. One that does not exist, or cannot be described, is not among
            them, and a warning says so.

        Raises:
            GainsightError: None of them can be described.
        """
        wanted = list(dict.fromkeys(names))
        found: dict[str, GainsightObject] = {}
        for batch in pieces(wanted, OBJECTS_PER_CALL):
            found |= self._described(batch)
        failed: list[ServerError] = []
        for name in wanted:
            if _in_any_case(found, name) is None and len(wanted) > 1:
                try:
                    found |= self._described([name])
                except ServerError as exc:
                    failed.append(exc)
                    logger.warning("object %s cannot be described, and is left out: %s", name, exc)
        if failed and not found:
            raise failed[0]
        return _by_wanted(found, wanted)

    def describe_together(self, names: Sequence[str]) -> dict[str, GainsightObject]:
        """Describe two to `OBJECTS_PER_CALL` objects by one call, as far as it gives them.

        Returns:
            The objects by name; none, if the call is refused. That one is missing says nothing of
            it: a call may be refused for another's sake.
        """
        return _by_wanted(self._described(names), names)

    def _described(self, names: Sequence[str]) -> dict[str, GainsightObject]:
        try:
            reply = self._session.post(
                f"{_OBJECTS}/describe", {"objectNames": list(names), **_DESCRIBE_OPTIONS}
            )
        except RequestError as exc:
            if len(names) == 1:
                logger.warning("object %s cannot be described, and is left out: %s", names[0], exc)
            return {}
        except ServerError:
            if len(names) == 1:
                raise
            return {}
        objects = map(_object, _mappings(reply if isinstance(reply, list) else [reply]))
        found = {known.name: known for known in objects}
        if len(names) == 1 and _in_any_case(found, names[0]) is None:
            logger.warning(
                "object %s cannot be described, and is left out: the reply lacks it", names[0]
            )
        return found

    def dropdown(self, category_id: str) -> list[Option]:
        """The items of a picklist, deleted ones left out."""
        reply = self._session.get(f"v1/meta/services/dropdowns/{quote(category_id, safe='')}")
        return [
            Option(
                id=str(item["gsid"]),
                label=str(item.get("name") or ""),
                active=item.get("active") is not False,
            )
            for item in _mappings(_mapping(reply).get("childItems"))
            if item.get("gsid") and item.get("deleted") is not True
        ]


def _summaries(listed: object) -> list[ObjectSummary]:
    if not isinstance(listed, list):
        raise DataError("Gainsight's list of objects is not a list")
    return [
        ObjectSummary(
            name=str(entry["objectName"]),
            label=str(entry.get("label") or entry["objectName"]),
            readable=entry.get("readable") is not False,
            createable=entry.get("createable") is not False,
        )
        for entry in _mappings(listed)
        if entry.get("objectName")
    ]


def _by_wanted(
    found: Mapping[str, GainsightObject], names: Iterable[str]
) -> dict[str, GainsightObject]:
    described = {name: _in_any_case(found, name) for name in names}
    return {name: known for name, known in described.items() if known}


def _in_any_case(found: Mapping[str, GainsightObject], name: str) -> GainsightObject | None:
    """The object of that very name, else the only one whose name differs in case alone."""
    if name in found:
        return found[name]
    others = [known for other, known in found.items() if other.casefold() == name.casefold()]
    return others[0] if len(others) == 1 else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(entry: Mapping[str, Any]) -> GainsightObject:
    name = str(entry.get("objectName") or "")
    fields = map(_field, _mappings(entry.get("fields")))
    return GainsightObject(
        name=name,
        label=str(entry.get("label") or name),
        fields={field.name: field for field in fields if field.name},
        high_volume=entry.get("transactional") is True,
    )


def _field(item: Mapping[str, Any]) -> Field:
    meta = _mapping(item.get("meta"))
    category_id = _mapping(meta.get("properties")).get("PICKLIST_CATEGORY_ID")
    name = str(item.get("fieldName") or "")
    return Field(
        name=name,
        label=str(item.get("label") or name),
        data_type=str(item.get("dataType") or "STRING").upper(),
        description=str(meta.get("description") or ""),
        hidden=meta.get("hidden") is True,
        createable=meta.get("createable") is not False,
        updateable=meta.get("updateable") is not False,
        required=meta.get("required") is True,
        decimal_places=count(meta.get("decimalPlaces")),
        lookup=_lookup(meta.get("lookupDetail")),
        category_id=str(category_id) if category_id else None,
        options=tuple(
            Option(
                id=str(option["value"]),
                label=str(option.get("label") or ""),
                active=option.get("active") is not False,
            )
            for option in _mappings(item.get("options"))
            if option.get("value")
        ),
    )


def _lookup(detail: object) -> LookupTarget | None:
    if not isinstance(detail, dict) or not detail.get("lookupName"):
        return None
    return LookupTarget(
        name=str(detail["lookupName"]),
        objects=tuple(
            str(target["objectName"])
            for target in _mappings(detail.get("lookupObjects"))
            if target.get("objectName")
        ),
    )
