"""Accuracy averaging: what each condition leaves of the accuracy, with and without retraining of the later layers."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from invariscope.figures import style
from invariscope.intervals import mean_interval

REFERENCE = "real"
PANELS = {False: "Classifier as it is", True: "Later layers retrained"}
JITTER = 0.16  # half the height over which a condition's seeds are spread
NAMES = {"real": "real filters", "averaged": "generated banks,\naveraged"}


def draw(path: Path, accuracy: pa.Table, title: str) -> None:
    """A panel with and one without retraining from a table (condition, retrained, seed, accuracy)."""
    conditions = list(dict.fromkeys(accuracy["condition"].to_pylist()))
    with style.figure(path, style.PAGE, 1.7 + 0.42 * len(conditions)) as figure:
        for axes, retrained in zip(figure.subplots(1, 2, sharey=True), PANELS, strict=True):
            for place, condition in enumerate(conditions):
                points(axes, place, by_seed(accuracy, condition, retrained), style.COLOURS[1 if place else 0])
            axes.set(title=PANELS[retrained], xlabel="test accuracy (fraction)", ylim=(len(conditions) - 0.5, -0.5))
            axes.set_yticks(range(len(conditions)), [NAMES.get(name, name) for name in conditions])
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.margins(x=0.12)
        axes.plot([], [], "o", color="grey", markersize=2.5, label=f"one of {len(accuracy['seed'].unique())} seeds")
        axes.errorbar([], [], xerr=1, fmt="D", color="grey", capsize=3, label="mean, 95 % interval")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        figure.suptitle(f"Accuracy averaging: {title}\n{verdict(accuracy)}")


def points(axes: Axes, place: int, values: np.ndarray, colour: str) -> None:
    """The seeds of a condition above, their mean and its interval below."""
    heights = place - JITTER * np.linspace(1.6, 0.6, len(values))
    axes.plot(values, heights, "o", color=colour, alpha=0.55, markersize=2.5, markeredgewidth=0)
    mean, low, high = mean_interval(values)
    errors = None if np.isnan(low) else [[mean - low], [high - mean]]
    axes.errorbar(mean, place + JITTER, xerr=errors, fmt="D", color=colour, capsize=3)
    look: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "top", "size": 7}
    axes.annotate(f"{mean:.4f}", (mean, place + JITTER), (0, -5), **look)


def by_seed(accuracy: pa.Table, condition: str, retrained: bool) -> np.ndarray:
    rows = accuracy.filter((pc.field("condition") == condition) & (pc.field("retrained") == retrained))
    return rows.sort_by("seed")["accuracy"].to_numpy()


def verdict(accuracy: pa.Table) -> str:
    """The paired difference of the paper's condition from its fair control."""
    differences = by_seed(accuracy, "averaged", True) - by_seed(accuracy, REFERENCE, True)
    mean, low, high = (100 * value for value in mean_interval(differences))
    interval = "" if np.isnan(low) else f" (95 % interval {low:+.2f} to {high:+.2f})"
    return f"averaged minus real, both retrained: {mean:+.2f} percentage points{interval}"
