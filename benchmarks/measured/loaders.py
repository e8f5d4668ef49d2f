"""The loaders at the end of a pipe: their commands, and the server that one of them needs."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_APART = Path(__file__).parents[2] / ".loaders"
"""Where `make bench` installs those that cannot live beside singer-sdk."""


def program(name: str) -> Path | None:
    """A loader's program, or None if it is not installed."""
    places = (Path(sys.executable).parent / name, _APART / name / "bin" / name)
    return next((place for place in places if place.exists()), None)


class Loaders:
    """Commands of loaders.

    Args:
        folder: For their settings.
        servers: What is stopped in the end.
    """

    def __init__(self, folder: Path, servers: ExitStack) -> None:
        self._folder = folder
        self._servers = servers
        self._postgres = ""

    def command(self, name: str, place: Path) -> tuple[str, ...]:
        """The command that loads into a folder; or into PostgreSQL's schema of its name.

        Raises:
            SystemExit: It is not installed.
        """
        found = program(name)
        if not found:
            raise SystemExit(f"{name} is not installed; `make bench` does that")
        settings = self._settings(name, place)
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        return (str(found), f"--config={path}")

    def _settings(self, name: str, place: Path) -> Mapping[str, str]:
        if name == "target-postgres":
            return {"sqlalchemy_url": self.postgres(), "default_target_schema": place.name}
        place.mkdir(exist_ok=True)
        return {"destination_path" if name == "target-jsonl" else "output_path": str(place)}

    def postgres(self) -> str:
        """The address of the PostgreSQL server, which is started for the first who asks."""
        if not self._postgres:
            self._postgres = self._servers.enter_context(_postgres())
        return self._postgres


@contextmanager
def _postgres() -> Iterator[str]:
    # In a process of its own: what it takes would count among the programs' peak memory.
    command = [sys.executable, "-m", "benchmarks.measured.postgres"]
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if not server.stdin or not server.stdout:
            raise AssertionError
        socket = server.stdout.readline().strip().rpartition("?host=")[2]
        try:
            yield f"postgresql+psycopg2://postgres:any@localhost:5432/postgres?host={socket}"
        finally:
            server.stdin.close()
