"""Real and generated filters in the plane, as far as a plane can show them (the paper's Fig. 5)."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from scipy.spatial import ConvexHull, QhullError

from invariscope.figures import style

REST = "#bbbbbb"


def draw(files: style.Files, scaling: pa.Table, shown: list[int], title: str) -> None:
    """One panel from a table (kind, filter, sample, x, y, stress_1, spread_ratio).

    A colour tells a filter apart only while there are few: the first of `shown` have one each, with the hull of their
    samples, and the rest is grey.
    """
    coloured = dict(zip(shown, style.COLOURS, strict=False))
    with style.figure(files, style.PAGE, 5.2) as figure:
        axes = figure.subplots()
        rest = scaling.filter(pc.invert(pc.is_in(scaling["filter"], pa.array(list(coloured)))))
        samples(axes, rest, REST, 0)
        stars(axes, rest, "white", "grey", 1)
        for number, colour in coloured.items():
            rows = scaling.filter(pc.equal(scaling["filter"], number))
            hull(axes, rows, colour)
            samples(axes, rows, colour, 3)
        for number, colour in coloured.items():
            stars(axes, scaling.filter(pc.equal(scaling["filter"], number)), colour, "black", 4)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set(xlabel="first axis (Euclidean distance of filters)", ylabel="second axis (same unit)")
        key(axes, coloured, bool(len(rest)))
        stress, ratio = scaling["stress_1"][0].as_py(), scaling["spread_ratio"][0].as_py()
        figure.suptitle(
            f"Filters by multi-dimensional scaling: {title}\n"
            f"stress-1 {stress:.2f}; in the space of the filters, spread within / between filters {ratio:.2f}"
        )


def coordinates(rows: pa.Table, kind: str) -> np.ndarray:
    """(N, 2)"""
    chosen = rows.filter(pc.equal(rows["kind"], kind))
    return np.column_stack([chosen["x"].to_numpy(), chosen["y"].to_numpy()])


def samples(axes: Axes, rows: pa.Table, colour: str, level: float) -> None:
    axes.plot(*coordinates(rows, "generated").T, "o", color=colour, markersize=2.5, markeredgewidth=0, zorder=level)


def stars(axes: Axes, rows: pa.Table, colour: str, edge: str, level: float) -> None:
    look: dict[str, Any] = {"markerfacecolor": colour, "markeredgecolor": edge, "markeredgewidth": 0.6, "zorder": level}
    axes.plot(*coordinates(rows, "real").T, "*", markersize=9, **look)


def hull(axes: Axes, rows: pa.Table, colour: str) -> None:
    """The area of a filter's generated samples, if they have one."""
    points = coordinates(rows, "generated")
    try:
        corners = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):  # on a line, or fewer than three
        return
    axes.fill(*corners.T, facecolor=colour, edgecolor=colour, alpha=0.18, linewidth=0.8, zorder=2)


def key(axes: Axes, coloured: dict[int, str], others: bool) -> None:
    """A legend beside the panel."""
    axes.plot([], [], "*", color="grey", markersize=9, label="real filter")
    axes.plot([], [], "o", color="grey", markersize=2.5, label="generated filter")
    for number, colour in coloured.items():
        axes.plot([], [], "s", color=colour, markersize=5, label=f"output channel {number}")
    if others:
        axes.plot([], [], "s", color=REST, markersize=5, label="other channels")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
