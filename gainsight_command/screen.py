"""What a command prints: tables for people, JSON for programs."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gainsight_singer.words import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_WIDEST = 1_000
"""Columns where no terminal says how many: what reads the output is to find lines in one piece."""
_BAR = 16


def console() -> Console:
    """Standard output; colours are for terminals that take them, and not where NO_COLOR is set."""
    out = Console(markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not out.is_terminal:
        out.width = _WIDEST
    return out


def print_json(value: Any) -> None:
    """Print a value as JSON, in ASCII: a terminal has nothing to act on."""
    click.echo(json.dumps(value, indent=2))


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep what the client warns of off the screen, where a report says it in its place."""
    logger = logging.getLogger("gainsight_api")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def table(*headers: str, right: Sequence[str] = ()) -> Table:
    """A table without rows.

    Args:
        *headers: Its columns.
        right: Those whose cells are numbers.
    """
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for header in headers:
        made.add_column(
            header, justify="right" if header in right else "left", no_wrap=header in right
        )
    return made


def add_row(made: Table, *cells: object, style: str = "") -> None:
    """Add a row; what a server has named cannot disturb the screen."""
    shown = [cell if isinstance(cell, Text) else Text(one_line(str(cell))) for cell in cells]
    made.add_row(*shown, style=style)


def time_of(seconds: float) -> str:
    """A moment in seconds since 1970, as JSON has it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def bar(used: int, limit: int) -> Text:
    """How far a limit is used, as a bar."""
    share = min(used / limit, 1.0) if limit else 1.0
    full = round(share * _BAR) or int(used > 0)
    style = "red" if share >= 1 else "yellow" if share >= 0.8 else "green"  # noqa: PLR2004
    return Text("█" * full, style=style) + Text("░" * (_BAR - full), style="dim", no_wrap=True)


def spark(counts: Sequence[int]) -> Text:
    """Counts side by side, each as a bar of up to one line's height."""
    most = max([*counts, 1])
    steps = "▁▂▃▄▅▆▇█"
    bars = [steps[-(-count * (len(steps) - 1) // most)] if count else "·" for count in counts]
    return Text("".join(bars), style="cyan")


def numbers_named(numbers: Iterable[int], most: int = 5) -> str:
    """Numbers as a list, cut short."""
    known = list(numbers)
    return ", ".join([*map(str, known[:most]), *(["…"] if len(known) > most else [])])
