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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_commands_is_run_by_a_test_or_says_why_not(page: Path) -> None:
    """Above each stands `<!-- run: FILE -->`, the test's file, or `<!-- not run: REASON -->`."""
    text = page.read_text()
    for fence in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        commands = fence[2].startswith("$ ") or fence[1] in {"console", "sh", "bash", "shell"}
        above = text[: fence.start()].rstrip().rpartition("\n")[2]
        marked = re.fullmatch(r"<!-- (?:run: (\S+)|not run: \S.*) -->", above)
        assert not commands or marked, f"{page.name}: {fence[2].splitlines()[0]}"
        if marked and marked[1]:
            test = (ROOT / marked[1]).read_text()
            heading = re.findall(r"^## .*$", text[: fence.start()], re.MULTILINE)[-1:]
            named = (page.name, above, *heading)
            assert any(name in test for name in named), f"{page.name}: not run by {marked[1]}"


@pytest.mark.parametrize(
    "picture", sorted((DOCS / "pictures").iterdir()), ids=lambda file: file.name
)
def test_a_picture_is_small_loads_nothing_and_is_shown(picture: Path) -> None:
    assert picture.stat().st_size < 150_000
    if picture.suffix == ".svg":
        assert not re.search(r"url\((?!#)|@import|<script|href=", picture.read_text())
    assert any(f"]({picture.parent.name}/{picture.name})" in page.read_text() for page in PAGES)


def test_the_site_has_every_page() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    pages = [str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")]
    assert [page for page in pages if f": {page}\n" not in text] == []


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
