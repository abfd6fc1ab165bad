"""What the figures of feature visualisation share: a gallery's table in words, and its images on a page in inches."""

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath

from invariscope.data.table import rows_with_images
from invariscope.figures import style

Row = dict[str, Any]  # of the table, its image an array (C, H, W) uint8
TOP, BOTTOM, OPTIMISED = "top", "bottom", "optimised"  # kinds of images
DATA_SET, NONE = "dataset", "none"
CLASSES, OTHERS = "classes", "others"
PARAMETERIZATIONS = {DATA_SET: "data set", "fourier": "Fourier", "cppn": "CPPN", "dcgan": "DCGAN"}
REGULARIZATIONS = {NONE: "no robustness", "paper": "paper's robustness", "lucid": "lucid's robustness"}
KINDS = {TOP: "highest", BOTTOM: "lowest"}
CHANNEL = re.compile(r"([\w.]+):\d+")

WRONG = style.COLOURS[2]
EDGE = "#bbbbbb"  # around images, so that white ones have an end
SMALL = 6.0  # points: what stands below images
LINE = 0.125  # inches: a line of them
MARGIN = 0.1  # inches
MINUS = "\N{MINUS SIGN}"


def rows_of(table: pa.Table) -> list[Row]:
    """A table's rows in order. What nothing can be optimised for is dead in the data set's rows too."""
    rows = rows_with_images(table)
    by_objective: dict[str, list[bool]] = {}
    for row in rows:
        if row["kind"] == OPTIMISED:
            by_objective.setdefault(row["objective"], []).append(row["dead"])
    dead = {objective for objective, found in by_objective.items() if all(found)}
    return [row | {"dead": row["dead"] or row["objective"] in dead} for row in rows]


def method_words(parameterization: str, regularization: str) -> str:
    """Names that we know in words, others as they are."""
    name = PARAMETERIZATIONS.get(parameterization, parameterization)
    return name if parameterization == DATA_SET else f"{name}, {REGULARIZATIONS.get(regularization, regularization)}"


def group_of(objective: str) -> str:
    """The layer of a channel; CLASSES; OTHERS for sums and single neurons."""
    found = CHANNEL.fullmatch(objective)
    if not found:
        return OTHERS
    return CLASSES if found[1] == "class" else found[1]


def drawn(rows: Iterable[Row]) -> dict[str, list[str]]:
    """The objectives that every method was to draw, by group: those whose lowest images are listed as well.

    Of classes that are only judged the table lists the highest alone.
    """
    groups: dict[str, list[str]] = {}
    for objective in dict.fromkeys(row["objective"] for row in rows if row["kind"] == BOTTOM):
        groups.setdefault(group_of(objective), []).append(objective)
    return dict(sorted(groups.items(), key=lambda item: (item[0] == OTHERS, item[0] == CLASSES)))


def layers(groups: Iterable[str]) -> list[str]:
    return [name for name in groups if name not in (CLASSES, OTHERS)]


def value_text(value: float | None) -> str:
    """To three digits, with a minus sign."""
    if value is None:
        return ""
    text = f"{value:.0f}" if 1000 <= abs(value) < 1e5 else f"{value:#.3g}".rstrip(".")
    return text.replace("e-0", "e-").replace("-", MINUS)


@cache
def text_width(text: str, size: float) -> float:
    """Inches, at `size` points."""
    extents = TextPath((0, 0), text, size=size).get_extents() if text.strip() else None
    return float(extents.width) / 72 if extents else 0.0


@cache
def wrapped(text: str, width: float, size: float) -> str:
    """In as few lines as go into `width` inches at `size` points."""
    for most in range(len(text), 1, -1):
        lines = textwrap.wrap(text, most)
        if all(text_width(line, size) <= width for line in lines):
            return "\n".join(lines)
    return text


@cache
def cut(text: str, width: float, size: float) -> str:
    """What goes into `width` inches at `size` points."""
    if text_width(text, size) <= width:
        return text
    lengths = range(len(text) - 1, 0, -1)
    return next((f"{text[:length]}…" for length in lengths if text_width(f"{text[:length]}…", size) <= width), "…")


def taken_for_another(row: Row) -> bool:
    return row["class_name"] is not None and not row["dead"] and row["predicted"] != row["class_name"]


def frame_of_class(row: Row) -> str | None:
    return WRONG if taken_for_another(row) else None


@dataclass(frozen=True)
class Strip:
    """A line of images: what a method makes of each objective, None where it was not asked."""

    label: str
    cells: tuple[Row | None, ...]


def strips(rows: Iterable[Row], objectives: Sequence[str], kinds: Sequence[str]) -> list[Strip]:
    """The first image of each objective by each method; examples of the data set are methods too."""
    found: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in rows:
        if row["kind"] in kinds and row["rank"] == 1 and row["objective"] in objectives:
            method = row["kind"], row["parameterization"], row["regularization"]
            found.setdefault(method, {})[row["objective"]] = row
    return [
        Strip(_label(*method), tuple(found[method].get(objective) for objective in objectives))
        for method in sorted(found, key=lambda method: kinds.index(method[0]))
    ]


def _label(kind: str, parameterization: str, regularization: str) -> str:
    words = method_words(parameterization, regularization)
    return f"{words}, {KINDS[kind]}" if kind in KINDS else words


