"""JSON lines read into columns, for which no record need ever be an object of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from target_gainsight.rows.blocks import Block, blocks_of
from target_gainsight.rows.values import Digits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Digits)
_KNOWN_SHAPES = 64
_NOT_ALIKE = (msgspec.ValidationError, ValueError)
"""Errors by which records prove not to be of one shape; ValueError: a name has quotes in it."""


def read_record(line: bytes) -> dict[str, Any]:
    """One record."""
    return dict(_decoder.decode(line))


def read_records(lines: bytes, indexes: Sequence[int]) -> list[Block]:
    """Read records into blocks, each of records with the same properties.

    Args:
        lines: Each record in a line.
        indexes: The index of each in its batch.
    """
    sources = [[index] for index in indexes]
    names = tuple(read_record(lines[: lines.index(b"\n")]))
    try:
        return [Block(names, _columns(lines, _decoder_of(names)), sources)]
    except _NOT_ALIKE:  # not all have the properties of the first
        return [*blocks_of(_decoder.decode_lines(lines), sources)]


def read_some(
    lines: bytes, indexes: Sequence[int], names: tuple[str, ...], optional: str
) -> list[Block]:
    """Read only some properties of records, which is much faster than `read_records`.

    Args:
        lines: Each record in a line.
        indexes: The index of each in its batch.
        names: The properties.
        optional: Another one, which reads as None where it is not there.
    """
    sources = [[index] for index in indexes]
    try:
        columns = _columns(lines, _decoder_of(names, optional))
        return [Block((*names, optional), columns, sources)]
    except _NOT_ALIKE:  # some lack one of the properties
        records = [
            {name: record[name] for name in (*names, optional) if name in record}
            for record in _decoder.decode_lines(lines)
        ]
        return [*blocks_of(records, sources)]


def _columns(
    lines: bytes, decode: Callable[[bytes], list[msgspec.Struct]]
) -> list[tuple[Any, ...]]:
    return list(zip(*map(msgspec.structs.astuple, decode(lines)), strict=True))


@lru_cache(_KNOWN_SHAPES)
def _decoder_of(
    names: tuple[str, ...], optional: str | None = None
) -> Callable[[bytes], list[msgspec.Struct]]:
    """Build a decoder of records that have just these properties.

    With an optional one it takes records that have others, too, and leaves those out.
    """
    fields = {f"property_{number}": name for number, name in enumerate(names)}
    types: list[Any] = [(field, Any) for field in fields]
    if optional is not None:
        fields["optional"] = optional
        types.append(("optional", Any, None))
    record = msgspec.defstruct(
        "Record", types, rename=fields, forbid_unknown_fields=optional is None, gc=False
    )
    return msgspec.json.Decoder(record, float_hook=Digits).decode_lines
