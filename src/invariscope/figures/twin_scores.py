"""What every method says of every factor, layer by layer: networks that saw it vary above those that did not."""

from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from invariscope.figures import style
from invariscope.figures.method_names import NAMES

LIMIT = 1.5  # standard deviations at which colours end
KINDS = ("varied", "fixed")
EVERY = "all"  # layers together
ROW, HEAD = 0.17, 0.75  # inches


def draw(files: style.Files, scores: pa.Table, differences: pa.Table) -> None:
    """A panel a method from a table (factor, method, layer, seed, standard, twin, matched); a dot where the
    difference of the pair is above 0 in a table (factor, method, layer, tells_apart)."""
    rows = [row for row in scores.to_pylist() if row["matched"] and row["layer"] != EVERY]
    told = {(row["factor"], row["method"], row["layer"]) for row in differences.to_pylist() if row["tells_apart"]}
    methods = list(dict.fromkeys(row["method"] for row in rows))
    factors = list(dict.fromkeys(row["factor"] for row in rows))
    down = -(-len(methods) // 3)
    with style.figure(files, style.PAGE, down * (HEAD + 2 * ROW * len(factors)) + 0.7) as figure:
        panels = figure.subplots(down, 3, squeeze=False).flatten()
        for axes, method in zip(panels, methods, strict=False):
            own = [row for row in rows if row["method"] == method]
            colours = panel(axes, own, factors, {key for key in told if key[1] == method})
            axes.set_title(NAMES[method])
        for axes in panels[len(methods) :]:
            axes.set_axis_off()
        bar = figure.colorbar(colours, ax=panels.tolist(), fraction=0.03, aspect=40, extend="both")
        bar.set_label("mean score, standard deviations\nwithin factor and layer (+: ignores more)")
        dot = Line2D([], [], marker="o", color="black", linestyle="", markersize=3)
        figure.legend([dot], ["the pair differs: 95 % interval above 0"], loc="outside lower right")
        seeds = len({row["seed"] for row in rows})
        figure.suptitle(f"{rows[0]['study']}: twins that saw a factor vary in training, or fixed, {seeds} seeds")


def panel(axes: Axes, rows: list[dict[str, Any]], factors: list[str], told: set[tuple[str, str, str]]) -> AxesImage:
    """Two rows a factor, a column a layer; grey: the method has no answer."""
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    found: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        where = 2 * factors.index(row["factor"]) + KINDS.index(row["twin"]), layers.index(row["layer"])
        found.setdefault(where, []).append(row["standard"])
    values = np.full((2 * len(factors), len(layers)), np.nan)
    for where, known in found.items():
        values[where] = np.mean(known)
    colours = style.plt.get_cmap(style.DIVERGING).with_extremes(bad="#dddddd")
    image = axes.imshow(values, aspect="auto", cmap=colours, vmin=-LIMIT, vmax=LIMIT, interpolation="nearest")
    for factor, _, layer in told:
        if layer in layers:
            axes.plot(layers.index(layer), 2 * factors.index(factor) + 0.5, "o", color="black", markersize=3)
    for number in range(1, len(factors)):
        axes.axhline(2 * number - 0.5, color="white", linewidth=2)
    axes.grid(visible=False)
    axes.set_xticks(range(len(layers)), layers, rotation=60 if len(layers) > 2 else 0)
    names = [f"{factor}, {kind}" if kind == KINDS[0] else kind for factor in factors for kind in KINDS]
    axes.set_yticks(range(len(names)), names, fontsize=6)
    return image
