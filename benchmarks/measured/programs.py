"""What is measured, by name: a program in a process of its own.

python -m benchmarks.measured.programs NAME CHUNK REPEATS URL WRITTEN
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measured import peers, taps, targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Given:
    """What a program is told.

    Attributes:
        option: What its name says after a colon.
        chunk: The rows that a tap reads.
        repeats: How often it reads them.
        url: The tenant, for what is not read from the file.
        written: Where a target writes to, or a tap that writes files; else it writes on stdout.
    """

    option: str
    chunk: Path
    repeats: int
    url: str
    written: Path

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the SDK that the option stands for."""
        if encoding := taps.BATCHES.get(self.option):
            storage = {"root": self.written.as_uri(), "prefix": ""}
            return {"batch_config": {"encoding": encoding, "storage": storage}}
        return taps.MAPS.get(self.option, {})


def _tap(given: Given) -> None:
    taps.without_network(given.chunk, given.repeats)
    _http(given)


def _batch(given: Given) -> None:
    if given.option.startswith("parquet"):
        # Part of its start, but the tap waits for the first row.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        import pyarrow.parquet  # noqa: F401
    _tap(given)


def _http(given: Given, method: str = "bulk") -> None:
    taps.our_tap(given.url, {"extract_method": method, **given.settings})


def _download(given: Given) -> None:
    if given.option == "in-turn":
        taps.fetch_one_after_the_other()
    _http(given)


def _sdk(given: Given, *, all_text: bool = False) -> None:
    chunks = taps.files(given.chunk, given.repeats)
    taps.sdk_tap(chunks, given.settings, all_text=all_text)


_PROGRAMS: Mapping[str, Callable[[Given], None]] = {
    "tap": _tap,
    "http": _http,
    "batch": _batch,
    "query": lambda given: _http(given, "query"),
    "download": _download,
    "none": lambda given: taps.without_sdk(given.chunk, given.repeats),
    "sdk": _sdk,
    "sdk-http": lambda given: taps.sdk_tap(taps.downloads(given.url, given.repeats), {}),
    "rest": lambda given: taps.sdk_rest_tap(given.url),
    "tap-csv": lambda given: _sdk(given, all_text=True),
    "dlt": lambda given: peers.dlt_pipeline(given.chunk, given.repeats),
    "target": lambda given: targets.our_target(given.option, given.written),
    "many": lambda given: targets.our_target("rest", given.written, "insert"),
    "sdk-target": lambda given: targets.sdk_target(given.option, given.written),
    "target-csv": lambda _: peers.target_csv(),
}


def main(name: str, chunk: str, repeats: str, url: str, written: str) -> None:
    """Run one of them."""
    kind, _, option = name.partition(":")
    _PROGRAMS[kind](Given(option, Path(chunk), int(repeats), url, Path(written)))


if __name__ == "__main__":
    main(*sys.argv[1:])
