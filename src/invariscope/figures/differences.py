"""How much more accurate one classifier is than another over a family's magnitudes, group by group."""

import pyarrow as pa
from matplotlib.axes import Axes

from invariscope.figures import style
from invariscope.figures.magnitudes import CURVES, Row, direction_name, group_name, names_of, of_one_criterion

ROW_HEIGHT, GROUP_HEIGHT = 0.12, 0.045  # inches, of a row and of each group in it


def draw(files: style.Files, comparison: pa.Table) -> None:
    """A panel a pair of classifiers, a row a family and direction: differences of the accuracy averaged over the
    magnitudes, of every group, with paired intervals; grey, those of single classes."""
    rows = of_one_criterion(comparison.to_pylist())
    pairs = list(dict.fromkeys((row["classifier"], row["other"]) for row in rows))
    columns = list(dict.fromkeys((row["family"], row["direction"]) for row in rows))
    groups, _ = names_of(rows)
    height = (ROW_HEIGHT + GROUP_HEIGHT * len(groups)) * len(columns)
    with style.figure(files, height=1.2 + height) as figure:
        panels = figure.subplots(1, len(pairs), sharey=True, sharex=True, squeeze=False)[0]
        for axes, pair in zip(panels, pairs, strict=True):
            own = [row for row in rows if (row["classifier"], row["other"]) == pair]
            _panel(axes, own, columns, groups)
            axes.set_title(f"{pair[0]} minus {pair[1]}")
            axes.set_xlabel(f"{CURVES[rows[0]['criterion']]}, averaged over magnitudes (+: {pair[0]} higher)")
        panels[0].set_yticks(range(len(columns)), [direction_name(*column) for column in columns])
        panels[0].set_ylim(len(columns) - 0.4, -0.6)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        first = rows[0]
        figure.suptitle(f"{first['study']}: the same images, two classifiers, with {first['confidence']:.0%} intervals")


def _panel(axes: Axes, rows: list[Row], columns: list[tuple[str, str]], groups: list[str]) -> None:
    classes = [row for row in rows if row["kind"] == "class"]
    places = [columns.index((row["family"], row["direction"])) for row in classes]
    values = [row["mean_difference"] for row in classes]
    axes.plot(values, places, "|", color="#bbbbbb", markersize=7, zorder=1, label="single classes")
    for number, group in enumerate(groups):
        own = [row for row in rows if row["class_name"] == group]
        shift = 0.6 * ((number + 0.5) / len(groups) - 0.5)
        heights = [columns.index((row["family"], row["direction"])) + shift for row in own]
        colour = style.COLOURS[number % len(style.COLOURS)]
        low, high = ([row[f"mean_difference_{end}"] for row in own] for end in ("low", "high"))
        axes.hlines(heights, low, high, color=colour, linewidth=1.2)
        marker = style.MARKERS[number % len(style.MARKERS)]
        axes.plot(
            [row["mean_difference"] for row in own],
            heights,
            marker,
            color=colour,
            markersize=3,
            label=group_name(group),
        )
    axes.axvline(0, color="black", linewidth=0.8)
    axes.grid(axis="y", visible=False)
