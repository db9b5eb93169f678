"""Plots that stay legible in grey and small; whoever shows one puts the same numbers beside it in words.

matplotlib is loaded with the first plot: it takes a second and 40 MB, and keeps a list of fonts in the user's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = {"font.family": "DejaVu Sans", "svg.hashsalt": "ballast", "svg.fonttype": "path"}
_INK, _QUIET, _FILL = "#181c21", "#5a626b", "#6d7f90"


@dataclass(frozen=True)
class Bar:
    """One bar: what it counts, its value, and the ends of its interval if it has one."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


class Chart:
    """A finished plot; the same data give the same PNG."""

    def __init__(self, figure: Figure) -> None:
        from matplotlib import rc_context

        self._figure = figure
        with rc_context(_STYLE):
            figure.canvas.draw()
        figure.set_constrained_layout(False)  # the places are found now; each later drawing would move them a little

    def png(self) -> bytes:
        """Return the plot as PNG, 150 dots an inch."""
        return self._save("png", {"Software": None})

    def svg(self) -> bytes:
        """Return the plot as SVG: shapes only, no script and no font to load."""
        return self._save("svg", {"Date": None, "Creator": None})

    def _save(self, kind: str, metadata: dict[str, None]) -> bytes:
        from matplotlib import rc_context

        file = BytesIO()
        with rc_context(_STYLE):
            self._figure.savefig(file, format=kind, dpi=150, metadata=metadata)
        return file.getvalue()


def line(points: Sequence[tuple[datetime, float]], *, title: str, low: float, high: float) -> Chart:
    """Return how one number went over time.

    Args:
        points: Times and values, oldest first; at least one.
        title: What it is, with its unit or range.
        low: Lower end of the scale.
        high: Upper end of the scale.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, axes = _empty(title, height=2.6)
    axes.plot([at for at, _ in points], [value for _, value in points], color=_INK, marker="o", markersize=5)
    pad = (high - low) * 0.05
    axes.set_ylim(low - pad, high + pad)
    axes.grid(axis="y", color="#d9dde1", linewidth=0.6)
    locator = AutoDateLocator(minticks=2, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return Chart(figure)


def bars(values: Sequence[Bar], *, title: str) -> Chart:
    """Return bars from top to bottom in the order given, with their intervals as whiskers."""
    figure, axes = _empty(title, height=0.8 + 0.3 * len(values))
    places = range(len(values), 0, -1)
    axes.barh(list(places), [bar.value for bar in values], color=_FILL, height=0.6)
    for place, bar in zip(places, values, strict=True):
        if bar.low is not None and bar.high is not None:
            axes.plot([bar.low, bar.high], [place, place], color=_INK, linewidth=1.4, marker="|", markersize=7)
    axes.set_yticks(list(places))
    axes.set_yticklabels([bar.label for bar in values])
    axes.set_xlim(left=0)
    axes.grid(axis="x", color="#d9dde1", linewidth=0.6)
    axes.set_axisbelow(True)
    return Chart(figure)


def _empty(title: str, *, height: float) -> tuple[Figure, Any]:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(7, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    axes.tick_params(labelsize=8.5, colors=_QUIET, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#b9c0c7")
    return figure, axes
