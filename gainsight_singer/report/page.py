"""The page: what a run did, without a script, without a link, without a value of a record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gainsight_singer.report.charts import Span, meter, rows_chart, timeline
from gainsight_singer.report.style import STYLE
from gainsight_singer.report.text import shown
from gainsight_singer.words import counted, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gainsight_singer.run import Run, StreamRun
    from gainsight_singer.summary import Used

_HEAD = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{title}}</title>
<style>{STYLE.replace("{", "{{").replace("}", "}}")}</style>
</head>
<body>
<main>
"""
_TAIL = "</main>\n</body>\n</html>\n"
_NUMBER = "number"


def page(run: Run, used: Iterable[Used]) -> str:
    """The report of a run that has ended."""
    span = Span(run.started, run.clock.now())
    state = "failed" if run.error else "done"
    parts = [
        _HEAD.format(title=f"{shown(run.connector)}: {state}"),
        _head(run, span),
        _section("streams", "Streams", _streams(run.streams.values())),
        _section("rows", "Rows over time", rows_chart(run.samples, span)),
        _section("jobs", "Jobs", timeline(run.jobs, run.clock.waits, span)),
        _section("limits", "Limits", _limits(used)),
        _section("rejects", "Rejects", _rejects(run.streams.values())),
        _TAIL,
    ]
    return "".join(parts)


def _head(run: Run, span: Span) -> str:
    moment = datetime.fromtimestamp(run.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    state = '<span class="bad">failed</span>' if run.error else '<span class="good">done</span>'
    error = f'<p class="bad">{shown(run.error)}</p>' if run.error else ""
    streams = run.streams.values()
    figures = {
        "Rows": sum(stream.rows for stream in streams),
        "Streams": len(streams),
        "Jobs": len(run.jobs),
        "Rejected": sum(stream.others.get("rejected", 0) for stream in streams),
    }
    texts = {name: f"{figure:,}" for name, figure in figures.items()}
    texts |= {"Time": spell(span.seconds), "Waited": spell(run.clock.waited)}
    items = "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in texts.items())
    return (
        f"<header><h1>{shown(run.connector)}: {state}</h1>"
        f'<p class="faint">Begun {moment}</p>{error}<dl>{items}</dl></header>\n'
    )


def _section(name: str, title: str, content: str) -> str:
    return f'<section id="{name}"><h2>{title}</h2>{content}</section>\n'


def _streams(streams: Iterable[StreamRun]) -> str:
    streams = list(streams)
    if not streams:
        return "<p>No stream was begun.</p>"
    others = list(dict.fromkeys(what for stream in streams for what in stream.others))
    rows = [
        [
            ("name", stream.name),
            (_NUMBER, f"{stream.rows:,}"),
            *((_NUMBER, f"{stream.others.get(what, 0):,}") for what in others),
            ("", stream.state),
        ]
        for stream in streams
    ]
    heads = [("", "Stream"), (_NUMBER, "Rows"), *((_NUMBER, what.capitalize()) for what in others)]
    return _table([*heads, ("", "State")], rows)


def _limits(used: Iterable[Used]) -> str:
    return "".join(map(_limit, used)) or "<p>The run made no call.</p>"


def _limit(used: Used) -> str:
    here = f"{counted(used.calls, used.noun)} in this run"
    if used.usage is None:
        return f"<p>{shown(here)}</p>"
    return "".join(
        meter(
            f"{used.noun.capitalize()}s: {window.used:,} of {window.window.limit:,} used "
            f"{window.window.label}",
            window.used,
            window.window.limit,
            here,
        )
        for window in used.usage.windows
    )


def _rejects(streams: Iterable[StreamRun]) -> str:
    reasons = [(stream, reason) for stream in streams for reason in stream.reasons]
    most = max((reason.records for _, reason in reasons), default=0)
    meters = []
    for stream, reason in reasons:
        where = f", {reason.where} of {stream.letters}" if reason.where else ""
        about = f"{counted(reason.records, 'record')} of stream {stream.name}{where}"
        meters.append(meter(f"{reason.code} {reason.field}", reason.records, most, about))
    return "".join(meters) or "<p>None.</p>"


def _table(heads: Sequence[tuple[str, str]], rows: Iterable[Sequence[tuple[str, str]]]) -> str:
    head = "".join(f'<th class="{kind}">{shown(text)}</th>' for kind, text in heads)
    body = "".join(
        "<tr>" + "".join(f'<td class="{kind}">{shown(text)}</td>' for kind, text in row) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )
