"""Where a stream goes by the target's settings, as the target itself has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_gainsight.own_apis.routes import route_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gainsight_api.objects.metadata import GainsightObject
    from target_gainsight.loading.route import Route
    from target_gainsight.settings import TargetSettings


def route_of(
    settings: TargetSettings, stream: str, key_properties: Sequence[str], found: GainsightObject
) -> Route:
    """The route of a stream into an object.

    Raises:
        ConfigError: The settings do not go with the object.
    """
    return route_to(
        stream,
        key_properties,
        settings.for_stream(stream),
        found,
        connector=settings.bulk_import_api == "connector",
    )
