"""The `expression` of a where clause: aliases joined by AND and OR, with parentheses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gainsight_sandbox.behaviour.errors import bad_query

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.errors import BadQueryError

_TOKEN = re.compile(r"\s*(?:([()])|(\w+))")
_MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Alias:
    """A condition, by its alias."""

    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that must all hold (AND), or one of them (OR)."""

    joiner: Literal["AND", "OR"]
    parts: tuple[Node, ...]


Node = Alias | Group


def parse_expression(text: str, *, parentheses: bool = True) -> Node:
    """Read an expression; AND binds closer than OR."""
    tokens = _tokens(text)
    if not parentheses and "(" in tokens:
        raise _wrong("parentheses are not understood")
    parser = _Parser(tokens)
    node = parser.either()
    if parser.rest():
        raise _wrong(f"unexpected {parser.rest()[0]!r}")
    return node


def aliases(node: Node) -> set[str]:
    """The aliases that an expression names."""
    if isinstance(node, Alias):
        return {node.name}
    return {name for part in node.parts for name in aliases(part)}


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _wrong(f"unexpected {text[position]!r}")
        tokens.append(match[1] or match[2])
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def rest(self) -> list[str]:
        return self._tokens[self._next :]

    def either(self) -> Node:
        parts = [self._every()]
        while self._take("OR"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Group("OR", tuple(parts))

    def _every(self) -> Node:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Group("AND", tuple(parts))

    def _one(self) -> Node:
        if self._take("("):
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise _wrong("too deep")
            node = self.either()
            self._depth -= 1
            if not self._take(")"):
                raise _wrong("a parenthesis is not closed")
            return node
        rest = self.rest()
        if not rest or rest[0].upper() in {"AND", "OR", ")"}:
            raise _wrong("an alias is missing")
        self._next += 1
        return Alias(rest[0])

    def _take(self, token: str) -> bool:
        rest = self.rest()
        if rest and rest[0].upper() == token:
            self._next += 1
            return True
        return False


def _wrong(detail: str) -> BadQueryError:
    return bad_query(f"Invalid expression: {detail}.")
