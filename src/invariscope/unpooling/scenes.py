"""Images whose true mask is known: those of the drawn data sets, and scenes of two objects drawn from the same.

Our choice: what is painted is the object. The inside of an outline is background to a map of pixels' labels.
A scene takes the factors of two images of different classes, and draws both again in opposite corners of one picture:
shapes at the lower end of the radii that the classifier was trained on, digits at about half their size; both are
further from the middle than any training image.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from invariscope.data.factors import as_bytes
from invariscope.data.rendering import Factors, Renderer, open_renderer
from invariscope.data.table import ImageSet
from invariscope.errors import UserError

RADII = (48.0, 52.0)  # of shapes, px of a canvas of 200; a pair of larger ones would overlap
REACH, BETWEEN = 5.0, 4.0  # px of 200: paint beyond the radius, at most, and room between two shapes
SHRINK, CORNER, THINNEST = 0.55, 7.0, 1.4  # of digits: factor, px of 28 from the middle, and px of the thinnest pen


@dataclass(frozen=True)
class Source(Renderer):
    """A drawn data set, and how its factors are moved to draw in a corner."""

    corner: Callable[[Factors, np.ndarray, np.ndarray], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Scenes:
    """Pictures of two objects, the upper one first."""

    pixels: np.ndarray  # (N, C, H, W) uint8
    labels: np.ndarray  # (N, 2) int64
    masks: np.ndarray  # (N, 2, H, W) bool

    def __len__(self) -> int:
        return len(self.pixels)


def open_source(name: str, size: int) -> Source:
    """The data source called `name`, for images of `size` px. Raises UserError if its true masks are not known."""
    corner = CORNERS.get(name)
    if corner is None:
        raise UserError(f"data.source: {name!r} gives no true mask; {' and '.join(CORNERS)} do")
    return Source(**vars(open_renderer(name, size)), corner=corner)


def shapes_in_corner(factors: Factors, side: np.ndarray, chance: np.ndarray) -> dict[str, np.ndarray]:
    """Shapes' factors (N, 2) moved to corners `side` (N, 2, x and y) of -1 and 1; `chance` (N, 2) is in [0, 1)."""
    radius = RADII[0] + (RADII[1] - RADII[0]) * chance
    largest = radius.max(1, keepdims=True)
    nearest, farthest = (largest + REACH + BETWEEN / 2) / 2**0.5, 100 - largest - REACH
    away = nearest + (farthest - nearest) * chance[:, :1]  # from the middle, along either axis
    return {**factors, "radius": radius, "shift_x": away * side[..., 0], "shift_y": away * side[..., 1]}


def digits_in_corner(factors: Factors, side: np.ndarray, chance: np.ndarray) -> dict[str, np.ndarray]:
    """Digits' factors (N, 2), likewise: the same pictures, but smaller."""
    small = {name: factors[name] * SHRINK for name in ("scale_x", "scale_y", "wobble", "shift_x", "shift_y")}
    for axis, name in enumerate(("shift_x", "shift_y")):
        small[name] = small[name] + CORNER * side[..., axis]
    return {**factors, **small, "thickness": np.maximum(factors["thickness"] * SHRINK, THINNEST)}


CORNERS = {"procedural_shapes": shapes_in_corner, "procedural_digits": digits_in_corner}


def draw_scenes(source: Source, images: ImageSet, count: int, generator: torch.Generator) -> Scenes:
    """`count` scenes of pairs of `images`, of different classes and without a pixel that both have painted.

    Where a pair would touch, or one of it the picture's edge, another is drawn. Raises UserError if all are of
    one class.
    """
    if len(np.unique(images.labels)) < 2:
        raise UserError("scenes of two objects need images of two classes; these have one")
    kept: list[Scenes] = []
    while sum(map(len, kept)) < count:
        kept.append(_attempt(source, images, count, generator))
    names = ("pixels", "labels", "masks")
    return Scenes(*(np.concatenate([getattr(part, name) for part in kept])[:count] for name in names))


def _attempt(source: Source, images: ImageSet, count: int, generator: torch.Generator) -> Scenes:
    """Scenes of at most `count` pairs: those that turn out well."""
    pairs = _pairs(images.labels, count, generator)
    chance = torch.rand(count, 2, generator=generator, dtype=torch.float64).numpy()
    left = np.where(torch.rand(count, generator=generator).numpy() < 0.5, -1, 1)  # where the upper one is
    side = np.stack([np.stack([left, -left], 1), np.tile([-1, 1], (count, 1))], 2)  # (N, 2, x and y)
    moved = source.corner({name: values[pairs] for name, values in images.factors.items()}, side, chance)
    factors, labels = {name: values.reshape(-1) for name, values in moved.items()}, images.labels[pairs]
    drawn = as_bytes(source.render, labels.reshape(-1), factors)
    objects = drawn.reshape(count, 2, *drawn.shape[1:])  # (N, 2, C, H, W)
    masks = source.mask(labels.reshape(-1), factors).reshape(count, 2, *drawn.shape[2:])
    touch = objects.min(axis=1).any(axis=(1, 2, 3))
    inner = masks[:, :, 1:-1, 1:-1].sum(axis=(2, 3))
    whole = ((inner > 0) & (inner == masks.sum(axis=(2, 3)))).all(axis=1)
    good = whole & ~touch
    return Scenes(objects.max(axis=1)[good], labels[good], masks[good])


def _pairs(labels: np.ndarray, count: int, generator: torch.Generator) -> np.ndarray:
    """Places (count, 2) of images of two different classes, every pair of classes equally likely."""
    order = np.argsort(labels, kind="stable")
    _, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    first = torch.randint(len(starts), (count,), generator=generator).numpy()
    other = first + torch.randint(1, len(starts), (count,), generator=generator).numpy()
    classes = np.stack([first, other % len(starts)], axis=1)
    within = torch.rand(count, 2, generator=generator, dtype=torch.float64).numpy()
    return order[starts[classes] + (within * counts[classes]).astype(np.int64)]
