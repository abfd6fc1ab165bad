"""The first images that every generative network makes, picked by nobody."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

import pyarrow as pa
from matplotlib.axes import Axes

from invariscope.data.table import rows_with_images
from invariscope.figures import style
from invariscope.figures.captioned import head, head_height
from invariscope.figures.feature_images import MARGIN, picture, text_width
from invariscope.figures.generative_names import in_order, look

ACROSS, ROWS = 18, 2
GAP = 0.025  # inches
SIDE = (style.PAGE - 2 * MARGIN + GAP) / ACROSS - GAP
NAME, BELOW = 0.2, 0.1  # inches over a network's images, and under an image if it is labelled
SMALL = 5.8  # points
Row = dict[str, Any]


def draw(path: Path, samples: pa.Table, title: str) -> None:
    """From a table (kind, index, predicted, confidence, image)."""
    listed = rows_with_images(samples)
    kinds = in_order(row["kind"] for row in listed)
    blocks = {kind: [row for row in listed if row["kind"] == kind][: ACROSS * ROWS] for kind in kinds}
    labelled = all(text_width(row["predicted"], SMALL) <= SIDE for row in listed)
    notes = ["the first images that each network makes of codes as it draws them; none is picked"]
    if labelled:
        notes.append("below: the class that the judge takes it for")
    heights = [NAME + ceil(len(rows) / ACROSS) * pitch(labelled) for rows in blocks.values()]
    with style.figure(path, style.PAGE, head_height(len(notes)) + sum(heights) + 0.05, layout="none") as figure:
        axes = style.page(figure)
        top = head(axes, f"Samples of generative networks: {title}", *notes)
        for (kind, rows), height in zip(blocks.items(), heights, strict=True):
            draw_block(axes, kind, rows, top, labelled)
            top += height


def pitch(labelled: bool) -> float:
    """Inches from a row of images to the next."""
    return SIDE + GAP + (BELOW if labelled else 0)


def draw_block(axes: Axes, kind: str, rows: Sequence[Row], top: float, labelled: bool) -> None:
    """A network's images under its name, and what the judge makes of them all."""
    classes = len({row["predicted"] for row in rows})
    confidence = sum(row["confidence"] for row in rows) / len(rows)
    axes.text(MARGIN, top + NAME - 0.04, look(kind).words, size=7.5, weight="bold", va="bottom")
    said = f"{len(rows)} images: the judge sees {classes} class{'' if classes == 1 else 'es'}, mean confidence"
    axes.text(style.PAGE - MARGIN, top + NAME - 0.04, f"{said} {confidence:.2f}", size=6.5, ha="right", va="bottom")
    for place, row in enumerate(rows):
        left = MARGIN + place % ACROSS * (SIDE + GAP)
        upper = top + NAME + place // ACROSS * pitch(labelled)
        picture(axes, row["image"], (left, upper), SIDE)
        if labelled:
            axes.text(left + SIDE / 2, upper + SIDE + 0.01, row["predicted"], size=SMALL, ha="center", va="top")
