"""Blocks of records to the lines that the SDK's writer would write, a column at a time."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

from gainsight_api.datatypes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from tap_gainsight.pages import Block

_quoted: Callable[[str], str] = encode_basestring_ascii  # in C


def _bare(values: Iterable[str]) -> list[str]:
    return [value or "null" for value in values]


def _dates(values: Iterable[str]) -> list[str]:
    return [f'"{value}"' if value else "null" for value in values]


def _texts(values: Iterable[str]) -> list[str]:
    return [_quoted(value) if value else "null" for value in values]


_ENCODERS: Mapping[Kind, Callable[[Iterable[str]], list[str]]] = {
    Kind.NUMBER: _bare,
    Kind.BOOLEAN: _bare,
    Kind.DATE: _dates,
    Kind.DATETIME: _dates,
    Kind.TEXT: _texts,
}


def lines(stream: str, block: Block, selected: Collection[str], extracted: datetime) -> str:
    """The RECORD messages of a block, a line each.

    Args:
        stream: The stream's name.
        block: The records.
        selected: The properties that are written.
        extracted: When they were read.
    """
    chosen = [
        (column, values)
        for column, values in zip(block.columns, block.values, strict=True)
        if column.name in selected
    ]
    encoded = [_ENCODERS[column.kind](values) for column, values in chosen]
    between = _between(stream, [column.name for column, _ in chosen], extracted)
    # Each line is what is between the values, and the values, in turn.
    step = len(encoded) + len(between)
    parts = [""] * (step * block.rows)
    for place, text in enumerate(between):
        parts[2 * place :: step] = [text] * block.rows
    for place, values in enumerate(encoded):
        parts[2 * place + 1 :: step] = values
    return "".join(parts)


def _between(stream: str, names: Sequence[str], extracted: datetime) -> list[str]:
    """What a line has before, between and after its values."""
    head = f'{{"type":"RECORD","stream":{_quoted(stream)},"record":{{'
    tail = f'}},"time_extracted":"{extracted.isoformat()}"}}\n'
    labels = [f"{_quoted(name)}:" for name in names]
    if not labels:
        return [head + tail]
    return [head + labels[0], *(f",{label}" for label in labels[1:]), tail]
