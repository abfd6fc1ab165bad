"""What figures of a screening share: the axis of a family's magnitudes, and an image that goes along with it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.image import BboxImage
from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator, MultipleLocator, NullLocator
from matplotlib.transforms import Bbox, TransformedBbox

from invariscope.data.table import column_images

Row = dict[str, Any]
COLUMNS = 4  # panels beside each other
FLOOR, IMAGE_TOP, TOP = -0.34, -0.06, 1.04  # of the y axis: images lie under the curves
MARGIN = 0.11  # of the x axis on both sides, so that the outermost images fit

CURVES = {"accuracy": "accuracy", "argmax": "lead in mean softmax"}  # what each criterion looks at


def of_one_criterion(rows: Sequence[Row]) -> list[Row]:
    """Thresholds by accuracy; by the first criterion there is, if not by that."""
    criteria = [row["criterion"] for row in rows]
    chosen = "accuracy" if "accuracy" in criteria else criteria[0]
    return [row for row in rows if row["criterion"] == chosen]


def criterion_text(row: Row) -> str:
    """When a threshold is reached, in words."""
    if row["criterion"] == "accuracy":
        return f"accuracy under {row['level']:.0%} of the clean accuracy"
    return "mean softmax of the class no longer the highest"


def names_of(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """The groups of classes that rows are of, and the classes."""
    names: dict[str, dict[str, None]] = {"group": {}, "class": {}}
    for row in rows:
        names[row["kind"]][row["class_name"]] = None
    return list(names["group"]), list(names["class"])


def group_name(name: str) -> str:
    return "all images" if name == "all" else name


def direction_name(family: str, direction: str) -> str:
    return f"{family.replace('_', ' ')} {'-' if direction == 'negative' else '+'}"


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
        turns = (high - low) / 360
        angles = MultipleLocator(180 if turns > 1 else 90)
        axes.xaxis.set_major_locator(angles if turns >= 0.5 else MaxNLocator(4, steps=(1, 2, 5, 10)))
        margin = (high - low) * MARGIN
        axes.set_xlim(low - margin, high + margin)
    axes.axvline(identity, color="black", linestyle=":", linewidth=0.8, zorder=1, label="no transformation")
    axes.set_xlabel(unit)


def image_strip(axes: Axes, examples: pa.Table, identity: float) -> None:
    """One image under the curves, at as many magnitudes as find room, each at its place on the axis.

    `examples` has a row a magnitude. The axes must have their final size, and their y limits FLOOR and TOP.
    """
    magnitudes = examples["magnitude"].to_numpy()
    box = axes.get_window_extent()
    height = (IMAGE_TOP - FLOOR - 0.03) / (TOP - FLOOR)
    pictures = column_images(examples["image"])  # (magnitudes, C, H, W)
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
