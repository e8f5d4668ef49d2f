"""What a sync of the sandbox's demo tenant takes in calls: ours, and one that pages by offset.

python -m benchmarks.calls
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks.measuring import measure, python

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gainsight_sandbox import Sandbox

PAGE_ROWS = 5_000
"""The most that a query may ask for, and what this tap asks for."""
_API = "v1/meta/services/objects"
_STAMPS = ("ModifiedDate", "LastModifiedDate", "ModifiedAt", "DeletedOn")
"""What changes are told by, as this tap has it."""


@dataclass(frozen=True, slots=True)
class Price:
    """What two syncs took.

    Attributes:
        who: Whose they were.
        full: Ordinary calls and jobs of the first.
        idle: Those of the second, when nothing had changed.
    """

    who: str
    full: tuple[int, int]
    idle: tuple[int, int]


class _Tap(Protocol):
    def sync(self, sandbox: Sandbox) -> None:
        """Read what has changed since the last sync, or else all."""


def measured() -> list[Price]:
    """The prices of both, counted in a process of its own."""
    command = python("-m", "benchmarks.calls")
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603
    return [Price(p["who"], tuple(p["full"]), tuple(p["idle"])) for p in json.loads(output)]


def prices(rows: Mapping[str, int] | None = None) -> list[Price]:
    """Sync twice with each tap, and count what that takes.

    Args:
        rows: Rows of objects, where they are to be other than the demo's.
    """
    with tempfile.TemporaryDirectory() as folder:
        taps: dict[str, _Tap] = {
            "this tap": _OurTap(Path(folder)),
            "a tap that pages by offset": _ByOffset(),
        }
        return [_price(who, tap, rows) for who, tap in taps.items()]


def _price(who: str, tap: _Tap, rows: Mapping[str, int] | None) -> Price:
    from gainsight_sandbox import Limits, Sandbox

    with Sandbox(rows=rows, limits=Limits(*[10**6] * 4)) as sandbox:
        tap.sync(sandbox)
        full = sandbox.usage()
        tap.sync(sandbox)
        both = sandbox.usage()
    return Price(who, (full.sync, full.bulk), (both.sync - full.sync, both.bulk - full.bulk))


@dataclass(frozen=True, slots=True)
class _OurTap:
    """This project's tap, as it comes."""

    folder: Path

    def sync(self, sandbox: Sandbox) -> None:
        settings = {"domain": sandbox.url, "access_key": sandbox.access_key}
        config, state, lines = (self.folder / name for name in ("config", "state", "lines"))
        config.write_text(json.dumps(settings | {"quota_store": "memory"}), encoding="utf-8")
        since = [f"--state={state}"] if state.exists() else []
        measure(python("-m", "tap_gainsight", f"--config={config}", *since), output=str(lines))
        with lines.open(encoding="utf-8") as written:
            states = [line for line in written if line.startswith('{"type":"STATE"')]
        state.write_text(json.dumps(json.loads(states[-1])["value"]), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _ByOffset:
    """A tap that asks for page after page by their offsets, until one is not full.

    Attributes:
        bookmarks: How far each object has been read.
    """

    bookmarks: dict[str, str] = field(default_factory=dict)

    def sync(self, sandbox: Sandbox) -> None:
        import requests

        with requests.Session() as session:
            session.headers["accesskey"] = sandbox.access_key

            def post(path: str, body: dict[str, Any]) -> Any:
                reply = session.post(f"{sandbox.url}/{path}", json=body, timeout=60)
                if not reply.ok:
                    raise RuntimeError(reply.text)
                return reply.json()["data"]

            listed = [each["objectName"] for each in post(_API, {}) if each["readable"]]
            for described in post(f"{_API}/describe", {"objectNames": listed}):
                self._read(post, described["objectName"], described["fields"])

    def _read(self, post: Any, name: str, fields: list[dict[str, Any]]) -> None:
        names = [entry["fieldName"] for entry in fields]
        stamp = next((found for found in _STAMPS if found in names), None)
        asked: dict[str, Any] = {"select": names, "limit": PAGE_ROWS, "offset": 0}
        if stamp:
            asked["orderBy"] = {stamp: "asc"}
        if since := self.bookmarks.get(name):
            changed = {"name": stamp, "alias": "A", "value": [since], "operator": "GTE"}
            asked["where"] = {"conditions": [changed], "expression": "A"}
        page: list[dict[str, Any]] = [{}] * PAGE_ROWS
        while len(page) == PAGE_ROWS:
            page = post(f"v1/data/objects/query/{name}", asked)["records"]
            asked["offset"] += PAGE_ROWS
            if stamp and page:
                self.bookmarks[name] = page[-1][stamp] or ""


if __name__ == "__main__":
    print(json.dumps([asdict(price) for price in prices()]))
