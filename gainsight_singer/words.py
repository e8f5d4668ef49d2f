"""Numbers in sentences, and sentences that stay on their line."""

from __future__ import annotations

_SHORT_SECONDS = 100


def counted(count: int, noun: str) -> str:
    """So many of something, such as "1 row" or "3,000 rows"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def spell(seconds: float) -> str:
    """A time in seconds, with tenths where they matter, such as "2.1 s" or "1,200 s"."""
    return f"{seconds:.1f} s" if seconds < _SHORT_SECONDS else f"{seconds:,.0f} s"


def rate(count: int, seconds: float, noun: str = "rows") -> str:
    """So many a second as a part of a sentence: ", 1,200 rows/s"; empty if it took no second."""
    return f", {count / seconds:,.0f} {noun}/s" if seconds >= 1 else ""


def one_line(text: str) -> str:
    """A text, whoever it comes from, as it may stand in a log or on a screen.

    Breaks and tabs become blanks, and what else a terminal might act on, or turn around, U+FFFD.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else " " if char in "\n\r\t" else "\ufffd" for char in text
    )
