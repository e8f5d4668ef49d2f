"""The rows of every benchmark: 25 columns, a fifth of the cells empty, always the same.

They are as a tenant's are: most times without milliseconds, some with, some in another form; a
third of the texts with commas, quotes or line ends; multi-selects; rows that share a second. Plain
rows have none of that: every time has milliseconds, and all but a few texts are words and blanks.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from gainsight_api.objects.datatypes import Kind, json_schema

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
    **{f"Text{n}__gc": Kind.TEXT for n in range(9)},
    **{f"Choices{n}__gc": Kind.TEXT for n in range(2)},
    **{f"Number{n}__gc": Kind.NUMBER for n in range(6)},
    **{f"Flag{n}__gc": Kind.BOOLEAN for n in range(2)},
    **{f"Day{n}__gc": Kind.DATE for n in range(2)},
    **{f"Time{n}__gc": Kind.DATETIME for n in range(2)},
    "ModifiedDate": Kind.DATETIME,
}
# What is loaded has a key of its own: a Gsid cannot be written.
LOADED_KINDS: dict[str, Kind] = {KEY if n == "Gsid" else n: kind for n, kind in KINDS.items()}
_EMPTY = 0.2
_PLAIN_QUOTES = 0.0002  # plain texts with quotes in them
_MARKS = 1 / 3  # texts with commas, quotes or line ends in them
MULTIPLE = "Choices"
_MOST_CHOICES = 4
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
_MARKED = [
    ", ltd.",
    ", Inc., north",
    ' of "note"',
    ' (see "terms", annex)',
    "\nsecond line",
    "\r\nBest regards,\r\nthe team",
]
_FORMS = {
    "T{:%H:%M:%S}Z": 14,
    "T{:%H:%M:%S}.{:03}Z": 3,
    "T{:%H:%M:%S}+00:00": 2,
    " {:%H:%M:%S}.0": 1,
}
"""How times are written, and how often; a column keeps to its form for some hundred rows."""
_ROWS_OF_A_FORM = 300
_ROWS_OF_A_SECOND = 3
_BEGIN = datetime(2024, 1, 1)


def schema(kinds: dict[str, Kind] = KINDS) -> dict[str, Any]:
    """The JSON Schema of the rows, whose first column is the key."""
    properties = {
        name: json_schema(kind, nullable=number > 0)
        for number, (name, kind) in enumerate(kinds.items())
    }
    for name, described in properties.items():
        if name.startswith(MULTIPLE):
            described["description"] = "MULTISELECTDROPDOWNLIST"
    return {"type": "object", "properties": properties}


def rounded(count: int) -> int:
    """The next smaller number of rows that whole chunks, or else whole pages, make up."""
    step = CHUNK_ROWS if count >= CHUNK_ROWS else PAGE_ROWS
    return max(count // step, 1) * step


def rows(count: int, *, plain: bool = False) -> Iterator[list[str]]:
    """Rows in the order of their ModifiedDate."""
    chance = random.Random(25)
    middle = [_maker(name, kind, chance, plain=plain) for name, kind in list(KINDS.items())[1:-1]]
    modified = _times(chance)
    for number in range(count):
        cells = ["" if chance.random() < _EMPTY else make() for make in middle]
        second = number / _ROWS_OF_A_SECOND if plain else number // _ROWS_OF_A_SECOND
        last = _plain_time(second) if plain else modified(second)
        yield [f"1P02{number:032}", *cells, last]


def _maker(name: str, kind: Kind, chance: random.Random, *, plain: bool) -> Callable[[], str]:
    """What makes a column's cells."""
    times = _plain_time if plain else _times(chance)
    makers: dict[Kind, Callable[[], str]] = {
        Kind.TEXT: lambda: _plain_text(chance) if plain else _text(chance),
        Kind.NUMBER: lambda: _number(chance),
        Kind.BOOLEAN: lambda: chance.choice(["true", "false"]),
        Kind.DATE: lambda: _plain_time(chance.random() * 1e8)[:10],
        Kind.DATETIME: lambda: times(chance.random() * 1e8),
    }
    if name.startswith(MULTIPLE) and not plain:
        return lambda: _choices(chance)
    return makers[kind]


def _plain_text(chance: random.Random) -> str:
    text = " ".join(chance.choices(_WORDS, k=chance.randint(1, 4)))
    if chance.random() < _PLAIN_QUOTES:
        text += ' of "note"'
    return f"{text} é" if chance.random() < _NOT_ASCII else text


def _text(chance: random.Random) -> str:
    marks = chance.choice(_MARKED) if chance.random() < _MARKS else ""
    return _plain_text(chance) + marks


def _choices(chance: random.Random) -> str:
    """Items of a multi-select; some tenants end them with one more `;`."""
    items = [f"1I00{chance.randint(0, 20):032}" for _ in range(chance.randint(1, _MOST_CHOICES))]
    return ";".join(dict.fromkeys(items)) + chance.choice(["", "", ";"])


def _number(chance: random.Random) -> str:
    whole = chance.random() < _WHOLE
    return str(chance.randint(0, 10**6)) if whole else f"{chance.random() * 1e5:.2f}"


def _plain_time(seconds: float) -> str:
    return (_BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds") + "Z"


def _times(chance: random.Random) -> Callable[[float], str]:
    """A column's times, in one form after another."""
    forms, weights = list(_FORMS), list(_FORMS.values())
    left, form = 0, forms[0]

    def time(seconds: float) -> str:
        nonlocal left, form
        if not left:
            left, form = _ROWS_OF_A_FORM, chance.choices(forms, weights)[0]
        left -= 1
        moment = _BEGIN + timedelta(seconds=int(seconds))
        return f"{moment:%Y-%m-%d}{form.format(moment, int(seconds * 1000) % 1000)}"

    return time
