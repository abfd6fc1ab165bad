"""Small images with a caption each, placed by the inch on one page."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from invariscope.figures import style

TITLE, NOTE, CAPTION = 10, 7, 5.8  # points
LINE = 0.105  # inches a line of a caption
HEAD, NOTE_LINE = 0.3, 0.145  # inches of the title, and a line below it


@dataclass(frozen=True)
class Picture:
    """An image (C, H, W) uint8, grey or RGB, and what is written over it."""

    image: np.ndarray
    caption: str = ""
    frame: str | None = None  # colour


def head(axes: Axes, title: str, *notes: str) -> float:
    """Write the title and what explains the page; returns where the rest begins."""
    middle = style.PAGE / 2
    axes.text(middle, 0.1, title, ha="center", va="top", size=TITLE)
    for line, note in enumerate(notes):
        axes.text(middle, HEAD + line * NOTE_LINE, note, ha="center", va="top", size=NOTE)
    return head_height(len(notes))


def head_height(notes: int) -> float:
    return HEAD + notes * NOTE_LINE + 0.05


def strip(
    axes: Axes, pictures: Sequence[Picture], left: float, top: float, side: float, lines: int, gap: float
) -> None:
    """Pictures in a row, `side` inches each, under captions of so many lines that begin at `top`."""
    for picture in pictures:
        upper = top + lines * LINE
        pixels = picture.image.transpose(1, 2, 0)
        shown = pixels if pixels.shape[2] == 3 else np.repeat(pixels[..., :1], 3, axis=2)
        axes.imshow(shown, extent=(left, left + side, upper + side, upper), aspect="auto", interpolation="nearest")
        if picture.frame:
            look: dict[str, Any] = {"fill": False, "edgecolor": picture.frame, "linewidth": 1.4}
            axes.add_patch(Rectangle((left, upper), side, side, clip_on=False, **look))
        axes.text(left + side / 2, upper - 0.02, picture.caption, ha="center", va="bottom", size=CAPTION)
        left += side + gap


def strip_height(side: float, lines: int) -> float:
    return side + lines * LINE


def wrapped(name: str) -> str:
    """A class's name over two lines, if it is long."""
    return textwrap.fill(name, 16, max_lines=2, placeholder=" ...")


def label(axes: Axes, text: str, right: float, middle: float) -> None:
    """What a row is, right-aligned, in the middle of its height."""
    axes.text(right, middle, text, ha="right", va="center", size=NOTE)
