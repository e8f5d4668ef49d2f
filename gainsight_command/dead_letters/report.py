"""What has become of letters that were sent again, for people and for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gainsight_command.dead_letters.sendings import Fate, Sending
from gainsight_command.screen import add_row, table
from gainsight_singer.words import counted, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

_NOT_SENT = (Fate.NO_RECORD, Fate.NOT_CHOSEN, Fate.NO_KEYS)


@dataclass(slots=True)
class StreamReport:
    """What has become of a stream's letters.

    Attributes:
        stream: The stream's name, as received.
        file: Its dead-letter file; the first, if there are several.
        letters: How many letters it had.
        sendings: What they were sent as.
        unreadable: Lines that are no letters.
        why: Why letters without key properties cannot be sent.
    """

    stream: str
    file: Path
    letters: int
    sendings: list[Sending]
    unreadable: int
    why: str = ""

    def count(self, fate: Fate) -> int:
        """How many letters had a fate, each with the older ones of its key."""
        return sum(max(len(each.lines), 1) for each in self.sendings if each.fate is fate)

    @property
    def older(self) -> int:
        """How many of the settled letters were older ones of a key."""
        return sum(len(each.older) for each in self.sendings if each.fate is Fate.SETTLED)

    @property
    def reasons(self) -> Counter[tuple[str, str]]:
        """Why letters were rejected again: by code and field."""
        firsts = [each.reasons[0] for each in self.sendings if each.reasons]
        return Counter((first.code or "", first.field or "") for first in firsts)

    @property
    def ok(self) -> bool:
        """Whether all that was to be sent is settled."""
        left = (each.fate for each in self.sendings if each.is_wanted)
        return not self.unreadable and all(fate is Fate.SETTLED for fate in left)


@dataclass(slots=True)
class ReplayReport:
    """What has become of the letters."""

    streams: list[StreamReport] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all that was to be sent is settled."""
        return all(stream.ok for stream in self.streams)

    def as_json(self) -> dict[str, Any]:
        """The report for a program."""
        return {
            "ok": self.ok,
            "streams": [
                {
                    "stream": each.stream,
                    "file": str(each.file),
                    "letters": each.letters,
                    "settled": each.count(Fate.SETTLED),
                    "settled_by_newer": each.older,
                    "rejected": each.count(Fate.REJECTED),
                    "outdated": each.count(Fate.OUTDATED),
                    "without_record": each.count(Fate.NO_RECORD),
                    "not_chosen": each.count(Fate.NOT_CHOSEN),
                    "without_keys": each.count(Fate.NO_KEYS),
                    "unreadable_lines": each.unreadable,
                    "reasons": [
                        {"code": code or None, "field": name or None, "count": count}
                        for (code, name), count in each.reasons.most_common()
                    ],
                }
                for each in self.streams
            ],
        }

    def print(self, out: Console) -> None:
        """Print the report for people."""
        if not self.streams:
            out.print("There is nothing to replay.")
            return
        numbers = ("letters", "settled", "rejected again", "outdated", "not sent")
        made = table("stream", *numbers, "reasons", right=numbers)
        for each in self.streams:
            reasons = ", ".join(
                f"{' '.join(filter(None, key))} {count:,}" for key, count in each.reasons.items()
            )
            kept = each.unreadable + sum(map(each.count, _NOT_SENT))
            counts = [each.count(fate) for fate in (Fate.SETTLED, Fate.REJECTED, Fate.OUTDATED)]
            cells = [f"{count:,}" for count in (each.letters, *counts, kept)]
            add_row(made, each.stream, *cells, reasons)
        out.print(made)
        if any(each.count(Fate.OUTDATED) for each in self.streams):
            out.print(
                "Outdated: Gainsight's record was modified after the letter was written. "
                "--force sends these all the same."
            )
        for each in self.streams:
            if each.unreadable:
                count = counted(each.unreadable, "line")
                out.print(one_line(f"{each.file}: {count} not readable as a letter."))
            if keyless := each.count(Fate.NO_KEYS):
                count = counted(keyless, "letter")
                out.print(one_line(f"{each.file}: {count} without key properties: {each.why}"))
