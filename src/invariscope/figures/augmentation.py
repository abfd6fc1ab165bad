"""Augmentation: test accuracy of classifiers of few images, with and without changed images added, and these images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator

from invariscope.data.table import column_images
from invariscope.figures import style
from invariscope.figures.mosaic import mosaic
from invariscope.intervals import mean_interval

Accuracies = dict[int, dict[int, float]]  # size -> seed -> accuracy
REFERENCE = "none"
OWN = "traversal_own"
NAMES = {
    "original": "original",
    "none": "none",
    "noise": "noise of\nequal change",
    "affine": "affine",
    "traversal": "traversal",
    "affine_and_traversal": "traversal\n+ affine",
    OWN: "traversal:\nsubset alone",
}
LOOKS = {name: number for number, name in enumerate(list(NAMES)[1:])}  # place in COLOURS and MARKERS
DODGE = 0.055  # between conditions, of the distance of a size from its double
COMPARED = {"traversal": ("none", "noise", "affine"), OWN: ("none", "noise"), "affine_and_traversal": ("affine",)}
IN_NUMBERS = ("none",)  # references; the panel shows the rest
MOST_EXAMPLES = 10
MARGINS = 4.9  # inches of the page that the examples do not take


def draw(files: style.Files, accuracy: pa.Table, title: str, examples: pa.Table) -> None:
    """From a table (condition, per_class, seed, accuracy, converged) and one of images (condition, image_id, image)."""
    values = by_condition(accuracy)
    sizes = sorted(accuracy["per_class"].unique().to_pylist())
    sheet, rows = example_sheet(examples)
    height = (style.PAGE - 1.2) * sheet.shape[0] / sheet.shape[1]
    with style.figure(files, style.PAGE, MARGINS + height) as figure:
        parts: Any = figure.subfigures(2, 1, height_ratios=(MARGINS - 0.3, height + 0.3))
        upper, lower = parts
        left, right = upper.subplots(1, 2)
        _panel(left, values, sizes)
        left.set(title="Test accuracy", ylabel="fraction")
        right.axhline(0, color="black", linewidth=0.8)
        _panel(right, {name: minus(found, values[REFERENCE]) for name, found in values.items()}, sizes)
        right.set(title="Paired difference from none", ylabel="percentage points")
        upper.legend(handles=_handles(values, accuracy), loc="outside lower center", ncols=3)
        upper.suptitle(f"Traversal images as training data: {title}\n{verdict(values)}\n{caveat(accuracy)}", size=8)
        _pictures(lower.subplots(), sheet, rows)


def by_condition(accuracy: pa.Table) -> dict[str, Accuracies]:
    found: dict[str, Accuracies] = {}
    for row in accuracy.to_pylist():
        found.setdefault(row["condition"], {}).setdefault(row["per_class"], {})[row["seed"]] = row["accuracy"]
    return found


def minus(values: Accuracies, reference: Accuracies) -> Accuracies:
    """Percentage points, seed by seed."""
    return {
        size: {seed: 100 * (value - reference[size][seed]) for seed, value in seeds.items()}
        for size, seeds in values.items()
    }


def _panel(axes: Axes, values: Mapping[str, Accuracies], sizes: list[int]) -> None:
    """A line a condition over the sizes; the conditions stand side by side at each."""
    for condition, found in values.items():
        look = LOOKS[condition]
        colour = style.COLOURS[look]
        across = 2 ** (DODGE * (look - (len(LOOKS) - 1) / 2))
        places = [size * across for size in sorted(found)]
        seeds = [np.array(list(found[size].values())) for size in sorted(found)]
        for place, points in zip(places, seeds, strict=True):
            axes.plot([place] * len(points), points, "o", color=colour, alpha=0.5, markersize=2.5, markeredgewidth=0)
        means, lows, highs = np.array([mean_interval(points) for points in seeds]).T
        errors = np.nan_to_num([means - lows, highs - means])
        axes.errorbar(places, means, yerr=errors, marker=style.MARKERS[look], color=colour, capsize=2, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("training images a class")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)


def _handles(values: Mapping[str, Accuracies], accuracy: pa.Table) -> list[Line2D]:
    handles = [
        Line2D([], [], color=style.COLOURS[place], marker=style.MARKERS[place], label=NAMES[name].replace("\n", " "))
        for name, place in LOOKS.items()
        if name in values
    ]
    text = f"one of {len(accuracy['seed'].unique())} repetitions"
    return [*handles, Line2D([], [], color="grey", marker="o", markersize=2.5, linestyle="none", label=text)]


def example_sheet(examples: pa.Table) -> tuple[np.ndarray, list[str]]:
    """One picture (H, W, 3) uint8: a row a condition, a column an original; and the rows' conditions."""
    conditions = list(dict.fromkeys(examples["condition"].to_pylist()))
    ids = list(dict.fromkeys(examples["image_id"].to_pylist()))[:MOST_EXAMPLES]
    shown = examples.filter(pc.is_in(examples["image_id"], pa.array(ids)))
    pictures = column_images(shown["image"])  # (N, C, H, W)
    rows = np.array([conditions.index(name) for name in shown["condition"].to_pylist()])
    columns = np.array([ids.index(number) for number in shown["image_id"].to_pylist()])
    return mosaic(pictures, rows, columns, max(1, pictures.shape[3] // 14)), conditions


def _pictures(axes: Axes, sheet: np.ndarray, rows: list[str]) -> None:
    axes.imshow(sheet, interpolation="nearest")
    pitch = sheet.shape[0] / len(rows)
    axes.set_yticks([(place + 0.5) * pitch for place in range(len(rows))], [NAMES[name] for name in rows])
    axes.set(xticks=[], title="Images, and the first changed one that each condition adds")
    axes.tick_params(axis="y", length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)


def verdict(values: Mapping[str, Accuracies]) -> str:
    """In words, the main differences in numbers too: one counts if its interval is clear of zero."""
    words, numbers = [], []
    for condition, references in COMPARED.items():
        if condition in values:
            name = NAMES[condition].replace("\n", " ").replace(":", " from")
            judged = []
            for reference in references:
                found = {
                    size: mean_interval(list(seeds.values()))
                    for size, seeds in sorted(minus(values[condition], values[reference]).items())
                }
                judged.append(f"{_judged(found)} {reference}")
                at = ", ".join(f"{_points(*interval)} at {size}" for size, interval in found.items())
                if reference in IN_NUMBERS:
                    numbers.append(f"{name} minus {reference}: {at}")
            words.append(f"{name}: {'; '.join(judged)}")
    return "\n".join([*words, *numbers])


def caveat(accuracy: pa.Table) -> str:
    """What every reader of the verdict should know."""
    shares = accuracy.filter(pc.field("condition") == "traversal")["converged"].to_numpy()
    return (
        "(percentage points, 95 % intervals, unadjusted; traversal images come from networks trained on the whole\n"
        f"training split; {100 * shares.mean():.0f} % of their searches converged)"
    )


def _judged(intervals: Mapping[int, tuple[float, float, float]]) -> str:
    better = [str(size) for size, (_, low, _) in intervals.items() if low > 0]
    worse = [str(size) for size, (_, _, high) in intervals.items() if high < 0]
    found = [
        f"{word} (at {', '.join(sizes)} a class)" for word, sizes in (("better", better), ("worse", worse)) if sizes
    ]
    return f"{' and '.join(found)} than" if found else "not clearly other than"


def _points(mean: float, low: float, high: float) -> str:
    return f"{mean:+.1f}" if np.isnan(low) else f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"
