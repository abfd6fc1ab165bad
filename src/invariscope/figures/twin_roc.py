"""How well each method tells whether a network saw a factor vary: ROC curves, and the area under them by factor."""

from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes

from invariscope.figures import style
from invariscope.figures.method_names import NAMES

EVERY = "all"  # factors together, or layers together
MATCHED = "matched"  # pairs of twins that differ in nothing else
Row = dict[str, Any]


def draw(files: style.Files, roc: pa.Table, auc: pa.Table) -> None:
    """Curves from a table (method, fixed_taken, varied_taken), areas of matched pairs from a table (method, layer,
    factor, kind, auc, ci_low, ci_high)."""
    curves, areas = roc.to_pylist(), [row for row in auc.to_pylist() if row["kind"] == MATCHED]
    layered = {row["method"] for row in areas if row["layer"] == EVERY}
    areas = [row for row in areas if row["layer"] == EVERY or row["method"] not in layered]
    methods = list(dict.fromkeys(row["method"] for row in curves))
    factors = [name for name in dict.fromkeys(row["factor"] for row in areas) if name != EVERY]
    with style.figure(files, style.PAGE, 3.9) as figure:
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1, 1.15)})
        draw_curves(left, curves, methods)
        draw_areas(right, areas, methods, [*factors, EVERY])
        figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        figure.suptitle(f"{areas[0]['study']}: did this network see the factor vary in training, or not?")


def draw_curves(axes: Axes, rows: list[Row], methods: list[str]) -> None:
    """A curve a method, and the diagonal of a method that knows nothing."""
    axes.plot((0, 1), (0, 1), color="#999999", linestyle="--", linewidth=0.8)
    for number, method in enumerate(methods):
        own = [row for row in rows if row["method"] == method]
        fixed, varied = ([row[name] for row in own] for name in ("fixed_taken", "varied_taken"))
        axes.plot(fixed, varied, color=style.COLOURS[number])
    axes.set(
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        aspect="equal",
        xlabel="fixed taken for varied (fraction)",
        ylabel="varied taken for varied (fraction)",
        title="ROC, matched pairs of all factors",
    )


def draw_areas(axes: Axes, areas: list[Row], methods: list[str], factors: list[str]) -> None:
    """A row a factor, a mark a method with its interval."""
    for number, method in enumerate(methods):
        shift = 0.75 * ((number + 0.5) / len(methods) - 0.5)
        own = [row for row in areas if row["method"] == method and row["factor"] in factors]
        heights = np.array([factors.index(row["factor"]) for row in own]) + shift
        colour, marker = style.COLOURS[number], style.MARKERS[number]
        axes.hlines(heights, [row["ci_low"] for row in own], [row["ci_high"] for row in own], color=colour)
        values = [row["auc"] for row in own]
        axes.plot(values, heights, linestyle="", color=colour, marker=marker, label=NAMES[method])
    axes.axvline(0.5, color="#999999", linestyle="--", linewidth=0.8)
    axes.set_yticks(range(len(factors)), [f"{name}\nfactors" if name == EVERY else name for name in factors])
    axes.set(ylim=(len(factors) - 0.5, -0.5), xlim=(-0.03, 1.03), title="Area under it, by factor")
    axes.set_xlabel("AUC with 95 % interval over seeds (0.5: chance)")
    axes.grid(axis="y", visible=False)
