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
    rows_of,
    strips,
    taken_for_another,
    text_width,
    value_text,
)

LABELS = 1.05  # inches
MOST = 10  # columns
PITCH, SIDE = 1.5, 0.72  # inches, at most
FOOT = 0.3  # inches
BOLD = 0.88  # of the room: bold text is wider than what is measured


def draw(path: Path, objectives: pa.Table, title: str) -> None:
    """A column for each drawn class, a line a method, from a table (objective, class_name, predicted, dead, kind,
    parameterization, regularization, rank, value, image)."""
    rows = rows_of(objectives)
    classes = drawn(rows).get(CLASSES, [])
    if not classes:
        return draw_nothing(path, f"Classes: {title}", "no class is among the objectives drawn")
    blocks = [classes[start : start + MOST] for start in range(0, len(classes), MOST)]
    pitch = min(PITCH, (style.PAGE - LABELS - MARGIN) / len(blocks[0]))
    names = {row["objective"]: row["class_name"] for row in rows}
    grids = [(columns([names[one] for one in block]), strips(rows, block, (TOP, OPTIMISED))) for block in blocks]
    cells = [row for _, lines in grids for line in lines for row in line.cells if row is not None]
    beside = all(text_width(caption(row), SMALL) < BOLD * pitch for row in cells)
    layout = Layout(LABELS, min(SIDE, pitch - 0.05), pitch, captions=1 if beside else 2)
    height = sum(heading_height(listed, pitch) + len(lines) * layout.down for listed, lines in grids)
    with style.figure(path, style.PAGE, head_height(2) + height + FOOT, layout="none") as figure:
        axes = style.page(figure)
        explained = (
            "below each image the logit of its class, on the image as it is, unmoved; bold: the highest of a class"
        )
        top = head(axes, f"Feature visualisation of classes: {title}", explained)
        for listed, lines in grids:
            top = grid(
                axes,
                top,
                listed,
                lines,
                layout,
                frame_of_class,
                lambda row: caption(row, None if beside else BOLD * pitch),
            )
        key(axes, top + 0.08, [(WRONG, "the classifier takes the image for another class, in brackets")])
    return None


def caption(row: Row, width: float | None = None) -> str:
    """The value, and what the classifier says if it is another class: beside it, or below in `width` inches."""
    value = value_text(row["value"])
    if not taken_for_another(row):
        return value
    other = f"({row['predicted']})"
    return f"{value} {other}" if width is None else f"{value}\n{cut(other, width, SMALL)}"
