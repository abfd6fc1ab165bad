"""The confusion of a classifier: what the images of every class were taken for, and the pairs confused most."""

from itertools import groupby

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from invariscope.figures import style

FEW = 20  # classes that can all be named along an axis, with the number of images in each cell
PAIRS = 12  # confused pairs listed
OTHERS = "other classes"
SHARES = (0, 0.01, 0.05, 0.2, 0.5, 1)  # on the colour bar
STRETCH = 0.35  # exponent of the colour scale: single errors of hundreds of images must be seen


def draw(files: style.Files, confusion: pa.Table, title: str) -> None:
    """A heat map and the most confused pairs, from a table (class_name, predicted_class, n_images)."""
    names = list(dict.fromkeys(confusion["class_name"].to_pylist()))
    counts = confusion["n_images"].to_numpy().reshape(len(names), len(names))  # rows: true classes
    with style.figure(files, style.PAGE, 4.3) as figure:
        left, right = np.ravel(figure.subfigures(1, 2, width_ratios=(2.3, 1), wspace=0.03))  # type: ignore[arg-type]
        matrix, pairs = left.subplots(), right.subplots()
        shown, rows, columns = with_images(counts, names)
        heat_map(left, matrix, shown)
        if len(rows) <= FEW:
            name_all(matrix, shown, rows, columns)
        else:
            name_groups(matrix, rows, columns[len(rows) :])
        list_pairs(pairs, counts, names)
        accuracy = counts.trace() / counts.sum()
        figure.suptitle(f"Confusion on the test split: {title}, accuracy {accuracy:.2%} of {counts.sum()} images")


def with_images(counts: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str], list[str]]:
    """The part of a confusion that a heat map shows, the names of its rows and of its columns.

    Classes without images have no row; being taken for any of them is one last column.
    """
    seen = np.flatnonzero(counts.sum(1))
    rows = [names[label] for label in seen]
    if len(rows) == len(names):
        return counts, names, names
    among = counts[np.ix_(seen, seen)]
    return np.column_stack([among, counts[seen].sum(1) - among.sum(1)]), rows, [*rows, OTHERS]


def heat_map(figure: SubFigure, axes: Axes, counts: np.ndarray) -> None:
    """The counts (true class, taken for) as shares of each true class's images, with their scale."""
    shares = np.ma.masked_equal(counts / np.maximum(counts.sum(1, keepdims=True), 1), 0)  # nothing: left white
    image = axes.imshow(shares, cmap=f"{style.SEQUENTIAL}_r", norm=PowerNorm(STRETCH, 0, 1), interpolation="nearest")
    axes.set(xlabel="taken for", ylabel="true class")
    axes.grid(False)
    axes.spines[:].set_visible(True)
    bar = figure.colorbar(image, ax=axes, ticks=SHARES, format="%g", fraction=0.045, pad=0.02)
    bar.set_label("share of the true class's images (white: none)")
    bar.outline.set_visible(False)


def name_all(axes: Axes, counts: np.ndarray, rows: list[str], columns: list[str]) -> None:
    """Every class on both axes, the number of images in every cell that has some."""
    long = max(map(len, columns)) > 3
    axes.set_xticks(range(len(columns)), columns, rotation=90 if long else 0)
    axes.set_yticks(range(len(rows)), rows)
    for row, column in zip(*counts.nonzero(), strict=True):
        dark = counts[row, column] > 0.2 * counts[row].sum()
        colour, size = ("white" if dark else "black"), (6 if len(rows) <= 12 else 4.5)
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=size)


def name_groups(axes: Axes, names: list[str], also: list[str]) -> None:
    """Neighbouring classes that end in the same words share a label, and lines part them. `also`: last columns."""
    labels, sizes = groups(names)
    edges = np.cumsum([0, *sizes]) - 0.5
    middles = (edges[:-1] + edges[1:]) / 2
    axes.set_xticks([*middles, *range(len(names), len(names) + len(also))], [*labels, *also], rotation=90)
    axes.set_yticks(middles, labels)
    axes.tick_params(length=0)
    if max(sizes) > 1:
        axes.hlines(edges[1:-1], -0.5, len(names) + len(also) - 0.5, color="#bbbbbb", linewidth=0.4)
        axes.vlines(edges[1:-1], -0.5, len(names) - 0.5, color="#bbbbbb", linewidth=0.4)


def groups(names: list[str]) -> tuple[list[str], list[int]]:
    """Runs of names that end alike, with as many words in common as leaves at most FEW runs.

    Names that do not fall into so few runs are cut into equal ones, each under its first name.
    """
    for words in (3, 2, 1):
        runs = [(end, len(list(run))) for end, run in groupby(names, key=lambda name: name.split()[-words:])]
        if len(runs) <= FEW:
            return [" ".join(end) for end, _ in runs], [size for _, size in runs]
    step = -(-len(names) // FEW)
    firsts = range(0, len(names), step)
    return [names[first] for first in firsts], [min(step, len(names) - first) for first in firsts]


def list_pairs(axes: Axes, counts: np.ndarray, names: list[str]) -> None:
    """Bars of the most frequent errors, each under its words; a word if there are none."""
    errors = counts * (1 - np.eye(len(names), dtype=counts.dtype))
    if not errors.any():
        axes.set_axis_off()
        axes.text(0.5, 0.5, "No image was taken\nfor another class.", ha="center", va="center")
        return
    order = np.argsort(-errors, axis=None, kind="stable")[:PAIRS]
    rows, columns = np.unravel_index(order[errors.flat[order] > 0], counts.shape)
    kinds = np.count_nonzero(errors)
    axes.set(title="Most frequent errors", yticks=[], xlabel=f"images ({len(rows)} of {kinds} kinds of error)")
    axes.set(xlim=(0, max(errors.max(), 1)), ylim=(PAIRS - 0.4, -0.6))
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    axes.barh(np.arange(len(rows)) + 0.2, errors[rows, columns], height=0.3, color=style.COLOURS[2])
    for place, (row, column) in enumerate(zip(rows, columns, strict=True)):
        words = f"{names[row]} as {names[column]}: {errors[row, column]}"
        axes.text(0, place - 0.02, words, fontsize=7 if len(words) < 32 else 5.5, va="bottom")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
