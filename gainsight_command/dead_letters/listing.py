"""`gainsight rejects list` and `show`: letters by stream, code and field."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from gainsight_command.dead_letters.letters import Line, letter_files, stream_of, values_of
from gainsight_command.screen import add_row, numbers_named, table
from gainsight_singer.words import counted, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console


@dataclass(slots=True)
class StreamLetters:
    """The letters of a stream.

    Attributes:
        stream: The stream's name, as received.
        file: Its dead-letter file.
        groups: Its letters by code and field, the largest group first.
        unreadable: The numbers of the lines that are no letters.
    """

    stream: str
    file: Path
    groups: dict[tuple[str, str], list[Line]] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many letters there are."""
        return sum(map(len, self.groups.values()))

    @property
    def with_more(self) -> int:
        """How many of them have been rejected for more than one reason."""
        lines = chain.from_iterable(self.groups.values())
        return sum(bool(line.letter and line.letter.errors[1:]) for line in lines)


def read_streams(folder: Path, globs: Sequence[str] = ()) -> list[StreamLetters]:
    """The letters of a folder, by stream; streams without letters are left out."""
    streams = []
    for path, lines in letter_files(folder, globs):
        found = StreamLetters(stream_of(path, lines), path)
        groups: dict[tuple[str, str], list[Line]] = {}
        for each in lines:
            if each.letter is None:
                found.unreadable.append(each.number)
            else:
                groups.setdefault(each.letter.reason, []).append(each)
        found.groups = dict(sorted(groups.items(), key=lambda item: -len(item[1])))
        if found.groups or found.unreadable:
            streams.append(found)
    return streams


def list_json(folder: Path, streams: Sequence[StreamLetters]) -> dict[str, Any]:
    """The list for a program."""
    return {
        "rejects_path": str(folder),
        "count": sum(stream.count for stream in streams),
        "streams": [
            {
                "stream": stream.stream,
                "file": str(stream.file),
                "count": stream.count,
                "unreadable_lines": stream.unreadable,
                "groups": [
                    {
                        "code": code or None,
                        "field": name or None,
                        "count": len(lines),
                        "lines": [each.number for each in lines],
                    }
                    for (code, name), lines in stream.groups.items()
                ],
            }
            for stream in streams
        ],
    }


def print_list(out: Console, folder: Path, streams: Sequence[StreamLetters]) -> None:
    """Print the list for people."""
    if not streams:
        out.print(f"No rejected records in {folder}.")
        return
    made = table("stream", "code", "field", "letters", "lines", right=("letters",))
    for stream in streams:
        for (code, name), lines in stream.groups.items():
            numbers = numbers_named(each.number for each in lines)
            add_row(made, stream.stream, code, name, f"{len(lines):,}", numbers)
        if stream.unreadable:
            count = f"{len(stream.unreadable):,}"
            numbers = numbers_named(stream.unreadable)
            add_row(made, stream.stream, "not readable as a letter", "", count, numbers)
    out.print(made)
    total = sum(stream.count for stream in streams)
    files = ", ".join(str(stream.file) for stream in streams)
    out.print(f"{counted(total, 'rejected record')} in {files}.")
    if more := sum(stream.with_more for stream in streams):
        out.print(f"Of these, {more:,} for more reasons than the one that is listed.")
    out.print("`gainsight rejects show` has examples; `gainsight rejects replay` sends them again.")


def examples(
    streams: Sequence[StreamLetters], *, most: int, code: str | None, values: bool
) -> list[dict[str, Any]]:
    """Some letters of each group; only with `values` what a record holds.

    Gainsight's words for a reason may quote the record, so they count as values.
    """
    return [
        _example(stream, each, values=values)
        for stream in streams
        for (known, _), lines in stream.groups.items()
        if code is None or known == code
        for each in lines[:most]
    ]


def _example(stream: StreamLetters, line: Line, *, values: bool) -> dict[str, Any]:
    letter = line.letter
    if letter is None:
        return {}
    record = values_of(bytes(letter.record)) if letter.is_record else {}
    shown: dict[str, Any] = {
        "stream": stream.stream,
        "line": line.number,
        "object": letter.object,
        "operation": letter.operation,
        "key_properties": list(letter.key_properties or ()),
        "rejected_at": letter.rejected_at,
        "run_id": letter.run_id,
        "request_id": letter.request_id,
        "errors": [
            {
                "code": each.code,
                "field": each.field,
                **({"message": each.message} if values else {}),
            }
            for each in letter.errors
        ],
        "properties": list(record),
    }
    if values:
        shown["record"] = record if letter.is_record else letter.raw
    return shown


def print_examples(out: Console, shown: Sequence[dict[str, Any]]) -> None:
    """Print letters for people."""
    if not shown:
        out.print("No such letters.")
    for each in shown:
        reasons = ", ".join(
            " ".join(filter(None, (error["code"], error["field"]))) for error in each["errors"]
        )
        out.print(one_line(f"{each['stream']}, line {each['line']}: {reasons}"), style="bold")
        for error in each["errors"]:
            if error.get("message"):
                out.print(one_line(f"  {error['message']}"))
        keys = ", ".join(each["key_properties"]) or "none"
        request = f", request {each['request_id']}" if each["request_id"] else ""
        out.print(
            one_line(
                f"  {each['operation']} into {each['object']}, key {keys}, rejected at "
                f"{each['rejected_at']}{request}"
            )
        )
        if "record" not in each:
            out.print(one_line(f"  properties: {', '.join(each['properties'])}"))
        elif isinstance(each["record"], dict):
            for name, value in each["record"].items():
                out.print(one_line(f"  {name}: {value}"))
        else:
            out.print(one_line(f"  {each['record']}"))
