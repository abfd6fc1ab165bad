"""Accuracy and softmax against magnitude, a panel a family, with sample images along the axis."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.image import BboxImage
from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator, MultipleLocator, NullLocator
from matplotlib.transforms import Bbox, TransformedBbox

from invariscope.data.table import column_images
from invariscope.figures import style

Row = dict[str, Any]
COLUMNS = 4
PANEL_HEIGHT = 1.85  # inches, labels included
FLOOR, IMAGE_TOP, TOP = -0.34, -0.06, 1.04  # of the y axis: images lie under the curves
MARGIN = 0.11  # of the x axis on both sides, so that the outermost images fit
ALL, PART, REFERENCE = "#d9d9d9", "#b0b0b0", style.COLOURS[2]


def draw(path: Path, curves: pa.Table, thresholds: pa.Table, examples: pa.Table) -> None:
    """One panel a family: all images (lines), the spread over classes (bands), and where accuracy falls too low."""
    rows, found = curves.to_pylist(), thresholds.to_pylist()
    families = list(dict.fromkeys(row["family"] for row in rows))
    lines = math.ceil(len(families) / COLUMNS)
    with style.figure(path, height=0.85 + PANEL_HEIGHT * lines) as figure:
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
        for axes, family in zip(panels.flat, families, strict=False):
            _images(axes, examples.filter(pc.equal(examples["family"], family)), identities[family])


def _title(rows: list[Row]) -> str:
    first = next(row for row in rows if row["class_name"] == "all")
    classes = len({row["class_name"] for row in rows}) - 1
    where = f"{first['classifier']} on {first['study']}"
    return f"{where}: answers to {first['n_images']} transformed test images of {classes} classes"


def _legend(panels: Iterable[Axes]) -> tuple[list[Any], list[str]]:
    """Each label once, wherever it was drawn: a family without thresholds lacks theirs."""
    entries: dict[str, Any] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    return list(entries.values()), list(entries)


def magnitude_axis(axes: Axes, rows: Sequence[Row]) -> None:
    """The x axis of a family, with room for what lies at its ends; positive factors are on a logarithmic scale."""
    unit, identity = rows[0]["unit"], rows[0]["identity"]
    values = [row[name] for row in rows for name in ("magnitude", "grid_end") if name in row]
    low, high = min(*values, identity), max(*values, identity)
    if unit.startswith("factor") and low > 0:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 20 else (1, 3)))
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.xaxis.set_minor_locator(NullLocator())
        margin = (high / low) ** MARGIN
        axes.set_xlim(low / margin, high * margin)
    else:
        axes.xaxis.set_major_locator(MultipleLocator(90) if high - low >= 180 else MaxNLocator(4, steps=(1, 2, 5, 10)))
        margin = (high - low) * MARGIN
        axes.set_xlim(low - margin, high + margin)
    axes.axvline(identity, color="black", linestyle=":", linewidth=0.8, zorder=1, label="no transformation")
    axes.set_xlabel(unit)


def _curves(axes: Axes, rows: list[Row]) -> None:
    overall = [row for row in rows if row["class_name"] == "all"]
    magnitudes = [row["magnitude"] for row in overall]
    by_class: dict[str, list[float]] = {}
    for row in rows:
        if row["class_name"] != "all":
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


def _images(axes: Axes, examples: pa.Table, identity: float) -> None:
    """The last sample at as many magnitudes as find room, each at its place on the axis."""
    shown = examples.filter(pc.equal(examples["image_id"], examples["image_id"][-1]))
    magnitudes = shown["magnitude"].to_numpy()
    box = axes.get_window_extent()
    height = (IMAGE_TOP - FLOOR - 0.03) / (TOP - FLOOR)
    pictures = column_images(shown["image"])  # (magnitudes, C, H, W)
    width = height * box.height / box.width * pictures.shape[3] / pictures.shape[2]
    low, high = axes.get_xlim()
    scale = np.log if axes.get_xscale() == "log" else np.asarray
    places = (scale(magnitudes) - scale(low)) / (scale(high) - scale(low))
    clean = int(np.flatnonzero(magnitudes == identity)[0])
    for index in _spread(places, [0, len(places) - 1, clean], 1.02 * width):
        _image(axes, pictures[index], places[index] - width / 2, width, height)


def _spread(places: np.ndarray, first: list[int], gap: float) -> list[int]:
    """Which places to take, more than `gap` apart: the `first`, then ever the one farthest from those taken."""
    taken: list[int] = []
    for index in first:
        if all(abs(places[index] - places[other]) > gap for other in taken):
            taken.append(index)
    while True:
        gaps = np.abs(places[:, None] - places[taken]).min(axis=1)
        if gaps.max() <= gap:
            return taken
        taken.append(int(gaps.argmax()))


def _image(axes: Axes, picture: np.ndarray, left: float, width: float, height: float) -> None:
    pixels = np.moveaxis(picture, 0, 2)
    pixels = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    place = Bbox.from_bounds(left, 0.02, width, height)
    image = BboxImage(TransformedBbox(place, axes.transAxes), interpolation="nearest", zorder=3)
    image.set_data(pixels)
    axes.add_artist(image)
