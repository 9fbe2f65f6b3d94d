"""Plots as inline SVG in the colours of the page, light or dark, each with a sentence for who cannot see it."""

from __future__ import annotations

import hashlib
import io
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# stand-ins that Matplotlib can draw with, and the page's colours that take their place
INK, LINE, MUTED, CHANCE = "#010101", "#020202", "#030303", "#040404"
SERIES = ("#0a0001", "#0a0002", "#0a0003", "#0a0004", "#0a0005", "#0a0006")
_COLOURS = {INK: "--ink", LINE: "--line", MUTED: "--muted", CHANCE: "--bad"} | {
    name: f"--series-{n}" for n, name in enumerate(SERIES, start=1)
}
_MARKERS = "osD^vP"
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "selftrain",
    "text.color": INK,
    "text.parse_math": False,  # names of runs are text, whatever dollars are in them
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


@dataclass(frozen=True)
class Point:
    """A share at a place, with its interval."""

    x: float
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """Points of one run, and what was fitted to them: a line through (x, y) pairs, empty for none."""

    label: str
    points: tuple[Point, ...]
    fit: tuple[tuple[float, float], ...] = ()


def curves(
    found: Sequence[Curve],
    says: str,
    x_label: str,
    *,
    chance: float | None = None,
    optimum: float | None = None,
    y_label: str = "success",
) -> Markup:
    """Shares over a number, with intervals, fits, and the lines of chance and of the best that is possible."""
    if not found:
        return Markup()

    def draw(axes: Any) -> None:
        _level(axes, chance, "chance")
        _level(axes, optimum, "optimum")
        aside = _aside([point.x for curve in found for point in curve.points], len(found))
        for n, curve in enumerate(found):
            colour, marker = SERIES[n % len(SERIES)], _MARKERS[n % len(_MARKERS)]
            _dots(axes, [point.x + aside[n] for point in curve.points], curve.points, colour, marker, curve.label)
            if curve.fit:
                axes.plot(*zip(*curve.fit, strict=True), color=colour, linewidth=1.4)
        axes.set_xlabel(x_label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _shares(axes, y_label)

    return drawing(draw, says)


def intervals(
    rows: Sequence[tuple[str, Point]], says: str, *, chance: float | None = None, y_label: str = "success"
) -> Markup:
    """One share with its interval for each name, side by side."""
    if not rows:
        return Markup()

    def draw(axes: Any) -> None:
        _level(axes, chance, "chance")
        places = list(range(len(rows)))
        _dots(axes, places, [point for _, point in rows], SERIES[0], "o", "")
        axes.set_xticks(places, [_wrapped(name) for name, _ in rows])
        axes.set_xlim(-0.6, len(rows) - 0.4)
        axes.grid(visible=False, axis="x")
        _shares(axes, y_label)

    return drawing(draw, says)


def scatter(groups: Mapping[str, Sequence[tuple[float, float]]], says: str, x_label: str, y_label: str) -> Markup:
    """Pairs of numbers, in a colour and a mark for each group."""
    if not groups:
        return Markup()

    def draw(axes: Any) -> None:
        aside = _aside([x for pairs in groups.values() for x, _ in pairs], len(groups))
        for n, (name, pairs) in enumerate(groups.items()):
            style = {"marker": _MARKERS[n], "color": SERIES[n], "linestyle": "none", "markersize": 4, "alpha": 0.7}
            places, heights = [x + aside[n] for x, _ in pairs], [y for _, y in pairs]
            axes.plot(places, heights, label=f"{name} ({len(pairs)})", **style)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return drawing(draw, says)


def strips(groups: Mapping[str, Sequence[float]], says: str, y_label: str) -> Markup:
    """Scores of labs for each name: a dot for a lab, a bar at their mean, and the lines of zero-shot and ceiling."""
    if not any(groups.values()):
        return Markup()

    def draw(axes: Any) -> None:
        _level(axes, 0.0, "zero-shot")
        _level(axes, 1.0, "ceiling")
        for place, values in enumerate(groups.values()):
            x = [place + 0.5 * (n + 0.5) / len(values) - 0.25 for n in range(len(values))]
            colour = SERIES[place % len(SERIES)]
            axes.plot(x, values, marker="o", color=colour, linestyle="none", markersize=4, alpha=0.7)
            axes.hlines(sum(values) / len(values), place - 0.32, place + 0.32, color=INK, linewidth=1.6)
        axes.set_xticks(range(len(groups)), [_wrapped(name) for name in groups])
        axes.set_xlim(-0.6, len(groups) - 0.4)
        axes.grid(visible=False, axis="x")
        axes.set_ylabel(y_label)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return drawing(draw, says)


def band(rows: Sequence[tuple[float, float, float, float]], says: str, x_label: str, y_label: str) -> Markup:
    """A line with a band around it, from rows of (x, low, middle, high)."""
    if not rows:
        return Markup()

    def draw(axes: Any) -> None:
        x, low, middle, high = zip(*rows, strict=True)
        axes.fill_between(x, low, high, color=SERIES[0], alpha=0.18, linewidth=0, label="quartiles")
        axes.plot(x, middle, color=SERIES[0], marker="o", markersize=3.5, linewidth=1.4, label="median")
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return drawing(draw, says)


def stacks(rows: Sequence[tuple[str, Sequence[float]]], parts: Sequence[str], says: str, y_label: str) -> Markup:
    """A bar for each name, made of parts."""
    if not parts:
        return Markup()

    def draw(axes: Any) -> None:
        below = [0.0] * len(rows)
        for n, part in enumerate(parts):
            heights = [values[n] for _, values in rows]
            axes.bar(range(len(rows)), heights, 0.5, below, color=SERIES[n % len(SERIES)], label=part)
            below = [low + height for low, height in zip(below, heights, strict=True)]
        axes.set_xticks(range(len(rows)), [_wrapped(name) for name, _ in rows])
        axes.set_xlim(-0.6, len(rows) - 0.4)
        axes.grid(visible=False, axis="x")
        axes.set_ylabel(y_label)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return drawing(draw, says)


def drawing(draw: Callable[[Any], None], says: str) -> Markup:
    """What `draw` puts on axes, as an SVG element that takes its colours from the page."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 3.3), layout="constrained")
        draw(figure.subplots())
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(target.getvalue(), says)


def _inline(svg: str, says: str) -> Markup:
    body = svg[svg.index("<svg") :]
    # a style sheet inside would rule the whole page, and the names of groups repeat from one drawing to the next
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<defs>\s*</defs>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'(<(?:g|text)) id="[^"]*"', r"\1", body)
    body = re.sub("|".join(_COLOURS), lambda found: f"var({_COLOURS[found[0]]})", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    own = hashlib.sha256(body.encode()).hexdigest()[:8]  # equal marks have equal names in all drawings
    body = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>f{own}", body)
    box = re.search(r'viewBox="[^"]*"', body)
    assert box is not None  # Matplotlib writes one into every drawing
    inside = body[body.index(">") + 1 :]
    return Markup(f'<svg class="plot" {box[0]} role="img" aria-label="{escape(says)}">{inside}')


def _dots(axes: Any, x: Sequence[float], points: Sequence[Point], colour: str, marker: str, label: str) -> None:
    # an interval ends at the share itself where that is 0 or 1, but for a last digit
    low = [max(0.0, point.share - point.low) for point in points]
    high = [max(0.0, point.high - point.share) for point in points]
    shares = [point.share for point in points]
    style = {"color": colour, "markersize": 4.5, "elinewidth": 1.1, "capsize": 2.5, "linestyle": "none"}
    axes.errorbar(x, shares, [low, high], marker=marker, label=label or None, **style)


def _aside(places: Sequence[float], groups: int) -> list[float]:
    """How far each group is moved so that marks at the same place do not hide each other."""
    width = 0.012 * (max(places) - min(places) or 1.0)
    return [(n - (groups - 1) / 2) * width for n in range(groups)]


def _level(axes: Any, height: float | None, name: str) -> None:
    if height is not None:
        colour = CHANCE if name == "chance" else MUTED
        axes.axhline(height, color=colour, linewidth=1, linestyle=(0, (5, 4)), label=f"{name} {height:.3g}")


def _shares(axes: Any, label: str = "success") -> None:
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel(label)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _wrapped(name: str) -> str:
    return textwrap.fill(name, 18, max_lines=3, placeholder="…")
