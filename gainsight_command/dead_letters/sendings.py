"""Which letters are sent again: of one key the newest, and those that a user has edited."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from pathlib import Path

    from gainsight_command.dead_letters.letters import Letter, Line, Reason


class Fate(StrEnum):
    """What becomes of a letter.

    Attributes:
        WAITING: It has not been sent yet.
        SETTLED: Gainsight has its record now.
        REJECTED: Its record was rejected again.
        OUTDATED: Gainsight's record is newer than the letter; it is not sent.
        NO_RECORD: It holds no record that can be sent.
        NOT_CHOSEN: A newer letter of its key is there that was not to be sent, or lacks some of its
            properties; or it was not to be sent itself.
        NO_KEYS: Neither it nor the settings name the keys of its record.
    """

    WAITING = "waiting"
    SETTLED = "settled"
    REJECTED = "rejected"
    OUTDATED = "outdated"
    NO_RECORD = "no record"
    NOT_CHOSEN = "not chosen"
    NO_KEYS = "no keys"


@dataclass(slots=True, eq=False)
class Sending:
    """A letter that is to be sent, for itself and for the older ones of its key.

    Attributes:
        path: The dead-letter file that it is in, or that its stream would have.
        letter: What is sent: the letter of the file, or what a user has made of it.
        original: The line in the dead-letter file; None if no line there is known to be its own.
        older: Lines of older letters of its key, which are settled with it.
        copies: The user's own lines of it, if they are in the folder: settled with it, not counted.
        edited: The text of the user's line, if it is the user's.
        chosen: Whether it is to be sent at all.
        hides_chosen: Whether it is not, and an older letter of its key was to be.
        outdone: Whether a newer letter of its key goes in its place, without all of its properties.
        fate: What has become of it.
        reasons: Why its record was rejected again.
    """

    path: Path
    letter: Letter
    original: Line | None
    older: list[Line] = field(default_factory=list)
    copies: list[Line] = field(default_factory=list)
    edited: bytes | None = None
    chosen: bool = True
    hides_chosen: bool = False
    outdone: bool = False
    fate: Fate = Fate.WAITING
    reasons: Sequence[Reason] = ()

    @property
    def is_wanted(self) -> bool:
        """Whether it, or an older letter that it stands for, was to be sent."""
        return self.chosen or self.hides_chosen

    @property
    def lines(self) -> list[Line]:
        """Its lines in the dead-letter file, the older ones first."""
        return [*self.older, *([self.original] if self.original else [])]


def newest(
    sendings: Iterable[Sending], merged_by: Callable[[Letter], Hashable | None]
) -> list[Sending]:
    """Of each key the newest letter, which stands for the older ones; in the file's order.

    An older one with a property that the newer ones lack is kept beside it, as outdone.

    Args:
        sendings: The letters of a stream, in the order of its file.
        merged_by: A letter's key; None for one that stands alone.
    """
    by_key: dict[Hashable, list[Sending]] = {}
    kept: dict[Sending, None] = {}
    for sending in sendings:
        key = merged_by(sending.letter)
        if key is not None:
            earlier = by_key.setdefault(key, [])
            for before in list(earlier):
                if sending.letter.stands_for(before.letter):
                    sending.older += before.lines
                    sending.copies += before.copies
                    sending.hides_chosen |= not sending.chosen and before.is_wanted
                    del kept[before]
                    earlier.remove(before)
                else:
                    before.outdone = True
            earlier.append(sending)
        kept[sending] = None
    return list(kept)


def of_files(files: Sequence[Sequence[Line]]) -> list[Sending]:
    """The letters of a stream's dead-letter files, in the order in which they were written.

    Lines that are none are left alone. A letter that several files have is sent once.
    """
    sendings: list[Sending] = []
    known: dict[bytes, Sending] = {}
    for lines in files:
        own = []
        for line in lines:
            if line.letter and line.text in known:
                known[line.text].older.append(line)
            elif line.letter:
                own.append(Sending(line.path, line.letter, line))
        sendings += own
        known |= {each.original.text: each for each in own if each.original}
    if len(files) > 1:
        sendings.sort(key=lambda each: each.letter.rejected_at)
    return sendings


def with_edited(
    path: Path,
    originals: list[Sending],
    edited: Sequence[Line],
    key_of: Callable[[Letter], Hashable | None],
    *,
    inside: bool,
) -> list[Sending]:
    """A stream's letters, where a user's edited ones take the place of what they were made of.

    Only those are to be sent. An edited letter is known by what the target wrote beside the record;
    where several have that in common, by its record, its key, or its place among them.

    Args:
        path: The dead-letter file that the stream has, or would have.
        originals: The stream's letters.
        edited: The user's lines.
        key_of: A letter's key.
        inside: Whether the user's file is one of the folder's, so that the next replay reads it.
    """
    for each in originals:
        each.chosen = False
    strangers: list[Sending] = []
    by_signature = _grouped(originals)
    for signature, letters in _grouped(
        [Sending(path, line.letter, line) for line in edited if line.letter]
    ).items():
        free = by_signature.get(signature, [])
        for given, original in _pairs(letters, free, key_of):
            line = given.original
            text = line.text if line else b""
            if original is None and line and inside:
                strangers.append(Sending(line.path, given.letter, line))
            elif original is None:
                strangers.append(Sending(path, given.letter, None, edited=text))
            else:
                original.letter, original.edited, original.chosen = given.letter, text, True
                original.copies = [line] if line and inside else []
    return [*originals, *strangers]


def _pairs(
    letters: Sequence[Sending],
    originals: Sequence[Sending],
    key_of: Callable[[Letter], Hashable | None],
) -> Iterator[tuple[Sending, Sending | None]]:
    """Each edited letter with what it was made of, if that can be told."""
    free, left = dict.fromkeys(originals), dict.fromkeys(letters)
    forms: list[Callable[[Letter], Hashable | None]] = [_record, key_of]
    for form in forms:
        by_form = {form(each.letter): each for each in reversed(list(free))}
        for given in list(left):
            found = by_form.get(key) if (key := form(given.letter)) is not None else None
            if found in free:
                yield given, found
                del free[found], left[given]
    in_turn = len(letters) == len(originals)
    for given, original in zip_longest(left, free if in_turn else ()):
        yield given, original


def _record(letter: Letter) -> Hashable:
    return bytes(letter.record)


def _signature(letter: Letter) -> Hashable:
    errors = tuple((each.code, each.field) for each in letter.errors)
    return letter.run_id, letter.rejected_at, letter.request_id, letter.operation, errors


def _grouped(sendings: Iterable[Sending]) -> dict[Hashable, list[Sending]]:
    groups: dict[Hashable, list[Sending]] = {}
    for each in sendings:
        groups.setdefault(_signature(each.letter), []).append(each)
    return groups
