"""Lines that JSON readers stumble over: told apart, and read as records that are rejected."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_api.objects.datatypes import json_decoder
from target_gainsight.outcomes.problems import Problem, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEEPEST = 128
_MOST_DIGITS = 4_000
_long_number = re.compile(rb"[0-9]{%d}" % _MOST_DIGITS).search
_strings = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL).sub
_record_type = re.compile(rb'"type"\s*:\s*"RECORD"').search
_stream_name = re.compile(rb'"stream"\s*:\s*("(?:[^"\\]|\\.)+")').search
_read = json_decoder().decode
_space = re.compile(r"[\s,:]*").match
_value_at = json.JSONDecoder().raw_decode


def one_may_be_odd(lines: bytes, texts: Sequence[bytes]) -> bool:
    """Whether one of some lines may be odd, as `may_be_odd` says of each.

    Args:
        lines: All of them.
        texts: Each of them.
    """
    if not all(text.startswith(b"{") for text in texts):
        return True
    # Each of the other lines begins with an opening.
    if _openings(lines) - len(texts) < _DEEPEST and max(map(len, texts)) <= _MOST_DIGITS:
        return False
    return any(map(may_be_odd, texts))


def may_be_odd(line: bytes) -> bool:
    """Whether a line may be no JSON object, or hold a number or a nesting past what is handled."""
    size = len(line)
    if size <= _DEEPEST * 2 or line[:1] != b"{":
        return line[:1] != b"{"
    return _openings(line) > _DEEPEST or (size > _MOST_DIGITS and _long_number(line) is not None)


def _openings(text: bytes) -> int:
    """How many arrays and objects may begin in a text; `count` would take four times as long."""
    return 2 * len(text) - len(text.replace(b"[", b"")) - len(text.replace(b"{", b""))


def is_unreadable(line: bytes) -> bool:
    """Whether a text that may be odd cannot be handled, indeed."""
    if _long_number(_strings(b'""', line)) or _depth(line) > _DEEPEST:
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


def odd_record(text: bytes) -> tuple[bytes, tuple[Problem, ...]] | None:
    """A record that is not quite JSON, as one with its text as `raw`, and its problems.

    None if it is no record, or is JSON. No other record is made of it: a replay would send that.
    """
    problems: tuple[Problem, ...]
    if is_unreadable(text):
        reason = "the record holds bytes, numbers or a nesting that cannot be read"
        problems = (Unreadable("UNREADABLE_RECORD", reason),)
    else:
        problems = _problems_of(_loosely(text))
    raw = text.decode("utf-8", "backslashreplace")
    return (msgspec.json.encode({"raw": raw}), problems) if problems else None


def odd_message(line: bytes) -> dict[str, Any] | None:
    """A RECORD or STATE message of a line that is not quite JSON; None if it is neither."""
    if is_unreadable(line):
        return _unreadable_message(line)
    message = _loosely(line)
    if isinstance(message, dict) and message.get("type") == "STATE":
        value = line[line.find(b'"value"') + 7 : line.rfind(b"}")].strip().removeprefix(b":")
        return {"type": "STATE", "value": value.strip()} if _loosely(value) else None
    if not isinstance(message, dict) or message.get("type") != "RECORD":
        return None
    stream, found = message.get("stream"), odd_record(_text_of("record", line))
    if not isinstance(stream, str) or _is_odd(stream) or not found:
        return None
    return _message(stream, *found)


def _text_of(name: str, line: bytes) -> bytes:
    """The text of a property's value in a JSON object; empty without one."""
    text, found = line.decode().rstrip(), ""
    at = _after_space(text, text.index("{") + 1)
    while at < len(text) - 1:
        known, at = _value_at(text, at)
        begin = _after_space(text, at)
        _, end = _value_at(text, begin)
        found = text[begin:end] if known == name else found
        at = _after_space(text, end)
    return found.encode()


def _after_space(text: str, at: int) -> int:
    found = _space(text, at)
    return found.end() if found else at


def _loosely(text: bytes) -> Any:
    try:
        return json.loads(text.decode(), parse_constant=_NotANumber)
    except ValueError:
        return None


def _problems_of(record: Any) -> tuple[Problem, ...]:
    return tuple(
        Unreadable("INVALID_VALUE", "the record holds what JSON cannot say", _whole(name))
        for name, value in (record.items() if isinstance(record, dict) else ())
        if any(map(_is_odd, (name, *_leaves(value))))
    )


def _unreadable_message(line: bytes) -> dict[str, Any] | None:
    begin = line.find(b'"record"')
    end = max(line.rfind(b"}", 0, line.rstrip().rfind(b"}")), begin)
    around = line[:begin] + line[end:]
    stream = _stream_name(around)
    if begin < 0 or not _record_type(around) or not stream or not line.rstrip().endswith(b"}"):
        return None
    record = line[line.find(b":", begin) + 1 : end + 1].strip()
    try:
        name = str(_read(stream[1]))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    found = odd_record(record)
    return _message(name, *found) if found else None


def _message(stream: str, record: bytes, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "records": [record], "problems": problems}


def _depth(text: bytes) -> int:
    depth = deepest = 0
    for mark in re.findall(rb"[\[\]{}]", _strings(b"", text)):
        depth += 1 if mark in b"[{" else -1
        deepest = max(depth, deepest)
    return deepest


class _NotANumber(str):
    """NaN or an infinity, as a text."""

    __slots__ = ()


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


def _whole(value: str) -> str:
    return value.encode("utf-8", "backslashreplace").decode()
