from __future__ import annotations

import ast
import itertools
from pathlib import Path

import gainsight_sandbox

ROOT = Path(gainsight_sandbox.__file__).parent
FROM_TOP_TO_BOTTOM = (
    "command",
    "sandbox",
    "imports",
    "own_apis",
    "writes",
    "reads",
    "metadata",
    "wire",
    "demo",
    "tenant",
    "behaviour",
)


def imported_by(path: Path) -> set[str]:
    """The folders of the sandbox that a module imports from; for types, too."""
    nodes = [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)
    ]
    names = [(node.module or "").split(".") for node in nodes]
    return {name[1] for name in names if name[0] == ROOT.name and len(name) > 1}


def test_folders_import_only_from_those_below_them() -> None:
    paths = [path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem == "sandbox"]
    arrows = {
        (path.relative_to(ROOT).parts[0].removesuffix(".py"), folder)
        for path in paths
        for folder in imported_by(path)
    }
    downward = set(itertools.combinations_with_replacement(FROM_TOP_TO_BOTTOM, 2))
    assert arrows
    assert not arrows - downward
