"""Every file is its owner's alone, stays in its folder, and follows no link put in its place."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import GainsightError
from gainsight_api.quota.stores import open_store
from gainsight_command.dead_letters.letters import letter_files, settled_path
from gainsight_sandbox import ManualClock, Sandbox
from gainsight_sandbox.wire.calls import Hooks
from tap_gainsight.batch_files import BatchFiles
from tap_gainsight.batch_settings import BatchSettings
from target_gainsight.incoming import storage
from target_gainsight.outcomes.letter_file import append, locked, replace
from target_gainsight.outcomes.rejects import letters_path
from tests.command.support import command, config_file
from tests.tap import support as tap
from tests.target.support import Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOSTILE = [
    "../x",
    "/abs",
    "a/b",
    "a\\b",
    "a\0b",
    ".",
    "..",
    "~",
    "-rf",
    "CON",
    "x" * 300,
    "é" * 300,
    "a\r\nb",
    "x.settled",
    "\u202egnp.exe",
    "%2e%2e%2f",
]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for all files, temporary ones too, of a process that asks for no privacy."""
    folder = tmp_path / "work"
    (folder / "tmp").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    before = os.umask(0)
    yield folder
    os.umask(before)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def socket_file(path: Path) -> None:
    # The path of a socket may be no longer than some 100 bytes.
    with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):
        made.bind(path.name)


@pytest.mark.parametrize("made", [fifo, folder, socket_file])
def test_what_is_no_file_in_place_of_one_of_dead_letters_is_said_and_not_waited_for(
    tmp_path: Path, made: Callable[[Path], None]
) -> None:
    path = tmp_path / "thing.jsonl"
    made(path)
    with pytest.raises(GainsightError, match=r"thing[.]jsonl cannot be used .*no regular file"):
        append(path, b"{}\n")
    with pytest.raises(GainsightError, match=r"thing[.]jsonl cannot be used .*no regular file"):
        list(letter_files(tmp_path))
    made(tmp_path / "other.jsonl.new")
    with pytest.raises(GainsightError, match=r"other[.]jsonl cannot be used .*no regular file"):
        replace(tmp_path / "other.jsonl", [b"{}\n"])


