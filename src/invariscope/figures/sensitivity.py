"""What the choice of fill and interpolation does to curves and thresholds that are meant to be about the classifier."""

from typing import Any

import pyarrow as pa
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from invariscope.figures import style
from invariscope.figures.magnitudes import CURVES, Row, magnitude_axis, of_one_criterion

Rendering = tuple[str, str]  # fill, interpolation
DIRECTIONS = {"negative": ("<", -0.15), "positive": (">", 0.15)}  # marker, place within a row
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def draw(files: style.Files, curves: pa.Table, thresholds: pa.Table) -> None:
    """A column a family: accuracy of all images under each rendering; how much further they then hold out, and how much
    higher their accuracy is on average, than under the usual rendering, with paired intervals."""
    of_curves = [row for row in curves.to_pylist() if row["class_name"] == "all"]
    found = of_one_criterion([row for row in thresholds.to_pylist() if row["class_name"] == "all"])
    families = list(dict.fromkeys(row["family"] for row in of_curves))
    renderings = list(dict.fromkeys((row["fill"], row["interpolation"]) for row in of_curves))
    with style.figure(files, height=3.4 + 0.5 * len(renderings)) as figure:
        ratios = (3.2, *(0.4 * len(renderings),) * 2)
        panels = figure.subplots(3, len(families), height_ratios=ratios, squeeze=False)
        for (top, middle, bottom), family in zip(panels.T, families, strict=True):
            own = [row for row in found if row["family"] == family]
            _curves(top, [row for row in of_curves if row["family"] == family], renderings)
            _moves(middle, own, renderings, "difference")
            _moves(bottom, own, renderings, "mean_difference")
            middle.set_xlabel(f"threshold further out by\n({own[0]['unit'].split(',')[0]})")
            bottom.set_xlabel(f"{CURVES[own[0]['criterion']]}, averaged\nover magnitudes, higher by")
            top.set_title(family.replace("_", " "))
        panels[0, 0].set_ylabel("accuracy")
        for axes in panels[:, 1:].flat:
            axes.tick_params(labelleft=False)
        figure.legend(handles=_legend(panels[0, 0]), loc="outside lower center", ncols=3)
        first = found[0]
        figure.suptitle(
            f"{first['classifier']} on {first['study']}: the rendering's share in a threshold"
            f" ({first['n_images']} images, {first['confidence']:.0%} intervals)"
        )


def _look(renderings: list[Rendering], rendering: Rendering) -> dict[str, Any]:
    place = renderings.index(rendering)
    return {"color": style.COLOURS[place % len(style.COLOURS)], "linestyle": STYLES[place % len(STYLES)]}


def _curves(axes: Axes, rows: list[Row], renderings: list[Rendering]) -> None:
    magnitude_axis(axes, rows)
    for rendering in renderings:
        own = [row for row in rows if (row["fill"], row["interpolation"]) == rendering]
        label = ", ".join(rendering) + (" (the study's)" if rendering == renderings[0] else "")
        values = [row["accuracy"] for row in own]
        axes.plot([row["magnitude"] for row in own], values, label=label, **_look(renderings, rendering))
    axes.set(ylim=(-0.02, 1.04), yticks=(0, 0.5, 1))


def _moves(axes: Axes, rows: list[Row], renderings: list[Rendering], column: str) -> None:
    """A line a rendering, a mark a direction; a mark right of zero means that the classifier does better with it."""
    for place, rendering in enumerate(renderings[1:], start=1):
        colour = style.COLOURS[place % len(style.COLOURS)]
        for row in rows:
            if (row["fill"], row["interpolation"]) == rendering and row[column] is not None:
                marker, shift = DIRECTIONS[row["direction"]]
                axes.hlines(place + shift, row[f"{column}_low"], row[f"{column}_high"], color=colour, linewidth=1.4)
                face = "white" if row["censored"] and column == "difference" else colour
                axes.plot(row[column], place + shift, marker, color=colour, markerfacecolor=face, markersize=4)
    if not any(row[column] is not None for row in rows):
        axes.text(0.5, 0.5, "not lost within the grid", transform=axes.transAxes, ha="center", va="center", fontsize=7)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(1, len(renderings)), [_changed(renderings, rendering) for rendering in renderings[1:]])
    axes.set_ylim(len(renderings) - 0.5, 0.5)
    bound = max(abs(value) for value in axes.get_xlim())
    axes.set_xlim(-bound, bound)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=(1, 2, 5, 10)))
    axes.grid(axis="y", visible=False)


def _legend(axes: Axes) -> list[Artist]:
    marks: dict[str, Any] = {"color": "black", "linestyle": "none"}
    return [
        *axes.get_legend_handles_labels()[0],
        Line2D([], [], marker=DIRECTIONS["negative"][0], label="towards smaller magnitudes", **marks),
        Line2D([], [], marker=DIRECTIONS["positive"][0], label="towards larger ones", **marks),
    ]


def _changed(renderings: list[Rendering], rendering: Rendering) -> str:
    """What differs from the usual rendering."""
    return next(value for value, usual in zip(rendering, renderings[0], strict=True) if value != usual)
