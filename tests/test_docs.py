"""The documents name what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_gainsight.settings import CONFIG_SCHEMA
from target_gainsight.settings import TARGET_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS = Path(__file__).parents[1] / "docs"


def assert_documented(document: str, name: str, schema: Mapping[str, Any]) -> None:
    lines = (DOCS / document).read_text().splitlines()
    row = next(line for line in lines if line.startswith(f"| `{name}` |"))
    default = schema.get("default")
    if default is not None:
        assert f"`{str(default).lower() if isinstance(default, bool) else default}`" in row
    assert schema["description"].replace("|", "or") in row


@pytest.mark.parametrize("name", CONFIG_SCHEMA["properties"])
def test_every_setting_of_the_tap_is_documented_with_its_default(name: str) -> None:
    assert_documented("tap.md", name, CONFIG_SCHEMA["properties"][name])


@pytest.mark.parametrize("name", TARGET_SETTINGS)
def test_every_setting_of_the_target_is_documented_with_its_default(name: str) -> None:
    assert_documented("target.md", name, TARGET_SETTINGS[name])
