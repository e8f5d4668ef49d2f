"""Two runs at the same time, and a clock that jumps in the middle of a run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from faults.kills import tenants, truth
from faults.kills.running import TAP, TARGET, Site
from faults.kills.striking import Pipe
from faults.limits.stage import Limit, Stage, clean, last_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.kills.striking import Ran
    from gainsight_sandbox import Sandbox

_JUMPS = {
    "2 hours on": 7200,
    "2 hours back": -7200,
    "25 hours on": 90_000,
    "25 hours back": -90_000,
}
_CUSTOM = """\
import time
_started, _real = time.monotonic(), time.time
def _jumping():
    return _real() + ({seconds} if time.monotonic() - _started > {after} else 0)
time.time = _jumping
"""
"""What Python runs before a program: its clock jumps some seconds after its start."""


def _two_taps(stage: Stage) -> Iterator[str]:
    """With one state, one quota store and one report."""
    site = stage.site(TAP, report_path=str(stage.folder / "report.html"))
    ends = _both(stage, site, site)
    for ran in ends:
        yield from _whole(site, ran)


def _two_targets(stage: Stage) -> Iterator[str]:
    """With one quota store and one folder of dead letters, and other records."""
    site = stage.site(TARGET)
    other_feed = stage.folder / "other.jsonl"
    own_feed = site.feed()
    if own_feed is None or site.target is None:
        raise TypeError("a target without a feed")
    # An object's deletions, persons and activities are those of one of them.
    lines = [
        line.replace('"Name": "n', '"Name": "m')
        for line in own_feed.read_text("utf-8").splitlines()
        if any(f'"{name}"' in line for name in (tenants.PAGES, tenants.JOBS, tenants.INSERTED))
    ]
    other_feed.write_text("\n".join(lines) + "\n", "utf-8")
    (stage.folder / "second").mkdir()
    second = Pipe(site.commands(), stage.folder / "second", other_feed)
    first = Pipe(site.commands(), stage.folder, own_feed)
    for ran in (first.end(), second.end()):
        yield from clean(ran)
        if not ran.done:
            yield f"exit {ran.statuses}: {last_line(ran)}"
    for _, what in site.flaws():
        yield what
    yield from _other_run(stage, site.target)


def _other_run(stage: Stage, target: Sandbox) -> Iterator[str]:
    """What is wrong with the records of the run whose names begin with an m."""
    rejected = truth.letters(stage.folder)
    for stream, bad in tenants.BAD.items():
        if rejected.get(stream) != {f"n{bad}", f"m{bad}"}:
            yield f"dead letters of {stream}: {rejected.get(stream)}"
    for stream in (tenants.PAGES, tenants.JOBS, tenants.INSERTED):
        names = [str(row["Name"]) for row in target.tenant.rows(stream)]
        found = [name for name in names if name[0] == "m"]
        wanted = tenants.FED[stream] - (stream in tenants.BAD)
        if not len(found) == len(set(found)) == wanted:
            yield f"{len(found)} of {wanted} records of the other run in {stream}"


def _both(stage: Stage, *sites: Site) -> list[Ran]:
    pipes = []
    for number, site in enumerate(sites):
        folder = stage.folder / f"run-{number}"
        folder.mkdir()
        pipes.append(Pipe(site.commands(), folder, site.feed()))
    return [pipe.end() for pipe in pipes]


def _whole(site: Site, ran: Ran) -> Iterator[str]:
    yield from clean(ran)
    if not ran.done:
        yield f"exit {ran.statuses}: {last_line(ran)}"
    site.got.clear()
    for _, what in (*site.keep(ran), *site.flaws()):
        yield what


def _clock_jumps(stage: Stage, program: str, seconds: int) -> Iterator[str]:
    """Whatever comes of it ends, and the next run is whole."""
    site = stage.site(program)
    customs = stage.folder / "customs"
    customs.mkdir()
    custom = customs / "sitecustomize.py"
    for after in (0.0, 1.5, 2.5, 4.0):
        custom.write_text(_CUSTOM.format(seconds=seconds, after=after), "utf-8")
        ran = stage.run(site, env={"PYTHONPATH": str(customs)})
        yield from clean(ran)
        if ran.done:
            for _, what in (*site.keep(ran), *site.flaws()):
                yield what
        else:
            yield from stage.fails(site, ran, ".")
    yield from stage.next_is_whole(site)


LIMITS = (
    Limit("tap: two runs at once, with one state, quota store and report",
          "both are whole", _two_taps),
    Limit("target: two runs at once, with one quota store and folder of dead letters",
          "both are whole", _two_targets),
    *(
        Limit(f"{program}: the machine's clock jumps {words}",
              "each run ends, is whole or says why not, and the next one is whole",
              partial(_clock_jumps, program=program, seconds=seconds))
        for program in (TAP, TARGET)
        for words, seconds in _JUMPS.items()
    ),
)  # fmt: skip
