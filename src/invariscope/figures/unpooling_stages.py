"""How a location takes shape at growing resolution (paper 004's pictures after Noh et al. 2015)."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pyarrow as pa

from invariscope.data.table import rows_with_images
from invariscope.figures import style
from invariscope.figures.captioned import LINE, Picture, head, head_height, label, strip
from invariscope.figures.unpooling_maps import (
    BACKGROUND,
    FIRST,
    OTHER,
    SECOND,
    Row,
    coloured,
    legend,
    one,
    pictures,
)

LEFT, GAP, BLOCK, LARGEST = 0.95, 0.03, 0.08, 0.5  # inches
SHORT = {"unpooling": "unpool", "deconvolution": "deconv"}
ENTRIES = (
    (FIRST, "the object's class (in scenes the upper one's)"),
    (SECOND, "the lower one's"),
    (OTHER, "any other"),
    (BACKGROUND, "background"),
)


def draw(path: Path, table: pa.Table, title: str) -> None:
    """From a table (scene, picture, kind, switches, stage, layer, operation, size, label, second_label, image)."""
    rows = rows_with_images(table)
    shown = [
        part
        for scene in ("one", "two")
        for part in pictures(rows, scene)
        if any(row["kind"] == "activation" for row in part)
    ]
    stages = activations(shown[0], True)
    side = min(LARGEST, (style.PAGE - LEFT - 0.05) / (len(stages) + 3) - GAP)
    notes = (
        "each square: the strongest activation over channels after one layer of the mirror, bright where it is strong",
        "last three: the label map with its intersection over union, the true mask, the picture",
    )
    top = head_height(len(notes)) + 0.2 + 3 * LINE
    height = top + len(shown) * (2 * (side + GAP) + BLOCK) + 0.02
    with style.figure(path, style.PAGE, height, layout="none") as figure:
        axes = style.page(figure)
        head(axes, f"A location takes shape: {title}", *notes)
        legend(axes, ENTRIES, 1.0, head_height(len(notes)) + 0.06)
        columns = [*map(heading, stages), "label map", "true mask", "picture"]
        for number, text in enumerate(columns):
            middle = LEFT + number * (side + GAP) + side / 2
            axes.text(middle, top - 0.03, text, ha="center", va="bottom", size=5.5)
        for part in shown:
            for use, text in ((True, "with switches"), (False, "without")):
                strip(axes, sequence(part, use), LEFT, top, side, 0, GAP)
                label(axes, f"{text}\n{one(part, 'labels', use)['iou']:.2f}", LEFT - 0.06, top + side / 2)
                top += side + GAP
            top += BLOCK


def activations(rows: Sequence[Row], switches: bool) -> list[Row]:
    """Of one picture and variant, stage by stage."""
    own = [row for row in rows if row["kind"] == "activation" and row["switches"] is switches]
    return sorted(own, key=lambda row: row["stage"])


def heading(stage: Row) -> str:
    """What a stage is the mirror of, and the size of its map."""
    layer = stage["layer"].rpartition("features.")[2]
    return f"{SHORT[stage['operation']]}\n{layer}\n{stage['size']} px"


def sequence(rows: Sequence[Row], switches: bool) -> list[Picture]:
    """A row of the figure."""
    colours = np.round(255 * matplotlib.colormaps[style.SEQUENTIAL](np.arange(256))[:, :3]).astype(np.uint8)  # (256, 3)
    shown = [colours[row["image"][0]].transpose(2, 0, 1) for row in activations(rows, switches)]
    shown += [coloured(one(rows, "labels", switches)), coloured(one(rows, "truth")), one(rows, "image")["image"]]
    return [Picture(image) for image in shown]
