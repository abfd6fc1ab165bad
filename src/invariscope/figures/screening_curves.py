"""Accuracy and softmax against magnitude, a panel a family, with sample images along the axis."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes

from invariscope.figures import style
from invariscope.figures.magnitudes import COLUMNS, FLOOR, TOP, Row, image_strip, magnitude_axis

PANEL_HEIGHT = 1.85  # inches, labels included
ALL, PART, REFERENCE = "#d9d9d9", "#b0b0b0", style.COLOURS[2]


def draw(files: style.Files, curves: pa.Table, thresholds: pa.Table, examples: pa.Table) -> None:
    """One panel a family: all images (lines), the spread over classes (bands), and where accuracy falls too low."""
    rows, found = curves.to_pylist(), thresholds.to_pylist()
    families = list(dict.fromkeys(row["family"] for row in rows))
    lines = math.ceil(len(families) / COLUMNS)
    with style.figure(files, height=0.85 + PANEL_HEIGHT * lines) as figure:
        panels = figure.subplots(lines, COLUMNS, sharey=True, squeeze=False)
        for axes, family in zip(panels.flat, families, strict=False):
            own = [row for row in rows if row["family"] == family]
            magnitude_axis(axes, own)
            _curves(axes, own)
            _crossings(axes, [row for row in found if row["family"] == family])
            axes.set(title=family.replace("_", " "), ylim=(FLOOR, TOP), yticks=(0, 0.5, 1))
        for axes in panels.flat[len(families) :]:
            axes.set_axis_off()
        for axes in panels[:, 0]:
            axes.set_ylabel("accuracy, softmax")
        figure.legend(*_legend(panels.flat), loc="outside lower center", ncols=3)
        figure.suptitle(_title(rows))
        identities = {row["family"]: row["identity"] for row in rows}
        figure.draw_without_rendering()  # gives the panels their final sizes
        last = examples.filter(pc.equal(examples["image_id"], examples["image_id"][-1]))
        for axes, family in zip(panels.flat, families, strict=False):
            image_strip(axes, last.filter(pc.equal(last["family"], family)), identities[family])


def _title(rows: list[Row]) -> str:
    first = next(row for row in rows if row["class_name"] == "all")
    classes = len({row["class_name"] for row in rows if row["kind"] == "class"})
    where = f"{first['classifier']} on {first['study']}"
    return f"{where}: answers to {first['n_images']} transformed test images of {classes} classes"


def _legend(panels: Iterable[Axes]) -> tuple[list[Any], list[str]]:
    """Each label once, wherever it was drawn: a family without thresholds lacks theirs."""
    entries: dict[str, Any] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    return list(entries.values()), list(entries)


def _curves(axes: Axes, rows: list[Row]) -> None:
    overall = [row for row in rows if row["class_name"] == "all"]
    magnitudes = [row["magnitude"] for row in overall]
    by_class: dict[str, list[float]] = {}
    for row in rows:
        if row["kind"] == "class":
            by_class.setdefault(row["class_name"], []).append(row["accuracy"])
    bands = np.quantile(list(by_class.values()), (0, 0.25, 0.75, 1), axis=0)  # (4, magnitudes)
    axes.fill_between(magnitudes, bands[0], bands[3], color=ALL, linewidth=0, label="accuracy: every class")
    axes.fill_between(magnitudes, bands[1], bands[2], color=PART, linewidth=0, label="accuracy: middle half of classes")
    accuracy, softmax = ([row[name] for row in overall] for name in ("accuracy", "true_class_probability"))
    axes.plot(magnitudes, accuracy, color=style.COLOURS[0], label="accuracy: all images")
    axes.plot(magnitudes, softmax, color=style.COLOURS[1], linestyle="--", label="mean softmax of the true class")


def _crossings(axes: Axes, rows: list[Row]) -> None:
    """Where the accuracy over all images falls under its level, with the interval of that magnitude."""
    rows = [row for row in rows if row["class_name"] == "all" and row["criterion"] == "accuracy"]
    for row in rows:
        height = row["level"] * row["clean"]
        label = f"threshold: {row['level']:.0%} of the clean accuracy, with interval"
        axes.axhline(height, color=REFERENCE, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
        low, high = (row["grid_end"] if row[end] is None else row[end] for end in ("ci_low", "ci_high"))
        if row["threshold"] is not None:
            reach = [[row["threshold"] - low], [high - row["threshold"]]]
            axes.errorbar(row["threshold"], height, xerr=reach, fmt="o", color=REFERENCE, elinewidth=2, label=label)
