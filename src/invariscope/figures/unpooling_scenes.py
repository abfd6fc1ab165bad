"""Pictures of two objects, and where a classifier's mirror finds which class in them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from invariscope.data.table import rows_with_images
from invariscope.figures import style
from invariscope.figures.captioned import LINE, Picture, head, head_height, strip
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

ACROSS, GAP, BLOCK, LEFT, GUTTER = 2, 0.05, 0.1, 0.1, 0.2  # scenes side by side; inches
ENTRIES = (
    (FIRST, "class of the upper object"),
    (SECOND, "class of the lower object"),
    (OTHER, "any other class"),
    (BACKGROUND, "background"),
)


def draw(path: Path, table: pa.Table, title: str) -> None:
    """From a table (scene, picture, kind, switches, label, class_name, second_label, second_class_name, iou, image)."""
    scenes = pictures(rows_with_images(table.filter(pc.field("kind") != "activation")), "two")
    share = (style.PAGE - 2 * LEFT + GUTTER) / ACROSS
    side = (share - GUTTER) / 4 - GAP
    rows, high = -(-len(scenes) // ACROSS), side + 3 * LINE + BLOCK
    top = head_height(1) + 0.25
    with style.figure(path, style.PAGE, top + rows * high + 0.05, layout="none") as figure:
        axes = style.page(figure)
        head(
            axes,
            f"Two objects located: {title}",
            "above a map: intersection over union with the true masks, mean of both",
        )
        legend(axes, ENTRIES, 1.0, top - 0.17)
        for number, scene in enumerate(scenes):
            left, upper = LEFT + number % ACROSS * share, top + number // ACROSS * high
            image = one(scene, "image")
            axes.text(
                left, upper, f"{image['class_name']}, {image['second_class_name']}", va="top", size=6, weight="bold"
            )
            strip(axes, panels(scene), left, upper + LINE, side, 2, GAP)


def panels(scene: list[Row]) -> list[Picture]:
    """The picture, both label maps, and the truth."""
    maps = {use: one(scene, "labels", use) for use in (True, False)}
    return [
        Picture(one(scene, "image")["image"], "picture"),
        Picture(coloured(maps[True]), f"with switches\n{maps[True]['iou']:.2f}"),
        Picture(coloured(maps[False]), f"without switches\n{maps[False]['iou']:.2f}"),
        Picture(coloured(one(scene, "truth")), "true masks"),
    ]
