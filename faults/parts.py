"""The page docs/reliability.md: the faults' own text, and behind it parts that others write."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
_PART = re.compile(r"<!-- part: (?P<name>\w+) -->\n.*?<!-- end of (?P=name) -->\n", re.DOTALL)


def write_page(page: Path, text: str) -> None:
    """Write all of the page but its parts, which stay as they are."""
    _write(page, text, _parts(page))


def write_part(page: Path, name: str, text: str) -> None:
    """Write a part: in its place if it is there, else behind the others.

    Args:
        page: The page; it is made if need be.
        name: The part's name, a word.
        text: What the part is to be.
    """
    parts = _parts(page)
    parts[name] = f"<!-- part: {name} -->\n\n{text.strip()}\n\n<!-- end of {name} -->\n"
    _write(page, _PART.sub("", _text(page)), parts)


def _write(page: Path, text: str, parts: dict[str, str]) -> None:
    page.write_text("\n".join([f"{text.strip()}\n", *parts.values()]), "utf-8")


def _parts(page: Path) -> dict[str, str]:
    return {found["name"]: found[0] for found in _PART.finditer(_text(page))}


def _text(page: Path) -> str:
    return page.read_text("utf-8") if page.exists() else ""
