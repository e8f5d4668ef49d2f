"""The documents name what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tap_gainsight.settings import CONFIG_SCHEMA

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", CONFIG_SCHEMA["properties"])
def test_every_setting_of_the_tap_is_documented_with_its_default(name: str) -> None:
    schema = CONFIG_SCHEMA["properties"][name]
    lines = (ROOT / "docs" / "tap.md").read_text().splitlines()
    row = next(line for line in lines if line.startswith(f"| `{name}` |"))
    default = schema.get("default")
    if default is not None:
        assert f"`{str(default).lower() if isinstance(default, bool) else default}`" in row
