"""Who recognises images that were made for classes: the classifier itself, and others trained independently."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from invariscope.figures import style
from invariscope.figures.feature_images import draw_nothing, method_words

LINE = 0.14  # inches for each judge of a method
APART = 0.4  # of the distance from method to method, between two methods


def draw(path: Path, transfer: pa.Table, classifier: str, title: str) -> None:
    """Shares with 95 % intervals, a line a method, from a table (parameterization, regularization, judge, n_images,
    share, ci_low, ci_high)."""
    rows = transfer.to_pylist()
    if not rows:
        return draw_nothing(path, f"Transfer: {title}", "no method has an image of every class")
    methods = list(dict.fromkeys((row["parameterization"], row["regularization"]) for row in rows))
    judges = list(dict.fromkeys(row["judge"] for row in rows))
    pitch = LINE * (len(judges) + APART / (1 - APART))
    with style.figure(path, style.PAGE, 1.35 + max(pitch, 0.25) * len(methods)) as figure:
        axes = figure.subplots()
        places = {method: place for place, method in enumerate(methods)}
        offsets = (np.arange(len(judges)) - (len(judges) - 1) / 2) * (1 - APART) / len(judges)
        for number, judge in enumerate(judges):
            own = [row for row in rows if row["judge"] == judge]
            share = np.array([row["share"] for row in own])
            ends = [share - [row["ci_low"] for row in own], [row["ci_high"] for row in own] - share]
            axes.errorbar(
                share,
                [places[row["parameterization"], row["regularization"]] + offsets[number] for row in own],
                xerr=np.maximum(ends, 0),
                linestyle="none",
                elinewidth=0.9,
                markersize=4.5,
                color=style.COLOURS[(number + 1) % len(style.COLOURS)],
                marker=style.MARKERS[number % len(style.MARKERS)],
                label=f"{judge}, which they were made for"
                if judge == classifier
                else f"{judge}, trained independently",
            )
        count = max(row["n_images"] for row in rows)
        axes.axvline(1 / count, color="black", linestyle=":", linewidth=0.9, label=f"chance, 1 of {count}")
        axes.set_yticks(range(len(methods)), [method_words(*method) for method in methods])
        axes.set(xlim=(-0.02, 1.02), ylim=(len(methods) - 0.5, -0.5), xlabel="images given their class (fraction)")
        axes.tick_params(axis="y", length=0)
        axes.grid(False, axis="y")
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))
        figure.suptitle(f"Who recognises the images of classes: {title}\n{count} images, one a class; 95 % intervals")
    return None
