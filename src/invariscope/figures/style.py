"""One look for every figure: sizes for print, colours that the colour-blind tell apart, files without dates."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from invariscope.files import replacing

COLUMN = 3.5  # inches: one column of a two-column page
PAGE = 7.2  # inches: the full width
DPI = 200
# Okabe and Ito's palette, told apart with any common colour blindness; black first for the reference.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
SEQUENTIAL = "cividis"
DIVERGING = "PuOr"
DIGITS = 9  # of shares of a figure's size
MOST_MARKS = 2000  # of a layer that stay vectors; more are drawn as pixels, or a PDF takes long to open and print

Files = Path | Sequence[Path]  # where a figure goes: one file, or one of each format

# No date and no versions of software: equal content is equal bytes.
METADATA: Any = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": "Invariscope"},
}

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "figure.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "legend.frameon": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,  # TrueType: text that can be searched and edited, which journals ask for
}


@contextmanager
def figure(files: Files, width: float = PAGE, height: float = PAGE / 2, **options: Any) -> Iterator[Figure]:
    """Draw a figure of `width` x `height` inches inside the block; it is then saved to each of `files`, atomically.

    A file's suffix says its format: pixels (`.png`) or vectors (`.pdf`).
    """
    with plt.rc_context(RC):
        drawing = plt.figure(figsize=(width, height), **options)
        try:
            yield drawing
            rasterize_crowds(drawing)
            lay_out(drawing)
            for path in [files] if isinstance(files, Path) else files:
                with replacing(path) as temporary:
                    drawing.savefig(temporary, format=path.suffix[1:], metadata=METADATA[path.suffix])
        finally:
            plt.close(drawing)


def lay_out(drawing: Figure) -> None:
    """Place everything for good, so that all files of a figure are alike. The solver's last bits go by where objects
    lie in memory, and a vector file tells 0 from -0: they are rounded off."""
    if drawing.get_layout_engine() is None:
        return
    drawing.draw_without_rendering()
    drawing.set_layout_engine("none")
    for part in drawing.findobj(SubFigure):
        part.bbox_relative.set_points(rounded(part.bbox_relative.get_points()))
    for axes in drawing.findobj(Axes):
        axes.set_position(Bbox(rounded(axes.get_position(original=True).get_points())), which="original")


def rounded(shares: np.ndarray) -> np.ndarray:
    """Shares of a figure's size without their last bits, and without negative zeros."""
    return np.round(shares, DIGITS) + 0.0


def rasterize_crowds(drawing: Figure) -> None:
    """Have every layer of more than MOST_MARKS marks drawn as pixels, also among vectors."""
    for layer in drawing.findobj():
        if isinstance(layer, Line2D) and layer.get_marker() not in ("None", "none", " ", "", None):
            marks = np.shape(layer.get_xydata())[0]
        else:
            marks = np.shape(layer.get_offsets())[0] if isinstance(layer, PathCollection) else 0
        if marks > MOST_MARKS:
            layer.set_rasterized(True)


def page(figure: Figure) -> Axes:
    """Axes over all of a figure, in inches from its upper left corner."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_autoscale_on(False)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return axes
