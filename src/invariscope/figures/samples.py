"""Example images of every class, side by side."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from invariscope.data.table import Images, ImageSet
from invariscope.figures.style import DPI, PAGE, figure

LINE_PER_CLASS = 20  # up to so many classes have a line each, with the name before it
MOST_CLASSES = 60
COLUMNS = 5  # of classes, where there are more: 60 shapes then stand as 12 forms x 5 colours
WHITE = 255
MARGINS = 0.36  # inches above and below the pictures


@dataclass(frozen=True)
class Layout:
    """How the page is divided; sizes in px of the images."""

    columns: int  # of classes
    examples: int  # of each class, side by side
    caption: int  # height of the line that holds a name above its examples
    gap: int  # between images
    names: float  # inches of the page for names before the lines

    def pitch(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width that a class takes, with the gap to the next."""
        height, width = size
        return height + self.caption + self.gap, self.examples * (width + self.gap) + self.gap * (self.columns > 1)


def plot_samples(path: Path, images: ImageSet, study: str, split: str) -> None:
    """Draw the first images of every class that has any (of the first 60, if there are more)."""
    present = np.unique(images.labels)
    labels = present[:MOST_CLASSES]
    shown, names = len(labels), tuple(images.class_names[label] for label in labels)
    size = images.shape[1:]
    gap = max(1, size[1] // 14)
    if shown <= LINE_PER_CLASS:
        longest = max(len(name) for name in names)
        layout = Layout(columns=1, examples=20, caption=0, gap=gap, names=0.15 + 0.055 * min(longest, 24))
    else:
        layout = Layout(columns=COLUMNS, examples=3, caption=size[0] * 2 // 5, gap=gap, names=0.0)
    mosaic = arrange(first_of_each(images, labels, layout.examples), labels, layout)
    height = (PAGE - layout.names) * mosaic.shape[0] / mosaic.shape[1] + MARGINS
    with figure(path, PAGE, height) as drawing:
        axes = drawing.add_subplot()
        smaller = mosaic.shape[1] > DPI * PAGE  # then pixels left out would be seen
        axes.imshow(mosaic, interpolation="hanning" if smaller else "nearest")
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set(xticks=[], yticks=[])
        _write_names(axes, names, layout, size)
        classes = _which(shown, len(present), len(images.class_names))
        axes.set_title(f"{study}: {split} images of {classes}")


def _which(shown: int, present: int, known: int) -> str:
    """Which classes are shown, in words."""
    if present == known:
        return f"all {known} classes" if shown == known else f"the first {shown} of {known} classes"
    return f"{'' if shown == present else f'the first {shown} of '}the {present} of {known} classes that have any"


def first_of_each(images: ImageSet, labels: np.ndarray, examples: int) -> Images:
    """The first images of some classes, in the order that they stand in."""
    places = [np.flatnonzero(images.labels == label)[:examples] for label in labels]
    return images.at(np.sort(np.concatenate(places)))


def arrange(images: Images, labels: np.ndarray, layout: Layout) -> np.ndarray:
    """One picture (H, W, 3) uint8 of the first images of some classes; places without an image stay white."""
    channels, height, width = images.shape
    down, across = layout.pitch((height, width))
    rows = -(-len(labels) // layout.columns)
    mosaic = np.full((rows * down - layout.gap, layout.columns * across - layout.gap, 3), WHITE, np.uint8)
    for number, label in enumerate(labels):
        row, column = divmod(number, layout.columns)
        top = row * down + layout.caption
        for place, index in enumerate(np.flatnonzero(images.labels == label)[: layout.examples]):
            left = column * across + place * (width + layout.gap)
            picture = images.pixels[index].transpose(1, 2, 0)  # (H, W, C)
            mosaic[top : top + height, left : left + width] = picture if channels == 3 else picture[..., :1]
    return mosaic


def _write_names(axes: Axes, names: tuple[str, ...], layout: Layout, size: tuple[int, int]) -> None:
    """Before each line, or above each class."""
    down, across = layout.pitch(size)
    if layout.columns == 1:
        axes.set_yticks([index * down + size[0] / 2 for index in range(len(names))], [_cut(name, 24) for name in names])
        axes.tick_params(axis="y", length=0)
        return
    for index, name in enumerate(names):
        row, column = divmod(index, layout.columns)
        bottom = row * down + layout.caption - layout.gap / 2
        axes.text(column * across, bottom, _cut(name, 26), fontsize=6.5, va="bottom", ha="left")


def _cut(name: str, length: int) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"
