"""What `gainsight rejects replay` does, from the files to its report."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk.mapper import PluginMapper

from gainsight_api.connect import connect
from gainsight_api.errors import ConfigError
from gainsight_command.connector import target_of
from gainsight_command.dead_letters.keys import StreamKeys, describe
from gainsight_command.dead_letters.letters import (
    Letter,
    Line,
    letter_files,
    lines_of_edited,
    stream_of,
)
from gainsight_command.dead_letters.replay import Replay, one_replay_at_a_time, private_folder
from gainsight_command.dead_letters.sendings import Fate, Sending, newest, of_file, with_edited
from gainsight_command.dead_letters.settle import finish_moving
from gainsight_command.globs import matches
from gainsight_command.screen import add_row, table, without_warnings
from gainsight_singer.words import counted, one_line
from target_gainsight.rejects import letters_path
from target_gainsight.target import TargetGainsight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from gainsight_api.clock import Clock
    from gainsight_api.session import Session
    from target_gainsight.settings import TargetSettings


@dataclass(slots=True)
class StreamReport:
    """What has become of a stream's letters.

    Attributes:
        stream: The stream's name, as received.
        file: Its dead-letter file.
        letters: How many letters it had.
        sendings: What they were sent as.
        unreadable: Lines that are no letters.
    """

    stream: str
    file: Path
    letters: int
    sendings: list[Sending]
    unreadable: int

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
            kept = each.count(Fate.NO_RECORD) + each.count(Fate.NOT_CHOSEN) + each.unreadable
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


def resend(
    config: Mapping[str, Any],
    globs: Sequence[str],
    clock: Clock,
    *,
    edited: Path | None,
    force: bool,
) -> ReplayReport:
    """Send the letters of some streams again, and move those that are settled.

    Args:
        config: The target's settings, as they come.
        globs: Names or globs of streams; without any, all.
        clock: Time.
        edited: A file with the letters to send, as a user has edited them; else all are sent.
        force: Whether to send also letters that are older than Gainsight's record.

    Raises:
        GainsightError: The target's run failed; what was settled before is moved all the same.
    """
    with ExitStack() as stack:
        own = stack.enter_context(private_folder())
        given = {**config, "max_rejects": -1, "rejects_path": str(own), "report_path": None}
        target = target_of(TargetGainsight, given)
        if target.settings.dry_run:
            raise ConfigError("setting `dry_run` is true, so that a replay would send nothing")
        folder = Path(config.get("rejects_path") or "rejects/")
        stack.enter_context(one_replay_at_a_time(folder))
        for path, _ in () if force else letter_files(folder, globs):
            finish_moving(path)
        session = connect(target.settings, clock=clock)
        report = ReplayReport(
            [
                _chosen(letters, target, session, force=force)
                for letters in _files(folder, globs, edited)
                if letters.lines or letters.edited
            ]
        )
        sendings = [
            each
            for stream in report.streams
            for each in stream.sendings
            if each.fate is Fate.WAITING
        ]
        if sendings:
            replay = Replay(sendings, lambda name: _named(target, name), own)
            replay.run(target)
        return report


class StreamFile(NamedTuple):
    """A stream's dead-letter file, its lines, and those that a user has edited, if any has."""

    stream: str
    path: Path
    lines: list[Line]
    edited: list[Line] | None


def _files(folder: Path, globs: Sequence[str], edited: Path | None) -> list[StreamFile]:
    found = {
        stream_of(path, lines): StreamFile(stream_of(path, lines), path, lines, None)
        for path, lines in letter_files(folder, globs)
    }
    if edited is None:
        return list(found.values())
    chosen: dict[str, list[Line]] = {}
    for each in lines_of_edited(edited):
        if each.letter and matches(each.letter.stream, globs):
            chosen.setdefault(each.letter.stream, []).append(each)
    return [
        found[stream]._replace(edited=lines)
        if stream in found
        else StreamFile(stream, letters_path(folder, stream), [], lines)
        for stream, lines in chosen.items()
    ]


def _chosen(
    file: StreamFile, target: TargetGainsight, session: Session, *, force: bool
) -> StreamReport:
    """A stream's letters, and which of them are to be sent."""
    stream, path, lines, edited = file
    sendings = of_file(path, lines)
    letters = [each.letter for each in sendings]
    letters += [line.letter for line in edited or () if line.letter]
    unreadable = sum(line.letter is None for line in lines)
    if not letters:  # nothing tells the keys
        return StreamReport(stream, path, 0, [], unreadable)
    keys = _keys(stream, letters, target, session)
    if edited is not None:
        sendings = with_edited(path, sendings, edited, keys.key_of)
    count = len(sendings)
    sendings = newest(sendings, keys.merged_by)
    for each in sendings:
        if each.outdone or not each.chosen:
            each.fate = Fate.NOT_CHOSEN
        elif not each.letter.is_record:
            each.fate = Fate.NO_RECORD
    if not force:
        for each in keys.outdated(each for each in sendings if each.fate is Fate.WAITING):
            each.fate = Fate.OUTDATED
    return StreamReport(stream, path, count, sendings, unreadable)


def _keys(
    stream: str, letters: Sequence[Letter], target: TargetGainsight, session: Session
) -> StreamKeys:
    """The keys of a stream's letters, as the newest one names the key properties."""
    properties = _named(target, stream)
    for letter in letters:
        properties |= dict(letter.properties or {})
    names = list(letters[-1].key_properties or ()) if letters else []
    properties |= {name: {} for name in names if name not in properties}
    schema = {"type": "object", "properties": properties}
    # A mapper of its own: the target takes a stream that its mapper knows for one it has a sink of.
    mapper = PluginMapper(dict(target.config), target.logger)
    mapper.register_raw_stream_schema(stream, schema, names)
    stream_map = mapper.stream_maps[stream][0]
    wanted = target.settings.for_stream(stream_map.stream_alias).object or stream_map.stream_alias
    sent = [wanted] if any(letter.is_record for letter in letters) else []
    with without_warnings():
        described = describe(session, sent).get(wanted)
    return StreamKeys(stream_map, target.settings, session, described)


def _named(target: TargetGainsight, stream: str) -> dict[str, Any]:
    """The properties that the settings name of a stream, under whatever name it goes on.

    A letter has only those that its record has; the target expects all.
    """
    maps: Mapping[str, Any] = target.config.get("stream_maps") or {}
    own = maps.get(stream)
    alias = own.get("__alias__") if isinstance(own, dict) else None
    names = [stream, *([alias] if isinstance(alias, str) else [])]
    return {name: {} for each in names for name in _sources(target.settings, each)}


def _sources(settings: TargetSettings, stream: str) -> list[str]:
    entry = settings.for_stream(stream)
    lookups = (entry.lookups or {}).values()
    return [*(entry.fields or {}), *(name for lookup in lookups for name in lookup["fields"])]
