"""Where used calls are remembered: in memory, in a SQLite file, in Redis or in PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gainsight_api.quota.servers import (
    SERVER_URL,
    PostgresStore,
    RedisStore,
    Server,
    read_postgres,
)
from gainsight_api.quota.store import (
    RETENTION_SECONDS,
    TIMEOUT_SECONDS,
    Change,
    QuotaStoreError,
    Store,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

_LIKE_A_URL = re.compile(
    r"\w[\w+.-]*:?//.*|(?:rediss?|postgres(?:ql)?)[:/].*|[^/~.].*:.*@.*", re.DOTALL
).fullmatch


def open_store(setting: str) -> Store:
    """Open the store that the setting `quota_store` names.

    Args:
        setting: `memory`, `redis://…` (or `rediss://…`), `postgresql://…`, or the path of a SQLite
            file, which is created with its folder if need be.

    Raises:
        QuotaStoreError: It cannot be opened, or its driver is not installed.
    """
    if setting == "memory":
        return MemoryStore()
    if not _LIKE_A_URL(setting):
        return SQLiteStore(Path(setting).expanduser())
    scheme, server = _server(setting)
    return RedisStore(server) if scheme in _REDIS else PostgresStore(server)


def read_store(setting: str, keys: Sequence[str]) -> dict[str, bytes]:
    """The documents that the setting `quota_store` has of some keys; nothing is changed or made.

    Raises:
        QuotaStoreError: It cannot be read, or its driver is not installed.
    """
    if setting == "memory":
        return {}
    if not _LIKE_A_URL(setting):
        return _read_sqlite(Path(setting).expanduser(), keys)
    scheme, server = _server(setting)
    if scheme not in _REDIS:
        return read_postgres(server, keys)
    with contextlib.closing(RedisStore(server)) as store:
        return store.read(keys)


def place_of(setting: str) -> str:
    """Where the setting `quota_store` points to, without a password."""
    return _server(setting)[1].place if _LIKE_A_URL(setting) else setting


_REDIS = ("redis", "rediss")


def _server(setting: str) -> tuple[str, Server]:
    """The scheme of a server's URL, and the server."""
    url = SERVER_URL(setting)
    if url and url["scheme"] in {*_REDIS, "postgresql", "postgres"}:
        return url["scheme"], Server(setting, url)
    raise QuotaStoreError(
        "quota_store: it reads like a URL, and not like one that is known: write memory, a file's "
        "path, redis://user:password@host/0 or postgresql://user:password@host/database, with the "
        "special characters of a password percent-encoded (/ as %2F, @ as %40, # as %23)"
    )


_BUSY_SECONDS = 0.2
"""Seconds that SQLite waits by itself for another process."""


class MemoryStore:
    """Documents of this process only."""

    def __init__(self) -> None:
        self._documents: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def update(self, key: str, change: Change[T]) -> T:
        """See `Store.update`."""
        with self._lock:
            answer, document = change(self._documents.get(key))
            if document is not None:
                self._documents[key] = document
            return answer

    def close(self) -> None:
        """See `Store.close`."""


class SQLiteStore:
    """Documents in a file, for all processes of one machine.

    The write-ahead log makes an update cheap (no wait for the disk) and yet safe against a killed
    process; a power failure may forget the last calls, which a 429 then corrects.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Only ever a new file: to close a second descriptor of a file that is in use would drop
            # the locks that this process holds on it.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path.resolve(), os.O_CREAT | os.O_EXCL, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        self._close = weakref.finalize(self, self._connection.close)
        try:
            self._prepare()
        except BaseException:
            self._close()
            raise

    def update(self, key: str, change: Change[T]) -> T:
        """See `Store.update`."""
        with self._errors(), self._lock, self._connection as connection:
            self._patiently("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT ledger FROM singer_gainsight_quota WHERE key = ?", (key,)
            ).fetchone()
            answer, document = change(None if row is None else row[0])
            if document is not None:
                connection.execute(
                    "REPLACE INTO singer_gainsight_quota VALUES (?, ?, ?)",
                    (key, document, int(time.time())),
                )
            return answer

    def close(self) -> None:
        """See `Store.close`."""
        self._close()

    def _prepare(self) -> None:
        with self._errors():
            self._patiently("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA wal_autocheckpoint = 100")  # pages, to stay small
            self._patiently(
                "CREATE TABLE IF NOT EXISTS singer_gainsight_quota"
                " (key TEXT PRIMARY KEY, ledger BLOB NOT NULL, touched INTEGER NOT NULL)"
                " WITHOUT ROWID"
            )
            self._patiently(
                "DELETE FROM singer_gainsight_quota WHERE touched < ?",
                (int(time.time()) - RETENTION_SECONDS,),
            )

    def _patiently(self, statement: str, values: tuple[object, ...] = ()) -> None:
        """Execute a statement as soon as no other process is in the way.

        SQLite itself would wait in one piece, in which no signal is heard. And when several
        processes turn a new file to its log at once, it fails for some of them without waiting.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                self._connection.execute(statement, values)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return _sqlite_errors(self._path)


def _read_sqlite(path: Path, keys: Sequence[str]) -> dict[str, bytes]:
    if not path.exists():
        return {}
    with (
        _sqlite_errors(path),
        contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection,
    ):
        tables = "SELECT 1 FROM sqlite_master WHERE name = 'singer_gainsight_quota'"
        if not connection.execute(tables).fetchone():
            return {}
        rows = connection.execute("SELECT key, ledger FROM singer_gainsight_quota")
        return {key: ledger for key, ledger in rows if key in keys}


@contextlib.contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise QuotaStoreError(
            f"quota_store: the file {path} cannot be used as a SQLite file: {error}."
            " Remove it if it is damaged, or set quota_store to another path."
        ) from error
