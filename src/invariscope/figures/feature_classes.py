"""Images of class logits by every method beside the data set's (the paper's Fig. 10)."""

from pathlib import Path

import pyarrow as pa

from invariscope.figures import style
from invariscope.figures.feature_images import (
    CLASSES,
    MARGIN,
    OPTIMISED,
    SMALL,
    TOP,
    WRONG,
    Layout,
    Row,
    columns,
    cut,
    draw_nothing,
    drawn,
    frame_of_class,
    grid,
    head,
    head_height,
    heading_height,
    key,
    page,
    rows_of,
    strips,
    taken_for_another,
    value_text,
)

LABELS = 1.05  # inches
MOST = 10  # columns
PITCH, SIDE = 1.5, 0.72  # inches, at most
FOOT = 0.3  # inches


def draw(path: Path, objectives: pa.Table, title: str) -> None:
    """A column for each drawn class, a line a method, from a table (objective, class_name, predicted, dead, kind,
    parameterization, regularization, rank, value, image)."""
    rows = rows_of(objectives)
    classes = drawn(rows).get(CLASSES, [])
    if not classes:
        return draw_nothing(path, f"Classes: {title}", "no class is among the objectives drawn")
    blocks = [classes[start : start + MOST] for start in range(0, len(classes), MOST)]
    pitch = min(PITCH, (style.PAGE - LABELS - MARGIN) / len(blocks[0]))
    layout = Layout(LABELS, min(SIDE, pitch - 0.05), pitch)
    names = {row["objective"]: row["class_name"] for row in rows}
    grids = [(columns([names[one] for one in block]), strips(rows, block, (TOP, OPTIMISED))) for block in blocks]
    height = sum(heading_height(listed, pitch) + len(lines) * layout.down for listed, lines in grids)
    with style.figure(path, style.PAGE, head_height(2) + height + FOOT, layout="none") as figure:
        axes = page(figure)
        explained = (
            "below each image the logit of its class, on the image as it is, unmoved; bold: the highest of a class"
        )
        top = head(axes, f"Feature visualisation of classes: {title}", explained)
        for listed, lines in grids:
            top = grid(axes, top, listed, lines, layout, frame_of_class, lambda row: caption(row, pitch))
        key(axes, top + 0.08, [(WRONG, "the classifier takes the image for another class, named beside the logit")])
    return None


def caption(row: Row, width: float) -> str:
    """The value, and what the classifier says if it is another class, as far as there is room."""
    value = value_text(row["value"])
    return cut(f"{value} ({row['predicted']})", width, SMALL) if taken_for_another(row) else value
