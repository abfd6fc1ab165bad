"""What was learned to be ignored: how far each part of the transformations goes, over controls drawn at random."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from invariscope.figures import style

ROWS = {
    "alpha": ("rotation", "scale_x", "scale_y", "shear", "translation_x", "translation_y"),
    "beta": ("gain", "offset", "saturation", "hue"),
}
COLUMNS = 5
SHORT = {
    "degrees": "degrees",
    "factor": "factor",
    "fraction": "fraction",
    "intensity": "intensity (of 1)",
    "horizontal": "shift per height",
}
BINS = 24
BARS = {"alpha": ("space: controls", style.COLOURS[1]), "beta": ("colour: controls", style.COLOURS[4])}
MIDDLE = "#dddddd"
NONE: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 0.9}


def draw(files: style.Files, transformations: pa.Table, title: str) -> None:
    """A histogram a quantity, from a table (control, quantity, unit, identity, value)."""
    present = set(transformations["quantity"].to_pylist())
    names = [name for quantities in ROWS.values() for name in quantities if name in present]
    down = -(-len(names) // COLUMNS)
    with style.figure(files, style.PAGE, 0.8 + 1.75 * down) as figure:
        panels = figure.subplots(down, COLUMNS, squeeze=False).flatten()
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        for axes, name in zip(panels, names, strict=False):
            panel(axes, transformations.filter(pc.field("quantity") == name), name)
        for axes in panels[::COLUMNS]:
            axes.set_ylabel("controls")
        figure.legend(handles=_handles(), loc="outside lower center", ncols=4)
        count = len(transformations) // max(1, len(present))
        figure.suptitle(f"Invariant transformer, what was learned: {title}; {count} controls drawn from U(-1, 1)")


def panel(axes: Axes, rows: pa.Table, name: str) -> None:
    """Above: the middle 95 %."""
    values, unit = rows["value"].to_numpy(), rows["unit"][0].as_py()
    low, high = np.quantile(values, (0.025, 0.975))
    axes.hist(values, bins=BINS, color=BARS[rows["control"][0].as_py()][1])
    axes.axvspan(low, high, color=MIDDLE, zorder=0)
    axes.axvline(rows["identity"][0].as_py(), **NONE)
    axes.set_title(f"{name.replace('_', ' ')}\n{low:.2f} to {high:.2f}", fontsize=8)
    axes.set(xlabel=SHORT.get(unit.split()[0].rstrip(","), unit), yticks=[])
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.grid(False)


def _handles() -> list[Patch | Line2D]:
    bars = [Patch(facecolor=colour, label=label) for label, colour in BARS.values()]
    return [*bars, Patch(facecolor=MIDDLE, label="middle 95 %"), Line2D([], [], label="no transformation", **NONE)]
