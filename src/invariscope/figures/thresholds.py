"""Thresholds with their intervals, a panel a family: class by class, or, if there are many, in order of size."""

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from invariscope.figures import style
from invariscope.figures.screening_curves import COLUMNS, Row, magnitude_axis

MOST_NAMED = 15  # classes; more are drawn in order of size, without names
LOOK = {"accuracy": (style.COLOURS[1], -0.17), "argmax": (style.COLOURS[2], 0.17)}  # colour, shift within the row
ROW_HEIGHT = 0.135  # inches


def draw(path: Path, thresholds: pa.Table) -> None:
    """A row a class (or a class by rank), "all" at the top; a point is a threshold, a line its interval."""
    rows = thresholds.to_pylist()
    families = list(dict.fromkeys(row["family"] for row in rows))
    names = [name for name in dict.fromkeys(row["class_name"] for row in rows) if name != "all"]
    named = len(names) <= MOST_NAMED
    lines = math.ceil(len(families) / COLUMNS)
    height = 0.65 + ROW_HEIGHT * (len(names) + 2 if named else 12)
    with style.figure(path, height=0.75 + height * lines) as figure:
        panels = figure.subplots(lines, COLUMNS, sharey=True, squeeze=False)
        for axes, family in zip(panels.flat, families, strict=False):
            own = [row for row in rows if row["family"] == family]
            magnitude_axis(axes, own)
            (_named if named else _ranked)(axes, own, names)
            axes.set_title(family.replace("_", " "))
        for axes in panels.flat[len(families) :]:
            axes.set_axis_off()
        figure.legend(handles=_legend(rows), loc="outside lower center", ncols=3)
        figure.suptitle(_title(rows[0]))


def _title(row: Row) -> str:
    where = f"{row['classifier']} on {row['study']}"
    return f"{where}: where each class is lost, with {row['confidence']:.0%} intervals"


def _named(axes: Axes, rows: list[Row], names: list[str]) -> None:
    places = {name: place for place, name in enumerate(["all", *names])}
    for criterion, (_, shift) in LOOK.items():
        same = [row for row in rows if row["criterion"] == criterion]
        _marks(axes, same, [places[row["class_name"]] + shift for row in same], 1.4, 2.8)
    axes.axhline(0.5, color="black", linewidth=0.6)
    axes.set_yticks(list(places.values()), ["all images", *names])
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)


def _ranked(axes: Axes, rows: list[Row], names: list[str]) -> None:
    """Each side of the identity and each criterion in its own order, what is lost first at the top."""
    for (criterion, (_, shift)), size in zip(LOOK.items(), (3.0, 1.3), strict=True):
        same = [row for row in rows if row["criterion"] == criterion]
        overall = [row for row in same if row["class_name"] == "all"]
        _marks(axes, overall, [-0.09 + 0.15 * shift] * len(overall), 1.5, 2.8)
        for direction in ("negative", "positive"):
            side = [row for row in same if row["direction"] == direction and row["class_name"] != "all"]
            places = [(rank + 0.5) / len(names) for rank in range(len(side))]
            _marks(axes, sorted(side, key=_reach), places, 0.4, size)
    axes.axhline(-0.03, color="black", linewidth=0.6)
    axes.set_yticks((-0.09, 0, 0.5, 1), ("all images", "0 %", "50 %", "100 %"))
    axes.set_ylim(1.03, -0.15)
    if axes.get_subplotspec().is_first_col():  # type: ignore[union-attr]
        axes.set_ylabel(f"share of {len(names)} classes lost")


def _reach(row: Row) -> float:
    return math.inf if row["censored"] else abs(row["threshold"] - row["identity"])


def _marks(axes: Axes, rows: list[Row], places: list[float], width: float, size: float) -> None:
    """Dots, hollow if the class comes back later; arrows at the end of the grid for what was never lost."""
    if not rows:
        return
    colour, _ = LOOK[rows[0]["criterion"]]
    low, high = ([row["grid_end"] if row[end] is None else row[end] for row in rows] for end in ("ci_low", "ci_high"))
    axes.hlines(places, low, high, color=colour, linewidth=width, alpha=0.55)
    groups: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row, place in zip(rows, places, strict=True):
        outwards = ">" if row["grid_end"] > row["identity"] else "<"
        marker = outwards if row["censored"] else "o"
        face = "white" if row["censored"] or row["rebounds"] else colour
        value = row["grid_end"] if row["censored"] else row["threshold"]
        groups.setdefault((marker, face), []).append((value, place))
    for (marker, face), points in sorted(groups.items()):
        axes.plot(*zip(*points, strict=True), marker, color=colour, markersize=size, markerfacecolor=face)


def _legend(rows: list[Row]) -> list[Line2D]:
    level = next((row["level"] for row in rows if row["level"] is not None), 0)
    texts = {
        "accuracy": f"accuracy under {level:.0%} of the clean accuracy",
        "argmax": "mean softmax of the class no longer the highest",
    }
    used = {row["criterion"] for row in rows}
    lines = [
        Line2D([], [], color=LOOK[name][0], marker="o", label=text) for name, text in texts.items() if name in used
    ]
    look: dict[str, Any] = {"color": "black", "linestyle": "none", "markerfacecolor": "white"}
    return [
        *lines,
        Line2D([], [], marker="o", label="hollow: comes back further out", **look),
        Line2D([], [], marker=">", label="not lost within the grid", **look),
        Line2D([], [], color="black", linestyle=":", linewidth=0.8, label="no transformation"),
    ]
