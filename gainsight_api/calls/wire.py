"""HTTP calls that end when their time is over, however slowly their bytes drip.

The timeouts of requests hold for one read of the socket each. So a call is also watched as a whole:
when its time is over, the watch shuts its connection down, and whatever waits for it returns.
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from gainsight_api.errors import TransportError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

BYTES_PER_SECOND = 50_000
"""What a connection is expected to carry: a call has a second more for each so many bytes."""
_MAX_CONNECT_SECONDS = 30.0

_watching = threading.local()


def timeouts(seconds: float) -> tuple[float, float]:
    """The connect timeout and the read timeout of a call."""
    seconds = min(seconds, threading.TIMEOUT_MAX)
    return min(_MAX_CONNECT_SECONDS, seconds), seconds


class Watch:
    """The time of one call, and the connection that it has.

    Args:
        seconds: How long it may take, besides the time for its bytes.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = time.monotonic()
        self._socket: socket.socket | None = None
        self.carried = 0
        """Bytes so far, both ways."""
        self.over = False
        """Whether the time was over before the call was done."""

    @property
    def ends_at(self) -> float:
        """When the time will be over, by the monotonic clock, if no more bytes are carried."""
        return self._began + self._seconds + self.carried / BYTES_PER_SECOND

    def holds(self, connection: socket.socket | None) -> None:
        """Say which connection the call has."""
        self._socket = connection

    def check(self) -> None:
        """Raise if the time was over.

        Raises:
            TransportError: It was.
        """
        if self.over:
            raise TransportError("the tenant took too long to answer: see `request_timeout`")

    def end(self) -> None:
        """Shut the connection down: the time is over."""
        self.over = True
        try:
            if self._socket:
                self._socket.shutdown(2)  # both ways
        except OSError:
            pass  # it is closed already


class _Watchman:
    """One thread that ends all calls whose time is over; a thread for each would slow them down."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: set[Watch] = set()
        self._looks_at: float | None = None  # None: no thread is there to look

    def add(self, watch: Watch) -> None:
        """End the call when its time is over."""
        with self._changed:
            self._watches.add(watch)
            if self._looks_at is None:
                self._looks_at = watch.ends_at
                threading.Thread(target=self._look, name="watch", daemon=True).start()
            elif watch.ends_at < self._looks_at:
                self._changed.notify()

    def remove(self, watch: Watch) -> None:
        """The call is done."""
        with self._changed:
            self._watches.discard(watch)

    def _look(self) -> None:
        with self._changed:
            while self._watches:
                now = time.monotonic()
                for watch in [each for each in self._watches if each.ends_at <= now]:
                    self._watches.discard(watch)
                    watch.end()
                if self._watches:
                    self._looks_at = min(each.ends_at for each in self._watches)
                    seconds = min(self._looks_at - now, threading.TIMEOUT_MAX)
                    self._changed.wait(max(seconds, 0.0))
            self._looks_at = None


_watchman = _Watchman()


@contextmanager
def watched(seconds: float) -> Iterator[Watch]:
    """Watch the calls that this thread makes in the block.

    Raises:
        TransportError: The time was over.
    """
    watch = Watch(seconds)
    _watching.watch = watch
    _watchman.add(watch)
    try:
        yield watch
    except (requests.RequestException, OSError, TransportError):
        watch.check()
        raise
    else:
        watch.check()
    finally:
        _watchman.remove(watch)
        _watching.watch = None


def current_watch() -> Watch:
    """The watch of the calls that this thread makes, or one that ends none."""
    return getattr(_watching, "watch", None) or Watch(math.inf)


class _Seen(HTTPConnection):
    """A connection that tells the watch of its thread what it is."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        watch: Watch | None = getattr(_watching, "watch", None)
        if watch:
            if self.sock is None:
                self.connect()
            watch.holds(self.sock)
        super().request(*args, **kwargs)


class _PlainConnection(_Seen):
    pass


class _SecureConnection(_Seen, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Requests' adapter, with connections that can be watched."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


_POOLS = {"http": _PlainPool, "https": _SecurePool}


def http_session() -> requests.Session:
    """Connections that can be watched."""
    session = requests.Session()
    for prefix in ("http://", "https://"):
        session.mount(prefix, _Adapter(pool_maxsize=32))
    session.headers["Accept-Encoding"] = "gzip, deflate"
    return session
