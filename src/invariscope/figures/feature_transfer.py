"""Who recognises images that were made for classes: the classifier itself, and others trained independently."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes

from invariscope.figures import style
from invariscope.figures.feature_images import Row, draw_nothing, method_words

LINE = 0.11  # inches for each judge of a method
APART = 0.4  # between two methods, of the distance from one to the next


def draw(files: style.Files, transfer: pa.Table, classifier: str, title: str) -> None:
    """Shares with 95 % intervals, a line a method, from a table (parameterization, regularization, judge, n_images,
    share, ci_low, ci_high)."""
    rows = transfer.to_pylist()
    if not rows:
        return draw_nothing(files, f"Transfer: {title}", "no method has an image of every class")
    places = {method: place for place, method in enumerate(dict.fromkeys(map(method_of, rows)))}
    judges = list(dict.fromkeys(row["judge"] for row in rows))
    pitch = LINE * len(judges) / (1 - APART)
    with style.figure(files, style.PAGE, 1.35 + max(pitch, 0.25) * len(places)) as figure:
        axes = figure.subplots()
        for number, judge in enumerate(judges):
            offset = (number - (len(judges) - 1) / 2) * (1 - APART) / len(judges)
            made_for = "which they were made for" if judge == classifier else "trained independently"
            look = {"color": style.COLOURS[1:][number % 7], "marker": style.MARKERS[number % 8]}
            own = [row for row in rows if row["judge"] == judge]
            marks(axes, own, [places[method_of(row)] + offset for row in own], label=f"{judge}, {made_for}", **look)
        count = max(row["n_images"] for row in rows)
        axes.axvline(1 / count, color="black", linestyle=":", linewidth=0.9, label=f"chance, 1 of {count}")
        axes.set_yticks(range(len(places)), [method_words(*method) for method in places])
        axes.set(xlim=(-0.02, 1.02), ylim=(len(places) - 0.5, -0.5), xlabel="images given their class (fraction)")
        axes.tick_params(axis="y", length=0)
        axes.grid(False, axis="y")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=min(4, len(judges) + 1))
        figure.suptitle(f"Who recognises the images of classes: {title}\n{count} images, one a class; 95 % intervals")
    return None


def method_of(row: Row) -> tuple[str, str]:
    return row["parameterization"], row["regularization"]


def marks(axes: Axes, rows: Sequence[Row], heights: Sequence[float], **look: Any) -> None:
    """One judge's shares with their intervals."""
    share = np.array([row["share"] for row in rows])
    ends = [share - [row["ci_low"] for row in rows], [row["ci_high"] for row in rows] - share]
    reach = np.maximum(ends, 0)  # an interval may end a rounding error inside of its share
    axes.errorbar(share, heights, xerr=reach, linestyle="none", elinewidth=0.9, markersize=4.5, **look)
