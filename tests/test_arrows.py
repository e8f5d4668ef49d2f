"""The packages import each other one way only, and their modules stay small.

All imports count: those for types and those inside functions, too.
"""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


ROOT = Path(__file__).parents[1]
CONNECTOR_MAY = {"gainsight_api", "gainsight_singer", "singer_sdk"}
MAY_IMPORT: dict[str, set[str]] = {
    "gainsight_api": set(),
    "gainsight_sandbox": set(),
    "gainsight_singer": {"gainsight_api", "singer_sdk"},
    "tap_gainsight": CONNECTOR_MAY,
    "target_gainsight": CONNECTOR_MAY,
    "gainsight_command": CONNECTOR_MAY | {"tap_gainsight", "target_gainsight"},
}
"""What each package may import of the packages that the rules are about."""
RULED = {*MAY_IMPORT, "singer_sdk", "benchmarks", "tests"}
MODULE_LINES = 320
FUNCTION_LINES = 60
IN_A_CIRCLE: dict[str, str] = {}
TOO_LONG: dict[str, str] = {}
HAS_A_LONG_FUNCTION: dict[str, str] = {}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    module_name(path): path for name in MAY_IMPORT for path in sorted((ROOT / name).rglob("*.py"))
}
PACKAGES = sorted({name.partition(".")[0] for name in MODULES})


def marked(names: Iterable[str], not_yet: dict[str, str]) -> list[Any]:
    """The names; those that do not keep a rule yet are marked, and fail the test once they do."""
    return [
        pytest.param(
            name,
            marks=[pytest.mark.xfail(strict=True, reason=not_yet[name])] if name in not_yet else [],
        )
        for name in names
    ]


def imported_by(module: str) -> Iterator[str]:
    """The full names that a module imports, as `package.module` or `package.module.name`."""
    path = MODULES[module]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def modules_imported_by(module: str) -> set[str]:
    """The modules of this repository that a module names in its imports."""
    names = imported_by(module)
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} & set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_package_may(module: str) -> None:
    package = module.partition(".")[0]
    imported = {name for name in imported_by(module) if name.partition(".")[0] in RULED - {package}}
    wrong = {name for name in imported if name.partition(".")[0] not in MAY_IMPORT[package]}
    assert not wrong, f"{package} may import {MAY_IMPORT[package] or 'none of the others'}"


@pytest.mark.parametrize("package", marked(PACKAGES, IN_A_CIRCLE))
def test_the_modules_of_a_package_import_each_other_in_no_circle(package: str) -> None:
    modules = [name for name in MODULES if name.partition(".")[0] == package]
    graph = {name: modules_imported_by(name) for name in modules}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as exc:
        pytest.fail(" imports ".join(reversed(exc.args[1])))


@pytest.mark.parametrize("module", marked(MODULES, TOO_LONG))
def test_a_module_is_not_too_long(module: str) -> None:
    lines = len(MODULES[module].read_text().splitlines())
    assert lines <= MODULE_LINES, f"{module} has {lines} lines"


@pytest.mark.parametrize("module", marked(MODULES, HAS_A_LONG_FUNCTION))
def test_a_function_is_not_too_long(module: str) -> None:
    too_long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(MODULES[module].read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= FUNCTION_LINES
    }
    assert not too_long


def test_the_map_of_the_modules_names_only_files_that_exist() -> None:
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", (ROOT / "docs/architecture.md").read_text())
    below = [ROOT, *(ROOT / package for package in PACKAGES)]
    assert named
    assert not [name for name in named if not any((folder / name).exists() for folder in below)]
