"""Invariance traversals (the paper's Figs. 3, 4, 6, 7): a grid of images for every original, framed in its middle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch, Rectangle

from invariscope.data.table import column_images
from invariscope.figures import style
from invariscope.figures.mosaic import GAP, mosaic

COLUMNS = 5  # grids side by side, at most
MOST = 10  # grids of a kind; the verdict is on all
ORIGINAL, CHANGED, UNCONVERGED = style.COLOURS[1], style.COLOURS[2], style.COLOURS[5]
FRAMES: dict[str, dict[str, Any]] = {
    "original": {"edgecolor": ORIGINAL, "linewidth": 1.6},
    "predicted as another class than the original": {"edgecolor": CHANGED, "linewidth": 1.3},
    "residual above the tolerance": {"edgecolor": UNCONVERGED, "linewidth": 0.9, "linestyle": (0, (1.5, 1))},
}
NAMES = {"random": "two latent dimensions drawn at random", "principal": "the two directions of greatest change"}


def draw(path: Path, table: pa.Table, title: str) -> None:
    """A block of grids for each kind of axes, from a table (image_id, axes, row, column, row_offset, residual_after,
    converged, label, predicted, rms_change, image)."""
    kinds = list(dict.fromkeys(table["axes"].to_pylist()))
    images = len(table["image_id"].unique())
    shown = classes_in_turn(table)[:MOST]
    down, across = -(-len(shown) // COLUMNS), min(len(shown), COLUMNS)
    block = 0.42 + down * (style.PAGE / across if across > 2 else 2.6)
    with style.figure(path, style.PAGE, 0.75 + block * len(kinds)) as figure:
        for part, kind in zip(figure.subfigures(len(kinds), 1, squeeze=False)[:, 0], kinds, strict=True):
            sheet(part, table.filter(pc.equal(table["axes"], kind)), kind, shown, (down, across))
        figure.legend(
            handles=[Patch(facecolor="none", label=name, **look) for name, look in FRAMES.items()],
            loc="outside lower center",
            ncols=len(FRAMES),
        )
        reach = float(np.abs(table["row_offset"].to_numpy()).max())
        figure.suptitle(
            f"Invariance traversals: {title}; {len(shown)} of {images} images shown\n"
            f"from the middle of each grid to its edges: {reach:g} standard deviations of the latent code"
        )


def classes_in_turn(table: pa.Table) -> pa.Array:
    """The numbers of the images: the first of every class, then the second of every class, ..."""
    seen: dict[int, int] = {}
    turns = {}
    for image_id, label in sorted(set(zip(table["image_id"].to_pylist(), table["label"].to_pylist(), strict=True))):
        seen[label] = seen.get(label, 0) + 1
        turns[image_id] = (seen[label], label)
    return pa.array(sorted(turns, key=turns.__getitem__), table["image_id"].type)


def sheet(figure: Figure | SubFigure, points: pa.Table, kind: str, shown: pa.Array, shape: tuple[int, int]) -> None:
    """The grids of some images, for one kind of axes, in the order of their labels; above, the verdict on all."""
    panels = figure.subplots(*shape, squeeze=False).flatten()
    ids = (
        points.filter(pc.is_in(points["image_id"], shown))
        .group_by(["label", "image_id"])
        .aggregate([])
        .sort_by([("label", "ascending"), ("image_id", "ascending")])
    )
    for axes in panels:
        axes.set_axis_off()
    for axes, image_id in zip(panels, ids["image_id"].to_pylist(), strict=False):
        panel(axes, points.filter(pc.equal(points["image_id"], image_id)))
    figure.suptitle(f"{NAMES.get(kind, kind)}: {verdict(points)}", fontsize=8)


def panel(axes: Axes, points: pa.Table) -> None:
    """One grid with its frames."""
    images = column_images(points["image"])  # (n*n, C, H, W)
    row, column = points["row"].to_numpy(), points["column"].to_numpy()
    axes.imshow(mosaic(images, row, column), interpolation="nearest")
    height, width = images.shape[2] + GAP, images.shape[3] + GAP
    marks = frames(points)
    for name in reversed(FRAMES):  # what matters most comes on top
        for down, across in zip(row[marks[name]], column[marks[name]], strict=True):
            inset = 1.5 * (name == "residual above the tolerance")
            corner = (across * width - 1.5 + inset, down * height - 1.5 + inset)
            size = (width - 2 * inset, height - 2 * inset)
            axes.add_patch(Rectangle(corner, *size, fill=False, **FRAMES[name]))


def frames(points: pa.Table) -> Mapping[str, np.ndarray]:
    """Which points of one grid bear which frame; a point may bear two."""
    row, column = points["row"].to_numpy(), points["column"].to_numpy()
    middle = (row == row.max() // 2) & (column == column.max() // 2)
    predicted = points["predicted"].to_numpy()
    marks = (middle, predicted != predicted[middle][0], ~points["converged"].to_numpy(zero_copy_only=False))
    return dict(zip(FRAMES, marks, strict=True))


def verdict(points: pa.Table) -> str:
    """Share that keeps the original's class, residual and change at the corners; the originals do not count."""
    kept, residual, corner = [], [], []
    for image_id in points["image_id"].unique().to_pylist():
        own = points.filter(pc.equal(points["image_id"], image_id))
        marks = frames(own)
        counted = ~marks["original"]
        kept += (~marks["predicted as another class than the original"][counted]).tolist()
        residual += own["residual_after"].to_numpy()[counted].tolist()
        ends = (0, own["row"].to_numpy().max())
        at_corner = np.isin(own["row"].to_numpy(), ends) & np.isin(own["column"].to_numpy(), ends)
        corner += own["rms_change"].to_numpy()[at_corner].tolist()
    return (
        f"{100 * np.mean(kept):.1f} % keep the class\n"
        f"median residual {np.median(residual):.4f}, RMS change at the corners {np.mean(corner):.3f}"
    )
