"""Singer messages, read without a copy of the records and without a word of them in a log."""

from __future__ import annotations

import sys
from codecs import BOM_UTF8
from collections import Counter
from itertools import groupby
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec
from singer_sdk.io_base import GenericSingerReader
from singer_sdk.singerlib.exceptions import InvalidInputLine
from typing_extensions import override

from gainsight_api.objects.datatypes import json_decoder
from target_gainsight.incoming.odd_lines import (
    is_unreadable,
    may_be_odd,
    odd_message,
    odd_record,
    one_may_be_odd,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_gainsight.outcomes.problems import Problem

RECORD = "RECORD"
_STATE = "STATE"
_SCHEMA = "SCHEMA"
_ABSENT = msgspec.Raw(b"")
READ_BYTES = 1 << 16
MOST_BYTES = 1 << 28
"""Of a line: a longer one, as a file may have that is packed to fill the memory, is no message."""
_T = TypeVar("_T")


class _Line(msgspec.Struct, gc=False):
    type: str
    stream: str | None = None
    record: msgspec.Raw = _ABSENT
    value: msgspec.Raw = _ABSENT


_lines = msgspec.json.Decoder(_Line)
_raw = msgspec.json.Decoder(msgspec.Raw)
_any = json_decoder()


class MessageReader(GenericSingerReader[Any]):
    """Reads lines from bytes or text.

    A STATE's `value` is handed on as its JSON text, and so are the `records` of successive RECORD
    messages of a stream, in one message. A RECORD that JSON cannot say (NaN, Infinity, half a
    surrogate pair, bytes that are not UTF-8) or that no reader can handle comes by itself, with
    `problems`. The first SCHEMA of those that have arrived together names the streams of
    all, as `arrived`.
    Blank lines are passed over.
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
        first = 1
        for lines in _lines_of(file_input or self.default_input, "the input"):
            texts = lines.removesuffix(b"\n").split(b"\n")
            for number, message in _messages(lines, texts, first):
                kind = message["type"]
                callback = callbacks.get(kind)
                if callback is None:
                    raise InvalidInputLine(
                        f"Line {number} of the input is a message of no known type"
                    )
                counts[kind] += len(message["records"]) if kind == RECORD else 1
                callback(message)
            first += len(texts)
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


def records_in(file: Any, name: str) -> Iterator[tuple[list[bytes], tuple[Problem, ...]]]:
    """The records of a BATCH file: JSON texts, as many at once as may be, and their problems.

    Args:
        file: The file.
        name: Its name, for errors.

    Raises:
        InvalidInputLine: A line is no record.
    """
    first = 1
    for lines in _lines_of(file, f"the BATCH file {name}"):
        texts = lines.removesuffix(b"\n").split(b"\n")
        if records := _plain(_raw, lines, texts):
            yield [bytes(record) for record in records], ()
        else:
            for number, text in enumerate(texts, first):
                if record := text.strip():
                    found, problems = _record(record, f"Line {number} of the BATCH file {name}")
                    yield [found], problems
        first += len(texts)


def _plain(decoder: msgspec.json.Decoder[_T], lines: bytes, texts: Sequence[bytes]) -> list[_T]:
    """The lines, read at once; none if there is one that must be looked at by itself."""
    try:
        lines.decode()
        read = [] if one_may_be_odd(lines, texts) else decoder.decode_lines(lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return read if len(read) == len(texts) else []


def _record(text: bytes, place: str) -> tuple[bytes, tuple[Problem, ...]]:
    try:
        if isinstance(_any.decode(text), dict) and not (may_be_odd(text) and is_unreadable(text)):
            return text, ()
        found = odd_record(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        found = odd_record(text)
    if found is None:
        raise InvalidInputLine(f"{place} is not a record")
    return found


def _lines_of(source: Any, what: str) -> Iterator[bytes]:
    """A source's lines, as many at once as have arrived, without a byte order mark."""
    mark = BOM_UTF8
    for lines in _lines_as_they_come(source, what):
        yield lines.removeprefix(mark)
        mark = b""


def _lines_as_they_come(source: Any, what: str) -> Iterator[bytes]:
    source = getattr(source, "buffer", source)
    if not hasattr(source, "read1"):
        for line in source:
            yield line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
        return
    begun: list[bytes] = []
    size = 0
    while read := source.read1(READ_BYTES):
        end = read.rfind(b"\n") + 1
        if end:
            yield b"".join((*begun, read[:end]))
            begun = []
        begun.append(read[end:])
        size = len(begun[0]) if end else size + len(read)
        if size > MOST_BYTES:
            raise InvalidInputLine(f"A line of {what} is longer than {MOST_BYTES:,} bytes")
    if last := b"".join(begun):
        yield last


def _messages(
    lines: bytes, texts: Sequence[bytes], first: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The messages of some lines, each with the number of its line in the input.

    Args:
        lines: The lines.
        texts: Each of them.
        first: The number of the first one.
    """
    read = _plain(_lines, lines, texts)
    if not read:
        for number, text in enumerate(texts, first):
            if text.strip():
                yield number, _message(text, number)
        return
    done = 0
    arrived = [line.stream for line in read if line.type == _SCHEMA and line.stream]
    for (kind, _), alike in groupby(read, attrgetter("type", "stream")):
        some = list(alike)
        if kind == RECORD:
            yield first + done, _records(some, first + done)
        else:
            for number, text in enumerate(texts[done : done + len(some)], first + done):
                message = _message(text, number)
                if kind == _SCHEMA and arrived:
                    message["arrived"], arrived = arrived, []
                yield number, message
        done += len(some)


def _message(line: bytes, number: int) -> dict[str, Any]:
    try:
        if may_be_odd(line) and is_unreadable(line):
            return _odd_message(line, number)
        line.decode()
        read = _lines.decode(line)
        if read.type == RECORD:
            return _records([read], number)
        if read.type == _STATE:
            return {"type": _STATE, "value": bytes(read.value)} if read.value else {"type": _STATE}
        message = dict(_any.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _odd_message(line, number)
    if "stream" in message and not isinstance(message["stream"], str):
        raise InvalidInputLine(f"Line {number} of the input is a {read.type} without stream")
    return _with_properties(message, number) if read.type == _SCHEMA else message


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


def _with_properties(message: dict[str, Any], number: int) -> dict[str, Any]:
    """A SCHEMA message whose schema has properties, if only none.

    Raises:
        InvalidInputLine: It has no schema, or keys that are no names.
    """
    stream, schema, keys = (message.get(name) for name in ("stream", "schema", "key_properties"))
    properties = schema.get("properties", {}) if isinstance(schema, dict) else None
    if not isinstance(stream, str) or not isinstance(schema, dict):
        missing = "schema" if isinstance(stream, str) else "stream"
        raise InvalidInputLine(f"Line {number} of the input is a SCHEMA without {missing}")
    if not isinstance(properties or {}, dict) or not all(
        isinstance(each, dict | bool) for each in (properties or {}).values()
    ):
        raise InvalidInputLine(f"Stream {stream}: the properties of its SCHEMA are no schemas")
    if not isinstance(keys or [], list) or not all(isinstance(key, str) for key in keys or ()):
        raise InvalidInputLine(f"Stream {stream}: the key properties of its SCHEMA are no names")
    described = {
        name: each if isinstance(each, dict) else {} for name, each in (properties or {}).items()
    }
    return {**message, "schema": {**schema, "properties": described}}


def _odd_message(line: bytes, number: int) -> dict[str, Any]:
    message = odd_message(line)
    if message is None:
        # Not the parser's own words: they may quote the line.
        raise InvalidInputLine(f"Line {number} of the input is not a Singer message") from None
    return message
