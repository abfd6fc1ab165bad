"""What units of two-layer autoencoders add to an image: the basis that the text speaks of."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib import colormaps
from matplotlib.axes import Axes

from invariscope.data.table import rows_with_images
from invariscope.figures import style
from invariscope.figures.captioned import head, head_height
from invariscope.figures.feature_images import EDGE, MARGIN, box, picture
from invariscope.figures.generative_names import in_order, look

ACROSS = 5  # images, of a network
NAME, BELOW, GAP, BETWEEN = 0.24, 0.13, 0.04, 0.3  # inches
LARGEST = 0.62
SMALL = 5.4  # points
BAR = 0.42  # inches that the scale of colours takes
Row = dict[str, Any]


def draw(path: Path, basis: pa.Table, units: pa.Table, title: str) -> None:
    """From tables (kind, unit, scale, image) and (kind, unit, mean); images 0 to 255 are -scale to +scale."""
    listed = rows_with_images(basis)
    grey = len(listed[0]["image"]) == 1
    if grey:
        listed = [row | {"image": in_colours(row["image"])} for row in listed]
    kinds = in_order(row["kind"] for row in listed)
    means = {(row["kind"], row["unit"]): row["mean"] for row in units.to_pylist()}
    blocks = {kind: [row for row in listed if row["kind"] == kind] for kind in kinds}
    width = (style.PAGE - 2 * MARGIN - BETWEEN) / 2
    side = min(LARGEST, (width + GAP) / ACROSS - GAP)
    rows = max(ceil(len(block) / ACROSS) for block in blocks.values())
    height = head_height(2) + NAME + rows * (side + BELOW + GAP) + BAR
    taken = ACROSS * (side + GAP) - GAP
    start = (style.PAGE - len(kinds) * taken - (len(kinds) - 1) * BETWEEN) / 2
    with style.figure(path, style.PAGE, height, layout="none") as figure:
        axes = style.page(figure)
        top = head(
            axes,
            f"Basis images of two-layer autoencoders: {title}",
            "what each unit adds to an image when it is active, before the last sigmoid; the most active units first",
            "below: the unit's number, and its mean activation over test images",
        )
        for number, kind in enumerate(kinds):
            draw_block(axes, kind, blocks[kind], means, (start + number * (taken + BETWEEN), top), side)
        draw_scale(axes, height - BAR + 0.05, grey)


def in_colours(image: np.ndarray) -> np.ndarray:
    """A grey image (1, H, W) uint8 as (3, H, W), 127.5 the middle of the diverging map."""
    shown = colormaps[style.DIVERGING](image[0], bytes=True)[..., :3]
    return np.ascontiguousarray(shown.transpose(2, 0, 1))


def draw_block(
    axes: Axes,
    kind: str,
    rows: Sequence[Row],
    means: Mapping[tuple[str, int], float | None],
    corner: tuple[float, float],
    side: float,
) -> None:
    """A network's units in rows of pictures from a corner on (inches), each with its mean activation."""
    left, top = corner
    axes.text(left, top + NAME - 0.05, look(kind).words, size=8, weight="bold", va="bottom")
    for place, row in enumerate(rows):
        across = left + place % ACROSS * (side + GAP)
        upper = top + NAME + place // ACROSS * (side + BELOW + GAP)
        picture(axes, row["image"], (across, upper), side)
        box(axes, (across, upper), side, EDGE, 0.4)
        mean = means.get((kind, row["unit"]))
        said = f"{row['unit']}" if mean is None else f"{row['unit']}: {mean:.3f}"
        axes.text(across + side / 2, upper + side + 0.02, said, size=SMALL, ha="center", va="top")


def draw_scale(axes: Axes, top: float, grey: bool) -> None:
    """What colours mean: each image has a scale of its own."""
    words = "each image on its own scale, from minus to plus its largest weight"
    middle, wide = style.PAGE / 2, 1.6
    if grey:
        ramp = in_colours(np.arange(256, dtype=np.uint8)[None, None])
        left = middle - wide / 2
        axes.imshow(ramp.transpose(1, 2, 0), extent=(left, left + wide, top + 0.1, top), aspect="auto")
        axes.text(left - 0.05, top + 0.05, "darker", size=7, ha="right", va="center")
        axes.text(left + wide + 0.05, top + 0.05, "brighter", size=7, ha="left", va="center")
    else:
        words = f"grey adds nothing; a channel brighter than grey is added, darker is taken away; {words}"
    axes.text(middle, top + (0.15 if grey else 0.05), words, size=6.5, ha="center", va="top")
