"""`gainsight rejects replay`: send dead letters again, through the target itself."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import logging
import os
import signal
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
from typing_extensions import override

from gainsight_api.errors import ConfigError
from gainsight_command.dead_letters.letters import letter_files
from gainsight_command.dead_letters.sendings import Fate, Sending
from gainsight_command.dead_letters.settle import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import IO

    from gainsight_command.dead_letters.letters import Letter
    from target_gainsight.target import TargetGainsight

_STATE_EVERY = 500
"""Letters between two STATE messages, by which the target says how far it has come."""


@contextlib.contextmanager
def one_replay_at_a_time(folder: Path) -> Iterator[None]:
    """Keep another replay of a folder out.

    Raises:
        ConfigError: One is under way.
    """
    if not folder.is_dir():
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"another replay of {folder} is under way: wait for it") from None
        yield
    finally:
        os.close(opened)


@dataclass(slots=True)
class Replay:
    """Sendings under way, in the order in which they are sent.

    Attributes:
        sendings: What is sent.
        properties: The JSON Schema of further properties of a stream, which the settings name.
        folder: Where the target's own dead letters go meanwhile.
    """

    sendings: Sequence[Sending]
    properties: Callable[[str], Mapping[str, Any]]
    folder: Path
    _read: Counter[Path] = field(default_factory=Counter)

    def run(self, target: TargetGainsight) -> None:
        """Send all; what is settled is moved as soon as the target says so.

        Raises:
            GainsightError: The target's run failed; what was settled before is moved all the same.
        """
        with _quiet(target.logger), contextlib.redirect_stdout(_States(self.acknowledged)):
            target.listen(cast("IO[str]", self.messages()))

    def messages(self) -> Iterator[bytes]:
        """The Singer messages of the letters."""
        described: tuple[str, Sequence[str]] | None = None
        for number, sending in enumerate(self.sendings, 1):
            letter = sending.letter
            keys = letter.key_properties or ()
            if described != (letter.stream, keys):
                described = letter.stream, keys
                yield _line(self._schema(letter.stream, keys))
            yield (
                b'{"type":"RECORD","stream":'
                + msgspec.json.encode(letter.stream)
                + b',"record":'
                + bytes(letter.record)
                + b"}\n"
            )
            if not number % _STATE_EVERY or number == len(self.sendings):
                yield _line({"type": "STATE", "value": {"sent": number}})

    def _schema(self, stream: str, keys: Sequence[str]) -> dict[str, Any]:
        properties = dict(self.properties(stream))
        for sending in self.sendings:
            letter = sending.letter
            if letter.stream == stream:
                own: dict[str, Any] = {name: {} for name in _names(letter)}
                properties |= own | dict(letter.properties or {})
        return {
            "type": "SCHEMA",
            "stream": stream,
            "schema": {"type": "object", "properties": properties},
            "key_properties": list(keys),
        }

    def acknowledged(self, sent: int) -> None:
        """Settle the first `sent` letters, except for those that were rejected again."""
        self._note_rejected()
        settled = [each for each in self.sendings[:sent] if each.fate is Fate.WAITING]
        settle(settled)
        for each in settled:
            each.fate = Fate.SETTLED

    def _note_rejected(self) -> None:
        """Find the letters that the target has written anew, by stream and record."""
        sent: dict[tuple[str, bytes], list[Sending]] = {}
        for each in self.sendings:
            sent.setdefault(_identity(each.letter), []).append(each)
        for path, lines in letter_files(self.folder):
            for line in lines[self._read[path] :]:
                if line.letter:
                    self._reject(line.letter, sent.get(_identity(line.letter), []))
            self._read[path] = len(lines)

    def _reject(self, letter: Letter, sent: Sequence[Sending]) -> None:
        """Mark a letter as rejected again, for a letter that the target has written.

        Args:
            letter: What the target has written.
            sent: The letters that were sent with its record. Stream maps may make several rows of
                one, each with a letter of its own.
        """
        waiting = [each for each in sent if each.fate is Fate.WAITING]
        for each in waiting[:1]:
            each.fate, each.reasons = Fate.REJECTED, letter.errors
        if not sent:  # which one it was cannot be told: nothing of its stream counts as settled
            for each in self.sendings:
                if each.fate is Fate.WAITING and each.letter.stream == letter.stream:
                    each.fate = Fate.REJECTED


class _States(io.TextIOBase):
    """Stands for standard output, where the target writes STATE."""

    def __init__(self, acknowledged: Callable[[int], None]) -> None:
        self._acknowledged = acknowledged

    @override
    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.strip():
                self._acknowledged(int(json.loads(line)["sent"]))
        return len(text)


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that only this user can read, gone afterwards, also after a SIGTERM."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _end) if main else None
    try:
        with tempfile.TemporaryDirectory(prefix="gainsight-replay-") as name:
            yield Path(name)
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Keep off the screen what the target says: its errors come out as exceptions."""
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _identity(letter: Letter) -> tuple[str, bytes]:
    return letter.stream, bytes(letter.record)


def _names(letter: Letter) -> list[str]:
    return list(msgspec.json.decode(bytes(letter.record), type=dict[str, msgspec.Raw]))


def _line(message: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(message) + b"\n"
