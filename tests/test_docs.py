"""The documents name what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_gainsight.settings import CONFIG_SCHEMA
from target_gainsight.settings import TARGET_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), ROOT / "benchmarks" / "README.md"]


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_what_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_all_links_to_the_repository_name_the_same_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = project["urls"]["Homepage"]
    pages = [*PAGES, *(ROOT / ".github").rglob("*.yml"), ROOT / "meltano.yml"]
    links = re.findall(
        rf"https://github\.com/[^/\s]+/{project['name']}[^\s)]*",
        "\n".join([*project["urls"].values(), *(page.read_text() for page in pages)]),
    )
    assert links
    assert [link for link in links if not f"{link}/".startswith(f"{base}/")] == []


def test_the_map_names_modules_that_there_are() -> None:
    text = (DOCS / "architecture.md").read_text()
    names = set(re.findall(r"`((?:\w+/)*\w+\.py)`", text))
    modules = [f"/{path.relative_to(ROOT)}" for path in ROOT.glob("*_*/**/*.py")]
    modules += [f"/{path.relative_to(ROOT)}" for path in (ROOT / "tests").rglob("*.py")]
    assert names
    assert [
        name for name in names if not any(module.endswith(f"/{name}") for module in modules)
    ] == []
