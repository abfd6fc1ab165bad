"""Accuracy against spread, a point a checkpoint: what the presets of training come to, and what plain noise would."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from invariscope.figures import style

NOISE = "noise"
NAMES = {
    "held_spread": "ours: answers and spread held",
    "algorithm_1": "Algorithm 1 to the letter",
    "without_answers": "ours, answers not held",
    "without_spread": "ours, spread not held",
    "adversarial_only": "ours, neither held",
    NOISE: "real filters + Gaussian noise",
}
SPREADS = {
    "weight_spread": "std of the weights over z / of the real weights",
    "activation_spread": "std of activations over z / over images",
}
LEAST = 0.1  # %: the smallest error that the logarithmic axis shows


def draw(files: style.Files, comparison: pa.Table, title: str) -> None:
    """Two panels from a table (preset, iteration, single_bank_accuracy, real_accuracy, weight_spread,
    activation_spread); the noise is a preset of its own."""
    presets = [name for name in dict.fromkeys(comparison["preset"].to_pylist()) if name != NOISE]
    with style.figure(files, style.PAGE, 3.9) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (spread, label) in zip(panels, SPREADS.items(), strict=True):
            look: dict[str, Any] = {"color": style.COLOURS[0], "linestyle": "--", "marker": "x", "zorder": 1}
            curve(axes, comparison, NOISE, spread, look)
            for place, name in enumerate(presets, start=1):
                look = {"color": style.COLOURS[place], "marker": style.MARKERS[place], "zorder": 2}
                curve(axes, comparison, name, spread, look)
            real = float(error(comparison["real_accuracy"].to_numpy())[0])
            axes.axhline(real, color="grey", linewidth=0.9, linestyle=":", label="the real filters")
            axes.set(xlabel=label, yscale="log", xlim=(0, None))
        panels[0].set_ylabel("error of one generated bank (%)")
        panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panels[0].set_title("Spread of the weights")
        panels[1].set_title("Spread of the activations")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        figure.suptitle(f"Accuracy against spread: {title}\nright and down is better; the large points are the last")


def curve(axes: Axes, comparison: pa.Table, name: str, spread: str, look: dict[str, Any]) -> None:
    """The checkpoints of a preset in order, the last one large."""
    rows = comparison.filter(pc.equal(comparison["preset"], name))
    if not len(rows):
        return
    x, y = rows[spread].to_numpy(), error(rows["single_bank_accuracy"].to_numpy())
    axes.plot(x, y, linewidth=0.9, markersize=3, label=NAMES.get(name, name), **look)
    if name != NOISE:
        axes.plot(x[-1], y[-1], markersize=7, markeredgecolor="black", **look)


def error(accuracy: np.ndarray) -> np.ndarray:
    """In percent, at least what the axis shows."""
    return np.maximum(100 * (1 - accuracy), LEAST)
