"""Where used calls are remembered: in memory, in a SQLite file, in Redis or in PostgreSQL.

A store keeps one small document per key and can do one thing with it: replace it by a function of
itself, with nobody else in between. What is counted, and how, is the business of the quota.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

from gainsight_api.errors import ConfigError

T = TypeVar("T")

Change = Callable[[bytes | None], tuple[T, bytes | None]]
"""From the present document (None: there is none) to an answer and the new one (None: keep it).

It may be called more than once before its result is kept, so it must have no effects of its own.
"""

_TIMEOUT = 30  # seconds, for a lock or an answer; both usually take about a millisecond
_RETENTION = 2 * 86_400  # seconds; longer than the longest window, so what is dropped is void


_LIKE_A_URL = re.compile(
    r"\w[\w+.-]*:?//.*|(?:rediss?|postgres(?:ql)?)[:/].*|[^/~.].*:.*@.*", re.DOTALL
).fullmatch
_SERVER = re.compile(
    r"(?P<scheme>\w+)://(?:[^:@/?#\[\]\s]*(?::(?P<password>[^:@/?#\[\]\s]*))?@)?"
    r"(?P<host>(?:[\w.-]*|\[[0-9a-fA-F:.]+\])(?::[0-9]+)?)(?P<path>/[^@?#\[\]\s]*)?"
    r"(?:\?(?P<query>[^@#\s]*))?"
).fullmatch


class QuotaStoreError(ConfigError):
    """The place named by the setting `quota_store` cannot be used."""


class Store(Protocol):
    """A shared place for small documents."""

    def update(self, key: str, change: Change[T]) -> T:
        """Replace the document under `key` by `change(document)`, atomically, for good.

        Returns:
            The answer that `change` gave with the document that was kept.

        Raises:
            QuotaStoreError: The store cannot be read or written.
        """
        ...

    def close(self) -> None:
        """Let go of the file or connection; the store is not usable afterwards."""
        ...


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
    url = _SERVER(setting)
    if url and url["scheme"] in {"redis", "rediss"}:
        return RedisStore(_Server(setting, url))
    if url and url["scheme"] in {"postgresql", "postgres"}:
        return PostgresStore(_Server(setting, url))
    raise QuotaStoreError(
        "quota_store: it reads like a URL, and not like one that is known: write memory, a file's "
        "path, redis://user:password@host/0 or postgresql://user:password@host/database, with the "
        "special characters of a password percent-encoded (/ as %2F, @ as %40, # as %23)"
    )


class _Server:
    """A server's URL, and how it may be spoken of: without its password.

    Args:
        url: The whole URL.
        parts: What `_SERVER` has found in it.
    """

    def __init__(self, url: str, parts: re.Match[str]) -> None:
        self.url = url
        self._secrets = {parts["password"], unquote(parts["password"] or ""), parts["query"]}
        self._place = f"{parts['scheme']}://{parts['host']}{parts['path'] or ''}"

    def error(self, error: Exception) -> QuotaStoreError:
        """What a driver says, in one line and without the password."""
        text = " ".join(str(error).split())
        for secret in filter(None, self._secrets):
            text = text.replace(secret, "***")
        return QuotaStoreError(f"quota_store: {self._place} cannot be used: {text}")


class MemoryStore:
    """Remember for this process alone."""

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
    """Remember in a file, for all processes of one machine.

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
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=_TIMEOUT, isolation_level=None, check_same_thread=False
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
            connection.execute("BEGIN IMMEDIATE")
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
            self._use_write_ahead_log()
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA wal_autocheckpoint = 100")  # pages, to stay small
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS singer_gainsight_quota"
                " (key TEXT PRIMARY KEY, ledger BLOB NOT NULL, touched INTEGER NOT NULL)"
                " WITHOUT ROWID"
            )
            self._connection.execute(
                "DELETE FROM singer_gainsight_quota WHERE touched < ?",
                (int(time.time()) - _RETENTION,),
            )

    def _use_write_ahead_log(self) -> None:
        # When several processes turn a new file to this mode at once, SQLite fails for some of them
        # without regard to the lock timeout.
        deadline = time.monotonic() + _TIMEOUT
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise QuotaStoreError(
                f"quota_store: the file {self._path} cannot be used as a SQLite file: {error}."
                " Remove it if it is damaged, or set quota_store to another path."
            ) from error


