"""Disks that are full, and folders that cannot be written in."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faults.kills.running import TAP, TARGET
from faults.kills.tenants import JOBS
from faults.limits.stage import Limit, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CLEAR = "exit 1 with one line that names the setting, and the next run is whole"
_CONDITIONS: dict[str, Callable[[Stage, str], Path]] = {
    "on a full disk": lambda stage, name: stage.full_disk(name),
    "in a read-only folder": lambda stage, name: stage.read_only(name),
    "with a file in place of its folder": lambda stage, name: stage.file_in_place(name),
}


def _batches(place: Path) -> dict[str, Any]:
    encoding = {"format": "jsonl", "compression": "none"}
    return {"batch_config": {"encoding": encoding, "storage": {"root": str(place / "batches")}}}


_PLACES: tuple[tuple[str, str, str, Callable[[Path], dict[str, Any]]], ...] = (
    (TAP, "report_path", "report_path", lambda at: {"report_path": str(at / "report.html")}),
    (TAP, "batch_config", "batch_config", _batches),
    (TAP, "quota_store", "quota_store", lambda at: {"quota_store": str(at / "quota.sqlite")}),
    (TARGET, "report_path", "report_path", lambda at: {"report_path": str(at / "report.html")}),
    (TARGET, "rejects_path", "rejects_path", lambda at: {"rejects_path": str(at / "rejects")}),
    (TARGET, "quota_store", "quota_store", lambda at: {"quota_store": str(at / "quota.sqlite")}),
)


def _unwritable(
    stage: Stage,
    program: str,
    words: str,
    place: Callable[[Stage, str], Path],
    settings: Callable[[Path], dict[str, Any]],
) -> Iterator[str]:
    site = stage.site(program, **settings(place(stage, "place")))
    yield from stage.fails(site, stage.run(site), words)
    yield from stage.next_is_whole(site)


def _full_stdout(stage: Stage, program: str) -> Iterator[str]:
    site = stage.site(program)
    with Path("/dev/full").open("wb") as full:
        yield from stage.fails(site, stage.run(site, stdout=full), "standard output")
    yield from stage.next_is_whole(site)


def _file_on_a_full_disk(stage: Stage, program: str) -> Iterator[str]:
    site = stage.site(program)
    path = stage.full_disk("place", kilobytes=4) / "out"
    with path.open("wb") as out:
        if program == TARGET:
            out.write(bytes(4096))
            out.flush()
        ran = stage.run(site, stdout=out)
    ran.out = path.read_bytes().lstrip(b"\0").decode()
    yield from stage.fails(site, ran, "standard output")
    yield from stage.next_is_whole(site)


def _full_temporary_folder(stage: Stage) -> Iterator[str]:
    """A file for an import job is larger than the room for it."""
    site = stage.site(TARGET, batch_size_rows=4000)
    place = stage.full_disk("place", kilobytes=64)
    whole = site.feed()
    if whole is None:
        raise TypeError("a target without a feed")
    schema, *_ = [line for line in whole.read_text().splitlines() if f'"{JOBS}"' in line]
    records = [
        json.dumps({"type": "RECORD", "stream": JOBS, "record": {"Name": f"m{n}" + "x" * 100}})
        for n in range(2000)
    ]
    feed = stage.folder / "large.jsonl"
    feed.write_text("\n".join([schema, *records]) + "\n")
    site.feed = lambda: feed  # type: ignore[method-assign]
    yield from stage.fails(site, stage.run(site, env={"TMPDIR": str(place)}), "TMPDIR")
    if any(place.iterdir()):
        yield "files are left"
    ran = stage.run(site)
    found = sum(str(row["Name"]).startswith("m") for row in site.target.tenant.rows(JOBS))  # type: ignore[union-attr]
    if not ran.done or found != len(records):
        yield f"{found} of {len(records)} records"


def _no_room_for_chunks(stage: Stage) -> Iterator[str]:
    """The chunks that are fetched ahead are larger than the room for them."""
    site = stage.site(TAP)
    place = stage.full_disk("place", kilobytes=4)
    yield from stage.fails(site, stage.run(site, env={"TMPDIR": str(place)}), "TMPDIR")
    yield from stage.next_is_whole(site)


def _no_home(stage: Stage, program: str) -> Iterator[str]:
    """Where nothing says where calls are counted, it is in the user's home."""
    site = stage.site(program, quota_store=None)
    home = stage.read_only("home")
    env = {"HOME": str(home), "XDG_STATE_HOME": "", "TMPDIR": str(stage.folder)}
    yield from stage.fails(site, stage.run(site, env=env), "quota_store")
    yield from stage.next_is_whole(site)


def _home_unused(stage: Stage, program: str) -> Iterator[str]:
    site = stage.site(program)
    home = stage.read_only("home")
    ran = stage.run(site, env={"HOME": str(home), "XDG_STATE_HOME": ""})
    yield from stage.ends_well(site, ran)


LIMITS = (
    *(
        Limit(f"{program}: {setting} {how}", _CLEAR, partial(
            _unwritable, program=program, words=words, place=place, settings=settings))
        for program, setting, words, settings in _PLACES
        for how, place in _CONDITIONS.items()
    ),
    *(
        Limit(f"{program}: standard output takes nothing (/dev/full)",
              "exit 1 with one line, and the next run is whole",
              partial(_full_stdout, program=program))
        for program in (TAP, TARGET)
    ),
    *(
        Limit(f"{program}: standard output is a file on a full disk",
              "exit 1 with one line, and the next run is whole",
              partial(_file_on_a_full_disk, program=program))
        for program in (TAP, TARGET)
    ),
    Limit("tap: no room for the chunks that are fetched ahead", _CLEAR, _no_room_for_chunks),
    Limit("target: no room for an import job's file", _CLEAR, _full_temporary_folder),
    *(
        Limit(f"{program}: a read-only home, and no quota_store", _CLEAR,
              partial(_no_home, program=program))
        for program in (TAP, TARGET)
    ),
    *(
        Limit(f"{program}: a read-only home, with a quota_store elsewhere", "nothing is wrong",
              partial(_home_unused, program=program))
        for program in (TAP, TARGET)
    ),
)  # fmt: skip
