"""What the latent search finds: the best images for a class (the paper's Fig. 12) and for channels (its Fig. 13)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from invariscope.data.table import column_images
from invariscope.figures import style
from invariscope.figures.captioned import (
    LINE,
    Picture,
    head,
    head_height,
    label,
    strip,
    strip_height,
    wrapped,
)

SAMPLES, ASCENT = "samples", "ascent"
BEST, PER_CHANNEL, ACROSS = 8, 4, 2  # images of a class, of a channel, and channels side by side
LABEL, GAP, BLOCK = 0.72, 0.06, 0.12  # inches
UNRECOGNISED = style.COLOURS[2]
Row = dict[str, Any]


def draw_classes(
    path: Path, latents: pa.Table, names: list[str], examples: Mapping[str, np.ndarray], title: str
) -> None:
    """Two rows for each of the classes `names`, from a table (class_name, method, evaluations, rank, value, predicted,
    image)."""
    rows = with_images(latents)
    side = (style.PAGE - LABEL - 0.1) / (BEST + 1) - GAP
    counts = {
        method: next(row["evaluations"] for row in rows if row["method"] == method) for method in (SAMPLES, ASCENT)
    }
    texts = {
        SAMPLES: f"best of\n{counts[SAMPLES]:,}\nsamples",
        ASCENT: f"best of\nclimbers,\n{counts[ASCENT]:,}\nevaluations",
    }
    notes = (
        "above each image: the class's logit; framed: the classifier takes the image for another class",
        "top left: an image of the class from the test split",
    )
    row_height = strip_height(side, 1) + GAP
    height = head_height(len(notes)) + len(names) * (LINE + 2 * row_height + BLOCK) + 0.05
    with style.figure(path, style.PAGE, height, layout="none") as figure:
        axes = style.page(figure)
        top = head(axes, f"Best images in the latent space, by class: {title}", *notes)
        for name in names:
            strip(axes, [Picture(examples[name], wrapped(name))], LABEL, top, side, 2, GAP)
            top += LINE
            for method, text in texts.items():
                own = [row for row in rows if (row["class_name"], row["method"]) == (name, method)][:BEST]
                strip(axes, [picture(row, name) for row in own], LABEL + side + GAP, top, side, 1, GAP)
                label(axes, text, LABEL - 0.08, top + row_height - GAP - side / 2)
                top += row_height
            top += BLOCK


def draw_channels(path: Path, latents: pa.Table, title: str) -> None:
    """The best samples and the best of the ascent for every channel, from a table as of `draw_classes`."""
    rows = with_images(latents.filter(pa.compute.is_null(latents["class_name"])))
    names = list(dict.fromkeys(row["objective"] for row in rows))
    width = (style.PAGE - 0.1) / ACROSS
    side = (width - LABEL) / (PER_CHANNEL + 1) - GAP - 0.03
    row_height = strip_height(side, 1) + GAP
    notes = (f"the {PER_CHANNEL} best samples; framed, the best of the ascent; above: the channel's mean activation",)
    height = head_height(len(notes)) + -(-len(names) // ACROSS) * row_height + 0.05
    with style.figure(path, style.PAGE, height, layout="none") as figure:
        axes = style.page(figure)
        start = head(axes, f"Best images in the latent space, by channel: {title}", *notes)
        for place, name in enumerate(names):
            down, across = divmod(place, ACROSS)
            left, top = across * width + LABEL, start + down * row_height
            own = [row for row in rows if row["objective"] == name]
            samples = [picture(row) for row in own if row["method"] == SAMPLES][:PER_CHANNEL]
            climbed = [picture(row, frame=style.COLOURS[1]) for row in own if row["method"] == ASCENT][:1]
            strip(axes, samples, left, top, side, 1, GAP)
            strip(axes, climbed, left + PER_CHANNEL * (side + GAP) + 0.05, top, side, 1, GAP)
            text = name.replace(" + ", "\n+ ").replace(" - ", "\n- ")
            label(axes, text, left - 0.08, top + row_height - GAP - side / 2)


def with_images(table: pa.Table) -> list[Row]:
    return [row | {"image": image} for row, image in zip(table.to_pylist(), column_images(table["image"]), strict=True)]


def picture(row: Row, name: str | None = None, frame: str | None = None) -> Picture:
    """An image under its value; framed if it is to be of a class and is taken for another."""
    missed = name is not None and row["predicted"] != name
    return Picture(row["image"], f"{row['value']:.3g}", UNRECOGNISED if missed else frame)
