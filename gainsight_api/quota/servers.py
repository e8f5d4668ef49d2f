"""Stores of the quota on servers: Redis and PostgreSQL, for all machines that reach them."""

from __future__ import annotations

import contextlib
import importlib
import re
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from gainsight_api.quota.store import RETENTION_SECONDS, TIMEOUT_SECONDS, QuotaStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_api.quota.store import Change

T = TypeVar("T")

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
                        pipeline.set(name, document, ex=RETENTION_SECONDS)
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
        self._connection = self._psycopg.connect(
            self._server.url, autocommit=True, tcp_user_timeout=TIMEOUT_SECONDS * 1000
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


def _driver(module: str, *, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise QuotaStoreError(
            f"quota_store: this store needs a driver: pip install 'singer-gainsight[{extra}]'"
        ) from error
