"""Standard output that is closed, that nobody reads any more, or that nobody reads for a while."""

from __future__ import annotations

import array
import fcntl
import json
import os
import signal
import termios
import time
from functools import partial
from typing import TYPE_CHECKING

from faults.kills.running import TAP, TARGET, Site
from faults.kills.tenants import PAGES
from faults.limits.stage import Limit, Stage, clean, last_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.kills.striking import Pipe

_GONE_WITHIN = 5.0
_WHOLE = "exit 1 with one line, and the next run is whole"


def _reader_has_gone(stage: Stage, program: str) -> Iterator[str]:
    site = stage.site(program)
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as out, os.fdopen(reader, "rb") as lines:
        pipe = stage.start(site, stdout=out)
        out.close()
        first = lines.readline()
    ran = pipe.end()
    ran.out = first.decode()
    yield from stage.fails(site, ran, "reads this one's output has gone")
    yield from stage.next_is_whole(site)


def _closed(stage: Stage, program: str) -> Iterator[str]:
    site = stage.site(program)
    ran = stage.run(site, prefix=["sh", "-c", 'exec "$@" >&-', "sh"])
    yield from stage.fails(site, ran, "[Ss]tandard output|STATE cannot be written")
    yield from stage.next_is_whole(site)


def _no_standard_error(stage: Stage, program: str) -> Iterator[str]:
    site = stage.site(program)
    ran = stage.run(site, prefix=["sh", "-c", 'exec "$@" 2>&-', "sh"])
    yield from stage.ends_well(site, ran)


def _reader_stops(stage: Stage, program: str, number: signal.Signals) -> Iterator[str]:
    site = stage.site(program)
    if program == TARGET:
        _feed_large_states(stage, site)
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with os.fdopen(reader, "rb") as lines, os.fdopen(writer, "wb") as out:
        pipe = stage.start(site, stdout=out)
        out.close()
        if not _blocked(pipe, reader):
            yield "it was never blocked"
        pipe.strike(number, [0])
        ran = pipe.end()
        ran.out = lines.read().decode()
    yield from clean(ran)
    if ran.statuses != [128 + number]:
        yield f"exit {ran.statuses}: {last_line(ran)}"
    if ran.seconds_to_end > _GONE_WITHIN:
        yield f"{ran.seconds_to_end:.1f} s after {number.name}"
    if program == TAP:
        for _, what in site.keep(ran):
            yield what
        yield from stage.next_is_whole(site)


def _blocked(pipe: Pipe, reader: int) -> bool:
    """Wait until a process can write no more."""
    waiting, since = array.array("i", [0]), time.monotonic()
    deadline = since + 60
    while time.monotonic() < deadline and pipe.processes[0].poll() is None:
        before = waiting[0]
        fcntl.ioctl(reader, termios.FIONREAD, waiting)
        if waiting[0] != before or not waiting[0]:
            since = time.monotonic()
        if time.monotonic() - since > 2:  # noqa: PLR2004 - seconds
            return True
        time.sleep(0.05)
    return False


def _feed_large_states(stage: Stage, site: Site) -> None:
    schema = {
        "type": "SCHEMA",
        "stream": PAGES,
        "schema": {"type": "object", "properties": {"Name": {}}},
        "key_properties": ["Name"],
    }
    lines = [schema]
    for number in range(40):
        lines.append({"type": "RECORD", "stream": PAGES, "record": {"Name": f"n{number}"}})
        lines.append({"type": "STATE", "value": {"padding": "x" * 10_000}})
    feed = stage.folder / "states.jsonl"
    feed.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    site.feed = lambda: feed  # type: ignore[method-assign]


LIMITS = (
    *(
        Limit(f"{program}: its reader goes away", _WHOLE,
              partial(_reader_has_gone, program=program))
        for program in (TAP, TARGET)
    ),
    *(
        Limit(f"{program}: standard output is closed", _WHOLE, partial(_closed, program=program))
        for program in (TAP, TARGET)
    ),
    *(
        Limit(f"{program}: standard error is closed", "nothing is wrong",
              partial(_no_standard_error, program=program))
        for program in (TAP, TARGET)
    ),
    *(
        Limit(f"{program}: its reader stops reading, and {number.name}",
              "gone within 5 s, and the next run is whole",
              partial(_reader_stops, program=program, number=number))
        for program in (TAP, TARGET)
        for number in (signal.SIGTERM, signal.SIGINT)
    ),
)  # fmt: skip
