"""Images of drawn channels by every method, on one scale: a layer, or all of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from invariscope.figures import style
from invariscope.figures.feature_images import (
    BOTTOM,
    CLASSES,
    MARGIN,
    MINUS,
    OPTIMISED,
    TOP,
    Column,
    Layout,
    draw_nothing,
    drawn,
    grid,
    head,
    head_height,
    heading_height,
    rows_of,
    strips,
)

LABELS = 1.05  # inches
MOST = 10.0  # columns
APART = 0.25  # columns between two groups side by side
PITCH = 0.75  # inches, at most
BETWEEN = 0.15  # inches between blocks
Block = dict[str, Column]  # by objective


def draw(path: Path, objectives: pa.Table, title: str, group: str | None = None) -> None:
    """Blocks of columns, an objective each, with a line a method, from a table (objective, dead, kind,
    parameterization, regularization, rank, value, image): of one group, its name with _ for every dot, or of all."""
    rows = rows_of(objectives)
    groups = {
        name: found
        for name, found in drawn(rows).items()
        if name != CLASSES and group in (None, name.replace(".", "_"))
    }
    if not groups:
        return draw_nothing(path, f"Channels: {title}", "no channel is among the objectives drawn")
    blocks = pack(groups)
    widest = max(column.place for block in blocks for column in block.values()) + 1
    pitch = min(PITCH, (style.PAGE - LABELS - MARGIN) / widest)
    layout = Layout(LABELS, pitch - 0.08, pitch)
    lines = [strips(rows, list(block), (TOP, BOTTOM, OPTIMISED)) for block in blocks]
    listed = [list(block.values()) for block in blocks]
    heights = [
        heading_height(own, pitch) + len(found) * layout.down + BETWEEN
        for own, found in zip(listed, lines, strict=True)
    ]
    with style.figure(path, style.PAGE, head_height(3) + sum(heights), layout="none") as figure:
        axes = style.page(figure)
        top = head(
            axes,
            f"Feature visualisation of channels: {title}",
            "below each image the objective's value (a channel's mean over its map), on the image as it is, unmoved",
            "the data set's images are those of highest and of lowest value; bold: the highest of a column",
        )
        for own, found in zip(listed, lines, strict=True):
            top = grid(axes, top, own, found, layout) + BETWEEN
    return None


def pack(groups: Mapping[str, Sequence[str]]) -> list[Block]:
    """Groups side by side as long as they fit; one that is wider than the page in equal parts."""
    blocks: list[Block] = []
    end = MOST
    for objectives in groups.values():
        for part in parts(objectives):
            if end + APART + len(part) > MOST:
                blocks.append({})
                end = -APART
            start = end + APART
            blocks[-1] |= {
                name: Column(name.replace(" - ", f" {MINUS} "), start + place) for place, name in enumerate(part)
            }
            end = start + len(part)
    return blocks


def parts(objectives: Sequence[str], most: int = int(MOST)) -> list[Sequence[str]]:
    """As few as hold at most so many each, and as equal as can be."""
    count = -(-len(objectives) // most)
    size = -(-len(objectives) // count)
    return [objectives[start : start + size] for start in range(0, len(objectives), size)]
