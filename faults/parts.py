"""The page docs/reliability.md, whose parts are written by programs of their own."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"


def write_part(page: Path, name: str, text: str) -> None:
    """Put a part in its place: where it was before, else at the end; the others stay as they are.

    Args:
        page: The page; it is made if need be.
        name: The part's name.
        text: What the part is to be.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before = page.read_text("utf-8") if page.exists() else ""
    head, found, rest = before.partition(begin)
    tail = rest.partition(end)[2] if found else ""
    head = head if found or not head else head.rstrip("\n") + "\n\n"
    page.write_text(f"{head}{begin}\n{text.strip()}\n\n{end}{tail}", "utf-8")
