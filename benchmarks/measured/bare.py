"""A tap of the SDK that does nothing, for what it takes to start.

python -m benchmarks.measured.bare --version
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream, Tap

if TYPE_CHECKING:
    from collections.abc import Sequence


class BareTap(Tap):
    """No settings, no streams."""

    name = "tap-bare"
    package_name = "singer-gainsight"  # the version of which is asked for
    config_jsonschema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {}}

    def discover_streams(self) -> Sequence[Stream]:
        """None."""
        return ()


if __name__ == "__main__":
    BareTap.cli()
