"""The page docs/reliability.md, whose parts are written by programs of their own."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
_PART = re.compile(r"<!-- part: (?P<name>\w+) -->\n.*?<!-- end of (?P=name) -->\n", re.DOTALL)


def write_part(page: Path, name: str, text: str) -> None:
    """Write a part: in its place if it is there, else behind the others. There is nothing else.

    Args:
        page: The page; it is made if need be.
        name: The part's name, a word.
        text: What the part is to be.
    """
    parts = _parts(page)
    parts[name] = f"<!-- part: {name} -->\n\n{text.strip()}\n\n<!-- end of {name} -->\n"
    page.write_text("\n".join(parts.values()), "utf-8")


def _parts(page: Path) -> dict[str, str]:
    return {found["name"]: found[0] for found in _PART.finditer(_text(page))}


def _text(page: Path) -> str:
    return page.read_text("utf-8") if page.exists() else ""
