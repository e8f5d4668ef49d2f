"""Description of the objects of a tenant, and of the fields behind lookup paths."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gainsight_api.errors import RequestError
from gainsight_api.objects.metadata import Field, GainsightObject, Metadata, Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

logger = logging.getLogger(__name__)


def _in_any_case(fields: Mapping[str, Field], name: str) -> Field | None:
    folded = name.casefold()
    return fields.get(name) or next(
        (field for known, field in fields.items() if known.casefold() == folded), None
    )


def _shown(objects: Sequence[str]) -> tuple[str, ...]:
    return ("Name", "Email") if "gsuser" in objects else ("Name",)


class Objects:
    """A tenant's objects, each described once."""

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata
        self._known: dict[str, GainsightObject | None] = {}
        self._dropdowns: dict[str, Sequence[Option]] = {}

    def describe(self, names: Iterable[str]) -> dict[str, GainsightObject]:
        """The objects of these names that there are."""
        wanted = list(dict.fromkeys(names))
        if missing := [name for name in wanted if name not in self._known]:
            found = self._metadata.describe(missing)
            self._known.update({name: found.get(name) for name in missing})
        described = {name: self._known[name] for name in wanted}
        return {name: found for name, found in described.items() if found}

    def get(self, name: str) -> GainsightObject | None:
        """The object of that name, if there is one."""
        return self.describe([name]).get(name)

    def field(self, found: GainsightObject, path: str) -> Field | None:
        """The field at the end of a path, whose names may be written in any case."""
        resolved = self.resolve(found, path)
        return resolved[1] if resolved else None

    def resolve(self, found: GainsightObject, path: str) -> tuple[str, Field] | None:
        """A path as the tenant spells it, and the field at its end."""
        head, _, rest = path.partition(".")
        if not rest:
            field = _in_any_case(found.fields, head)
            return (field.name, field) if field else None
        lookups = {known.lookup.name: known for known in found.fields.values() if known.lookup}
        through = _in_any_case(lookups, head)
        lookup = through.lookup if through else None
        if lookup is None:
            return None
        if not lookup.objects:  # it may point anywhere, so any field may be behind it
            return f"{lookup.name}.{rest}", Field(rest, rest, "STRING")
        target = self.get(lookup.objects[0])
        behind = self.resolve(target, rest) if target else None
        return (f"{lookup.name}.{behind[0]}", behind[1]) if behind else None

    def items(self, field: Field) -> Sequence[Option]:
        """The items of a picklist; of its dropdown list, if the description lacks them."""
        category = field.category_id
        if field.options or not category:
            return field.options
        if category not in self._dropdowns:
            try:
                self._dropdowns[category] = self._metadata.dropdown(category)
            except RequestError as exc:
                logger.warning("the items of %s cannot be read: no labels: %s", field.name, exc)
                self._dropdowns[category] = ()
        return self._dropdowns[category]

    def lookup_names(self, found: GainsightObject) -> dict[str, Field]:
        """The names behind an object's lookups, and users' email addresses, by their paths."""
        lookups = [field.lookup for field in found.fields.values() if field.lookup]
        self.describe(target for lookup in lookups for target in lookup.objects)
        paths = [f"{lookup.name}.{name}" for lookup in lookups for name in _shown(lookup.objects)]
        fields = {path: self.field(found, path) for path in paths}
        return {path: field for path, field in fields.items() if field}
