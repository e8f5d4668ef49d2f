"""The dead-letter files: one for each stream, with all that is needed to send a record again."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from gainsight_api.errors import GainsightError
from target_gainsight.outcomes.letter_file import append
from target_gainsight.outcomes.problems import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from gainsight_api.clock import Clock
    from target_gainsight.outcomes.problems import Problem
    from target_gainsight.outcomes.tally import Tally


SETTLED = ".settled"
"""What the name of a file of settled letters has before its suffix."""
_LONGEST_STEM = 150
_code_in = re.compile(r"[A-Z]{2,}[A-Z_]*_[0-9]+").match
_names = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Letter(msgspec.Struct, omit_defaults=True):
    stream: str
    object: str
    operation: str
    key_properties: Sequence[str]
    errors: Sequence[Problem]
    request_id: str | None
    rejected_at: str
    run_id: str
    record: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    raw: str | msgspec.UnsetType = msgspec.UNSET
    properties: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Where a stream's rejected records came from and were to go; each dead letter repeats it.

    Attributes:
        stream: The stream's name, as received: before stream maps.
        object: The object's name.
        operation: insert, update or upsert.
        key_properties: The stream's own key properties, as received.
        properties: The JSON Schema of each property, as received.
        run_id: The run's id.
    """

    stream: str
    object: str
    operation: str
    key_properties: Sequence[str]
    properties: Mapping[str, Any]
    run_id: str


@dataclass(slots=True)
class DeadLetters:
    """The dead-letter file of one stream.

    Attributes:
        folder: Where it is; the folder need not exist.
        sender: What all its records have in common.
        clock: Time.
        tally: The run's counts.
        hide: Takes the credential out of what Gainsight says.
    """

    folder: Path
    sender: Sender
    clock: Clock
    tally: Tally
    hide: Callable[[str], str]

    def add(self, letters: Iterable[Letter]) -> None:
        """Append rejected records; they are on disk when this returns.

        Raises:
            GainsightError: The file cannot be written.
        """
        now = datetime.fromtimestamp(self.clock.now(), UTC)
        at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        written = [self._letter(letter, at) for letter in letters]
        if not written:
            return
        lines = b"".join(msgspec.json.encode(letter) + b"\n" for letter in written)
        path = letters_path(self.folder, self.sender.stream)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise GainsightError(
                f"the folder of the dead-letter files cannot be made ({exc.strerror}): check "
                "`rejects_path`"
            ) from None
        first = append(path, lines)
        self.tally.files[self.sender.stream] = path
        for number, letter in enumerate(written, first):
            self.tally.reasons.add(self.sender.stream, letter.errors[0], number)

    def _letter(self, letter: Letter, rejected_at: str) -> _Letter:
        sender = self.sender
        whole = _Letter(
            stream=sender.stream,
            object=sender.object,
            operation=sender.operation,
            key_properties=sender.key_properties,
            errors=[
                coded(replace(problem, message=self.hide(problem.message)))
                for problem in letter.problems
            ],
            request_id=letter.request_id,
            rejected_at=rejected_at,
            run_id=sender.run_id,
        )
        if isinstance(letter.problems[0], Unreadable):
            whole.raw = msgspec.json.decode(letter.record)["raw"]
            return whole
        whole.record = msgspec.Raw(letter.record)
        whole.properties = {
            name: sender.properties[name]
            for name in _names.decode(letter.record)
            if name in sender.properties
        }
        return whole


def coded(problem: Problem) -> Problem:
    """A problem with a code: its own, or the one that its message begins with."""
    if problem.code:
        return problem
    found = _code_in(problem.message)
    return replace(problem, code=found[0] if found else "REFUSED")


def letters_path(folder: Path, stream: str) -> Path:
    """A stream's dead-letter file; what a file name cannot hold is percent-encoded.

    So is a dot that would make it the file of another stream's settled letters.
    """
    return folder / f"{re.sub(r'[.](?=settled$)', '%2E', file_stem(stream))}.jsonl"


def file_stem(stream: str) -> str:
    """A stream's name as a part of a file name: a long one is cut short, still unambiguous."""
    stem = quote(stream, safe="")
    if stem.endswith(SETTLED):  # a file of that name holds another stream's settled letters
        stem = f"{stem.removesuffix(SETTLED)}{SETTLED.replace('.', '%2E')}"
    if len(stem) <= _LONGEST_STEM:
        return stem
    digest = hashlib.sha256(stream.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{_whole_escapes(stem[:_LONGEST_STEM])}-{digest}"


def _whole_escapes(stem: str) -> str:
    return re.sub(r"%.?$", "", stem)
