"""Blocks of records to the lines that the SDK's writer would write, a column at a time."""

from __future__ import annotations

from itertools import repeat
from json.encoder import encode_basestring_ascii
from types import NoneType
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.json import serialize_json

from gainsight_api.datatypes import Kind, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk.mapper import StreamMap

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


_VALUES: Mapping[type, Callable[[Any], str]] = {
    str: _quoted,
    int: str,
    bool: lambda value: "true" if value else "false",
    NoneType: lambda _: "null",
    Number: str,
}
"""What of a map's results is encoded without the SDK's encoder, which is set up anew each time."""


def lines(stream: str, block: Block, extracted: datetime) -> str:
    """The RECORD messages of a block, a line each.

    Args:
        stream: The stream's name.
        block: The records.
        extracted: When they were read.
    """
    encoded = _encoded(block)
    between = _between(stream, block.names, extracted)
    # Each line is what is between the values, and the values, in turn.
    step = len(encoded) + len(between)
    parts = [""] * (step * block.rows)
    for place, text in enumerate(between):
        parts[2 * place :: step] = [text] * block.rows
    for place, values in enumerate(encoded):
        parts[2 * place + 1 :: step] = values
    return "".join(parts)


def whole_lines(text: str, size: int) -> Iterator[str]:
    """The lines in parts of at most that size; a longer line is a part of its own."""
    start = 0
    while start < len(text):
        end = text.rfind("\n", start, start + size) + 1 or text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def mapped_lines(block: Block, maps: Iterable[StreamMap], extracted: datetime) -> Iterator[str]:
    """The RECORD messages that stream maps make of a block, one by one.

    What a map leaves as it is, most of a record, is encoded with its column.
    """
    labels = {name: f"{_quoted(name)}:" for name in block.names}
    around = [(each, *_around(each.stream_alias, extracted)) for each in maps]
    encoded = zip(*_encoded(block), strict=True) if block.names else repeat((), block.rows)
    for record, row in zip(block.records(), encoded, strict=True):
        literals = dict(zip(block.names, row, strict=True))
        for stream_map, head, tail in around:
            mapped = stream_map.transform(record)
            if mapped is None:
                continue
            pairs = [
                labels[name] + literals[name]
                if name in literals and value is record[name]
                else f"{_quoted(name)}:{_json(value)}"
                for name, value in mapped.items()
            ]
            yield head + ",".join(pairs) + tail


def _json(value: Any) -> str:
    encode = _VALUES.get(type(value))
    return encode(value) if encode else serialize_json(value)


def _encoded(block: Block) -> list[list[str]]:
    """The block's values as JSON, by column."""
    return [
        _ENCODERS[column.kind](values)
        for column, values in zip(block.columns, block.values, strict=True)
    ]


def _between(stream: str, names: Sequence[str], extracted: datetime) -> list[str]:
    """What a line has before, between and after its values."""
    head, tail = _around(stream, extracted)
    labels = [f"{_quoted(name)}:" for name in names]
    if not labels:
        return [head + tail]
    return [head + labels[0], *(f",{label}" for label in labels[1:]), tail]


def _around(stream: str, extracted: datetime) -> tuple[str, str]:
    """What a line has before and after its record's properties."""
    head = f'{{"type":"RECORD","stream":{_quoted(stream)},"record":{{'
    return head, f'}},"time_extracted":"{extracted.isoformat()}"}}\n'
