"""Lines are told at once to be in order, or looked at one by one."""

from __future__ import annotations

import re
from itertools import combinations_with_replacement

import pytest

from target_gainsight.incoming.odd_lines import one_may_be_odd

PLAIN = b'{"type":"RECORD","record":{"a":"b"}}'


def holding(text: bytes) -> bytes:
    return b'{"record":{"a":%s}}' % text


def nested(marks: bytes, times: int) -> bytes:
    """A line that has so many openings, with what makes it long enough to count."""
    return holding(marks * (times - 2) + b" " * 300)


FORMS = [
    PLAIN,
    b"{}",
    b"",
    b" {}",
    b"[]",
    nested(b"[", 127),
    nested(b"[", 128),
    nested(b"[", 129),
    nested(b"{", 128),
    nested(b"{", 129),
    holding(b"9" * 3_999),
    holding(b"9" * 4_000),
    holding(b'"%s"' % (b"9 " * 4_000)),
]


def is_odd(line: bytes) -> bool:
    """The rule, without a thought to time."""
    openings = sum(line.count(mark) for mark in (b"[", b"{"))
    return not line.startswith(b"{") or openings > 128 or bool(re.search(rb"[0-9]{4000}", line))


@pytest.mark.parametrize("plain", [0, 1, 200])
def test_one_odd_line_among_others_is_seen(plain: int) -> None:
    for some in combinations_with_replacement(FORMS, 2):
        texts = [*some, *[PLAIN] * plain]
        for each in (texts, texts[::-1]):
            found = one_may_be_odd(b"\n".join(each) + b"\n", each)
            assert found == any(map(is_odd, each)), [text[:40] for text in some]
