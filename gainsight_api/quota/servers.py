"""Stores of the quota on servers: Redis and PostgreSQL, for all machines that reach them."""

from __future__ import annotations

import contextlib
import importlib
import re
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from gainsight_api.quota.store import RETENTION_SECONDS, TIMEOUT_SECONDS, QuotaStoreError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from gainsight_api.quota.store import Change

T = TypeVar("T")

_LOCKED_SECONDS = 5
"""Given on top to a server that has to say that a lock was not free in time."""
_REDIS_PREFIX = "singer-gainsight:quota:"

SERVER_URL = re.compile(
    r"(?P<scheme>\w+)://(?:[^:@/?#\[\]\s]*(?::(?P<password>[^:@/?#\[\]\s]*))?@)?"
    r"(?P<host>(?:[\w.-]*|\[[0-9a-fA-F:.]+\])(?::[0-9]+)?)(?P<path>/[^@?#\[\]\s]*)?"
    r"(?:\?(?P<query>[^@#\s]*))?"
).fullmatch
"""The URL of a server, in its parts; none whose password would have to be guessed."""


class Server:
    """A server's URL, and how it may be spoken of: without its password.

    Args:
        url: The whole URL.
        parts: What `SERVER_URL` has found in it.

    Attributes:
        url: The whole URL.
        place: The URL without user and password.
    """

    def __init__(self, url: str, parts: re.Match[str]) -> None:
        self.url = url
        self._secrets = {parts["password"], unquote(parts["password"] or ""), parts["query"]}
        self.place = f"{parts['scheme']}://{parts['host']}{parts['path'] or ''}"

    def error(self, error: Exception) -> QuotaStoreError:
        """What a driver says, in one line and without the password."""
        text = " ".join(str(error).split())
        for secret in filter(None, self._secrets):
            text = text.replace(secret, "***")
        return QuotaStoreError(f"quota_store: {self.place} cannot be used: {text}")


class RedisStore:
    """Documents in a Redis server, for all machines that reach it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._redis = _driver("redis", extra="redis")
        with self._errors():
            self._client = self._redis.Redis.from_url(server.url, socket_timeout=TIMEOUT_SECONDS)
            self._client.ping()

    def update(self, key: str, change: Change[T]) -> T:
        """See `Store.update`."""
        name = f"{_REDIS_PREFIX}{key}"
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
                        pipeline.set(name, document, ex=RETENTION_SECONDS)
                        pipeline.execute()
                    return answer

    def read(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The documents of some keys, as far as there are any; nothing is changed."""
        with self._errors():
            found = self._client.mget([f"{_REDIS_PREFIX}{key}" for key in keys])
        return {key: text for key, text in zip(keys, found, strict=True) if text is not None}

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
    """Documents in a table of a PostgreSQL database, for all machines that reach it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._psycopg = _driver("psycopg", extra="postgres")
        self._lock = threading.Lock()
        with self._errors():
            self._connect()
            self._create_table()
            self._connection.execute(
                "DELETE FROM singer_gainsight_quota WHERE touched < now() - %s * interval '1 s'",
                (RETENTION_SECONDS,),
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
        self._connection = _impatient(self._psycopg).connect(
            self._server.url,
            autocommit=True,
            connect_timeout=TIMEOUT_SECONDS,
            tcp_user_timeout=TIMEOUT_SECONDS * 1000,
        )
        self._close = weakref.finalize(self, self._connection.close)
        self._connection.isolation_level = self._psycopg.IsolationLevel.READ_COMMITTED
        self._connection.execute(f"SET lock_timeout = '{TIMEOUT_SECONDS}s'")

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


def _impatient(psycopg: Any) -> Any:
    """A class of connections that give up on a server that hangs: psycopg's own wait for ever."""

    class Connection(psycopg.Connection):  # type: ignore[misc] # the driver is an extra
        def wait(self, steps: Any, *args: Any, **kwargs: Any) -> Any:
            return super().wait(self._in_time(steps), *args, **kwargs)

        def _in_time(self, steps: Any) -> Generator[Any, Any, Any]:
            """Take the steps of an answer; after each, or a tenth of a second, the next one."""
            seconds = TIMEOUT_SECONDS + _LOCKED_SECONDS
            end = time.monotonic() + seconds
            ready = None
            while time.monotonic() < end:
                try:
                    wanted = steps.send(ready)
                except StopIteration as done:
                    return done.value
                ready = yield wanted
            self.close()
            raise psycopg.OperationalError(f"no answer within {seconds} seconds")

    return Connection


def _driver(module: str, *, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise QuotaStoreError(
            f"quota_store: this store needs a driver: pip install 'singer-gainsight[{extra}]'"
        ) from error


def read_postgres(server: Server, keys: Sequence[str]) -> dict[str, bytes]:
    """The documents that a database has of some keys; nothing is changed, and no table made."""
    psycopg = _driver("psycopg", extra="postgres")
    try:
        connect = _impatient(psycopg).connect
        with connect(server.url, connect_timeout=TIMEOUT_SECONDS) as connection:
            connection.read_only = True
            known = connection.execute("SELECT to_regclass('singer_gainsight_quota')").fetchone()
            if not known[0]:
                return {}
            rows = connection.execute(
                "SELECT key, ledger FROM singer_gainsight_quota"
                " WHERE key = ANY(%s) AND ledger IS NOT NULL",
                (list(keys),),
            ).fetchall()
    except psycopg.Error as error:
        raise server.error(error) from None
    return dict(rows)
