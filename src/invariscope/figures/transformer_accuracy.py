"""Accuracy against displacement: learned transformations, random ones that displace as far, and none."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from invariscope.figures import style

PANELS = {
    "alpha": (r"Space: $\alpha$, with $\beta$ = 0", "displacement (fraction of the width)"),
    "beta": (r"Colour: $\beta$, with $\alpha$ = 0", "displacement (intensity, of 1)"),
    "both": ("Both", "displacement (sum of the other two)"),
}
LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "learned": ("learned", {"color": style.COLOURS[1], "marker": "o"}),
    "random": ("random, equal displacement", {"color": style.COLOURS[2], "marker": "s"}),
    "identity": ("untransformed", {"color": style.COLOURS[0], "marker": "D", "linestyle": "none"}),
}
BAR = 0.01  # the loss that the dashed line marks


def draw(files: style.Files, evaluation: pa.Table, title: str) -> None:
    """A panel a control, from a table (kind, control, strength, displacement, accuracy, ci_low, ci_high, n_images)."""
    controls = [name for name in PANELS if pc.any(pc.equal(evaluation["control"], name)).as_py()]
    with style.figure(files, style.PAGE, 3.3) as figure:
        panels = figure.subplots(1, len(controls), sharey=True, squeeze=False)[0]
        for axes, control in zip(panels, controls, strict=True):
            panel(axes, evaluation.filter(pc.field("control") == control))
            name, unit = PANELS[control]
            axes.set(title=name, xlabel=unit)
        panels[0].set(ylabel="accuracy on test images (fraction)", ylim=(0, 1.1))
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        figure.suptitle(
            f"Invariant transformer: {title}; {evaluation['n_images'][0].as_py()} test images\n{verdict(evaluation)}"
        )


def panel(axes: Axes, rows: pa.Table) -> None:
    """A line a kind, over the displacement at each strength, with 95 % intervals; strengths above the learned ones."""
    for kind, (label, look) in LOOKS.items():
        found = rows.filter(pc.field("kind") == kind).sort_by("strength").to_pydict()
        across, share = np.array(found["displacement"]), np.array(found["accuracy"])
        errors = [share - np.array(found["ci_low"]), np.array(found["ci_high"]) - share]
        axes.errorbar(across, share, yerr=np.maximum(errors, 0), label=label, capsize=2, **look)
        if kind == "identity":
            axes.axhline(
                share[0] - BAR, color="black", linestyle="--", linewidth=0.7, label="untransformed, less 1 point"
            )
        if kind == "learned":
            for place, height, strength in zip(across, share, found["strength"], strict=True):
                above: dict[str, Any] = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center", "size": 6}
                axes.annotate(f"{strength:g}", (place, height), **above)
    axes.set_xlim(left=-0.03 * max(rows["displacement"].to_numpy().max(), 1e-3))
    axes.xaxis.set_major_locator(MaxNLocator(4))


def verdict(evaluation: pa.Table) -> str:
    """What learned and random transformations lose at the greatest strength up to 1, in percentage points."""
    rows = evaluation.to_pylist()
    clean = next(row["accuracy"] for row in rows if row["kind"] == "identity")
    strength = max(row["strength"] for row in rows if row["strength"] <= 1)
    parts = []
    for control, (name, _) in PANELS.items():
        lost = {
            row["kind"]: 100 * (clean - row["accuracy"])
            for row in rows
            if row["control"] == control and row["strength"] == strength
        }
        if "learned" in lost and "random" in lost:
            parts.append(f"{name.split(':')[0].lower()} {lost['learned']:.1f} (random {lost['random']:.1f})")
    return f"points lost at strength {strength:g}: {', '.join(parts)}"
