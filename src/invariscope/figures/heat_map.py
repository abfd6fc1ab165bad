"""How much of each family's grid a class holds out, at a glance: class by class, both directions."""

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Patch

from invariscope.figures import style
from invariscope.figures.magnitudes import Row, criterion_text, direction_name, group_name, names_of, of_one_criterion

MOST_NAMED = 80  # classes; more are drawn in order of robustness, without names
ROW_HEIGHT = 0.105  # inches, of a named class
UNNAMED_HEIGHT = 5.5
NEVER = "#ffffff"


def draw(files: style.Files, thresholds: pa.Table) -> None:
    """A row a group or class, a column a family and direction; dark: lost at once, white: never within the grid."""
    rows = of_one_criterion(thresholds.to_pylist())
    columns = list(dict.fromkeys((row["family"], row["direction"]) for row in rows))
    groups, classes = names_of(rows)
    share = {(row["class_name"], row["family"], row["direction"]): held_share(row) for row in rows}
    values = {name: np.array([share[name, *column] for column in columns]) for name in [*groups, *classes]}
    named = len(classes) <= MOST_NAMED
    if not named:
        classes = sorted(classes, key=lambda name: float(values[name].mean()))
    tall = ROW_HEIGHT * len(classes) if named else UNNAMED_HEIGHT
    with style.figure(files, height=2.1 + tall + ROW_HEIGHT * len(groups)) as figure:
        ratios = (len(groups), len(classes)) if named else (len(groups), UNNAMED_HEIGHT / ROW_HEIGHT)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=ratios)
        colours = _image(upper, np.array([values[name] for name in groups]))
        _image(lower, np.array([values[name] for name in classes]))
        upper.set_yticks(range(len(groups)), [*map(group_name, groups)], fontsize=6)
        if named:
            lower.set_yticks(range(len(classes)), classes, fontsize=6 if len(classes) <= 40 else 5)
        else:
            lower.set_yticks([])
            lower.set_ylabel(f"{len(classes)} classes, the least robust at the top")
        lower.set_xticks(range(len(columns)), [direction_name(*column) for column in columns], rotation=60, ha="right")
        bar = figure.colorbar(colours, ax=[upper, lower], fraction=0.03, aspect=40)
        bar.set_label("threshold: share of the\nway to the grid's end")
        never = Patch(facecolor=NEVER, edgecolor="black", linewidth=0.5, label="never lost within the grid")
        figure.legend(handles=[never], loc="outside lower right")
        figure.suptitle(f"{rows[0]['classifier']} on {rows[0]['study']}: {criterion_text(rows[0])}")


def held_share(row: Row) -> float:
    """Threshold from the identity, as a share of the grid's extent; 1 if it is never reached.

    Factors are compared on the scale that they are drawn on: 0.5 is as far as 2.
    """
    if row["censored"]:
        return 1.0
    ends = np.array([row["threshold"], row["grid_end"], row["identity"]], float)
    if row["unit"].startswith("factor") and row["identity"] == 1 and (ends > 0).all():
        ends = np.log(ends)
    return float(abs(ends[0] - ends[2]) / abs(ends[1] - ends[2]))


def _image(axes: Axes, values: np.ndarray) -> AxesImage:
    colours = style.plt.get_cmap(style.SEQUENTIAL).with_extremes(over=NEVER)
    shown = np.where(values >= 1, 2, values)
    axes.grid(visible=False)
    return axes.imshow(shown, aspect="auto", cmap=colours, vmin=0, vmax=1, interpolation="nearest")
