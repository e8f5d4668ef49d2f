"""Singer messages, read without a copy of the records and without a word of them in a log."""

from __future__ import annotations

import json
import sys
from collections import Counter
from itertools import count, groupby
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any

import msgspec
from singer_sdk.io_base import GenericSingerReader
from singer_sdk.singerlib.exceptions import InvalidInputLine
from typing_extensions import override

from gainsight_api.datatypes import Number, json_decoder
from target_gainsight.problems import Problem
from target_gainsight.rows.values import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

RECORD = "RECORD"
_STATE = "STATE"
_NONE = msgspec.Raw(b"null")
READ_BYTES = 1 << 16


class _Line(msgspec.Struct):
    type: str
    stream: str | None = None
    record: msgspec.Raw = _NONE
    value: msgspec.Raw = _NONE


_lines = msgspec.json.Decoder(_Line)
_any = json_decoder()


class MessageReader(GenericSingerReader[Any]):
    """Reads lines from bytes or text.

    A STATE's `value` is handed on as its JSON text, and so are the `records` of successive RECORD
    messages of a stream, in one message. A RECORD that JSON cannot say (NaN, Infinity, half a
    surrogate pair) comes by itself, with `problems`.
    """

    @property
    @override
    def default_input(self) -> IO[Any]:
        return sys.stdin.buffer

    @override
    def process_lines(
        self, file_input: IO[Any] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        read = 0
        for lines in _lines_of(file_input or self.default_input):
            for message in _messages(lines, read + 1):
                kind = message["type"]
                number = len(message["records"]) if kind == RECORD else 1
                read += number
                callback = callbacks.get(kind)
                if callback is None:
                    raise InvalidInputLine(
                        f"Line {read} of the input is a message of no known type"
                    )
                callback(message)
                counts[kind] += number
        return counts

    @override
    def deserialize_json(self, line: Any) -> dict[str, Any]:
        return _message(line, 1)

    @staticmethod
    @override
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        missing = sorted(requires - line_dict.keys())
        if missing:
            raise InvalidInputLine(
                f"A {line_dict.get('type', 'Singer')} message of the input lacks "
                f"{' and '.join(missing)}"
            )


def record_in(line: bytes) -> tuple[bytes, tuple[Problem, ...]]:
    """A record from a line of a BATCH file: its JSON text, and what is wrong with it."""
    message = _message(b'{"type":"RECORD","stream":"","record":' + line.strip() + b"}", 1)
    return message["records"][0], message.get("problems", ())


def _lines_of(source: Any) -> Iterator[bytes]:
    """The input's lines, as many at once as have arrived."""
    source = getattr(source, "buffer", source)
    if not hasattr(source, "read1"):
        for line in source:
            yield line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
        return
    begun: list[bytes] = []
    while read := source.read1(READ_BYTES):
        end = read.rfind(b"\n") + 1
        if end:
            yield b"".join((*begun, read[:end]))
            begun = []
        begun.append(read[end:])
    if last := b"".join(begun):
        yield last


def _messages(lines: bytes, first: int) -> Iterator[dict[str, Any]]:
    """The messages of some lines, of which the first one has that number in the input."""
    texts = lines.removesuffix(b"\n").split(b"\n")
    try:
        read = _lines.decode_lines(lines)
    except msgspec.DecodeError:
        read = []
    if len(read) != len(texts):
        yield from map(_message, texts, count(first))
        return
    done = 0
    for (kind, _), alike in groupby(read, attrgetter("type", "stream")):
        some = list(alike)
        if kind == RECORD:
            yield _records(some, first + done)
        else:
            yield from map(_message, texts[done : done + len(some)], count(first + done))
        done += len(some)


def _message(line: bytes, number: int) -> dict[str, Any]:
    try:
        read = _lines.decode(line)
        if read.type == RECORD:
            return _records([read], number)
        message = _any.decode(line)
    except msgspec.DecodeError:
        return _odd_message(line, number)
    if read.type == _STATE and "value" in message:
        message["value"] = bytes(read.value)
    return dict(message)


def _records(lines: Sequence[_Line], number: int) -> dict[str, Any]:
    """RECORD messages of one stream as one message; the number is that of the first."""
    stream = lines[0].stream
    records = [bytes(line.record) for line in lines]
    for index, record in enumerate(records):
        if stream is None or not record.startswith(b"{"):
            raise InvalidInputLine(
                f"Line {number + index} of the input is a RECORD without stream or record"
            )
    return {"type": RECORD, "stream": stream, "records": records}


class _NotANumber(str):
    """NaN or an infinity, as a text."""

    __slots__ = ()


def _odd_message(line: bytes | str, number: int) -> dict[str, Any]:
    """Read a line that is not quite JSON: as a record with `problems`, or not at all."""
    try:
        message = json.loads(line, parse_float=Number, parse_constant=_NotANumber)
    except ValueError:
        message = None
    record = message.get("record") if isinstance(message, dict) else None
    stream = message.get("stream") if isinstance(message, dict) else None
    kind = message.get("type") if isinstance(message, dict) else None
    if not isinstance(record, dict) or not isinstance(stream, str) or kind != RECORD:
        # Not the parser's own words: they may quote the line.
        raise InvalidInputLine(f"Line {number} of the input is not a Singer message") from None
    problems = tuple(
        Problem("INVALID_VALUE", "the record holds what JSON cannot say", str(name))
        for name, value in record.items()
        if any(map(_is_odd, _leaves(value)))
    )
    if not problems:
        raise InvalidInputLine(f"Line {number} of the input is not a Singer message")
    text = as_json(_sendable(record))
    return {
        "type": RECORD,
        "stream": stream,
        "records": [text.encode()],
        "problems": problems,
    }


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _is_odd(value: Any) -> bool:
    return isinstance(value, _NotANumber) or (
        isinstance(value, str) and not value.isascii() and value != _whole(value)
    )


def _sendable(value: Any) -> Any:
    """Make a value one that JSON can say: NaN as a text, half a surrogate pair by its number."""
    if isinstance(value, dict):
        return {_whole(name): _sendable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_sendable(item) for item in value]
    return _whole(value) if isinstance(value, str) else value


def _whole(value: str) -> str:
    return value.encode("utf-8", "backslashreplace").decode()
