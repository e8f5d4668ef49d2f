"""The rows of every benchmark: 25 columns, a fifth of the cells empty, always the same."""

from __future__ import annotations

import csv
import json
import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from gainsight_api.datatypes import Kind, json_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OBJECT = "company"
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


def schema() -> dict[str, Any]:
    """The JSON Schema of the rows."""
    properties = {name: json_schema(kind, nullable=name != "Gsid") for name, kind in KINDS.items()}
    return {"type": "object", "properties": properties}


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


def write_chunk(path: Path, count: int) -> None:
    """A chunk as an export job gives it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(KINDS)
        writer.writerows(rows(count))


def write_pages(folder: Path, count: int) -> None:
    """Replies to queries, `page-0.json` and so on."""
    numbers = {n for n, kind in enumerate(KINDS.values()) if kind is Kind.NUMBER}
    flags = {n for n, kind in enumerate(KINDS.values()) if kind is Kind.BOOLEAN}
    page: list[str] = []
    written = 0
    for row in rows(count):
        values = [
            "null"
            if not cell
            else cell
            if n in numbers or n in flags
            else json.dumps(cell, ensure_ascii=False)
            for n, cell in enumerate(row)
        ]
        pairs = zip(KINDS, values, strict=True)
        page.append("{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}")
        if len(page) == PAGE_ROWS:
            text = f'{{"result":true,"data":{{"records":[{",".join(page)}]}}}}'
            (folder / f"page-{written}.json").write_text(text, encoding="utf-8")
            page, written = [], written + 1
