"""Blocks of records to the lines that the SDK's writer would write, a column at a time.

A line alternates what is the same in all of them with a record's values:

`{"type":"RECORD","stream":"s","record":{"Name":` value `,"Arr":` value `},"time_extracted":"…"}`
"""

from __future__ import annotations

from itertools import chain, compress, groupby, zip_longest
from json.encoder import encode_basestring_ascii
from operator import is_
from types import NoneType
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.json import serialize_json

from gainsight_api.objects.datatypes import Kind, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk.mapper import StreamMap

    from tap_gainsight.records.block import Block, Record


_quoted: Callable[[str], str] = encode_basestring_ascii  # in C


def _bare(values: Iterable[str]) -> list[str]:
    return [value or "null" for value in values]


def _dates(values: Iterable[str]) -> list[str]:
    return [f'"{value}"' if value else "null" for value in values]


def _texts(values: Sequence[str]) -> list[str]:
    # Ids, choices and codes have nothing to escape: to see that for a whole column, and put quotes
    # around its values, takes half the time of escaping each of them.
    if _are_plain(msgspec.json.encode(values)):
        return _dates(values)
    return [_quoted(value) if value else "null" for value in values]


def _are_plain(encoded: bytes) -> bool:
    """Whether a list of texts as JSON, in UTF-8, has no characters that the SDK would escape."""
    return encoded.isascii() and b"\\" not in encoded and b"\x7f" not in encoded


_ENCODERS: Mapping[Kind, Callable[[Sequence[str]], list[str]]] = {
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


class UnwritableValueError(ValueError):
    """A stream map has made what JSON cannot hold, such as a number of thousands of digits."""


def lines(stream: str, block: Block, extracted: datetime) -> str:
    """The RECORD messages of a block, a line each.

    Args:
        stream: The stream's name.
        block: The records.
        extracted: When they were read.
    """
    between = _between(block.names, *_message(stream, extracted))
    return "".join(_in_turn(between, _encoded(block), block.rows))


def raw_lines(block: Block) -> str:
    """The records of a block themselves, as JSON objects, a line each."""
    between = _between(block.names, "{", "}\n")
    return "".join(_in_turn(between, _encoded(block), block.rows))


def mapped_lines(block: Block, maps: Sequence[StreamMap], extracted: datetime) -> Iterator[str]:
    """The RECORD messages that stream maps make of a block.

    If a map fails on a record, they are those before it, and then its error.
    """
    records = [*block.records()]
    made: list[list[Record | None]] = [[] for _ in maps]
    error: Exception | None = None
    try:
        for record in records:
            for stream_map, results in zip(maps, made, strict=True):
                results.append(stream_map.transform(record))
    except Exception as exc:  # noqa: BLE001 - an expression may fail in any way
        error = exc
    encoded = _encoded(block)
    lines_of_maps = [
        _result_lines(records, results, encoded, stream_map.stream_alias, extracted)
        for stream_map, results in zip(maps, made, strict=True)
    ]
    yield "".join(chain.from_iterable(zip_longest(*lines_of_maps, fillvalue="")))
    if error:
        raise error


def _result_lines(
    records: Sequence[Record],
    results: Sequence[Record | None],
    encoded: Sequence[Sequence[str]],
    stream: str,
    extracted: datetime,
) -> Iterator[str]:
    """The line of each of a map's results; an empty one for a record that it leaves out."""
    kept = [result is not None for result in results]
    if not all(kept):
        records = [*compress(records, kept)]
        encoded = [[*compress(literals, kept)] for literals in encoded]
    lines: list[str] = []
    for names, run in groupby((result for result in results if result is not None), _names):
        alike = [*run]
        here = slice(len(lines), len(lines) + len(alike))
        columns = _result_columns(alike, records[here], [literals[here] for literals in encoded])
        between = _between(names, *_message(stream, extracted))
        parts = _in_turn(between, columns, len(alike))
        step = len(between) + len(columns)
        lines += ["".join(parts[n : n + step]) for n in range(0, len(parts), step)]
    rest = iter(lines)
    return (next(rest) if keep else "" for keep in kept)


def _names(record: Record) -> tuple[str, ...]:
    return tuple(record)


def _result_columns(
    results: Sequence[Record],
    records: Sequence[Record],
    encoded: Sequence[Sequence[str]],
) -> list[Sequence[str]]:
    """The values of results with the same properties as JSON, by column.

    What a map leaves as it is, most of a record, is encoded already.
    """
    was = zip(*(record.values() for record in records), strict=True)
    before = dict(zip(records[0], zip(was, encoded, strict=True), strict=True))
    values = zip(*(result.values() for result in results), strict=True)
    return [
        _result_column(column, *before[name]) if name in before else [*map(_json, column)]
        for name, column in zip(results[0], values, strict=True)
    ]


def _result_column(
    values: Sequence[Any], before: Sequence[Any], encoded: Sequence[str]
) -> Sequence[str]:
    if all(map(is_, values, before)):
        return encoded
    return [
        literal if value is old else _json(value)
        for value, old, literal in zip(values, before, encoded, strict=True)
    ]


def _json(value: Any) -> str:
    encode = _VALUES.get(type(value))
    try:
        return encode(value) if encode else serialize_json(value)
    except (TypeError, ValueError, OverflowError) as exc:
        raise UnwritableValueError from exc


def _encoded(block: Block) -> list[list[str]]:
    """The block's values as JSON, by column."""
    return [
        _ENCODERS[column.kind](values)
        for column, values in zip(block.columns, block.values, strict=True)
    ]


def _in_turn(between: Sequence[str], columns: Sequence[Sequence[str]], rows: int) -> list[str]:
    """The pieces of all lines: what is before a value, the value, and so on, line after line."""
    step = len(between) + len(columns)
    parts = [""] * (step * rows)
    for place, text in enumerate(between):
        parts[2 * place :: step] = [text] * rows
    for place, values in enumerate(columns):
        parts[2 * place + 1 :: step] = values
    return parts


def _message(stream: str, extracted: datetime) -> tuple[str, str]:
    """What a RECORD message has before and after the values of its record."""
    head = f'{{"type":"RECORD","stream":{_quoted(stream)},"record":{{'
    return head, f'}},"time_extracted":"{extracted.isoformat()}"}}\n'


def _between(names: Sequence[str], head: str, tail: str) -> list[str]:
    """What a line has before, between and after its values."""
    keys = [f"{_quoted(name)}:" for name in names]
    if not keys:
        return [head + tail]
    return [head + keys[0], *(f",{key}" for key in keys[1:]), tail]
