"""The documents name what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap_gainsight.settings import CONFIG_SCHEMA
from target_gainsight.settings import TARGET_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    *ROOT.glob("*.md"),
    *DOCS.rglob("*.md"),
    ROOT / "benchmarks" / "README.md",
    ROOT / "examples" / "airflow" / "README.md",
]


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


def test_what_is_written_from_the_settings_is_up_to_date() -> None:
    script = ROOT / "scripts" / "definitions.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("kind", ["extractors", "loaders"])
def test_the_hub_definitions_fit_meltanos_schema(kind: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    meltano = find_spec("meltano")
    if meltano is None or not meltano.submodule_search_locations:
        pytest.skip("the group `meltano` is not installed")
    schema = Path(meltano.submodule_search_locations[0]) / "schemas" / "meltano.schema.json"
    (file,) = (ROOT / "hub" / kind).glob("*.yml")
    plugin = yaml.safe_load(file.read_text())
    del plugin["keywords"]  # the hub's alone
    project = {"version": 1, "plugins": {kind: [plugin]}}
    jsonschema.validate(project, json.loads(schema.read_text()))
