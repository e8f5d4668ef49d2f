import logging
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gainsight_api.quota import (
    Budget,
    Limits,
    Quota,
    QuotaExhaustedError,
    QuotaStoreError,
    Store,
    open_store,
    place_of,
    quota_key,
    read_store,
)
from gainsight_sandbox import ManualClock

NOW = 1_750_000_000.0


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The setting of a store that processes share."""
    if request.param == "sqlite":
        return str(tmp_path / "new" / "quota.db")
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A key of its own for each test, since the servers outlive one."""
    return quota_key(request.node.nodeid, "s3cret")


@pytest.fixture
def store(shared: str) -> Iterator[Store]:
    with closing(open_store(shared)) as store:
        yield store


def bulk(store: Store, key: str, **settings: Any) -> Quota:
    return Quota(store, key, Limits(), clock=ManualClock(NOW), **settings)


def used(quota: Quota) -> list[int]:
    return [usage.used for usage in quota.remaining(Budget.BULK).windows]


def test_a_store_is_read_without_a_change_to_it(shared: str, key: str, tmp_path: Path) -> None:
    assert read_store(shared, [key]) == {}
    assert not (tmp_path / "new").exists()
    with closing(open_store(shared)) as store:
        store.update(key, lambda _: (None, b"kept"))
    assert read_store(shared, [key, "another"]) == {key: b"kept"}
    assert "s3cret" not in place_of(shared)


def test_a_document_is_kept_for_all(shared: str, store: Store, key: str) -> None:
    assert store.update(key, lambda document: (document, b"one")) is None
    with closing(open_store(shared)) as another:
        assert another.update(key, lambda document: (document, None)) == b"one"
        assert another.update(key, lambda document: (document, b"two")) == b"one"
    assert store.update(key, lambda document: (document, None)) == b"two"
    assert store.update(f"{key}-other", lambda document: (document, None)) is None


def test_a_change_that_fails_changes_nothing(store: Store, key: str) -> None:
    def fail(document: bytes | None) -> tuple[None, bytes]:
        raise LookupError(document)

    store.update(key, lambda _: (None, b"one"))
    with pytest.raises(LookupError):
        store.update(key, fail)
    assert store.update(key, lambda document: (document, None)) == b"one"


def test_threads_lose_no_update(store: Store, key: str) -> None:
    def add() -> None:
        for _ in range(25):
            store.update(key, lambda document: (None, document + b"." if document else b"."))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.update(key, lambda document: (document, None)) == b"." * 100


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python process that shares nothing with this one but the store."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


TAKE_AS_MUCH_AS_THERE_IS = f"""
import sys
from gainsight_api.quota import Budget, Limits, Quota, QuotaExhaustedError, open_store
from gainsight_sandbox import ManualClock

setting, key = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
quota = Quota(open_store(setting), key, Limits(), clock=ManualClock({NOW}))
for budget, calls in (Budget.BULK, 20), (Budget.SYNC, 60):
    taken = 0
    for _ in range(calls):
        try:
            quota.acquire(budget, wait=False)
            taken += 1
        except QuotaExhaustedError:
            pass
    print(taken)
"""


