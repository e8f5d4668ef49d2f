"""The rows of every benchmark: 25 columns, a fifth of the cells empty, always the same."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from gainsight_api.datatypes import Kind, json_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OBJECT = "company"
LOADED_OBJECT = "relationship"
KEY = "Key__gc"
# Not a million in twenty chunks: a job of just so many rows may have been cut off, and the tap
# asks for what follows.
CHUNK_ROWS = 49_900
PAGE_ROWS = 4_990

KINDS: dict[str, Kind] = {
    "Gsid": Kind.TEXT,
    **{f"Text{n}__gc": Kind.TEXT for n in range(11)},
    **{f"Number{n}__gc": Kind.NUMBER for n in range(6)},
    **{f"Flag{n}__gc": Kind.BOOLEAN for n in range(2)},
    **{f"Day{n}__gc": Kind.DATE for n in range(2)},
    **{f"Time{n}__gc": Kind.DATETIME for n in range(2)},
    "ModifiedDate": Kind.DATETIME,
}
# What is loaded has a key of its own: a Gsid cannot be written.
LOADED_KINDS: dict[str, Kind] = {KEY if n == "Gsid" else n: kind for n, kind in KINDS.items()}
_EMPTY = 0.2
_QUOTES = 0.0002  # cells with quotes in them
_NOT_ASCII = 0.05
_WHOLE = 0.5  # numbers without a fraction
_WORDS = [
    "alpha",
    "beta",
    "gamma",
    "customer",
    "success",
    "north",
    "south",
    "renewal",
    "expansion",
    "churn",
    "health",
]
_BEGIN = datetime(2024, 1, 1)


def schema(kinds: dict[str, Kind] = KINDS) -> dict[str, Any]:
    """The JSON Schema of the rows, whose first column is the key."""
    properties = {
        name: json_schema(kind, nullable=number > 0)
        for number, (name, kind) in enumerate(kinds.items())
    }
    return {"type": "object", "properties": properties}


def rounded(count: int) -> int:
    """The next smaller number of rows that whole chunks, or else whole pages, make up."""
    step = CHUNK_ROWS if count >= CHUNK_ROWS else PAGE_ROWS
    return max(count // step, 1) * step


def rows(count: int) -> Iterator[list[str]]:
    """Rows in the order of their ModifiedDate."""
    chance = random.Random(25)
    makers: dict[Kind, Callable[[random.Random], str]] = {
        Kind.TEXT: _text,
        Kind.NUMBER: _number,
        Kind.BOOLEAN: lambda chance: chance.choice(["true", "false"]),
        Kind.DATE: lambda chance: _time(chance.random() * 1e8)[:10],
        Kind.DATETIME: lambda chance: _time(chance.random() * 1e8),
    }
    middle = [makers[kind] for kind in list(KINDS.values())[1:-1]]
    for number in range(count):
        cells = ["" if chance.random() < _EMPTY else make(chance) for make in middle]
        yield [f"1P02{number:032}", *cells, _time(number / 3)]


def _text(chance: random.Random) -> str:
    text = " ".join(chance.choices(_WORDS, k=chance.randint(1, 4)))
    if chance.random() < _QUOTES:
        text += ' of "note"'
    return f"{text} é" if chance.random() < _NOT_ASCII else text


def _number(chance: random.Random) -> str:
    whole = chance.random() < _WHOLE
    return str(chance.randint(0, 10**6)) if whole else f"{chance.random() * 1e5:.2f}"


def _time(seconds: float) -> str:
    return (_BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds") + "Z"
