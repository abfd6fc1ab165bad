"""What was learned to be ignored: how far each part of the transformations goes, over controls drawn at random."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes

from invariscope.figures import style

ROWS = {
    "alpha": ("rotation", "scale_x", "scale_y", "shear", "translation_x", "translation_y"),
    "beta": ("gain", "offset", "saturation", "hue"),
}
COLUMNS = 5
SHORT = {"degrees": "degrees", "factor": "factor", "fraction": "fraction of the picture", "intensity": "intensity"}
BINS = 24


def draw(path: Path, transformations: pa.Table, title: str) -> None:
    """A histogram a quantity, from a table (control, quantity, unit, identity, value)."""
    present = set(transformations["quantity"].to_pylist())
    names = [name for quantities in ROWS.values() for name in quantities if name in present]
    down = -(-len(names) // COLUMNS)
    with style.figure(path, style.PAGE, 0.8 + 1.75 * down) as figure:
        panels = figure.subplots(down, COLUMNS, squeeze=False).flatten()
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        for axes, name in zip(panels, names, strict=False):
            panel(axes, transformations.filter(pc.field("quantity") == name), name)
        for axes in panels[::COLUMNS]:
            axes.set_ylabel("controls")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        count = len(transformations) // max(1, len(present))
        figure.suptitle(f"Invariant transformer, what was learned: {title}; {count} controls drawn from U(-1, 1)")


def panel(axes: Axes, rows: pa.Table, name: str) -> None:
    """Above: the middle 95 %."""
    values, unit = rows["value"].to_numpy(), rows["unit"][0].as_py()
    low, high = np.quantile(values, (0.025, 0.975))
    space = rows["control"][0].as_py() == "alpha"
    axes.hist(values, bins=BINS, color=style.COLOURS[1 if space else 4], label="controls" if space else None)
    axes.axvspan(low, high, color="#dddddd", zorder=0, label="middle 95 %")
    axes.axvline(rows["identity"][0].as_py(), color="black", linestyle="--", linewidth=0.9, label="no transformation")
    word = unit.split()[0].rstrip(",")
    axes.set_title(f"{name.replace('_', ' ')}\n{low:.2g} to {high:.2g}", fontsize=8)
    axes.set(xlabel=SHORT.get(word, word), yticks=[])