class RedisStore:
    """Remember in a Redis server, for all machines that reach it."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._redis = _driver("redis", extra="redis")
        with self._errors():
            self._client = self._redis.Redis.from_url(server.url, socket_timeout=_TIMEOUT)
            self._client.ping()

    def update(self, key: str, change: Change[T]) -> T:
        """See `Store.update`."""
        name = f"singer-gainsight:quota:{key}"
        with self._errors(), self._client.pipeline() as pipeline:
            while True:
                # Optimistic: fails if anybody else wrote, or the connection broke, since the watch.
                # If the write did arrive, the call is counted twice, which is the safe side.
                with contextlib.suppress(self._redis.WatchError):
                    pipeline.watch(name)
                    answer: T
                    answer, document = change(pipeline.get(name))
                    if document is not None:
                        pipeline.multi()
                        pipeline.set(name, document, ex=_RETENTION)
                        pipeline.execute()
                    return answer

    def close(self) -> None:
        """See `Store.close`."""
        self._client.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (self._redis.RedisError, ValueError) as error:
            raise self._server.error(error) from None


class PostgresStore:
    """Remember in a table of a PostgreSQL database, for all machines that reach it."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._psycopg = _driver("psycopg", extra="postgres")
        self._lock = threading.Lock()
        with self._errors():
            self._connect()
            self._create_table()
            self._connection.execute(
                "DELETE FROM singer_gainsight_quota WHERE touched < now() - %s * interval '1 s'",
                (_RETENTION,),
            )

    def update(self, key: str, change: Change[T]) -> T:
        """See `Store.update`."""
        with self._errors(), self._lock:
            try:
                return self._update(key, change)
            except self._psycopg.OperationalError:
                # Connections do not outlive hours of waiting or a restart of the server. If the
                # update did arrive, the call is counted twice, which is the safe side.
                self._close()
                self._connect()
                return self._update(key, change)

    def close(self) -> None:
        """See `Store.close`."""
        self._close()

    def _connect(self) -> None:
        # A connection that died during a long wait is to fail, not to hang.
        self._connection = self._psycopg.connect(
            self._server.url, autocommit=True, tcp_user_timeout=_TIMEOUT * 1000
        )
        self._close = weakref.finalize(self, self._connection.close)
        self._connection.isolation_level = self._psycopg.IsolationLevel.READ_COMMITTED
        self._connection.execute(f"SET lock_timeout = '{_TIMEOUT}s'")

    def _create_table(self) -> None:
        # Not CREATE TABLE IF NOT EXISTS alone: that asks for the right to create even if the table
        # is there, and fails when two do it at once.
        with self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(hashtext('singer_gainsight'))")
            if not self._row("SELECT to_regclass('singer_gainsight_quota')")[0]:
                self._connection.execute(
                    "CREATE TABLE singer_gainsight_quota (key text PRIMARY KEY,"
                    " ledger bytea, touched timestamptz NOT NULL DEFAULT now())"
                )

    def _update(self, key: str, change: Change[T]) -> T:
        with self._connection.transaction():
            # Locks the row, which is made if need be, until the transaction ends.
            row = self._row(
                "INSERT INTO singer_gainsight_quota AS quota (key) VALUES (%s)"
                " ON CONFLICT (key) DO UPDATE SET touched = now() RETURNING quota.ledger",
                key,
            )
            answer, document = change(row[0])
            if document is not None:
                self._connection.execute(
                    "UPDATE singer_gainsight_quota SET ledger = %s WHERE key = %s", (document, key)
                )
            return answer

    def _row(self, query: str, *parameters: str) -> Any:
        return self._connection.execute(query, parameters).fetchone()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            raise self._server.error(error) from None


def _driver(module: str, *, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise QuotaStoreError(
            f"quota_store: this store needs a driver: pip install 'singer-gainsight[{extra}]'"
        ) from error
