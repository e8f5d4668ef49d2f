"""What `gainsight rejects replay` does, from the files to its report."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
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
from gainsight_command.dead_letters.report import ReplayReport, StreamReport
from gainsight_command.dead_letters.sendings import Fate, newest, of_files, with_edited
from gainsight_command.dead_letters.settle import finish_moving
from gainsight_command.globs import matches
from gainsight_command.screen import without_warnings
from target_gainsight.outcomes.rejects import letters_path
from target_gainsight.target import TargetGainsight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gainsight_api.calls.session import Session
    from gainsight_api.clock import Clock
    from target_gainsight.settings import TargetSettings


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
        for path, _ in letter_files(folder, globs):
            finish_moving(path)
        session = connect(target.settings, clock=clock)
        report = ReplayReport(
            [
                _chosen(letters, target, session, force=force)
                for letters in _files(folder, globs, edited)
                if any(letters.files) or letters.edited
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


class StreamFiles(NamedTuple):
    """A stream's dead-letter files by their lines, and those that a user has edited, if any has.

    The file of the edited ones may be inside the folder. There are several where a user
    keeps old ones or copies there.
    """

    stream: str
    path: Path
    files: list[list[Line]]
    edited: list[Line] | None = None
    edited_inside: bool = False


def _files(folder: Path, globs: Sequence[str], edited: Path | None) -> list[StreamFiles]:
    found: dict[str, StreamFiles] = {}
    inside: Path | None = None
    for path, lines in letter_files(folder, globs):
        if edited is None or not path.samefile(edited):
            stream = stream_of(path, lines)
            found.setdefault(stream, StreamFiles(stream, path, [])).files.append(lines)
        else:
            inside = path
    if edited is None:
        return list(found.values())
    chosen: dict[str, list[Line]] = {}
    for each in lines_of_edited(edited):
        if each.letter and matches(each.letter.stream, globs):
            line = replace(each, path=inside or each.path)
            chosen.setdefault(each.letter.stream, []).append(line)
    return [
        found.get(stream, StreamFiles(stream, letters_path(folder, stream), []))._replace(
            edited=lines, edited_inside=inside is not None
        )
        for stream, lines in chosen.items()
    ]


def _chosen(
    given: StreamFiles, target: TargetGainsight, session: Session, *, force: bool
) -> StreamReport:
    """A stream's letters, and which of them are to be sent."""
    stream, path, files, edited, inside = given
    sendings = of_files(files)
    letters = [each.letter for each in sendings]
    letters += [line.letter for line in edited or () if line.letter]
    unreadable = sum(line.letter is None for lines in files for line in lines)
    if not letters:  # nothing tells the keys
        return StreamReport(stream, path, 0, [], unreadable)
    keys, why = _keys_of_all(stream, letters, target, session)
    if edited is not None:
        key_of = keys.key_of if keys else lambda _: None
        sendings = with_edited(path, sendings, edited, key_of, inside=inside)
    count = sum(len(each.lines) or 1 for each in sendings)
    left = [each for each in sendings if why and not each.letter.key_properties]
    sendings = [each for each in sendings if each not in left]
    sendings = newest(sendings, keys.merged_by) if keys else sendings
    for each in left:
        each.fate = Fate.NO_KEYS
    for each in sendings:
        if each.outdone or not each.chosen:
            each.fate = Fate.NOT_CHOSEN
        elif not each.letter.is_record:
            each.fate = Fate.NO_RECORD
    if keys and not force:
        for each in keys.outdated(each for each in sendings if each.fate is Fate.WAITING):
            each.fate = Fate.OUTDATED
    return StreamReport(stream, path, count, [*left, *sendings], unreadable, why)


def _keys_of_all(
    stream: str, letters: Sequence[Letter], target: TargetGainsight, session: Session
) -> tuple[StreamKeys | None, str]:
    """The keys of a stream's letters, and why those that name none cannot be sent, if so."""
    named = [letter for letter in letters if letter.key_properties]
    keys = _keys(stream, named, target, session) if named else None
    if len(named) == len(letters):
        return keys, ""
    unnamed = [letter for letter in letters if not letter.key_properties]
    try:
        found = _keys(stream, unnamed, target, session)
    except ConfigError as exc:
        return keys, str(exc)
    return keys or found, ""


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
    named = target.settings.for_stream(stream_map.stream_alias).object
    wanted = named or stream_map.stream_alias
    before = sorted(
        {each.object for each in letters if each.object.casefold() != wanted.casefold()}
    )
    if not named and any(before):
        raise ConfigError(
            f"stream {stream}: its letters are of {', '.join(filter(None, before))}, and would go "
            f"into {wanted}, since no entry of `streams` names an object for it; name the one that "
            "is meant"
        )
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
