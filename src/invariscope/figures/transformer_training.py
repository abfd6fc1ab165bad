"""How the training of an Invariant Transformer Net went: accuracy and displacement (the paper's Fig. 14)."""

from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from invariscope.figures import style

WINDOW = 25  # iterations averaged in the lines, at most; the dots are single batches
DOTS: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 1.5, "markeredgewidth": 0, "alpha": 0.35}


def draw(files: style.Files, history: pa.Table, title: str) -> None:
    """Four panels from a history (columns as `train` writes them)."""
    values = {name: history[name].to_numpy(zero_copy_only=False) for name in history.column_names}
    window = max(1, min(WINDOW, len(history) // 4))
    with style.figure(files, style.PAGE, 4.4) as figure:
        (accuracy, space), (loss, colour) = figure.subplots(2, 2, sharex=True)
        curve(accuracy, values, "accuracy", 1, window)
        reference: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 0.9, "drawstyle": "steps-mid"}
        accuracy.plot(values["iteration"], values["floor"], label="floor of the switch", **reference)
        share = (values["descended"] != "classification").mean()
        accuracy.set(title=f"Transformed batches; {share:.0%} reached the floor", ylabel="accuracy (fraction)")
        accuracy.legend(loc="lower right")
        curve(loss, values, "classification_loss", 2, window)
        loss.set(title="Classification loss", ylabel="cross-entropy (nats)")
        curve(space, values, "spatial_displacement", 3, window)
        space.set(title="Displacement in space", ylabel="fraction of the width")
        curve(colour, values, "colour_displacement", 4, window)
        colour.set(title="Displacement in colour", ylabel="intensity (of 1)")
        for axes in (loss, colour):
            axes.set_xlabel("iteration")
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        for axes in (loss, space, colour):
            axes.set_ylim(bottom=0)
            axes.legend(loc="best")
        figure.suptitle(f"Invariant transformer, training: {title}")


def curve(axes: Axes, values: dict[str, np.ndarray], name: str, number: int, window: int) -> None:
    """Single batches as dots, the mean of the last `window` of them as a line."""
    iterations, column = values["iteration"], values[name]
    colour = style.COLOURS[number]
    axes.plot(iterations, column, color=colour, label="a batch", **DOTS)
    means = np.convolve(column, np.full(window, 1 / window), mode="valid")
    axes.plot(iterations[window - 1 :], means, color=colour, label=f"mean of {window} batches")
