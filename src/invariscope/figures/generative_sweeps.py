"""What single latents of generative networks do to an image."""

from collections.abc import Sequence
from math import floor, log10
from pathlib import Path
from typing import Any

import pyarrow as pa
from matplotlib.axes import Axes

from invariscope.data.table import rows_with_images
from invariscope.figures import style
from invariscope.figures.captioned import head, head_height
from invariscope.figures.feature_images import MARGIN, MINUS, picture
from invariscope.figures.generative_names import in_order, look

ACROSS = 2  # networks side by side
LABEL, NAME, BETWEEN = 0.52, 0.24, 0.2  # inches left of the images, over them, and between networks
GAP = 0.02  # inches between images
LARGEST = 0.45  # inches
WIDTH = (style.PAGE - 2 * MARGIN - (ACROSS - 1) * BETWEEN) / ACROSS
Row = dict[str, Any]


def draw(path: Path, sweeps: pa.Table, title: str) -> None:
    """From a table (kind, latent, change, code, image): of each network's latents the same number of places."""
    lines = lines_of(sweeps)
    kinds = in_order(kind for kind, _ in lines)
    blocks = {kind: [line for (name, _), line in lines.items() if name == kind] for kind in kinds}
    places = max(len(line) for line in lines.values())
    side = min(LARGEST, (WIDTH - LABEL + GAP) / places - GAP)
    rows = [kinds[start : start + ACROSS] for start in range(0, len(kinds), ACROSS)]
    heights = [NAME + max(len(blocks[kind]) for kind in row) * (side + GAP) + 0.05 for row in rows]
    with style.figure(path, style.PAGE, head_height(2) + sum(heights) + 0.05, layout="none") as figure:
        axes = style.page(figure)
        top = head(
            axes,
            f"Sweeps along single latents: {title}",
            "a row: one latent from its lowest to its highest value, all others held",
            "the latents that change the image most, the strongest first; at the left their numbers and ranges",
        )
        for row, height in zip(rows, heights, strict=True):
            for number, kind in enumerate(row):
                draw_block(axes, kind, blocks[kind], (MARGIN + number * (WIDTH + BETWEEN), top), side)
            top += height


def lines_of(sweeps: pa.Table) -> dict[tuple[str, int], list[Row]]:
    """Rows by network and latent, in the table's order."""
    found: dict[tuple[str, int], list[Row]] = {}
    for row in rows_with_images(sweeps):
        found.setdefault((row["kind"], row["latent"]), []).append(row)
    return found


def draw_block(axes: Axes, kind: str, lines: Sequence[Sequence[Row]], corner: tuple[float, float], side: float) -> None:
    """A network's sweeps from a corner on (inches): a line of pictures a latent, with its number and range."""
    left, top = corner
    axes.text(left + LABEL, top + NAME - 0.04, look(kind).words, size=7.5, weight="bold", va="bottom")
    for number, line in enumerate(lines):
        upper = top + NAME + number * (side + GAP)
        middle = upper + side / 2
        axes.text(left + LABEL - 0.05, middle, f"{line[0]['latent']}", size=6.5, weight="bold", ha="right", va="bottom")
        axes.text(
            left + LABEL - 0.05, middle, range_text(line[0]["code"], line[-1]["code"]), size=5, ha="right", va="top"
        )
        for place, row in enumerate(line):
            picture(axes, row["image"], (left + LABEL + place * (side + GAP), upper), side)


def range_text(low: float, high: float) -> str:
    """Both ends with the digits that the larger one needs for three."""
    largest = max(abs(low), abs(high))
    digits = max(0, 2 - floor(log10(largest))) if largest > 0 else 0
    return f"{low:.{digits}f} … {high:.{digits}f}".replace("-", MINUS)
