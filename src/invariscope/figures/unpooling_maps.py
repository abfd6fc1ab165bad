"""What the figures of locations share: the colours of a label map, and the choice of rows from a table of pictures."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from invariscope.figures import style

BACKGROUND = "#1a1a1a"
FIRST, SECOND, OTHER = style.COLOURS[6], style.COLOURS[5], style.COLOURS[4]
VARIANTS = {True: "with switches", False: "without switches"}
Row = dict[str, Any]


def pictures(rows: Iterable[Row], scene: str) -> list[list[Row]]:
    """The rows of each picture of a kind of scene, in order."""
    own = [row for row in rows if row["scene"] == scene]
    return [[row for row in own if row["picture"] == number] for number in sorted({row["picture"] for row in own})]


def one(rows: Iterable[Row], kind: str, switches: bool | None = None) -> Row:
    """The row of some kind, of the variant asked for."""
    return next(row for row in rows if row["kind"] == kind and row["switches"] is switches)


def coloured(row: Row) -> np.ndarray:
    """A label map as a picture (3, H, W) uint8: its first object's class, its second one's, any other, background."""
    labels, picture = row["image"][0], np.empty((*row["image"].shape[1:], 3), np.uint8)
    picture[:] = _rgb(OTHER)
    picture[labels == 0] = _rgb(BACKGROUND)
    if row["second_label"] is not None:
        picture[labels == row["second_label"]] = _rgb(SECOND)
    picture[labels == row["label"]] = _rgb(FIRST)
    return picture.transpose(2, 0, 1)


def legend(axes: Axes, entries: Iterable[tuple[str, str]], left: float, top: float) -> None:
    """Coloured squares with what they stand for, side by side, from (left, top), in inches."""
    for colour, text in entries:
        axes.plot([left], [top], "s", color=colour, markersize=6, clip_on=False)
        axes.text(left + 0.09, top, text, va="center", size=7)
        left += 0.3 + 0.05 * len(text)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue
