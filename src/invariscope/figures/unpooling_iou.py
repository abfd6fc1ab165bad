"""How well objects are located, class by class: intersection over union with the true mask."""

from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes

from invariscope.figures import style

PER_PANEL, PANELS, FEW = 15, 4, 12  # classes under one another, panels side by side, names in larger letters
LOOKS: dict[bool, dict[str, Any]] = {
    True: {"color": style.COLOURS[1], "marker": style.MARKERS[0], "label": "with switches"},
    False: {
        "color": style.COLOURS[2],
        "marker": style.MARKERS[1],
        "markerfacecolor": "none",
        "label": "without switches",
    },
}
THRESHOLD: dict[str, Any] = {
    "color": style.COLOURS[0],
    "marker": "|",
    "label": "brighter than Otsu's threshold, of no class",
}
AXIS = "intersection over union with the true mask (fraction); bars: 95 % interval over images"
ROW = 0.155  # inches
Row = dict[str, Any]


def draw(files: style.Files, table: pa.Table, title: str) -> None:
    """From a table (class_name, scene, switches, iou, ci_low, ci_high, iou_threshold): images of one object, by class.

    Lines within a class are 95 % intervals. Both means over all images are told in the heading.
    """
    rows = [row for row in table.to_pylist() if row["scene"] == "one"]
    names = [name for name in dict.fromkeys(row["class_name"] for row in rows) if name != "all"]
    panels = min(PANELS, -(-len(names) // PER_PANEL))
    each = -(-len(names) // panels)
    with style.figure(files, style.PAGE, 1.7 + max(each, 6) * ROW) as figure:
        grid = figure.subplots(1, panels, squeeze=False)[0]
        for number, axes in enumerate(grid):
            panel(axes, [row for row in rows if row["class_name"] in names[number * each : (number + 1) * each]])
        lines, labels = grid[0].get_legend_handles_labels()
        figure.legend(lines, labels, loc="outside lower center", ncols=3, title=AXIS, title_fontsize=8)
        figure.suptitle(f"Where is the object? {title}\n{verdict(rows)}", size=9)


def panel(axes: Axes, rows: list[Row]) -> None:
    """Classes under one another."""
    names = list(dict.fromkeys(row["class_name"] for row in rows))
    for use, look in LOOKS.items():
        own = [row for row in rows if row["switches"] is use]
        mean, low, high = (np.array([row[key] for row in own], float) for key in ("iou", "ci_low", "ci_high"))
        reach = np.nan_to_num(np.stack([mean - low, high - mean]))
        axes.errorbar(mean, np.arange(len(own)), xerr=reach, linestyle="none", elinewidth=0.8, **look)
    base = [row["iou_threshold"] for row in rows if row["switches"]]
    axes.plot(base, np.arange(len(base)), linestyle="none", markersize=7, **THRESHOLD)
    axes.set_yticks(np.arange(len(names)), names)
    axes.tick_params(axis="y", labelsize=5.5 if len(names) > FEW else 7, length=0)
    axes.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), xticks=(0, 0.5, 1))


def verdict(rows: list[Row]) -> str:
    """The means over all images, in words."""
    every = {row["switches"]: row for row in rows if row["class_name"] == "all"}
    return (
        f"mean over {every[True]['n_images']:,} test images: {every[True]['iou']:.2f} with switches, "
        f"{every[False]['iou']:.2f} without\n"
        f"class left aside: {every[True]['iou_any']:.2f} and {every[False]['iou_any']:.2f}; "
        f"a threshold of intensity, which knows no class: {every[True]['iou_threshold']:.2f}"
    )
