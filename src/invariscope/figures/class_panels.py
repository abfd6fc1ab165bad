"""The papers' per-class panels: which classes get the softmax of one class's images as a transformation grows."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from invariscope.figures import style
from invariscope.figures.magnitudes import COLUMNS, FLOOR, TOP, Row, image_strip, magnitude_axis

PAPER = ("gaussian_noise", "rotation", "zoom", "translation_x")  # families of the paper's Figures 6 and 11
ROW_HEIGHT = 2.15  # inches
OWN: dict[str, Any] = {"color": style.COLOURS[1], "linestyle": "-"}  # the class that the images are of
OTHERS: dict[str, Any] = {"color": "#999999", "linestyle": ":"}
LOOK: tuple[dict[str, Any], ...] = tuple(
    {"color": style.COLOURS[place], "linestyle": dash} for place, dash in ((2, "--"), (3, "-."), (4, (0, (4, 1, 1, 1))))
)


def draw(files: style.Files, curves: pa.Table, top_classes: pa.Table, examples: pa.Table) -> None:
    """A row a class that has a sample image, a column a family: the paper's four, or the first four there are."""
    families = list(dict.fromkeys(curves["family"].to_pylist()))
    shown = ([family for family in PAPER if family in families] + [f for f in families if f not in PAPER])[:COLUMNS]
    samples = dict(zip(examples["class_name"].to_pylist(), examples["image_id"].to_pylist(), strict=True))
    with style.figure(files, height=0.75 + ROW_HEIGHT * len(samples)) as figure:
        panels = figure.subplots(len(samples), len(shown), sharey=True, squeeze=False)
        for line, name in zip(panels, samples, strict=True):
            for axes, family in zip(line, shown, strict=True):
                _panel(axes, name, _rows(curves, family, name), _rows(top_classes, family, name))
            line[0].set_ylabel(f"{name}\naccuracy, mean softmax")
        for axes, family in zip(panels[0], shown, strict=True):
            axes.annotate(family.replace("_", " "), (0.5, 1.36), xycoords="axes fraction", ha="center", fontsize=9)
        figure.legend(handles=_legend(), loc="outside lower center", ncols=3)
        first = curves.slice(0, 1).to_pylist()[0]
        figure.suptitle(f"{first['classifier']} on {first['study']}: what images of a class are taken for")
        figure.draw_without_rendering()  # gives the panels their final sizes
        for line, image in zip(panels, samples.values(), strict=True):
            for axes, family in zip(line, shown, strict=True):
                chosen = examples.filter(
                    pc.and_(pc.equal(examples["image_id"], image), pc.equal(examples["family"], family))
                )
                image_strip(axes, chosen, _rows(curves, family)[0]["identity"])


def _rows(table: pa.Table, family: str, class_name: str | None = None) -> list[Row]:
    chosen = pc.equal(table["family"], family)
    if class_name is not None:
        chosen = pc.and_(chosen, pc.equal(table["class_name"], class_name))
    return table.filter(chosen).to_pylist()


def _panel(axes: Axes, own: str, curve: list[Row], predicted: list[Row]) -> None:
    magnitude_axis(axes, curve)
    names = list(dict.fromkeys(row["predicted_class"] for row in predicted))
    looks = {own: OWN} | dict(zip((name for name in names if name not in (own, "others")), LOOK, strict=False))
    for name in sorted(names, key="others".__eq__):
        chosen = [row for row in predicted if row["predicted_class"] == name]
        magnitudes, probabilities = ([row[column] for row in chosen] for column in ("magnitude", "probability"))
        axes.plot(magnitudes, probabilities, label=name, **looks.get(name, OTHERS))
    handles = [line for line in axes.get_lines() if line.get_label() in looks]
    axes.plot([row["magnitude"] for row in curve], [row["accuracy"] for row in curve], color="black", linewidth=0.8)
    place: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 0.99)}
    axes.legend(handles=handles, fontsize=6, borderpad=0, labelspacing=0.2, **place)
    axes.set(ylim=(FLOOR, TOP), yticks=(0, 0.5, 1))


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color="black", linewidth=0.8, label="accuracy"),
        Line2D([], [], label="mean softmax of the class itself", **OWN),
        Line2D([], [], label="of others that get most of it (above a panel)", **LOOK[0]),
        Line2D([], [], label="highest of all the rest", **OTHERS),
        Line2D([], [], color="black", linestyle=":", linewidth=0.8, label="no transformation"),
    ]
