"""Texts on the page, whoever they come from."""

from __future__ import annotations

from html import escape

from gainsight_singer.words import one_line


def shown(text: str) -> str:
    """A text as it may stand in the page, also in an attribute, without control characters."""
    return escape(one_line(text))
