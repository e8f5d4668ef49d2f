"""What is measured, by name: a program in a process of its own.

python -m benchmarks.programs NAME CHUNK REPEATS URL WRITTEN
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import peers, taps, targets

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
        written: Where a target writes to; a tap writes on stdout.
    """

    option: str
    chunk: Path
    repeats: int
    url: str
    written: Path

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the SDK that the option stands for."""
        return taps.MAPS.get(self.option, {})


def _tap(given: Given, method: str = "bulk", *, downloads: bool = False) -> None:
    settings = {"extract_method": method, **given.settings}
    taps.our_tap(given.chunk, given.repeats, given.url, settings, downloads=downloads)


def _download(given: Given) -> None:
    if given.option == "in-turn":
        taps.fetch_one_after_the_other()
    _tap(given, downloads=True)


_PROGRAMS: Mapping[str, Callable[[Given], None]] = {
    "tap": _tap,
    "query": lambda given: _tap(given, "query"),
    "download": _download,
    "none": lambda given: taps.without_sdk(given.chunk, given.repeats),
    "sdk": lambda given: taps.sdk_tap(given.chunk, given.repeats, given.settings),
    "rest": lambda given: taps.sdk_rest_tap(given.url),
    "tap-csv": lambda given: taps.sdk_tap(given.chunk, given.repeats, {}, all_text=True),
    "dlt": lambda given: peers.dlt_pipeline(given.chunk, given.repeats),
    "target": lambda given: targets.our_target(given.option, given.written),
    "sdk-target": lambda given: targets.sdk_target(given.option, given.written),
    "target-csv": lambda _: peers.target_csv(),
}


def main(name: str, chunk: str, repeats: str, url: str, written: str) -> None:
    """Run one of them."""
    kind, _, option = name.partition(":")
    _PROGRAMS[kind](Given(option, Path(chunk), int(repeats), url, Path(written)))


if __name__ == "__main__":
    main(*sys.argv[1:])
