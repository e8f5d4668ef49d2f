"""Properties of a stream that are not sent, and those that its settings miss."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.errors import ConfigError

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from target_gainsight.loading.route import Route
    from target_gainsight.rows.mapping import RecordMap
    from target_gainsight.settings import TargetSettings


@dataclass(slots=True)
class PropertyCheck:
    """Says of a stream's properties, once, which are not sent.

    Attributes:
        route: Where the stream's records go.
        mapping: Makes rows of them.
        settings: The target's settings.
        logger: The stream's logger.
    """

    route: Route
    mapping: RecordMap
    settings: TargetSettings
    logger: logging.Logger
    _named: set[str] = field(default_factory=set)

    def check(self, properties: Sequence[str]) -> None:
        """Say once which properties are not sent, and why.

        Args:
            properties: Those of the stream's SCHEMA.

        Raises:
            ConfigError: The stream's own settings name properties that it does not have.
        """
        stream = self.route.stream
        lacking = set(self.route.lacking(properties)) - self._named
        if lacking and self.settings.has_entry_with_fields(stream):
            raise ConfigError(
                f"stream {stream}: it has no property {', '.join(sorted(lacking))}, which its "
                f"`streams` entry names; its properties are {', '.join(sorted(properties))}"
            )
        if lacking:
            self._named |= lacking
            lacks = ", ".join(sorted(lacking))
            self.logger.warning("stream %s: it has no property %s", stream, lacks)
        left_out = [name for name in self.mapping.left_out(properties) if name not in self._named]
        self._named.update(left_out)
        if left_out:
            self.logger.warning(
                "stream %s: Not sent, because the object %s has no such field or it cannot be "
                "written: %s",
                stream,
                self.route.object.name,
                ", ".join(left_out),
            )
        self._say_replaced(properties)

    def _say_replaced(self, properties: Sequence[str]) -> None:
        """Say which properties are not sent, since another one fills the field of their name."""
        filled = {field: source for source, field in self.route.fields.items()}
        for name in properties:
            source = filled.get(name, name)
            kept = name in self.route.fields or source == name or name in self._named
            if not kept:
                self._named.add(name)
                self.logger.warning(
                    "stream %s: Not sent: the property %s, since `fields` fills the field %s from "
                    "%s",
                    self.route.stream,
                    name,
                    name,
                    source,
                )
