"""What can be wrong after a cell's runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a flaw is."""

    LOST = "lost"
    CHANGED = "changed"
    DOUBLED = "doubled"
    BLAMED = "blamed wrongly"
    PAID_TWICE = "job paid twice"
    EXIT = "wrong exit"
    SECRET = "secret in an output"  # noqa: S105 - the name of a flaw


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong, in words."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        """The words."""
        return f"{self.kind}: {self.text}"
