"""Where a limit is tried: a connector, its tenant, and what must be true after its runs."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from faults.kills.running import TAP, Site
from faults.kills.striking import Pipe, Ran
from faults.trials.verdict import SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_ERROR = re.compile(r"\b(?:ERROR|CRITICAL)\b")


class NotTriedError(Exception):
    """This machine has not what it takes to try a limit."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit.

    Attributes:
        name: What it is.
        must: What must come of it.
        attempt: Tries it, and yields what is wrong.
    """

    name: str
    must: str
    attempt: Callable[[Stage], Iterator[str]]


@dataclass(slots=True)
class Stage:
    """A connector at its limit.

    Attributes:
        folder: Its files.
        said: The last lines of the runs that failed.
    """

    folder: Path
    said: list[str] = field(default_factory=list)
    _opened: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def site(self, program: str, **more: Any) -> Site:
        """A connector with its tenant, and some more settings."""
        site = Site(program, self.folder, 0.1, 1)
        self._opened.callback(site.close)
        site.more = more
        return site

    def run(
        self,
        site: Site,
        *,
        env: Mapping[str, str] | None = None,
        stdout: IO[bytes] | None = None,
        prefix: Sequence[str] = (),
    ) -> Ran:
        """Run the connector to its end."""
        return self.start(site, env=env, stdout=stdout, prefix=prefix).end()

    def start(
        self,
        site: Site,
        *,
        env: Mapping[str, str] | None = None,
        stdout: IO[bytes] | None = None,
        prefix: Sequence[str] = (),
    ) -> Pipe:
        """Begin to run the connector."""
        site.watch.disarm()
        return self.begin(site, env=env, stdout=stdout, prefix=prefix)

    def begin(
        self,
        site: Site,
        *,
        env: Mapping[str, str] | None = None,
        stdout: IO[bytes] | None = None,
        prefix: Sequence[str] = (),
    ) -> Pipe:
        """Begin to run the connector, with what is to happen at one of its calls."""
        commands = [[*prefix, *command] for command in site.commands()]
        return Pipe(commands, site.folder, site.feed(), env=env, stdout=stdout)

    def fails(self, site: Site, ran: Ran, words: str) -> Iterator[str]:
        """What is wrong with a run that has to fail, with a pattern of words in its last line."""
        last = last_line(ran)
        self.said.append(last)
        yield from clean(ran)
        if ran.statuses != [1]:
            yield f"exit {ran.statuses}: {last}"
        elif not _ERROR.search(last) or not re.search(words, last):
            yield f"the last line does not say it: {last}"
        for _, what in site.keep(ran):
            yield what

    def ends_well(self, site: Site, ran: Ran) -> Iterator[str]:
        """What is wrong with a run that has to do all that is left."""
        yield from clean(ran)
        if not ran.done:
            yield f"exit {ran.statuses}: {last_line(ran)}"
        for _, what in (*site.keep(ran), *site.flaws()):
            yield what

    def next_is_whole(self, site: Site) -> Iterator[str]:
        """What is wrong once the limit is gone, and the connector has run again."""
        site.more = {}
        was_whole = site.complete()
        yield from self.ends_well(site, self.run(site))
        if site.program == TAP and site.source and not was_whole:
            jobs = site.source.usage().bulk
            if jobs > _JOBS:
                yield f"{jobs} export jobs for {_JOBS}"

    def full_disk(self, name: str, kilobytes: int = 0) -> Path:
        """A folder on a disk of its own that has only so much room left."""
        place = self._mounted(name, f"size={max(kilobytes, 4)}k")
        if not kilobytes:
            with contextlib.suppress(OSError):
                (place / "filler").write_bytes(bytes(8192))
        return place

    def read_only(self, name: str) -> Path:
        """A folder that nobody may write in, not even root."""
        return self._mounted(name, "ro")

    def file_in_place(self, name: str) -> Path:
        """A file where a folder ought to be."""
        place = self.folder / name
        place.write_text("no folder", "utf-8")
        return place

    def _mounted(self, name: str, options: str) -> Path:
        place = self.folder / name
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603 - it runs what it says
            raise NotTriedError("a disk of its own can be mounted by root alone")
        self._opened.callback(
            subprocess.run, ["umount", str(place)], capture_output=True, check=False
        )
        return place


_JOBS = 2
"""How many export jobs a whole run of the tap needs."""


def last_line(ran: Ran) -> str:
    """What a run said last."""
    return ran.errs[-1].rstrip("\n").rpartition("\n")[2]


def clean(ran: Ran) -> Iterator[str]:
    """Whether a run has hung, or told what it must not."""
    if ran.hung:
        yield "it hung"
    said = ran.out + "".join(ran.errs)
    if "Traceback" in said:
        yield f"a traceback: {last_line(ran)}"
    if any(secret in said for secret in SECRETS.values()):
        yield "a secret in the output"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a limit.

    Attributes:
        name: The limit.
        must: What must come of it.
        flaws: What is wrong.
        said: What the failed runs said last.
        not_tried: Why it could not be tried; empty if it was.
    """

    name: str
    must: str
    flaws: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    not_tried: str = ""


def attempt(limit: Limit) -> Tried:
    """Try a limit."""
    with tempfile.TemporaryDirectory(prefix="limits-") as folder, Stage(Path(folder)) as stage:
        try:
            flaws = tuple(limit.attempt(stage))
        except NotTriedError as exc:
            return Tried(limit.name, limit.must, not_tried=str(exc))
        return Tried(limit.name, limit.must, flaws, tuple(stage.said))
