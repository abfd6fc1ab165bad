"""Images of one class that are kept from being alike, and images on the way from one class to the next."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pyarrow as pa
from matplotlib.axes import Axes

from invariscope.figures import style
from invariscope.figures.feature_images import (
    LINE,
    MARGIN,
    WRONG,
    Row,
    cell,
    cut,
    draw_nothing,
    frame_of_class,
    head,
    head_height,
    key,
    method_words,
    rows_of,
    text_width,
)

ALIKE, DIVERSE, BETWEEN = "undiverse", "diverse", "between"
ARROW = " → "
WAYS = "between two classes: share of the second"
FIRST, SECOND = style.COLOURS[1], style.COLOURS[3]
NAME = 0.16  # inches, above a line of images
HEADS = 0.38  # inches, above all lines
APART = 0.4  # of an image, between two columns of lines
PITCH = 0.6  # inches from image to image, at most
FOOT = 0.3  # inches
Lines = dict[tuple[str, ...], list[Row]]  # by the class, or both classes, that they are of


def draw(path: Path, objectives: pa.Table, title: str) -> None:
    """Copies without and with diversity, and interpolations, from a table (objective, class_name, second, predicted,
    dead, kind, parameterization, regularization, rank, value, image, share)."""
    rows = rows_of(objectives)
    names = {row["objective"]: row["class_name"] for row in rows if row["class_name"] is not None}
    parts = {
        "each by itself": copies(rows, ALIKE),
        "kept from being alike": copies(rows, DIVERSE),
        WAYS: ways(rows, names),
    }
    parts = {above: lines for above, lines in parts.items() if lines}
    if not parts:
        return draw_nothing(path, f"Variety: {title}", "no class is drawn in variety")
    across = [max(map(len, lines.values())) for lines in parts.values()]
    pitch = min(PITCH, (style.PAGE - 2 * MARGIN) / (sum(across) + APART * (len(parts) - 1)))
    down = NAME + pitch + LINE + 0.04
    height = head_height(3) + HEADS + down * max(map(len, parts.values())) + FOOT
    with style.figure(path, style.PAGE, height, layout="none") as figure:
        axes = style.page(figure)
        top = head(axes, f"Variety of the images of classes: {title}", *explained(rows))
        left = MARGIN
        for (above, lines), count in zip(parts.items(), across, strict=True):
            frame = taken_for(names) if above == WAYS else frame_of_class
            axes.text(left, top + 0.04, above, size=8, va="top")
            block(axes, (left, top + HEADS), lines, pitch, frame)
            left += (count + APART) * pitch
        ends = [(FIRST, "taken for the first of two classes"), (SECOND, "taken for the second")]
        entries = [*(ends if WAYS in parts else []), (WRONG, "taken for another class")]
        key(axes, height - FOOT + 0.08, entries, "no frame: taken for its class")
    return None


def copies(rows: Iterable[Row], kind: str) -> Lines:
    """By class, those of one kind."""
    found: Lines = {}
    for row in rows:
        if row["kind"] == kind:
            found.setdefault((row["class_name"] or row["objective"],), []).append(row)
    return {name: sorted(own, key=lambda row: row["rank"]) for name, own in found.items()}


def ways(rows: Iterable[Row], names: Mapping[str, str]) -> Lines:
    """By pair of classes, from the first to the second."""
    found: Lines = {}
    for row in rows:
        if row["kind"] == BETWEEN:
            first, second = (names.get(row[end], row[end]) for end in ("objective", "second"))
            found.setdefault((first, second), []).append(row)
    return {name: sorted(own, key=lambda row: row["share"]) for name, own in found.items()}


def taken_for(names: Mapping[str, str]) -> Callable[[Row], str]:
    """The frame of an image between two classes."""

    def frame(row: Row) -> str:
        ends = {names.get(row["second"]): SECOND, names.get(row["objective"]): FIRST}
        return ends.get(row["predicted"], WRONG)

    return frame


def explained(rows: Iterable[Row]) -> tuple[str, str]:
    """How the images were made, and what stands below them."""
    made = dict.fromkeys(
        method_words(row["parameterization"], row["regularization"])
        for row in rows
        if row["kind"] in (ALIKE, DIVERSE, BETWEEN)
    )
    return (
        f"{' and '.join(made)}; below each image its logit, on the image as it is, unmoved",
        "between two classes the sum of both, weighted with their shares, each in units of its range in training",
    )


def block(
    axes: Axes, corner: tuple[float, float], lines: Lines, pitch: float, frame: Callable[[Row], str | None]
) -> None:
    """Lines of images under each other, each under its name; shares above the first."""
    left, top = corner
    side = pitch - 0.04
    for number, (names, rows) in enumerate(lines.items()):
        upper = top + number * (NAME + pitch + LINE + 0.04)
        axes.text(left, upper + NAME - 0.03, heading(names, len(rows) * pitch + 0.1), size=7, va="bottom")
        for place, row in enumerate(rows):
            at = left + place * pitch
            cell(axes, row, (at, upper + NAME), side, frame)
            if number == 0 and row["share"] is not None:
                axes.text(at + side / 2, top - 0.02, f"{row['share']:.3g}", size=7, ha="center", va="bottom")


def heading(names: tuple[str, ...], width: float) -> str:
    """One class, or one and the next, in `width` inches."""
    whole = ARROW.join(names)
    if text_width(whole, 7) <= width:
        return whole
    room = (width - text_width("→", 7) - 0.1) / len(names)
    return ARROW.join(cut(name, room, 7) for name in names)
