"""The way of an ascent in the latent space (the paper's Fig. 11): its own, which stops early, and ours."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from invariscope.data.table import column_images
from invariscope.figures import style
from invariscope.figures.captioned import Picture, head, head_height, label, strip, strip_height, wrapped

METHODS = {"paper": "the paper's:\none random\nstart", "ascent": "ours:\nbest of\nseveral"}
MOST = 5  # classes, so that a page holds them
LABEL, GAP, LINES, BLOCK = 0.72, 0.045, 2, 0.12  # inches, but for the lines of a caption


def draw(path: Path, paths: pa.Table, examples: Mapping[str, np.ndarray], title: str) -> None:
    """Two rows for each of the first classes, from a table (class_name, method, step, value, share, image).

    First of all stands an image of the class.
    """
    rows = paths.to_pylist()
    for row, image in zip(rows, column_images(paths["image"]), strict=True):
        row["image"] = image
    names = list(dict.fromkeys(row["class_name"] for row in rows))[:MOST]
    ways = {(name, method): chosen(rows, name, method) for name in names for method in METHODS}
    columns = max(map(len, ways.values())) + 1
    side = (style.PAGE - LABEL - 0.1) / columns - GAP
    notes = (
        "above each image: steps taken; the class's logit (in brackets: 0 is the mean sample's, 1 the best sample's)",
        "top left: an image of the class from the test split; last of a row: the best that the ascent has seen",
    )
    row_height = strip_height(side, LINES) + GAP
    height = head_height(len(notes)) + len(names) * (len(METHODS) * row_height + BLOCK) + 0.05
    with style.figure(path, style.PAGE, height, layout="none") as figure:
        axes = style.page(figure)
        top = head(axes, f"Ascent of a class's logit in the latent space: {title}", *notes)
        for name in names:
            example = Picture(examples[name], wrapped(name), style.COLOURS[1])
            strip(axes, [example], LABEL, top, side, LINES, GAP)
            for method, text in METHODS.items():
                pictures = [Picture(row["image"], caption(row)) for row in ways[name, method]]
                strip(axes, pictures, LABEL + side + GAP, top, side, LINES, GAP)
                label(axes, text, LABEL - 0.08, top + row_height - GAP - side / 2)
                top += row_height
            top += BLOCK


def chosen(rows: list[dict], name: str, method: str) -> list[dict]:
    """The steps of one way."""
    return [row for row in rows if (row["class_name"], row["method"]) == (name, method)]


def caption(row: dict) -> str:
    return f"{row['step']}\n{row['value']:.1f} ({row['share']:.2f})"