@dataclass(frozen=True)
class Layout:
    """Of a grid, in inches."""

    labels: float  # room left of the images
    side: float  # of an image
    pitch: float  # from one image to the next across
    captions: int = 1  # lines below an image

    @property
    def down(self) -> float:
        """From one image to the next down."""
        return self.side + LINE * self.captions + 0.05


@dataclass(frozen=True)
class Column:
    """A column of a grid: what it says above its images, and how far from the labels it begins, in columns."""

    heading: str
    place: float


def columns(headings: Sequence[str]) -> list[Column]:
    """Side by side."""
    return [Column(heading, place) for place, heading in enumerate(headings)]


def heading_height(listed: Sequence[Column], width: float) -> float:
    return 0.06 + 0.115 * max(wrapped(column.heading, width, 7).count("\n") + 1 for column in listed)


def head(axes: Axes, *lines: str) -> float:
    """A figure's title over the page's middle, explained below. Returns how many inches it takes."""
    middle = axes.get_xlim()[1] / 2
    axes.text(middle, MARGIN, lines[0], size=10, ha="center", va="top")
    for number, line in enumerate(lines[1:]):
        axes.text(middle, 0.34 + 0.15 * number, line, size=8, ha="center", va="top")
    return head_height(len(lines))


def head_height(lines: int) -> float:
    return 0.4 + 0.15 * (lines - 1)


def value_below(row: Row) -> str:
    return value_text(row["value"])


def no_frame(_: Row) -> None:
    return None


def grid(
    axes: Axes,
    top: float,
    listed: Sequence[Column],
    lines: Sequence[Strip],
    layout: Layout,
    frame: Callable[[Row], str | None] = no_frame,
    caption: Callable[[Row], str] = value_below,
) -> float:
    """Strips under each other, headings above, the highest value of a column bold. Returns where it ends."""
    top += heading_height(listed, layout.pitch)
    lefts = [layout.labels + column.place * layout.pitch + (layout.pitch - layout.side) / 2 for column in listed]
    for column, left in zip(listed, lefts, strict=True):
        heading = wrapped(column.heading, layout.pitch, 7)
        axes.text(left + layout.side / 2, top - 0.05, heading, size=7, ha="center", va="bottom")
    best = [highest([strip.cells[column] for strip in lines]) for column in range(len(listed))]
    for strip in lines:
        name = strip.label.replace(", ", ",\n", 1)
        middle = top + layout.side / 2
        axes.text(layout.labels - 0.06, middle, name, size=7, ha="right", va="center", linespacing=1.15)
        for row, left, first in zip(strip.cells, lefts, best, strict=True):
            bold = row is not None and row is first
            cell(axes, row, (left, top), layout.side, frame, caption, bold)
        top += layout.down
    return top


def highest(rows: Iterable[Row | None]) -> Row | None:
    """The row of the highest value, the first of equal ones."""
    valued = [row for row in rows if row is not None and not row["dead"] and row["value"] is not None]
    return max(valued, key=lambda row: row["value"], default=None)


def cell(
    axes: Axes,
    row: Row | None,
    corner: tuple[float, float],
    side: float,
    frame: Callable[[Row], str | None] = no_frame,
    caption: Callable[[Row], str] = value_below,
    bold: bool = False,
) -> None:
    """An image with its upper left corner there, what is to be said of it below; or why there is none."""
    left, top = corner
    if row is None or row["dead"]:
        box(axes, corner, side, EDGE, 0.4, "#f2f2f2")
        reason = "not\ndrawn" if row is None else "dead"
        axes.text(left + side / 2, top + side / 2, reason, size=SMALL, ha="center", va="center", color="#666666")
        return
    picture(axes, row["image"], corner, side)
    colour = frame(row)
    box(axes, corner, side, colour or EDGE, 1.4 if colour else 0.4)
    place = left + side / 2, top + side + 0.025
    axes.text(*place, caption(row), size=SMALL, weight="bold" if bold else "normal", ha="center", va="top")


def picture(axes: Axes, image: np.ndarray, corner: tuple[float, float], side: float) -> None:
    """An image (C, H, W), grey or RGB, as a square of `side` inches; smoothed only if it has more pixels than that."""
    left, top = corner
    channels = np.broadcast_to(image.transpose(1, 2, 0)[..., :3], (*image.shape[1:], 3))
    smooth = image.shape[2] > side * style.DPI
    axes.imshow(
        channels,
        extent=(left, left + side, top + side, top),
        aspect="auto",
        interpolation="hanning" if smooth else "nearest",
    )


def box(axes: Axes, corner: tuple[float, float], side: float, colour: str, width: float, fill: str = "none") -> None:
    axes.add_patch(Rectangle(corner, side, side, edgecolor=colour, facecolor=fill, linewidth=width))


def key(axes: Axes, top: float, entries: Sequence[tuple[str, str]], note: str = "") -> None:
    """Frames in words, one after the other across the page, and a note at the end."""
    left = MARGIN
    for colour, text in entries:
        box(axes, (left, top), 0.11, colour, 1.4)
        axes.text(left + 0.18, top + 0.055, text, size=7, va="center")
        left += 0.18 + text_width(text, 7) + 0.3
    axes.text(left, top + 0.055, note, size=7, va="center")


def draw_nothing(files: style.Files, title: str, reason: str) -> None:
    """A figure that says why it is empty: the workflow expects a file whatever a study asks for."""
    with style.figure(files, style.PAGE, 0.9, layout="none") as figure:
        head(style.page(figure), title, reason)
