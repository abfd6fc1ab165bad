"""Coloured shapes: 60 classes = 4 shapes x 3 styles x 5 colours, each image a function of its class and its factors.

METHODS 5, after the feature-visualisation paper, section 3.1. Drawn on a canvas of 200 px with a stroke of 8 px and
reduced to the wanted size by area averaging; here the average comes from exact signed distances, four to a pixel
(tested: within 0.1 of white in any pixel, 0.002 on the mean).
Our choice where the paper is silent: black background; the rainbow runs along the shape's own x axis and turns with it;
a double outline has a gap of one stroke; a filled line is a bar as wide as the double one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from invariscope.data.factors import Factor, Overrides, as_bytes, overridden, sample
from invariscope.data.table import Images
from invariscope.params import build

SHAPES = ("line", "square", "circle", "triangle")
STYLES = ("single", "double", "filled")
COLOURS = {"red": (230, 40, 40), "yellow": (235, 205, 30), "green": (40, 190, 70), "blue": (50, 90, 240)}  # and rainbow
N_COLOURS = len(COLOURS) + 1
CLASS_NAMES = tuple(f"{c} {style} {shape}" for shape in SHAPES for style in STYLES for c in (*COLOURS, "rainbow"))

CANVAS = 200.0  # px; all lengths below are px of this canvas
STROKE = 8.0
GAP = 2 * STROKE  # between the centres of a double outline
SUBPIXELS = 2  # along each axis
CHUNK = 64  # images drawn at once: what a CPU's cache holds

FACTORS = {
    "shift_x": Factor(-20, 20, "px of 200, + right"),
    "shift_y": Factor(-20, 20, "px of 200, + down"),
    "rotation": Factor(0, 360, "degrees, + counter-clockwise"),
    "radius": Factor(48, 72, "px of 200"),
}
CLASS_FACTORS = {"shape": "number", "style": "number", "colour": "number"}
FACTOR_UNITS = {**CLASS_FACTORS, **{name: factor.unit for name, factor in FACTORS.items()}}
SHARES = {"train": 8, "validation": 1, "test": 1}


@dataclass(frozen=True)
class Config:
    source: str
    images: int
    size: int = 48
    factors: Overrides = field(default_factory=dict)


def draw(config: Mapping[str, Any], seed: int, data_root: Path) -> dict[str, Images]:
    """`train`, `validation` and `test` images 8:1:1, the classes in turn. `data_root` is not needed."""
    wanted = build(Config, config)
    factors = overridden(FACTORS, wanted.factors)
    splits, start = {}, 0
    for split, share in SHARES.items():
        count = wanted.images * share // sum(SHARES.values())
        labels = np.arange(count) % len(CLASS_NAMES)
        values = sample(factors, count, seed, "procedural_shapes", split)
        pixels = as_bytes(partial(render, size=wanted.size), labels, values)
        parts = dict(zip(CLASS_FACTORS, (part.astype(float) for part in parts_of(labels)), strict=True))
        splits[split] = Images(np.arange(start, start + count), pixels, labels, CLASS_NAMES, {**parts, **values})
        start += count
    return splits


def parts_of(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shape, style and colour of classes: class = shape * 15 + style * 5 + colour."""
    return labels // (len(STYLES) * N_COLOURS), labels // N_COLOURS % len(STYLES), labels % N_COLOURS


def render(labels: np.ndarray, factors: Mapping[str, np.ndarray], size: int = 48) -> np.ndarray:
    """Draw classes (N,) with their factors (N,): (N, 3, size, size) float32 in [0, 1].

    Each image depends on its own class and factors only, and on these continuously.
    """
    images = np.empty((len(labels), 3, size, size), np.float32)
    for part, x, y in _own_coordinates(factors, size):
        ink = _averaged(_ink(labels[part], x, y, factors["radius"][part], size))
        colour = _colour(parts_of(labels[part])[2], _averaged(x), np.asarray(factors["radius"][part]))
        images[part] = ink[:, None] * colour
    return images


def mask(labels: np.ndarray, factors: Mapping[str, np.ndarray], size: int = 48, inside: bool = True) -> np.ndarray:
    """Where the object is: (N, size, size) bool, pixels covered at least by half.

    With `inside` an outline encloses its object; without, only what is painted counts.
    """
    covered = np.empty((len(labels), size, size), bool)
    filled = labels + (STYLES.index("filled") - parts_of(labels)[1]) * N_COLOURS
    is_single_line = labels // N_COLOURS == 0  # has no inside
    drawn = np.where(is_single_line, labels, filled) if inside else labels
    for part, x, y in _own_coordinates(factors, size):
        covered[part] = _averaged(_ink(drawn[part], x, y, factors["radius"][part], size)) >= 0.5
    return covered


