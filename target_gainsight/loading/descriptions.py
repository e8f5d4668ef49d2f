"""What the tenant says of its objects and picklists, asked once in a run."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from gainsight_api.errors import ConfigError
from gainsight_api.objects.metadata import OBJECTS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gainsight_api.objects.metadata import Field, GainsightObject, Metadata, Option


class Descriptions:
    """The descriptions that the streams of a run share.

    Args:
        metadata: The calls.
    """

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata
        self._objects: dict[str, GainsightObject] = {}
        self._expected: dict[str, None] = {}
        self._dropdowns: dict[str, list[Option]] = {}

    def expect(self, names: Iterable[str]) -> None:
        """Take note of objects that will be asked for: the next call describes them as well."""
        self._expected |= {name: None for name in names if name not in self._objects}

    def object_for(self, stream: str, name: str) -> GainsightObject:
        """The object of a name, for a stream.

        Raises:
            ConfigError: There is none.
        """
        if name not in self._objects:
            self._describe_with_expected(name)
        if name not in self._objects:
            self._objects |= self._metadata.describe([name])
        if name not in self._objects:
            raise ConfigError(
                f"stream {stream}: this tenant has no object {name!r}; name the one it is to be "
                "loaded into as `object` of its `streams` entry"
            )
        return self._objects[name]

    def _describe_with_expected(self, name: str) -> None:
        """Describe an object and expected ones; what that does not give is asked for alone."""
        self._expected.pop(name, None)
        others = list(islice(self._expected, OBJECTS_PER_CALL - 1))
        for other in others:
            del self._expected[other]
        if others:
            self._objects |= self._metadata.describe_together([name, *others])

    def dropdown(self, field: Field) -> Sequence[Option]:
        """The items of a picklist that its description lacks."""
        category = field.category_id
        if not category:
            return ()
        if category not in self._dropdowns:
            self._dropdowns[category] = self._metadata.dropdown(category)
        return self._dropdowns[category]
