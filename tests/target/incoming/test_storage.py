"""What waits takes a bounded part of memory over all streams, and a killed run leaves nothing."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from target_gainsight.incoming.storage import PREFIX, Lines, Storage, sweep

if TYPE_CHECKING:
    import pytest


def test_the_largest_lines_go_to_disk_when_all_together_hold_too_much() -> None:
    storage = Storage(memory_bytes=100)
    small, large = Lines(storage), Lines(storage)
    for number in range(6):
        small.write(b"x")
        large.write(b"%d" % number * 15)
    assert len(list(storage.folder.glob("*.jsonl"))) == 0
    small.write(b"y" * 10)
    assert [path.stat().st_mode & 0o777 for path in storage.folder.glob("*.jsonl")] == [0o600]
    large.write(b"!")
    assert (small.held, large.held) == (16, 1)
    assert large.read(80, 91) == b"5" * 10 + b"!"
    assert large.read(0, 2) == b"00"
    assert small.read(4, 8) == b"xxyy"
    large.close()
    assert not list(storage.folder.glob("*.jsonl"))


def test_of_hundreds_of_streams_few_go_to_disk_at_once_and_no_file_stays_open() -> None:
    storage = Storage(memory_bytes=100_000)
    some = [Lines(storage) for _ in range(300)]
    for _ in range(10):
        for lines in some:
            lines.write(b"x" * 100)
            assert sum(each.held for each in some) <= 100_000
    assert all(lines.read(900, 1000) == b"x" * 100 for lines in some)
    files = [each.resolve() for each in Path("/dev/fd").iterdir()]
    assert [file for file in files if file.parent == storage.folder and file.suffix] == []


def test_a_run_sweeps_what_killed_runs_left_and_leaves_what_others_use(tmp_path: Path) -> None:
    code = (
        "import tempfile, time, sys; tempfile.tempdir = sys.argv[1];"
        "from target_gainsight.incoming.storage import Storage; s = Storage();"
        "print(s.folder, flush=True); time.sleep(60)"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    killed, alive = (run.stdout.readline().strip() if run.stdout else "" for run in runs)
    runs[0].send_signal(signal.SIGKILL)
    runs[0].communicate()
    sweep(tmp_path)
    assert [str(path) for path in tmp_path.glob(f"{PREFIX}*")] == [alive] != [killed]
    runs[1].kill()
    runs[1].communicate()


def test_a_run_that_is_just_beginning_is_not_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    locked = fcntl.flock
    looking: list[int] = []

    def flock(file: int, how: int) -> None:
        if not looking:
            looking.append(file)
            sweep(tmp_path)  # another run begins at this very moment
        locked(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    storage = Storage()
    assert storage.folder.exists()
    sweep(tmp_path)
    assert looking
    assert storage.folder.exists()
