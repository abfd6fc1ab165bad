"""How far each method drives its objectives: their values beside the range that the data set has."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from invariscope.figures import style
from invariscope.figures.feature_images import MINUS, OPTIMISED, Row, draw_nothing, drawn, method_words, wrapped

ACROSS = 5  # panels
LINE = 0.22  # inches a method
LABELS = 1.4  # inches left of the panels, for their titles to fit
RANGE = "#e4e4e4"
DOT: dict[str, Any] = {"color": style.COLOURS[1], "marker": "o", "linestyle": "none", "markeredgewidth": 0}
MEDIAN: dict[str, Any] = {"color": style.COLOURS[2], "marker": "|", "linestyle": "none", "markeredgewidth": 1.8}
LOGARITHMIC = 4.0  # a share from which on the axis is logarithmic beyond 0 and 1
TICKS = (0, 1, 10, 100, 1000, -10, -100, -1000, 2, 5, -1, -2, -5, 20, 50)  # those that matter most first
APART = 0.17  # of the axis, from one tick to the next
Method = tuple[str, str]  # parameterization, regularization


def draw(files: style.Files, objectives: pa.Table, title: str) -> None:
    """A panel a layer, and one for classes, with a line a method, from a table (objective, lowest, highest, dead, kind,
    parameterization, regularization, value)."""
    rows = objectives.drop_columns(["image"]).to_pylist()
    found = shares(rows)
    groups = {
        group: [objective for objective in own if any(objective in of_method for of_method in found.values())]
        for group, own in drawn(rows).items()
    }
    groups = {group: own for group, own in groups.items() if own}
    if not groups:
        return draw_nothing(files, f"Values: {title}", "no objective is drawn")
    down = -(-len(groups) // ACROSS)
    with style.figure(files, style.PAGE, 0.95 + down * (0.4 + LINE * len(found))) as figure:
        panels = figure.subplots(down, min(ACROSS, len(groups)), sharey=True, sharex=True, squeeze=False)
        for axes, (group, own) in zip(panels.flat, groups.items(), strict=False):
            panel(axes, [[of[one] for one in own if one in of] for of in found.values()])
            name = wrapped(f"{group} (n = {len(own)})", (style.PAGE - LABELS) / panels.shape[1] - 0.15, 9)
            axes.set(title=name, xlabel="share of the range")
            axes.tick_params(labelbottom=True)
        for axes in panels.flat[len(groups) :]:
            axes.set_axis_off()
        panels[0, 0].set_yticks(range(len(found)), [method_words(*method) for method in found])
        panels[0, 0].set_ylim(len(found) - 0.5, -0.5)
        scale(panels[0, 0], [of[one] for of in found.values() for own in groups.values() for one in own if one in of])
        figure.legend(handles=legend(), loc="outside lower center", ncols=3)
        figure.suptitle(
            f"Values that feature visualisation reaches: {title}\n"
            "as shares of the training images' range: 0 is their lowest value, 1 their highest"
        )
    return None


def shares(rows: Iterable[Row]) -> dict[Method, dict[str, float]]:
    """By method and objective: the value's place between the data set's lowest and highest."""
    found: dict[Method, dict[str, float]] = {}
    for row in rows:
        spread = row["highest"] - row["lowest"]
        if row["kind"] == OPTIMISED and not row["dead"] and spread > 0:
            method = row["parameterization"], row["regularization"]
            found.setdefault(method, {})[row["objective"]] = (row["value"] - row["lowest"]) / spread
    return found


def panel(axes: Axes, lines: Sequence[Sequence[float]]) -> None:
    """A line of dots a method, an objective each, and their median."""
    axes.axvspan(0, 1, color=RANGE, linewidth=0, zorder=0)
    for line, values in enumerate(lines):
        if len(values):
            heights = line + 0.28 * np.resize((-1, 0, 1), len(values))  # in turn, so that equal values are seen
            axes.plot(values, heights, markersize=3.2, alpha=0.7, **DOT)
            axes.plot(np.median(values), line, markersize=11, zorder=3, **MEDIAN)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")


def scale(axes: Axes, values: Sequence[float]) -> None:
    """Linear; logarithmic beyond ±1 if any value lies far from the data set's range."""
    low, high = min([0.0, *values]), max([1.0, *values])
    if max(-low, high) < LOGARITHMIC:
        margin = 0.05 * (high - low)
        axes.set_xlim(low - margin, high + margin)
        return
    axes.set_xscale("symlog", linthresh=1, linscale=0.6)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", MINUS)))
    axes.set_xlim(low * 1.15 - 0.1, high * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(spread(TICKS, axes)))


def spread(ticks: Sequence[float], axes: Axes) -> list[float]:
    """Those on the axis that have room beside the ones before them."""
    left, right = axes.xaxis.get_transform().transform(np.array(axes.get_xlim()))
    taken: dict[float, float] = {}
    for tick, place in zip(ticks, axes.xaxis.get_transform().transform(np.array(ticks, float)), strict=True):
        if left <= place <= right and all(abs(place - other) >= APART * (right - left) for other in taken.values()):
            taken[tick] = place
    return sorted(taken)


def legend() -> list[Line2D | Patch]:
    return [
        Line2D([], [], label="an objective", markersize=3.2, **DOT),
        Line2D([], [], label="median of a method", markersize=9, **MEDIAN),
        Patch(facecolor=RANGE, label="the training images' range"),
    ]