def _own_coordinates(factors: Mapping[str, np.ndarray], size: int) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Chunk by chunk: which images, and each subpixel's place (n, fine, fine) in the shape's own frame (y up)."""
    fine = size * SUBPIXELS
    axis = ((np.arange(fine, dtype=np.float32) + 0.5) / fine - 0.5) * np.float32(CANVAS)
    values = {name: np.asarray(factors[name], np.float64)[:, None, None] for name in FACTORS}
    angle = np.radians(values["rotation"])
    cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    shift_x, shift_y = values["shift_x"].astype(np.float32), values["shift_y"].astype(np.float32)
    for start in range(0, len(cos), CHUNK):
        part = slice(start, start + CHUNK)
        right = axis[None, None, :] - shift_x[part]  # (n, 1, fine)
        up = shift_y[part] - axis[None, :, None]  # (n, fine, 1)
        yield part, right * cos[part] + up * sin[part], up * cos[part] - right * sin[part]


def _ink(labels: np.ndarray, x: np.ndarray, y: np.ndarray, radius: np.ndarray, size: int) -> np.ndarray:
    """How much of each subpixel (n, fine, fine) is painted, from its distance to the edge of the paint."""
    shapes, styles, _ = parts_of(labels)
    r = np.asarray(radius, np.float32)[:, None, None]
    distance = np.empty_like(x)
    for number, (shape, style) in enumerate(product(SHAPES, STYLES)):
        chosen = shapes * len(STYLES) + styles == number
        if chosen.any():
            distance[chosen] = _distance(shape, style, x[chosen], y[chosen], r[chosen])
    subpixel = np.float32(CANVAS / (size * SUBPIXELS))
    return np.clip(0.5 - distance / subpixel, 0, 1)


def _distance(shape: str, style: str, x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Signed distance to the edge of the paint: a stroke about the shape's edge, two strokes, or all of its inside."""
    if shape == "line":
        across = np.abs(y) - GAP / 2 if style == "double" else y
        return _box(x, across, r, GAP / 2 if style == "filled" else 0) - STROKE / 2
    edge = EDGES[shape](x, y, r)
    if style == "filled":
        return edge - STROKE / 2
    outline = np.abs(edge)
    if style == "double":
        inner = np.maximum(r - np.float32(GAP * CORNER[shape]), 0)
        outline = np.minimum(outline, np.abs(EDGES[shape](x, y, inner)))
    return outline - STROKE / 2


def _square(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Signed distance to the edge of the square with its corners at distance r."""
    half = r * np.float32(np.sqrt(0.5))
    return _box(x, y, half, half)


def _circle(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Signed distance to the circle."""
    return np.sqrt(x * x + y * y) - r


def _triangle(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Signed distance to the edge of the equilateral triangle with its corners at distance r, one of them up."""
    sin, cos = np.float32(0.5), np.float32(np.sqrt(0.75))
    x = np.abs(x)
    above = np.maximum(x * sin + y * cos, 0)  # mirrored at a corner's axis, so that the lowest edge is the nearest
    x, y = np.abs(x - 2 * sin * above), y - 2 * cos * above
    beside, under = np.maximum(x - cos * r, 0), -(y + r / 2)
    return np.where(under < 0, under, np.sqrt(beside * beside + under * under))


EDGES = {"square": _square, "circle": _circle, "triangle": _triangle}
CORNER = {"square": np.sqrt(2), "circle": 1.0, "triangle": 2.0}  # what the radius loses per px that the edge moves in


def _box(x: np.ndarray, y: np.ndarray, half_width: np.ndarray, half_height: Any) -> np.ndarray:
    """Signed distance to the edge of a rectangle."""
    dx, dy = np.abs(x) - half_width, np.abs(y) - half_height
    outside_x, outside_y = np.maximum(dx, 0), np.maximum(dy, 0)
    return np.sqrt(outside_x * outside_x + outside_y * outside_y) + np.minimum(np.maximum(dx, dy), 0)


def _averaged(fine: np.ndarray) -> np.ndarray:
    """(n, fine, fine) -> (n, size, size): the mean of each pixel's subpixels."""
    parts = [fine[:, i::SUBPIXELS, j::SUBPIXELS] for i in range(SUBPIXELS) for j in range(SUBPIXELS)]
    return sum(parts[1:], parts[0]) / np.float32(len(parts))


def _colour(colour: np.ndarray, x: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """(n,) colours and places along the shape's x axis (n, size, size) -> (n, 3, size, size) in [0, 1]."""
    plain = np.array([*COLOURS.values(), (0, 0, 0)], np.float32) / 255
    painted = np.broadcast_to(plain[colour][:, :, None, None], (len(colour), 3, *x.shape[1:])).copy()
    rainbow = colour == N_COLOURS - 1
    if rainbow.any():
        along = x[rainbow] / radius[rainbow].astype(np.float32)[:, None, None]
        painted[rainbow] = _rainbow(np.clip(along / 2 + 0.5, 0, 1))
    return painted


def _rainbow(place: np.ndarray) -> np.ndarray:
    """Red through violet for places (n, size, size) in [0, 1]: (n, 3, size, size)."""
    hue = place * np.float32(5)  # sixths of the colour circle; the last, violet to red, is left out
    channels = (np.abs(hue - 3) - 1, 2 - np.abs(hue - 2), 2 - np.abs(hue - 4))
    return np.clip(np.stack(channels, axis=1), 0, 1)
