"""Grids of transformed images over α, and over β (the paper's Fig. 19)."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from invariscope.data.table import column_images
from invariscope.figures import style
from invariscope.figures.mosaic import GAP, mosaic

SYMBOLS = {"alpha": (r"$\alpha$", "spatial"), "beta": (r"$\beta$", "colour")}
ORIGINAL, CHANGED = style.COLOURS[6], style.COLOURS[2]
MOST = 2  # grids side by side


def draw(path: Path, examples: pa.Table, control: str, title: str) -> None:
    """A grid for each of the first images, from a table (image_id, class_name, row, column, first, second, label,
    predicted, image) of one control."""
    ids = list(dict.fromkeys(examples["image_id"].to_pylist()))[:MOST]
    symbol, kind = SYMBOLS[control]
    grids = [examples.filter(pc.field("image_id") == number) for number in ids]
    down, across = (int(pc.max(examples[name]).as_py()) + 1 for name in ("row", "column"))
    side = style.PAGE / len(ids) - 0.45
    with style.figure(path, style.PAGE, 0.95 + side * down / across) as figure:
        for axes, grid in zip(figure.subplots(1, len(ids), squeeze=False)[0], grids, strict=True):
            panel(axes, grid, symbol)
        figure.suptitle(
            f"Invariant transformer, {kind} transformations over {symbol}: {title}\n"
            "framed blue: the original (control 0); orange: classified as another class than it is"
        )


def panel(axes: Axes, grid: pa.Table, symbol: str) -> None:
    """One image's grid; the ticks are the control's numbers."""
    pictures = column_images(grid["image"])
    rows, columns = grid["row"].to_numpy(), grid["column"].to_numpy()
    gap = max(GAP, pictures.shape[3] // 24)
    axes.imshow(mosaic(pictures, rows, columns, gap), interpolation="nearest")
    height, width = pictures.shape[2] + gap, pictures.shape[3] + gap
    first, second = grid["first"].to_numpy(), grid["second"].to_numpy()
    frames = [
        (CHANGED, grid["predicted"].to_numpy() != grid["label"].to_numpy()),
        (ORIGINAL, (first == 0) & (second == 0)),
    ]
    for colour, framed in frames:
        for down, across in zip(rows[framed], columns[framed], strict=True):
            corner = (across * width - gap / 2 - 0.5, down * height - gap / 2 - 0.5)
            axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=colour, linewidth=1.2, clip_on=False))
    axes.set_xticks(*ticks(columns, first, width, gap))
    axes.set_yticks(*(ticks(rows, second, height, gap) if rows.max() else ([], [])))
    axes.set(xlabel=f"{symbol}$_1$", ylabel=f"{symbol}$_2$" if rows.max() else "", title=grid["class_name"][0].as_py())
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)


def ticks(places: np.ndarray, values: np.ndarray, pitch: int, gap: int) -> tuple[list[float], list[str]]:
    """Where the first, the middle and the last image stand, and the control there."""
    last = int(places.max())
    shown = sorted({0, last // 2, last})
    number = {int(place): value for place, value in zip(places, values, strict=True)}
    names = [f"{number[place]:+.2g}" if number[place] else "0" for place in shown]
    return [place * pitch + (pitch - gap) / 2 for place in shown], names
