"""Thresholds with their intervals, a panel a family: group by group and class by class, or, if there are many classes,
these in order of size. One classifier by every criterion, or several by one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from invariscope.figures import style
from invariscope.figures.magnitudes import (
    COLUMNS,
    Row,
    criterion_text,
    group_name,
    magnitude_axis,
    names_of,
    of_one_criterion,
)

MOST_NAMED = 15  # classes; more are drawn in order of size, without names
ROW_HEIGHT = 0.135  # inches
SPREAD = 0.17  # between the marks of one row, in rows
GROUP_ROW = 0.075  # height of a group's row, where all classes together are 1


@dataclass(frozen=True)
class Series:
    """What has a colour: a criterion or a classifier."""

    column: str
    value: str
    label: str
    colour: str
    shift: float  # within a row

    def of(self, rows: Sequence[Row]) -> list[Row]:
        return [row for row in rows if row[self.column] == self.value]


def draw(files: style.Files, thresholds: pa.Table) -> None:
    """The thresholds of one classifier, by every criterion."""
    rows = thresholds.to_pylist()
    texts = {row["criterion"]: criterion_text(row) for row in rows}
    title = f"{rows[0]['classifier']} on {rows[0]['study']}: where each class is lost"
    _draw(files, rows, _series("criterion", texts), title)


def draw_classifiers(files: style.Files, tables: Sequence[pa.Table]) -> None:
    """The thresholds of several classifiers, a table each, by accuracy if there are such."""
    rows = of_one_criterion([row for table in tables for row in table.to_pylist()])
    names = list(dict.fromkeys(row["classifier"] for row in rows))
    title = f"{rows[0]['study']}: {criterion_text(rows[0])}"
    _draw(files, rows, _series("classifier", {name: name for name in names}), title)


def _series(column: str, labels: dict[str, str]) -> list[Series]:
    middle = (len(labels) - 1) / 2
    colours = style.COLOURS[1:]
    return [
        Series(column, value, label, colours[place % len(colours)], 2 * SPREAD * (place - middle) / max(2 * middle, 1))
        for place, (value, label) in enumerate(labels.items())
    ]


def _draw(files: style.Files, rows: list[Row], series: list[Series], title: str) -> None:
    """A row a group ("all" at the top), then a row a class (or a class by rank); a point is a threshold, a line its
    interval."""
    families = list(dict.fromkeys(row["family"] for row in rows))
    groups, names = names_of(rows)
    named = len(names) <= MOST_NAMED
    lines = math.ceil(len(families) / COLUMNS)
    height = 0.65 + ROW_HEIGHT * (len(groups) + 1 + (len(names) if named else 11))
    with style.figure(files, height=0.75 + height * lines) as figure:
        panels = figure.subplots(lines, COLUMNS, sharey=True, squeeze=False)
        for axes, family in zip(panels.flat, families, strict=False):
            own = [row for row in rows if row["family"] == family]
            magnitude_axis(axes, own)
            (_named if named else _ranked)(axes, own, series, groups, names)
            axes.set_title(family.replace("_", " "))
        for axes in panels.flat[len(families) :]:
            axes.set_axis_off()
        figure.legend(handles=_legend(series), loc="outside lower center", ncols=3)
        figure.suptitle(f"{title}, with {rows[0]['confidence']:.0%} intervals")


def _named(axes: Axes, rows: list[Row], series: list[Series], groups: list[str], names: list[str]) -> None:
    places = {name: place for place, name in enumerate([*groups, *names])}
    for one in series:
        same = one.of(rows)
        _marks(axes, same, [places[row["class_name"]] + one.shift for row in same], one.colour, 1.4, 2.8)
    axes.axhline(len(groups) - 0.5, color="black", linewidth=0.6)
    axes.set_yticks(list(places.values()), [*map(group_name, groups), *names])
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)


def _ranked(axes: Axes, rows: list[Row], series: list[Series], groups: list[str], names: list[str]) -> None:
    """Each side of the identity and each series in its own order, what is lost first at the top."""
    places = {name: -0.02 - GROUP_ROW * (len(groups) - place - 0.5) for place, name in enumerate(groups)}
    for number, one in enumerate(series):
        own = one.of(rows)
        pooled = [row for row in own if row["kind"] == "group"]
        heights = [places[row["class_name"]] + GROUP_ROW * one.shift for row in pooled]
        _marks(axes, pooled, heights, one.colour, 1.5, 2.8)
        for direction in ("negative", "positive"):
            side = [row for row in own if row["direction"] == direction and row["kind"] == "class"]
            ranks = [(rank + 0.5) / len(names) for rank in range(len(side))]
            _marks(axes, sorted(side, key=_reach), ranks, one.colour, 0.4, 3.0 if number == 0 else 1.3)
    axes.axhline(-0.02, color="black", linewidth=0.6)
    axes.set_yticks((*places.values(), 0, 0.5, 1), (*map(group_name, groups), "0 %", "50 %", "100 %"))
    axes.set_ylim(1.03, -0.03 - GROUP_ROW * len(groups))
    if axes.get_subplotspec().is_first_col():  # type: ignore[union-attr]
        axes.set_ylabel(f"share of {len(names)} classes lost")


def _reach(row: Row) -> float:
    return math.inf if row["censored"] else abs(row["threshold"] - row["identity"])


def _marks(axes: Axes, rows: list[Row], places: list[float], colour: str, width: float, size: float) -> None:
    """Dots, hollow if the class comes back later; arrows at the end of the grid for what was never lost."""
    if not rows:
        return
    low, high = ([row["grid_end"] if row[end] is None else row[end] for row in rows] for end in ("ci_low", "ci_high"))
    axes.hlines(places, low, high, color=colour, linewidth=width, alpha=0.55)
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row, place in zip(rows, places, strict=True):
        outwards = ">" if row["grid_end"] > row["identity"] else "<"
        marker = outwards if row["censored"] else "o"
        face = "white" if row["censored"] or row["rebounds"] else colour
        value = row["grid_end"] if row["censored"] else row["threshold"]
        points.setdefault((marker, face), []).append((value, place))
    for (marker, face), values in sorted(points.items()):
        axes.plot(*zip(*values, strict=True), marker, color=colour, markersize=size, markerfacecolor=face)


def _legend(series: list[Series]) -> list[Line2D]:
    look: dict[str, Any] = {"color": "black", "linestyle": "none", "markerfacecolor": "white"}
    return [
        *(Line2D([], [], color=one.colour, marker="o", label=one.label) for one in series),
        Line2D([], [], marker="o", label="hollow: comes back further out", **look),
        Line2D([], [], marker=">", label="not lost within the grid", **look),
        Line2D([], [], color="black", linestyle=":", linewidth=0.8, label="no transformation"),
    ]
