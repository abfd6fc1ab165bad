"""How independent and how sparse the codes of autoencoders are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib import colormaps
from matplotlib.axes import Axes

from invariscope.figures import style
from invariscope.figures.generative_names import in_order, look

TWO_LAYERS = ("sparse", "dense")  # units that have a mean activation in [0, 1]
SCALE, STRONG = 0.5, 0.25  # the last colour of |r|, which is 1 if some mean |r| is more than the second
BINS = 60
TICKS = [factor * 10.0**power for power in range(-4, 0) for factor in (1, 2, 5)] + [1.0]  # of activations
CONSTANT = "#d9d9d9"  # of units that are the same in every image
Row = dict[str, Any]


def draw(
    files: style.Files, evaluation: pa.Table, units: pa.Table, correlations: pa.Table, sparsity: float, title: str
) -> None:
    """From the tables of an evaluation: large what has two layers, small the others; `sparsity` is the target ρ."""
    kinds = in_order(correlations["kind"].to_pylist())
    large = [kind for kind in TWO_LAYERS if kind in kinds]
    small = [kind for kind in kinds if kind not in large]
    figures = {(row["kind"], row["metric"]): row for row in evaluation.to_pylist() if row["judge"] is None}
    with style.figure(files, style.PAGE, 5.4 if large else 3.0) as figure:
        parts: Any = figure.subfigures(2, 1, height_ratios=(1.75, 1)) if large else [figure]
        draw_matrices(parts[0], correlations, large, small, figures)
        if large:
            means = {kind: units.filter(pc.field("kind") == kind)["mean"].to_numpy() for kind in large}
            draw_activations(parts[1].add_subplot(), means, sparsity, figures)
        figure.suptitle(f"Codes of test images: {title}")


def draw_matrices(
    figure: Any,
    correlations: pa.Table,
    large: Sequence[str],
    small: Sequence[str],
    figures: Mapping[tuple[str, str], Row],
) -> None:
    """Each of `large` beside the other, `small` under each other at the right; one scale of colours."""
    lines = max(1, len(small)) if large else 1
    ratios = [1.0] * len(large) + ([0.5] if large and small else [1.0] * len(small))
    grid = figure.add_gridspec(lines, len(ratios), width_ratios=ratios)
    panels = {kind: figure.add_subplot(grid[:, number]) for number, kind in enumerate(large)}
    for number, kind in enumerate(small):
        panels[kind] = figure.add_subplot(grid[number, -1] if large else grid[0, number])
    means = [figures[kind, "code_correlation"]["value"] for kind in panels if (kind, "code_correlation") in figures]
    strong = any(mean is not None and mean > STRONG for mean in means)
    scale = 1.0 if strong else SCALE
    for kind, axes in panels.items():
        shown = draw_matrix(axes, matrix_of(correlations, kind), scale)
        if kind in large or not large:
            axes.set(xlabel="unit", ylabel="unit")
        axes.set_title(matrix_title(kind, figures, kind in large), fontsize=7.5 if kind in large else 6.5)
    bar = figure.colorbar(shown, ax=list(panels.values()), extend="neither" if strong else "max", shrink=0.8, pad=0.01)
    bar.set_label("|r| of two units over test images")


def matrix_of(correlations: pa.Table, kind: str) -> np.ndarray:
    """|r| (units, units); NaN where a unit is constant."""
    rows = correlations.filter(pc.field("kind") == kind)
    unit, other = rows["unit"].to_numpy(), rows["other"].to_numpy()
    found = np.full((unit.max() + 1, other.max() + 1), np.nan)
    found[unit, other] = np.abs(rows["correlation"].to_numpy(zero_copy_only=False).astype(float))
    return found


def draw_matrix(axes: Axes, matrix: np.ndarray, scale: float) -> Any:
    colours = colormaps[style.SEQUENTIAL].with_extremes(bad=CONSTANT)
    shown = axes.imshow(matrix, cmap=colours, vmin=0, vmax=scale, interpolation="nearest")
    axes.grid(visible=False)
    axes.locator_params(nbins=5, integer=True)
    return shown


def matrix_title(kind: str, figures: Mapping[tuple[str, str], Row], large: bool) -> str:
    correlation = measured(figures.get((kind, "code_correlation")), large)
    cosine = measured(figures.get((kind, "code_cosine")), large)
    if large:
        return f"{look(kind).words}\nmean |r| {correlation}\nmean |cos| {cosine}"
    return f"{look(kind).short}\n|r| {correlation}, |cos| {cosine}"


def measured(row: Row | None, interval: bool = True, digits: int = 3) -> str:
    """A figure with its 95 % interval."""
    if row is None or row["value"] is None:
        return "unknown"
    text = f"{row['value']:.{digits}f}"
    if not interval or row["ci_low"] is None or row["ci_high"] is None:
        return text
    return f"{text} [{row['ci_low']:.{digits}f}, {row['ci_high']:.{digits}f}]"


def draw_activations(
    axes: Axes, means: Mapping[str, np.ndarray], sparsity: float, figures: Mapping[tuple[str, str], Row]
) -> None:
    """Histograms of ρ̂ on a logarithmic axis, the target as a line; what is below the axis is in the first bin."""
    known = np.concatenate([*means.values(), [sparsity]])
    low = max(1e-4, min(known[known > 0].min(), sparsity) / 1.5)
    bins = np.geomspace(low, 1, BINS + 1).tolist()
    for kind, values in means.items():
        shown = look(kind)
        axes.hist(np.clip(values, low, 1), bins=bins, color=shown.colour, alpha=0.55, label=shown.words)
        axes.hist(np.clip(values, low, 1), bins=bins, color=shown.colour, histtype="step", linewidth=0.9)
    axes.axvline(sparsity, color=style.COLOURS[0], linestyle="--", linewidth=1, label=rf"target $\rho$ = {sparsity:g}")
    errors = [f"{look(kind).short} {measured(figures.get((kind, 'sparsity_error')), digits=4)}" for kind in means]
    axes.set_title(rf"Mean activation of units; mean $|\hat{{\rho}} - \rho|$: {', '.join(errors)}", fontsize=7.5)
    axes.set(xscale="log", xlabel=r"mean activation $\hat{\rho}$ over test images", ylabel="units")
    axes.set_xlim(low, 1)
    ticks = [tick for tick in TICKS if tick >= low]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="best")
