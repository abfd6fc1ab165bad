"""How far the images of generative networks are from real ones in the feature spaces of classifiers."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from invariscope.figures import style
from invariscope.figures.generative_names import REAL, in_order, look

DISTANCE = "frechet_distance"
METRICS = {
    DISTANCE: "Fréchet distance (squared features of the judge)",
    "classes": "classes found (fraction)",
    "confidence": "mean confidence",
}
# Where codes are from: in words, and how the marker is filled.
CODES: dict[str, tuple[str, Any]] = {
    "drawn": ("codes as the network draws them", "full"),
    "box": ("codes uniform in the box of training codes", "none"),
    "encoded": ("codes of the test images themselves", "left"),
}
APART = 0.26  # of the room of a network, between its codes
Row = dict[str, Any]


def draw(files: style.Files, evaluation: pa.Table, title: str) -> None:
    """From a table (kind, codes, judge, metric, value, ci_low, ci_high); rows without a judge are not shown."""
    rows = [row for row in evaluation.to_pylist() if row["judge"] is not None and row["metric"] in METRICS]
    judges = list(dict.fromkeys(row["judge"] for row in rows))
    kinds = in_order(row["kind"] for row in rows if row["kind"] != REAL)
    limits = {metric: limits_of(rows, metric) for metric in METRICS}
    height = 1.1 + len(judges) * (0.55 + 0.34 * len(kinds))
    with style.figure(files, style.PAGE, height) as figure:
        panels = figure.subplots(
            len(judges), len(METRICS), squeeze=False, sharey=True, sharex="col", width_ratios=(2, 1, 1)
        )
        for line, judge in zip(panels, judges, strict=True):
            for axes, metric in zip(line, METRICS, strict=True):
                found = [row for row in rows if (row["judge"], row["metric"]) == (judge, metric)]
                draw_panel(axes, found, kinds, limits[metric])
            line[0].set_title(f"judge: {judge}", loc="left")
        for axes, label in zip(panels[-1], METRICS.values(), strict=True):
            axes.set_xlabel(label)
        figure.legend(handles=key(rows), loc="outside lower center", ncols=2)
        figure.suptitle(f"Images of generative networks against real ones: {title}")


def limits_of(rows: Sequence[Row], metric: str) -> tuple[float, float]:
    """Of the axis of a metric, for all judges: a little more than what is known, and above 0 for distances."""
    if metric != DISTANCE:
        return -0.06, 1.08
    ends = (row[name] for row in rows if row["metric"] == metric for name in ("value", "ci_low", "ci_high"))
    known = [end for end in ends if end is not None and end > 0] or [1.0]
    return min(known) / 1.4, max(known) * 1.4


def draw_panel(axes: Axes, rows: Sequence[Row], kinds: Sequence[str], limits: tuple[float, float]) -> None:
    """A line a network, the first at the top; real images as a vertical line and the band of their interval."""
    axes.set_xscale("log" if limits[0] > 0 else "linear")
    for row in rows:
        if row["kind"] == REAL and row["value"] is not None:
            axes.axvline(row["value"], color=style.COLOURS[0], linestyle="--", linewidth=1, zorder=1.8)
            if interval := interval_of(row, limits):
                axes.axvspan(*interval, color=style.COLOURS[0], alpha=0.15, linewidth=0, zorder=0)
    for place, kind in enumerate(kinds):
        mine = {row["codes"]: row for row in rows if row["kind"] == kind and row["value"] is not None}
        known = [codes for codes in CODES if codes in mine]
        for number, codes in enumerate(known):
            draw_value(axes, mine[codes], place + (number - (len(known) - 1) / 2) * APART, limits)
    axes.set_xlim(limits)
    axes.set_yticks(range(len(kinds)), [look(kind).words for kind in kinds])
    axes.set_ylim(len(kinds) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    for edge in range(1, len(kinds)):
        axes.axhline(edge - 0.5, color="#dddddd", linewidth=0.5)


def interval_of(row: Row, limits: tuple[float, float]) -> tuple[float, float] | None:
    """The interval as far as the axis goes: one of few draws may reach below 0."""
    if row["ci_low"] is None or row["ci_high"] is None:
        return None
    return max(row["ci_low"], limits[0]), min(row["ci_high"], limits[1])


def draw_value(axes: Axes, row: Row, height: float, limits: tuple[float, float]) -> None:
    """A marker, at the edge if the axis does not go that far; and the interval if there is one."""
    shown = look(row["kind"])
    if interval := interval_of(row, limits):
        axes.plot(interval, (height, height), color=shown.colour, linewidth=1.2)
    options = {"marker": shown.marker, "markersize": 5, "clip_on": False, **filled(row["codes"])}
    axes.plot(max(row["value"], limits[0]), height, color=shown.colour, **options)


def filled(codes: str) -> dict[str, Any]:
    return {"fillstyle": CODES[codes][1], "markerfacecoloralt": "white", "linestyle": "none", "markeredgewidth": 0.9}


def key(rows: Sequence[Row]) -> list[Line2D | Patch]:
    """What the marks and the dashed line are, of those that are there, for a legend."""
    there = {row["codes"] for row in rows}
    handles: list[Line2D | Patch] = [
        Line2D([], [], color="#666666", marker="o", markersize=5, label=words, **filled(codes))
        for codes, (words, _) in CODES.items()
        if codes in there
    ]
    if REAL in there:
        label = "real training images, and 95 % interval"
        handles.append(Line2D([], [], color=style.COLOURS[0], linestyle="--", linewidth=1, label=label))
    return handles
