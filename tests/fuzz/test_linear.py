"""Ten times the input takes about ten times as long to read, however odd it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RECORD = b'{"type":"RECORD","stream":"a","record":{"N":"%s"}}\n'
STREAM = b'{"tap_stream_id":"s%d","schema":{"properties":{}}}'

GROWING: Mapping[str, tuple[str, Callable[[int], bytes]]] = {
    "chunk: quoted rows": ("chunk", lambda n: b'"1","2"\n' * n),
    "chunk: rows half quoted": ("chunk", lambda n: b'"1",2\n' * n),
    "chunk: a cell of lines": ("chunk", lambda n: b'"1","' + b"x\n" * n + b'"\n'),
    "chunk: a cell of quotes": ("chunk", lambda n: b'"1","' + b'""' * n + b'"\n'),
    "chunk: a quote that stays open": ("chunk", lambda n: b'1,"' + b"x\n" * n),
    "chunk: empty lines": ("chunk", lambda n: b"\n" * n),
    "chunk: one line": ("chunk", lambda n: b"," * n),
    "chunk: numbers that are none": ("typed_chunk", lambda n: b"1," + b"9" * n + b"x,\n"),
    "cell: digits": ("cell", lambda n: b"0" * n + b"1"),
    "cell: a fraction": ("cell", lambda n: b"1." + b"0" * n + b"e"),
    "cell: blanks": ("cell", lambda n: b"2022-06-23" + b" " * n),
    "envelope: halves of pairs": ("envelope", lambda n: b'{"data":"' + b"\\ud800" * n + b'"}'),
    "envelope: backslashes": (
        "envelope",
        lambda n: b'{"data":"' + b"\\\\" * n + b"\\ud800" + b'"}',
    ),
    "envelope: a long sentence": ("envelope", lambda n: b'{"errorDesc":"' + b" " * n + b'"}'),
    "envelope: brackets": ("envelope", lambda n: b"[" * n),
    "where: an expression": (
        "where",
        lambda n: (
            b'{"conditions":[{"name":"f0","alias":"A","operator":"EQ","value":[1]}],'
            b'"expression":"' + b"A AND " * n + b'A"}'
        ),
    ),
    "where: parentheses": (
        "where",
        lambda n: (
            b'{"conditions":[{"name":"f0","alias":"A","operator":"EQ","value":[1]}],'
            b'"expression":"' + b"(" * n + b"A" + b")" * n + b'"}'
        ),
    ),
    "where: blanks": (
        "where",
        lambda n: (
            b'{"conditions":[{"name":"f0","alias":"A","operator":"EQ","value":[1]}],'
            b'"expression":"A' + b" " * n + b'."}'
        ),
    ),
    "singer: lines": ("singer", lambda n: RECORD % b"x" * n),
    "singer: a long line": ("singer", lambda n: RECORD % (b"x" * n)),
    "singer: a line of escapes": ("singer", lambda n: RECORD % (b"\\ud800" * n)),
    "singer: a line of brackets": ("singer", lambda n: RECORD % b"" + b"[{" * n + b"\n"),
    "singer: a line of quotes": ("singer", lambda n: b'{"' * n + b"\n"),
    "singer: a line of backslashes": ("singer", lambda n: b'{"' + b"\\" * n + b"\n"),
    "singer: a long number": ("singer", lambda n: RECORD.replace(b'"%s"', b"9" * n)),
    "singer: lines that are none": ("singer", lambda n: RECORD % b"NaN" * n + b"{" * n),
    "singer: odd records": ("singer", lambda n: RECORD.replace(b'"%s"', b"NaN") * n),
    "batch file: odd records": ("batch_file", lambda n: b'{"N":NaN}\n' * n),
    "batch file: blank lines": ("batch_file", lambda n: b"\n" * n),
    "settings: a long name": ("settings", lambda n: b'{"' + b"x" * n + b'":1}'),
    "settings: many names": (
        "settings",
        lambda n: b"{" + b",".join(b'"unknown setting %d":1' % at for at in range(n // 100)) + b"}",
    ),
    "catalog: streams": (
        "catalog",
        lambda n: b'{"streams":[' + b",".join(map(STREAM.__mod__, range(n // 50))) + b"]}",
    ),
    "state: lines": ("state", lambda n: b"{}\n" * n),
    "letters: lines": ("letters", lambda n: b'{"stream":"a","record":{}}\n' * n),
    "number: digits and a letter": ("cell", lambda n: b"9" * n + b"x"),
    "number: in a record": ("converted", lambda n: b'"' + b"9" * n + b'x"'),
}
SIZE = 3_000


def seconds(target: Callable[[bytes], None], data: bytes) -> float:
    """Of the processor, which other processes do not use."""
    began = time.process_time()
    target(data)
    return time.process_time() - began


@pytest.mark.slow
@pytest.mark.parametrize("what", GROWING)
def test_reading_takes_linear_time(what: str) -> None:
    name, make = GROWING[what]
    target = TARGETS[name]
    target(make(10))  # what is made once for all is made now
    small = min(seconds(target, make(SIZE)) for _ in range(2))
    large = seconds(target, make(SIZE * 10))
    # In quadratic time it would take a hundred times as long; the clock ticks in hundredths.
    assert large < max(small, 0.03) * 35
