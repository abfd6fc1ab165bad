"""A test image of each class and what autoencoders make of it (paper 002, Figs. 8 and 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes

from invariscope.data.table import column_images
from invariscope.figures import style
from invariscope.figures.captioned import head, head_height
from invariscope.figures.feature_images import MARGIN, cut, picture, text_width
from invariscope.figures.generative_names import in_order, look

ORIGINAL, RECONSTRUCTION = "original", "reconstruction"
MOST = 60  # classes
LARGEST, TALLEST = 0.62, 8.8  # inches: an image's side; all strips together
GAP, APART = 0.02, 0.14  # inches between images of a strip, and between strips
NAME, ERROR = 0.12, 0.14  # inches over and under an image
SMALL = 5.4  # points
NOTES = 2


@dataclass(frozen=True)
class Layout:
    """Strips of images side by side, and the inches of an image's side."""

    across: int
    down: int
    side: float

    @property
    def pitch(self) -> float:
        """Inches from a strip to the one below."""
        return NAME + self.side + ERROR

    @property
    def height(self) -> float:
        return self.down * self.pitch


def draw(path: Path, tables: Mapping[str, pa.Table], title: str) -> None:
    """From tables by kind (class_name, kind, error, image), each with the same originals and its reconstructions."""
    kinds = in_order(tables)
    originals = chosen(tables[kinds[0]], ORIGINAL)
    made = [chosen(tables[kind], RECONSTRUCTION) for kind in kinds]
    columns = [column_images(table["image"]) for table in (originals, *made)]
    errors = np.stack([np.sqrt(table["error"].to_numpy()) for table in made], axis=1)  # (N, kinds)
    names = originals["class_name"].to_pylist()
    layout = layout_of(len(names), len(columns))
    headings = [ORIGINAL, *(look(kind).short for kind in kinds)]
    turned = max(text_width(heading, SMALL + 0.6) for heading in headings) > layout.side
    heading_height = 0.55 if turned else 0.13
    with style.figure(path, style.PAGE, head_height(NOTES) + heading_height + layout.height, layout="none") as figure:
        axes = style.page(figure)
        top = head(
            axes,
            f"Reconstructions of test images: {title}",
            "the first test image of each class, then what each autoencoder makes of it",
            "below: root mean squared error (intensity, 0 to 1)",
        )
        for strip in range(min(layout.across, len(names))):
            write_headings(
                axes, headings, left_of(layout, len(columns), strip), top, layout.side, heading_height, turned
            )
        top += heading_height
        for place, name in enumerate(names):
            row, strip = place % layout.down, place // layout.down
            corner = left_of(layout, len(columns), strip), top + row * layout.pitch
            draw_strip(axes, [images[place] for images in columns], errors[place], name, corner, layout.side)


def chosen(table: pa.Table, kind: str) -> pa.Table:
    return table.filter(pc.field("kind") == kind)[:MOST]


def layout_of(strips: int, images: int) -> Layout:
    """The largest images with which strips of so many images go on a page; of equal ones, the fewest strips a row."""
    layouts = []
    for across in range(1, strips + 1):
        room = (style.PAGE - 2 * MARGIN - (across - 1) * APART) / across
        side = min(LARGEST, (room - (images - 1) * GAP) / images)
        down = ceil(strips / across)
        layouts.append(Layout(ceil(strips / down), down, side))
    fitting = [layout for layout in layouts if layout.height <= TALLEST] or layouts[-1:]
    largest = max(layout.side for layout in fitting)
    return max((layout for layout in fitting if layout.side == largest), key=lambda layout: layout.across)


def left_of(layout: Layout, images: int, strip: int) -> float:
    """Inches: where a strip begins, with all of them in the page's middle."""
    width = images * layout.side + (images - 1) * GAP
    apart = min(0.4, (style.PAGE - 2 * MARGIN - layout.across * width) / max(1, layout.across - 1))
    whole = layout.across * width + (layout.across - 1) * apart
    return (style.PAGE - whole) / 2 + strip * (width + apart)


def write_headings(
    axes: Axes, headings: Sequence[str], left: float, top: float, side: float, height: float, turned: bool
) -> None:
    """The names above the columns of pictures; places in inches, turned where they are too wide."""
    for number, heading in enumerate(headings):
        middle = left + number * (side + GAP) + side / 2
        axes.text(
            middle,
            top + height - 0.02,
            heading,
            size=SMALL + 0.6,
            ha="center",
            va="bottom",
            rotation=90 if turned else 0,
        )


def draw_strip(
    axes: Axes, images: Sequence[np.ndarray], errors: np.ndarray, name: str, corner: tuple[float, float], side: float
) -> None:
    """The class's name over the images (C, H, W), errors below all but the first."""
    left, top = corner
    width = len(images) * (side + GAP) - GAP
    axes.text(left, top + NAME - 0.02, cut(name, width, SMALL + 0.6), size=SMALL + 0.6, va="bottom")
    for number, image in enumerate(images):
        start = left + number * (side + GAP)
        picture(axes, image, (start, top + NAME), side)
        if number:
            below = top + NAME + side + 0.015
            axes.text(start + side / 2, below, f"{errors[number - 1]:.3f}", size=SMALL, ha="center", va="top")