def test_processes_share_one_budget(shared: str, key: str) -> None:
    processes = [start(TAKE_AS_MUCH_AS_THERE_IS, shared, key) for _ in range(3)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:  # all at once, so that they also create the store at once
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    taken = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [sum(map(int, calls)) for calls in zip(*taken, strict=True)] == [10, 100]
    with closing(open_store(shared)) as store:
        assert str(bulk(store, key).remaining(Budget.SYNC)) == (
            "sync calls: 100 of 100 used this minute, 100 of 50000 used today"
        )


TAKE_THREE_CALLS_AND_DIE_IN_THE_FOURTH = f"""
import os, signal, sys
from gainsight_api.quota import Budget, Limits, Quota, open_store
from gainsight_sandbox import ManualClock

setting, key = sys.argv[1:]
store = open_store(setting)
quota = Quota(store, key, Limits(), clock=ManualClock({NOW}))
for _ in range(3):
    quota.acquire(Budget.BULK)
store.update(f"{{key}}:bulk", lambda _: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_killed_process_keeps_what_it_took_and_harms_nobody(shared: str, key: str) -> None:
    process = start(TAKE_THREE_CALLS_AND_DIE_IN_THE_FOURTH, shared, key)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with closing(open_store(shared)) as store:
        quota = bulk(store, key)
        assert used(quota) == [3, 3]
        quota.acquire(Budget.BULK)
        assert used(quota) == [4, 4]


def test_no_secret_is_kept_or_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = quota_key("acme.gainsightcloud.com", "s3cret")
    path = tmp_path / "quota.db"
    with closing(open_store(str(path))) as store:
        quota = bulk(store, key, on_exhausted="fail")
        for _ in range(10):
            quota.acquire(Budget.BULK)
        with pytest.raises(QuotaExhaustedError) as caught:
            quota.acquire(Budget.BULK)
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert key.encode() in kept
    assert b"s3cret" not in kept
    assert "s3cret" not in caplog.text
    assert "s3cret" not in str(caught.value)


def test_memory_remembers_for_one_store_alone() -> None:
    store = open_store("memory")
    store.update("key", lambda _: (None, b"one"))
    assert store.update("key", lambda document: (document, None)) == b"one"
    assert open_store("memory").update("key", lambda document: (document, None)) is None
    store.close()


def test_a_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    open_store("~/state/quota.db").close()
    assert (tmp_path / "state" / "quota.db").exists()


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    with closing(open_store(str(path))) as store:
        store.update("key", lambda _: (None, b"one"))
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {0o600}


def test_the_file_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    with closing(open_store(str(path))) as store:
        clock = ManualClock(NOW)
        quota = Quota(store, "key", Limits(), clock=clock)
        for _ in range(2_000):
            quota.acquire(Budget.BULK)
            clock.sleep(3_600)
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1_000_000
    assert path.stat().st_size < 20_000


def test_a_credential_out_of_use_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    with closing(open_store(str(path))) as store:
        store.update("old", lambda _: (None, b"one"))
        store.update("new", lambda _: (None, b"one"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE singer_gainsight_quota SET touched = 1 WHERE key = 'old'")
    with closing(open_store(str(path))) as store:
        assert store.update("old", lambda document: (document, None)) is None
        assert store.update("new", lambda document: (document, None)) == b"one"


@pytest.mark.parametrize("damage", ["not a database", "cut short", "a folder", "below a file"])
def test_a_file_that_cannot_be_used_is_reported(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "quota.db"
    match damage:
        case "not a database":
            path.write_text("hello, world\n" * 100)
        case "cut short":
            open_store(str(path)).close()
            os.truncate(path, 4096)
        case "a folder":
            path.mkdir()
        case "below a file":
            path.touch()
            path = path / "quota.db"
    with pytest.raises(QuotaStoreError, match=r"^quota_store: the file .*quota\.db cannot be used"):
        open_store(str(path))


def test_a_file_damaged_in_use_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    with closing(open_store(str(path))) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("DROP TABLE singer_gainsight_quota")
        with pytest.raises(QuotaStoreError, match=r"^quota_store: .* no such table"):
            store.update("key", lambda _: (None, b"one"))


@pytest.mark.parametrize(
    "setting",
    [
        "mysql://user:s3cret@host/db",
        "postgresql://user:s3cret/pw@127.0.0.1:1/db",
        "postgresql://user:s3cret@pw@127.0.0.1:1/db",
        "redis://:s3cret/x@127.0.0.1:1/0",
        "redis://:s3cret#x@127.0.0.1:1/0",
        "redis://:s3cret?x@127.0.0.1:1/0",
        "redis://:[s3cret]@127.0.0.1:1/0",
        "redis://:x@[s3cret/0",
        "redis//:s3cret@h",
        "redis:/:s3cret@h",
        "redis:s3cret@h",
        "postgres:user:s3cret@h/db",
        "user:s3cret@host:5432/db",
        "s3cret://user@host",
    ],
)
def test_what_reads_like_a_url_and_is_none_that_is_known_is_refused(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QuotaStoreError, match=r"^quota_store: it reads like a URL") as caught:
        open_store(setting)
    assert "s3cret" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("setting", "module"),
    [
        ("redis://:s3cret@127.0.0.1:1/0", "redis"),
        ("redis://:s3c%2Fret@127.0.0.1:1/0", "redis"),
        ("postgresql://user:s3cret@127.0.0.1:1/db", "psycopg"),
        ("postgresql://user:s3cret@127.0.0.1:s3cret/db", "psycopg"),
        ("postgresql://127.0.0.1:1/db?password=s3cret", "psycopg"),
    ],
)
def test_no_error_of_a_driver_says_the_password(setting: str, module: str) -> None:
    pytest.importorskip(module)
    with pytest.raises(QuotaStoreError, match=r"^quota_store: ") as caught:
        open_store(setting)
    assert "s3c" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "name", ["quota.sqlite", "a b.db", "q@home.db", "with:colon.db", "memory.db"]
)
def test_a_path_is_a_path(name: str, tmp_path: Path) -> None:
    with closing(open_store(str(tmp_path / name))) as store:
        store.update("key", lambda _: (None, b"one"))
    assert (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("scheme", "module", "extra"),
    [("redis", "redis", "redis"), ("postgresql", "psycopg", "postgres")],
)
def test_a_missing_driver_says_what_to_install(
    scheme: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(QuotaStoreError, match=rf"pip install 'singer-gainsight\[{extra}\]'"):
        open_store(f"{scheme}://host")


@pytest.mark.parametrize("scheme", ["redis", "postgresql"])
def test_a_server_out_of_reach_is_reported_without_its_password(scheme: str) -> None:
    pytest.importorskip({"redis": "redis", "postgresql": "psycopg"}[scheme])
    with pytest.raises(
        QuotaStoreError, match=rf"^quota_store: {scheme}://127\.0\.0\.1:1/0 cannot be used: "
    ) as caught:
        open_store(f"{scheme}://user:s3cret@127.0.0.1:1/0")
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["redis_url", "postgres_url"])
def test_a_connection_that_broke_is_made_anew(
    url: str, key: str, request: pytest.FixtureRequest
) -> None:
    setting = request.getfixturevalue(url)
    with closing(open_store(setting)) as store:
        quota = bulk(store, key)
        quota.acquire(Budget.BULK)
        break_connections(setting)
        quota.acquire(Budget.BULK)
        assert used(quota) == [2, 2]


def break_connections(url: str) -> None:
    if url.startswith("redis"):
        import redis  # noqa: PLC0415 - an extra

        with closing(redis.Redis.from_url(url)) as client:
            client.client_kill_filter(_type="normal", skipme=True)
    else:
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )


WAITING = """
import sys
from gainsight_api.quota import open_store
store = open_store(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
store.update("key", lambda document: (None, b"x"))
"""


def test_a_wait_for_a_store_that_another_process_holds_ends_on_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    waiting = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with waiting:
        assert waiting.stdin
        assert waiting.stdout
        assert waiting.stdout.readline() == "open\n"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            waiting.stdin.write("go\n")
            waiting.stdin.flush()
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(1)
            waiting.send_signal(signal.SIGINT)
            assert waiting.wait(5) != 0
