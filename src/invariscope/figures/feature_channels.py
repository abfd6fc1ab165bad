"""Channels of one layer without and with transformation robustness, a pair each (the paper's Fig. 7)."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from invariscope.errors import UserError
from invariscope.figures import style
from invariscope.figures.feature_images import (
    MARGIN,
    NONE,
    OPTIMISED,
    Row,
    cell,
    draw_nothing,
    drawn,
    head,
    head_height,
    layers,
    method_words,
    rows_of,
)

ACROSS, MOST = 4, 8  # pairs side by side, and of all
SMALL_SIDE, BIG_SIDE, GAP = 0.55, 1.0, 0.06  # inches
NAME = 0.16  # inches, above a pair
DOWN = NAME + BIG_SIDE + 0.22  # inches from one pair to the next
PAPER = "paper"
Method = tuple[str, str]  # parameterization, regularization


def draw(path: Path, objectives: pa.Table, title: str, layer: str | None = None) -> None:
    """A small and a big image for each channel of a layer (None: the middle one of those drawn), from a table
    (objective, dead, kind, parameterization, regularization, rank, value, image). Raises UserError if it is none."""
    rows = rows_of(objectives)
    groups = drawn(rows)
    names = layers(groups)
    if not names or not methods(rows):
        return draw_nothing(path, f"Channels: {title}", "no channel is among the objectives drawn")
    layer = layer or names[len(names) // 2]  # the paper shows the third of five
    if layer not in names:
        raise UserError(f"layer {layer!r}: none of its channels is drawn; use {', '.join(names)}")
    channels = groups[layer][:MOST]
    found = {
        (row["objective"], row["parameterization"], row["regularization"]): row
        for row in rows
        if row["kind"] == OPTIMISED
    }
    small, big = pair(methods(rows))
    height = head_height(2) + DOWN * -(-len(channels) // ACROSS)
    with style.figure(path, style.PAGE, height, layout="none") as figure:
        axes = style.page(figure)
        words = f"small: {method_words(*small)}; big: {method_words(*big)}; below each the channel's mean over its map"
        top = head(axes, f"Feature visualisation of {layer}'s channels: {title}", words)
        across = (style.PAGE - 2 * MARGIN) / ACROSS
        for number, channel in enumerate(channels):
            down, place = divmod(number, ACROSS)
            left = MARGIN + place * across + (across - SMALL_SIDE - GAP - BIG_SIDE) / 2
            corner = left, top + down * DOWN
            axes.text(left, corner[1], channel, size=7, va="top")
            low = corner[1] + NAME + BIG_SIDE - SMALL_SIDE
            cell(axes, found.get((channel, *small)), (left, low), SMALL_SIDE)
            cell(axes, found.get((channel, *big)), (left + SMALL_SIDE + GAP, corner[1] + NAME), BIG_SIDE)
    return None


def methods(rows: Sequence[Row]) -> list[Method]:
    """How images were optimised, in the table's order."""
    return list(
        dict.fromkeys((row["parameterization"], row["regularization"]) for row in rows if row["kind"] == OPTIMISED)
    )


def pair(found: Sequence[Method]) -> tuple[Method, Method]:
    """Without robustness and with the paper's, or else with another one: of the first parameterization that has both.

    If none has, the first method and the last.
    """
    both = [(one, other) for one in found for other in found if one[0] == other[0] and one[1] == NONE != other[1]]
    of_paper = [methods for methods in both if methods[1][1] == PAPER]
    return [*of_paper, *both, (found[0], found[-1])][0]
