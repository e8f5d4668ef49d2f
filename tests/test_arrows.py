"""The arrows between packages run one way, no imports go in a circle, and rooms stay small."""

from __future__ import annotations

import ast
import graphlib
import itertools
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[1]
SDK = "singer_sdk"

MAY_IMPORT = {
    "gainsight_api": set[str](),
    "gainsight_singer": {SDK, "gainsight_api"},
    "tap_gainsight": {SDK, "gainsight_api", "gainsight_singer"},
    "target_gainsight": {SDK, "gainsight_api", "gainsight_singer"},
    "gainsight_sandbox": set[str](),
    "gainsight_command": {
        SDK,
        "gainsight_api",
        "gainsight_singer",
        "tap_gainsight",
        "target_gainsight",
    },
}
"""What of these a package may import, besides itself."""

WHY = {
    "gainsight_api": "the client knows Gainsight, and no Singer",
    "gainsight_singer": "what both connectors share stands below them",
    "tap_gainsight": "the connectors use the client, and never each other or the sandbox",
    "target_gainsight": "the connectors use the client, and never each other or the sandbox",
    "gainsight_sandbox": "written apart, so that a misreading on one side shows on the other",
    "gainsight_command": "it stands above both connectors, and nobody imports it",
}

PACKAGES = [name for name in MAY_IMPORT if (ROOT / name).is_dir()]
LONGEST_MODULE = 320
LONGEST_FUNCTION = 60


class Import(NamedTuple):
    importer: str
    imported: str
    where: str


@cache
def modules() -> dict[str, Path]:
    """All modules of the packages, by name; a package by its own."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def imports_of(importer: str, path: Path) -> Iterator[Import]:
    """All imports of a module, wherever they stand: those for types and in functions, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = importer.split(".")
            if node.level:
                up = node.level - (path.name == "__init__.py")
                package = package[: len(package) - up]
            source = ".".join([*package * bool(node.level), *filter(None, [node.module])])
            full = [f"{source}.{alias.name}" for alias in node.names]
            names = [name if name in modules() else source for name in full]
        else:
            continue
        for name in names:
            yield Import(importer, name, f"{path.relative_to(ROOT)}:{node.lineno}")


@cache
def all_imports() -> list[Import]:
    return [each for name, path in modules().items() for each in imports_of(name, path)]


def runs(each: Import) -> Iterator[str]:
    """The modules that an import runs: packages around the imported one run first."""
    parts = each.imported.split(".")
    for end in range(1, len(parts)):
        around = ".".join(parts[:end])
        if not f"{each.importer}.".startswith(f"{around}."):
            yield around
    yield each.imported


def circle_in(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Modules of which each imports the next, and the last is the first; none if there are none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as exc:
        circle: list[str] = exc.args[1][::-1]
        return circle
    return []


def test_every_package_has_its_arrows() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = config["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(packages) == sorted(PACKAGES)
    assert MAY_IMPORT.keys() == WHY.keys()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_arrows_run_one_way(package: str) -> None:
    forbidden = {SDK, *MAY_IMPORT} - {package} - MAY_IMPORT[package]
    wrong = [
        f"{each.where}: {package} must not import {each.imported}: {WHY[package]}"
        for each in all_imports()
        if each.importer.split(".")[0] == package and each.imported.split(".")[0] in forbidden
    ]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_imports_go_in_a_circle(package: str) -> None:
    graph: dict[str, dict[str, str]] = {}
    for each in all_imports():
        if each.importer.split(".")[0] == package:
            for imported in runs(each):
                graph.setdefault(each.importer, {}).setdefault(imported, each.where)
    steps = [
        f"{graph[importer][imported]}: {importer} imports {imported}"
        for importer, imported in itertools.pairwise(circle_in(graph))
    ]
    assert not steps, "a circle of imports (those for types count):\n" + "\n".join(steps)


@cache
def lengths() -> dict[str, tuple[int, int, str]]:
    """Of each module and function: its lines, how many it may have, and where it stands."""
    found = {}
    for path in modules().values():
        text, place = path.read_text(), str(path.relative_to(ROOT))
        found[place] = (len(text.splitlines()), LONGEST_MODULE, place)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                name, where = f"{place}:{node.name}", f"{place}:{node.lineno}: {node.name}"
                found[name] = max(found.get(name, (0, 0, "")), (lines, LONGEST_FUNCTION, where))
    return found


def test_modules_and_functions_are_short() -> None:
    long = {
        name: f"{where} has {lines} lines; at most {most}"
        for name, (lines, most, where) in lengths().items()
        if lines > most
    }
    assert not long, "\n" + "\n".join(long.values())
