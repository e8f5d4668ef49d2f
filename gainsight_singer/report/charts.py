"""The page's pictures: marks by their place in percent, so that they fit any width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_singer.report.text import shown
from gainsight_singer.words import counted, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gainsight_singer.run import JobRun

_WIDTH, _HEIGHT = 1000, 100
_PLACES = 250


@dataclass(frozen=True, slots=True)
class Span:
    """The time that pictures show, in seconds since 1970."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return max(self.end - self.start, 0.001)

    def percent(self, moment: float) -> float:
        """Where a moment lies in it."""
        return 100 * min(max((moment - self.start) / self.seconds, 0), 1)


def rows_chart(samples: Sequence[tuple[float, int]], span: Span) -> str:
    """How many rows were through at each moment."""
    total = samples[-1][1] if samples else 0
    if not total:
        return "<p>No rows.</p>"
    # One point for each place that can be told apart.
    places = {round(_PLACES * span.percent(moment) / 100): rows for moment, rows in samples}
    points, before = [f"0,{_HEIGHT}"], 0
    for place, rows in {**places, _PLACES: total}.items():
        x = place * _WIDTH / _PLACES
        points += [f"{x:g},{_HEIGHT * (1 - count / total):.2f}" for count in (before, rows)]
        before = rows
    edge = " ".join(points)
    label = f"{counted(total, 'row')} in {spell(span.seconds)}"
    return (
        f'<figure><figcaption>{label}</figcaption><svg viewBox="0 -2 {_WIDTH} {_HEIGHT + 4}" '
        f'preserveAspectRatio="none" role="img" aria-label="Rows over time: {label}">'
        f'<polygon class="area" points="0,{_HEIGHT} {edge} {_WIDTH},{_HEIGHT}"/>'
        f'<polyline class="edge" vector-effect="non-scaling-stroke" points="{edge}"/></svg>'
        f"{_axis(span)}</figure>"
    )


def timeline(jobs: Iterable[JobRun], waits: Iterable[tuple[float, float]], span: Span) -> str:
    """The run's waits, and below them each job: under way, waited for, read."""
    rows = [
        _row("All waits of the run", "", [("wait", *wait) for wait in waits], span),
        *(_row(job.stream, _said_of(job), _parts(job, span), span) for job in jobs),
    ]
    key = (
        '<p class="key"><span><i class="ahead"></i>under way</span>'
        '<span><i class="wait"></i>waited for</span><span><i></i>read</span></p>'
    )
    return f"{key}{''.join(rows)}{_axis(span)}"


def meter(label: str, count: int, most: int, about: str = "") -> str:
    """How much of the most that there can be."""
    percent = 100 * min(count / most, 1)
    part = f'<i style="left:0;width:{percent:.2f}%"></i>' if count else ""
    return f'<p>{shown(label)}{_faint(about)}</p><div class="bar">{part}</div>'


def _parts(job: JobRun, span: Span) -> list[tuple[str, float, float]]:
    """What a job was at which time."""
    end = span.end
    waited_from = job.waited_from or end
    parts = [("ahead", job.begun, waited_from)]
    if job.waited_from:
        parts.append(("wait", waited_from, job.done or end))
    if job.done and job.ended != job.done:
        parts.append(("", job.done, job.ended or end))
    return parts


def _said_of(job: JobRun) -> str:
    if job.done is None:
        return f"job {job.id}, not done when the run ended"
    seconds = job.done - (job.waited_from or job.done)
    waited = f"waited for {spell(seconds)}" if seconds >= 1 else "hardly waited for"
    rows = f", {counted(job.rows, 'row')}" if job.rows is not None else ""
    return f"job {job.id}{rows}, {waited}"


def _row(name: str, text: str, parts: Iterable[tuple[str, float, float]], span: Span) -> str:
    marks = "".join(
        f'<i class="{kind}" style="left:{span.percent(begin):.2f}%;'
        f'width:{span.percent(end) - span.percent(begin):.2f}%"></i>'
        for kind, begin, end in parts
        if end > begin
    )
    return f'<p>{shown(name)}{_faint(text)}</p><div class="bar">{marks}</div>'


def _faint(text: str) -> str:
    return f' <span class="faint">{shown(text)}</span>' if text else ""


def _axis(span: Span) -> str:
    return f'<p class="axis"><span>0 s</span><span>{spell(span.seconds)}</span></p>'