class Modes:
    """The modes of all files that there are when the tenant is called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.found: dict[str, int] = {}

    def look(self, _: object = None) -> None:
        for path in self._folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                found = path.lstat()
                own = path.name == "config.json" or "gainsight-sandbox" in str(path)
                if stat.S_ISREG(found.st_mode) and not own:
                    self.found[path.name] = stat.S_IMODE(found.st_mode)

    def names(self, part: str) -> list[str]:
        return [name for name in self.found if part in name]


@pytest.mark.parametrize("method", ["query", "bulk"])
def test_the_taps_files_are_their_owners_alone(work: Path, method: str) -> None:
    modes = Modes(work)
    encoding = {"format": "jsonl", "compression": "gzip"}
    with tap.tenant_of(tap.things(30), chunk_rows=9, hooks=Hooks(modes.look)) as sandbox:
        tap.sync(
            sandbox,
            extract_method=method,
            page_rows=9,
            quota_store=str(work / "quota" / "quota.sqlite"),
            report_path=str(work / "reports" / "run.html"),
            batch_config={"encoding": encoding, "storage": {"root": str(work / "batches")}},
        )
    modes.look()
    for part in (".jsonl.gz", "quota.sqlite-wal", "quota.sqlite-shm", "run.html"):
        assert modes.names(part), part
    assert set(modes.found.values()) == {0o600}, modes.found


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_the_targets_files_are_their_owners_alone(
    work: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MEMORY_BYTES", 1_000)  # so that some waits on disk
    modes = Modes(work)
    with Sandbox(
        empty=True, clock=ManualClock(), objects=[thing()], hooks=Hooks(modes.look)
    ) as sandbox:
        Runner(sandbox, work / "rejects").loaded(
            schema("thing__gc", "Name", "Number__gc"),
            *records(30),
            record(Name="bad", Number__gc="x"),
            state(1),
            load_mode=mode,
            max_rejects=-1,
            quota_store=str(work / "quota.sqlite"),
            report_path=str(work / "run.html"),
        )
        modes.look()
        assert modes.names("thing__gc.jsonl")
        assert bool(modes.names(".csv")) is (mode == "bulk")
        config = config_file(work, sandbox, rejects_path=str(work / "rejects"))
        letters = work / "rejects" / "thing__gc.jsonl"
        letters.write_text(letters.read_text().replace('"Number__gc": "x"', '"Number__gc": 1'))
        assert command("rejects", "replay", "--config", config, "--json", "--force").status == 0
    modes.look()
    assert modes.names(".settled.jsonl")
    assert set(modes.found.values()) == {0o600}, modes.found


# Names.


def test_dead_letters_stay_in_their_folder_whatever_a_stream_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "rejects"
    folder.mkdir()
    for name in HOSTILE:
        path = letters_path(folder, name)
        assert path.parent == folder
        assert path.name.isascii()
        with locked(path) as file:
            file.write(json.dumps({"stream": name}).encode() + b"\n")
    assert len(list(folder.iterdir())) == len(HOSTILE), "each stream has a file of its own"
    letters = [line.letter for _, lines in letter_files(folder) for line in lines]
    assert sorted(letter.stream for letter in letters if letter) == sorted(HOSTILE)
    assert list(tmp_path.iterdir()) == [folder]


def test_a_stream_may_be_called_like_the_settled_letters_of_another(tmp_path: Path) -> None:
    settled = settled_path(letters_path(tmp_path, "x"))
    assert letters_path(tmp_path, "x.settled") != settled
    assert settled_path(letters_path(tmp_path, "x.settled")) != settled


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_streams_of_hostile_names_are_loaded_and_rejected_in_place(work: Path, mode: str) -> None:
    feed: list[Any] = []
    for number, name in enumerate(HOSTILE):
        bad = {"Name": f"bad {number}", "Number__gc": "x"}
        good = {"Name": f"good {number}", "Number__gc": number}
        feed += [schema(name, "Name", "Number__gc"), record(name, **good), record(name, **bad)]
    options: dict[str, Any] = {"objects": [thing()], "limits": tap.NO_LIMITS}
    with Sandbox(empty=True, clock=ManualClock(), **options) as sandbox:
        runner = Runner(sandbox, work / "rejects")
        streams = [{"name": "*", "object": "thing__gc"}]
        output = runner.loaded(
            *feed, state(1), max_rejects=-1, streams=streams, load_mode=mode,
            bulk_calls_per_hour=100, on_quota_exhausted="fail",
        )  # fmt: skip
        assert output.states == [1]
        assert len(runner.rows()) == len(HOSTILE)
    assert len(list((work / "rejects").iterdir())) == len(HOSTILE)
    assert {path.name for path in work.iterdir()} == {"rejects", "tmp"}
    assert not [path for path in work.rglob("*") if path.suffix == ".csv"]


@pytest.mark.parametrize("name", HOSTILE)
def test_batch_files_stay_in_their_folder_whatever_a_stream_is_called(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "batches"
    files = BatchFiles(BatchSettings("jsonl", "none", folder, ""), name)
    opened = files._new_file()
    opened.complete()
    assert opened.path.parent == folder
    assert [path.name for path in folder.iterdir()] == [opened.path.name]
    assert list(tmp_path.iterdir()) == [folder]


# Links.


def test_no_link_is_followed_by_what_replaces_or_settles_letters(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    path = tmp_path / "x.jsonl"
    path.write_text("")
    for link in (path.with_name("x.jsonl.new"), settled_path(path)):
        link.symlink_to(outside)
    with pytest.raises(GainsightError, match="is a symbolic link"):
        replace(path, [b"letters\n"])
    with pytest.raises(GainsightError, match="is a symbolic link"), locked(settled_path(path)):
        pass
    assert outside.read_text() == "mine"


def test_a_report_takes_the_place_of_a_link_and_leaves_what_it_names(tmp_path: Path) -> None:
    outside, path = tmp_path / "outside", tmp_path / "run.html"
    outside.write_text("mine")
    path.symlink_to(outside)
    with tap.tenant_of(tap.things(3)) as sandbox:
        tap.sync(sandbox, report_path=str(path))
    assert outside.read_text() == "mine"
    assert not path.is_symlink()


def test_a_batch_file_takes_no_name_that_there_is(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    files = BatchFiles(BatchSettings("jsonl", "none", tmp_path / "batches", ""), "x")
    first = tmp_path / "batches" / f"{files._name}-1.jsonl.part"
    first.symlink_to(outside)
    with pytest.raises(FileExistsError):
        files._new_file()
    assert not outside.exists()


@pytest.mark.usefixtures("work")
def test_a_quota_store_behind_a_link_is_its_owners_alone_too(tmp_path: Path) -> None:
    outside, path = tmp_path / "outside.sqlite", tmp_path / "quota.sqlite"
    path.symlink_to(outside)
    with contextlib.closing(open_store(str(path))) as store:
        store.update("key", lambda _: (None, b"one"))
        assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("*.sqlite*")} == {0o600}


def test_a_link_among_temporary_files_is_not_swept(work: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "lock").touch()
    (work / "tmp" / f"{storage.PREFIX}abc").symlink_to(outside)
    storage.sweep(work / "tmp")
    assert (outside / "lock").exists()
