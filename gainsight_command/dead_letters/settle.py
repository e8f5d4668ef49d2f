"""Move settled letters to `<stream>.settled.jsonl`, so that a kill loses none."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from gainsight_command.dead_letters.letters import settled_path
from target_gainsight.outcomes.letter_file import append, locked, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from gainsight_command.dead_letters.sendings import Sending

_SETTLED_AT = b',"settled_at":'


def settle(sendings: Iterable[Sending]) -> None:
    """Move the letters of some sendings: first written there, then taken from here.

    A kill in between leaves a letter in both files, and never in none.

    Raises:
        GainsightError: A file cannot be written.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    moved: dict[Path, list[bytes]] = {}
    taken: dict[Path, Counter[bytes]] = {}
    for each in sendings:
        for path, text in _settled(each, now):
            moved.setdefault(path, []).append(text + b"\n")
        for line in (*each.lines, *each.copies):
            taken.setdefault(line.path, Counter())[line.text] += 1
    for path, texts in moved.items():
        append(settled_path(path), b"".join(texts))
        _take_out(path, taken.get(path, Counter()))


def finish_moving(path: Path) -> None:
    """Take out the letters that are in the settled file: a kill has left them in both.

    Raises:
        GainsightError: A file cannot be read or written.
    """
    beside = settled_path(path)
    if not (path.exists() and os.path.lexists(beside)):  # a link to nothing is refused here, too
        return
    with locked(beside) as file:
        moved = {line.rpartition(_SETTLED_AT)[0] for line in file}
    with locked(path) as file:
        lines = file.read().split(b"\n")
    _take_out(path, Counter(line for line in lines if line and line.rstrip()[:-1] in moved))


def _settled(sending: Sending, now: str) -> Iterator[tuple[Path, bytes]]:
    """The lines of a sending, each with when and how it was settled, and its file."""
    for line in sending.older:
        yield line.path, _with(line.text, settled_at=now, settled_by="a newer letter of its key")
    for line in sending.copies:
        yield line.path, _with(line.text, settled_at=now, settled_by="replay")
    edited = {"sent": msgspec.Raw(sending.letter.record)} if sending.edited else {}
    text = sending.original.text if sending.original else sending.edited or b"{}"
    yield sending.path, _with(text, settled_at=now, settled_by="replay", **edited)


def _with(letter: bytes, **more: object) -> bytes:
    """A letter's text, the record's digits as they are, with further properties."""
    return letter.rstrip()[:-1] + b"," + msgspec.json.encode(more)[1:]


def _take_out(path: Path, settled: Counter[bytes]) -> None:
    if not settled:
        return
    with locked(path) as file:
        kept = []
        for text in file.read().split(b"\n"):
            if settled[text] > 0:
                settled[text] -= 1
            elif text.strip():
                kept.append(text + b"\n")
        replace(path, kept)
