"""Dead letters, as the target has written them, and as earlier versions have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_api.errors import ConfigError
from gainsight_command.globs import matches
from target_gainsight.incoming.batch import DELETED_AT
from target_gainsight.outcomes.letter_file import locked
from target_gainsight.outcomes.rejects import SETTLED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_LETTERS = ".jsonl"
_SETTLED = f"{SETTLED}.jsonl"


class Reason(msgspec.Struct, frozen=True):
    """Why a record was rejected: its code, the reason in words, and the field."""

    code: str | None = None
    message: str = ""
    field: str | None = None


class Letter(msgspec.Struct, frozen=True):
    """A dead letter; the attributes are those of the file.

    Attributes:
        record: The record's JSON text, as received; empty for one that could not be read.
    """

    stream: str
    object: str = ""
    operation: str = ""
    key_properties: list[str] | None = None
    errors: tuple[Reason, ...] = ()
    request_id: str | None = None
    rejected_at: str = ""
    run_id: str = ""
    record: msgspec.Raw = msgspec.Raw(b"")
    raw: str | None = None
    properties: dict[str, Any] | None = None

    @property
    def reason(self) -> tuple[str, str]:
        """The first reason's code and field; empty where there is none."""
        first = self.errors[0] if self.errors else Reason()
        return first.code or "", first.field or ""

    @property
    def is_record(self) -> bool:
        """Whether it holds a record that can be sent."""
        return bytes(self.record).lstrip()[:1] == b"{"

    def stands_for(self, older: Letter) -> bool:
        """Whether sending this record leaves nothing to do for an older one of its key.

        It does not, if the older one has a property that this one lacks; a deletion always does.
        """
        own = values_of(bytes(self.record))
        return own.get(DELETED_AT) is not None or all(
            name in own or name.startswith("_sdc_") for name in values_of(bytes(older.record))
        )


_letters = msgspec.json.Decoder(Letter)
_records = msgspec.json.Decoder(dict[str, Any])


def values_of(record: bytes) -> dict[str, Any]:
    """A record's values."""
    return _records.decode(record)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line of a file of dead letters.

    Attributes:
        number: Its number in the file, from 1.
        text: Its text, without its end.
        letter: What it says; None for half a line, or what is no letter.
        path: The file.
    """

    number: int
    text: bytes
    letter: Letter | None
    path: Path


def lines_of(path: Path) -> list[Line]:
    """The lines of a dead-letter file, read while nobody changes it.

    Raises:
        GainsightError: It cannot be read, or is a symbolic link.
    """
    with locked(path) as file:
        return list(_lines(file.read(), path))


def lines_of_edited(path: Path) -> list[Line]:
    """The letters of a file that a user has edited.

    Raises:
        ConfigError: A line of it is no letter.
    """
    lines = list(_lines(path.read_bytes(), path))
    for line in lines:
        if line.letter is None:
            raise ConfigError(f"line {line.number} of {path} is not a dead letter: correct it")
    return lines


def _lines(text: bytes, path: Path) -> Iterator[Line]:
    for number, line in enumerate(text.split(b"\n"), 1):
        if line.strip():
            try:
                yield Line(number, line, _letters.decode(line), path)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                yield Line(number, line, None, path)


def letter_files(folder: Path, globs: Sequence[str] = ()) -> Iterator[tuple[Path, list[Line]]]:
    """The dead-letter files of a folder with their lines, in the order of their names.

    Args:
        folder: The setting `rejects_path`.
        globs: Names or globs of streams; without any, all.
    """
    for path in sorted(folder.glob(f"*{_LETTERS}")):
        if path.name.endswith(_SETTLED):
            continue
        lines = lines_of(path)
        if matches(stream_of(path, lines), globs):
            yield path, lines


def stream_of(path: Path, lines: Sequence[Line]) -> str:
    """The stream of a dead-letter file, as its letters name it."""
    named = (line.letter.stream for line in lines if line.letter)
    return next(named, path.name.removesuffix(_LETTERS))


def settled_path(path: Path) -> Path:
    """Where the settled letters of a dead-letter file go."""
    return path.with_name(path.name.removesuffix(_LETTERS) + _SETTLED)
