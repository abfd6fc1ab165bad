"""A test image of each class beside what an autoencoder makes of it (paper 002, Figs. 8 and 9)."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes

from invariscope.data.table import column_images
from invariscope.figures import style
from invariscope.figures.mosaic import mosaic

COLUMNS, MOST = 10, 60  # pairs side by side, and in all
GAP, BETWEEN = 1, 3  # px between the two of a pair, and around it
LETTERS = 15


def draw(path: Path, table: pa.Table, title: str) -> None:
    """From a table (class_name, kind, error, image) with an original and a reconstruction of each class."""
    originals, made = (table.filter(pc.field("kind") == kind)[:MOST] for kind in ("original", "reconstruction"))
    pairs = np.stack([column_images(originals["image"]), column_images(made["image"])], axis=1)  # (N, 2, C, H, W)
    names, errors = originals["class_name"].to_pylist(), made["error"].to_numpy()
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    side = style.PAGE / columns
    with style.figure(path, style.PAGE, 0.6 + rows * (side / 2 + 0.32)) as figure:
        grid = np.atleast_1d(figure.subplots(rows, columns, squeeze=False).ravel())
        for axes in grid:
            axes.set_axis_off()
        for axes, pair, name, error in zip(grid, pairs, names, errors, strict=False):
            show(axes, pair, name, error)
        figure.suptitle(
            f"Reconstructions of test images: {title}\nleft the image, right what the autoencoder makes of it, below "
            "its root mean squared error"
        )


def show(axes: Axes, pair: np.ndarray, name: str, error: float) -> None:
    """An image and its reconstruction (2, C, H, W)."""
    picture = mosaic(pair, np.zeros(2, int), np.arange(2), max(GAP, pair.shape[3] // 24))
    axes.imshow(picture, interpolation="nearest")
    axes.set_title(wrapped(name), fontsize=5.5, pad=2)
    axes.text(0.5, -0.06, f"{error**0.5:.3f}", transform=axes.transAxes, ha="center", va="top", fontsize=5.5)


def wrapped(name: str) -> str:
    """A long name in two lines."""
    if len(name) <= LETTERS or " " not in name:
        return name
    head, _, tail = name.rpartition(" ")
    return f"{head}\n{tail}"
