"""The results as pictures: SVG that is the same for the same figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.cases import GROWTH, PAIRS, PIPES
from benchmarks.tables.report import goal, grown
from benchmarks.tables.results import Spread
from benchmarks.tables.whole_runs import short

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.tables.results import Results

_OURS, _THEIRS, _GOAL = "#1f6fb4", "#b8bec6", "#c0392b"
_GRID = "#e4e7ea"
_THICK = 0.38
_MARKERS = "osos"


def write(results: Results, folder: Path) -> Iterator[Path]:
    """Write those pictures for which there are results."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update(
        {
            "svg.hashsalt": "benchmarks",
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.axisbelow": True,
        }
    )
    if results.measured(PAIRS):
        yield _pairs(results, folder / "pairs.svg")
    if any(grown(results, case.program) for case in GROWTH):
        yield _growth(results, folder / "growth.svg")
    if any(results.has(case.program) for case in PIPES):
        yield _end_to_end(results, folder / "end-to-end.svg")


def _pairs(results: Results, path: Path) -> Path:
    pairs = results.measured(PAIRS)
    figure, axes = _figure(0.9 + 0.62 * len(pairs))
    most = 0.0
    for place, pair in enumerate(pairs):
        ours, theirs = (results.rate(name) for name in (pair.ours, pair.theirs))
        ratio = results.ratio(pair.ours, pair.theirs).median
        least, most = theirs.median * pair.goal, max(most, ours.median, theirs.median * pair.goal)
        axes.barh(place - _THICK / 2, ours.median, _THICK, color=_OURS, label=_once("ours", place))
        axes.barh(
            place + _THICK / 2, theirs.median, _THICK, color=_THEIRS, label=_once("other", place)
        )
        axes.plot(
            [least, least],
            [place - _THICK, place],
            color=_GOAL,
            linewidth=2,
            label=_once("at least", place),
        )
        axes.annotate(
            f"{ratio:.1f}x  (at least {goal(pair)})",
            (max(ours.median, least), place - _THICK / 2),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(range(len(pairs)), [_wrapped(pair.title) for pair in pairs])
    axes.invert_yaxis()
    axes.set_xlim(0, most * 1.3)
    axes.set_xlabel("rows a second of one core, start left out")
    axes.legend(loc="lower right", frameon=False)
    return _saved(figure, axes, path)


def _once(label: str, place: int) -> str:
    """The label for the first bar; none for the others, so that the legend has it once."""
    return label if not place else "_"


def _wrapped(title: str) -> str:
    return title.replace(", ", ",\n", 1)


def _growth(results: Results, path: Path) -> Path:
    figure, axes = _figure(3.6)
    most = 0.0
    for case, marker in zip(GROWTH, _MARKERS, strict=True):
        sizes = grown(results, case.program)
        if not sizes:
            continue
        spreads = [results.rate(case.program, rows=rows) for rows in sizes]
        rates = [spread.median for spread in spreads]
        below = [spread.median - spread.least for spread in spreads]
        above = [spread.greatest - spread.median for spread in spreads]
        most = max(most, *rates)
        axes.errorbar(
            sizes,
            rates,
            [below, above],
            marker=marker,
            capsize=3,
            color="#7f8a96" if case.program.startswith("sdk") else _OURS,
            linestyle="--" if marker == "s" else "-",
            label=case.title.partition(": ")[2],
        )
    axes.set_xscale("log")
    axes.set_ylim(0, most * 1.3)
    axes.set_xlabel("rows")
    axes.set_ylabel("rows a second of one core, start left out")
    axes.grid(axis="y", color=_GRID, linewidth=0.6)
    axes.yaxis.set_major_formatter(_with_commas)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False)
    return _saved(figure, axes, path)


def _end_to_end(results: Results, path: Path) -> Path:
    pipes = [case for case in PIPES if results.has(case.program)]
    left, right = (
        [Spread.of(results.net(case.program, what)).median for case in pipes]
        for what in ("fed", "cpu")
    )
    figure, axes = _figure(0.9 + 0.42 * len(pipes))
    places = range(len(pipes))
    axes.barh(places, left, 2 * _THICK, color=_OURS, label="tap")
    axes.barh(places, right, 2 * _THICK, left, color=_THEIRS, label="loader")
    for place, seconds in enumerate(zip(left, right, strict=True)):
        axes.annotate(
            f"{sum(seconds):.1f} s",
            (sum(seconds), place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(places, [short(case) for case in pipes])
    axes.invert_yaxis()
    axes.set_xlim(0, max(map(sum, zip(left, right, strict=True))) * 1.15)
    axes.set_xlabel(f"seconds of the processor for {results.size('pipe:'):,} rows, start left out")
    axes.legend(loc="lower right", frameon=False)
    return _saved(figure, axes, path)


def _with_commas(value: float, _: float) -> str:
    return f"{value:,.0f}"


def _figure(height: float) -> tuple[Any, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, height), layout="constrained")
    return figure, figure.subplots()


def _saved(figure: Any, axes: Axes, path: Path) -> Path:
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter(_with_commas)
    axes.grid(axis="x", color=_GRID, linewidth=0.6)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    return path
