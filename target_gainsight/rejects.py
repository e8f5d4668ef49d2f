"""The dead-letter files: one for each stream, with all that is needed to send a record again."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from gainsight_api.errors import GainsightError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from gainsight_api.clock import Clock
    from target_gainsight.problems import Problem


class RejectsError(GainsightError):
    """More records were rejected than `max_rejects` allows."""


class _Letter(msgspec.Struct):
    stream: str
    object: str
    operation: str
    key_properties: Sequence[str]
    record: msgspec.Raw
    errors: Sequence[Problem]
    request_id: str | None
    rejected_at: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A rejected record.

    Attributes:
        record: Its JSON text, as received.
        problems: Why it was rejected.
        request_id: Gainsight's id of the call, if there was one.
    """

    record: bytes
    problems: tuple[Problem, ...]
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a stream's rejected records were to go; each dead letter repeats it.

    Attributes:
        stream: The stream's name.
        object: The object's name.
        operation: insert, update or upsert.
        key_properties: The stream's own key properties.
    """

    stream: str
    object: str
    operation: str
    key_properties: Sequence[str]


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead-letter file of one stream.

    Attributes:
        folder: Where it is; the folder need not exist.
        sender: What all its records have in common.
        clock: Time.
    """

    folder: Path
    sender: Sender
    clock: Clock

    def add(self, letters: Iterable[Letter]) -> None:
        """Append rejected records; they are on disk when this returns."""
        sender = self.sender
        now = datetime.fromtimestamp(self.clock.now(), UTC)
        at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        lines = b"".join(
            msgspec.json.encode(
                _Letter(
                    stream=sender.stream,
                    object=sender.object,
                    operation=sender.operation,
                    key_properties=sender.key_properties,
                    record=msgspec.Raw(letter.record),
                    errors=letter.problems,
                    request_id=letter.request_id,
                    rejected_at=at,
                )
            )
            + b"\n"
            for letter in letters
        )
        if not lines:
            return
        try:
            self._append(letters_path(self.folder, sender.stream), lines)
        except OSError as exc:
            raise GainsightError(
                f"the dead-letter folder {self.folder} cannot be written to ({exc.strerror}): "
                "check `rejects_path`"
            ) from None

    def _append(self, path: Path, lines: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(opened, "ab") as file:
            os.fchmod(opened, 0o600)
            file.write(lines)
            file.flush()
            os.fsync(opened)


@dataclass(slots=True)
class Tally:
    """How many records have not been loaded, over all streams of a run.

    Attributes:
        max_rejects: Rejected records that do not fail the run; -1 for any number.
        rejected: Records rejected, by stream.
        ignored: Records that were marked as deleted, and not loaded, by stream.
    """

    max_rejects: int
    rejected: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)

    @property
    def broken(self) -> bool:
        """Whether more records have been rejected than are allowed."""
        return 0 <= self.max_rejects < self.rejected.total()

    def check(self, folder: Path) -> None:
        """Fail the run if more records have been rejected than are allowed.

        Args:
            folder: That of the dead-letter files.

        Raises:
            RejectsError: There are more.
        """
        if self.broken:
            files = ", ".join(
                f"{letters_path(folder, stream)} ({count:,})"
                for stream, count in self.rejected.items()
            )
            raise RejectsError(
                f"{self.rejected.total():,} records were rejected, and `max_rejects` is "
                f"{self.max_rejects:,}: the reasons are in {files}. Fix the records or the "
                "mapping and run again, or raise `max_rejects`"
            )


def letters_path(folder: Path, stream: str) -> Path:
    """A stream's dead-letter file; what a file name cannot hold is percent-encoded."""
    return folder / f"{file_stem(stream)}.jsonl"


def file_stem(stream: str) -> str:
    """A stream's name as a part of a file name, still unambiguous."""
    return quote(stream, safe="")
