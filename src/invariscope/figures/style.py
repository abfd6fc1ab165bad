"""One look for every figure: sizes for print, colours that the colour-blind tell apart, files without dates."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from invariscope.files import replacing

COLUMN = 3.5  # inches: one column of a two-column page
PAGE = 7.2  # inches: the full width
DPI = 200
# Okabe and Ito's palette, told apart with any common colour blindness; black first for the reference.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
SEQUENTIAL = "cividis"
DIVERGING = "PuOr"

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
}


@contextmanager
def figure(path: Path, width: float = PAGE, height: float = PAGE / 2, **options: Any) -> Iterator[Figure]:
    """Draw a figure of `width` x `height` inches inside the block; it is then saved to `path`, atomically."""
    with plt.rc_context(RC):
        drawing = plt.figure(figsize=(width, height), **options)
        try:
            yield drawing
            with replacing(path) as temporary:
                drawing.savefig(temporary, format=path.suffix[1:], metadata=_metadata(path))
        finally:
            plt.close(drawing)


def page(figure: Figure) -> Axes:
    """Axes over all of a figure, in inches from its upper left corner."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_autoscale_on(False)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return axes


def _metadata(path: Path) -> dict[str, None]:
    """No date and no software: equal content is equal bytes."""
    return {"Software": None} if path.suffix == ".png" else {"Date": None, "Creator": None}
