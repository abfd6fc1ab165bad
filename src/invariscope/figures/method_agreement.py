"""Whether methods agree: rank correlations of what they say of the same networks and factors."""

import numpy as np
import pyarrow as pa

from invariscope.figures import style
from invariscope.figures.method_names import NAMES


def draw(files: style.Files, agreement: pa.Table) -> None:
    """A matrix from a table (method, other, correlation, ci_low, ci_high); bold where the interval excludes 0."""
    rows = agreement.to_pylist()
    methods = list(dict.fromkeys(name for row in rows for name in (row["method"], row["other"])))
    values = np.full((len(methods), len(methods)), np.nan)
    with style.figure(files, style.PAGE, 0.55 * len(methods) + 1.4) as figure:
        axes = figure.subplots()
        for row in rows:
            across, down = methods.index(row["method"]), methods.index(row["other"])
            values[down, across] = row["correlation"]
            shows = row["ci_low"] > 0 or row["ci_high"] < 0
            text = f"{row['correlation']:.2f}\n{row['ci_low']:.2f} to {row['ci_high']:.2f}"
            dark = abs(row["correlation"]) > 0.6
            weight = "bold" if shows else "normal"
            axes.text(
                across,
                down,
                text,
                ha="center",
                va="center",
                fontsize=6,
                weight=weight,
                color="white" if dark else "black",
            )
        shown = values[1:, :-1]
        colours = style.plt.get_cmap(style.DIVERGING).with_extremes(bad="white")
        extent = (-0.5, len(methods) - 1.5, len(methods) - 0.5, 0.5)
        image = axes.imshow(shown, cmap=colours, vmin=-1, vmax=1, aspect="auto", extent=extent)
        names = [NAMES[name].replace(" ", "\n", 1) for name in methods]
        axes.set_xticks(range(len(methods) - 1), names[:-1])
        axes.set_yticks(range(1, len(methods)), names[1:])
        axes.grid(visible=False)
        figure.colorbar(image, ax=axes, label="Spearman's rank correlation", fraction=0.04)
        axes.set_title(
            "of standardised scores over factors, twins and seeds; bold: 95 % interval excludes 0", fontsize=7
        )
        figure.suptitle(f"{rows[0]['study']}: do methods agree on what networks ignore?")
