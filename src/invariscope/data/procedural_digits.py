"""Handwritten digits drawn by a pen of known motion: every image is a function of its digit and its factors.

METHODS 7. Our choice: a glyph (`glyphs.py`) is bent by a smooth random field, scaled, slanted, rotated, centred by its
mass, shifted, and drawn with a round pen. In this order, a factor does to the picture what its name says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from invariscope.data.factors import Factor, Overrides, as_bytes, overridden, sample
from invariscope.data.glyphs import GLYPHS, segments, variants
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.params import build

NATIVE = 28  # px are those of a 28 px wide image; at other sizes the same picture is drawn larger or smaller
BOX = 18.0  # px: longer side of a glyph's bounding box, without the pen's width; MNIST's box is 20
EDGE = 1.0  # px over which the edge of the ink fades: then a stroke is as wide wherever it lies between the pixels
CHUNK = 256  # images drawn at once: what a CPU's cache holds

FACTORS = {
    "slant": Factor(-12, 38, "degrees, + to the right at the top"),
    "rotation": Factor(-12, 12, "degrees, + counter-clockwise"),
    "scale_x": Factor(0.6, 1.0, "factor"),
    "scale_y": Factor(0.65, 1.0, "factor"),
    "thickness": Factor(1.4, 4.4, "px"),
    "shift_x": Factor(-1.5, 1.5, "px, + right"),
    "shift_y": Factor(-1.5, 1.5, "px, + down"),
    "intensity": Factor(0.9, 1.0, "fraction of white"),
    "wobble": Factor(0.2, 0.9, "px, standard deviation of the bending field"),
    "wobble_seed": Factor(0, 2**31 - 1, "number of the bending field"),
    "variant": Factor(0, 0, "number of the glyph among the digit's"),
}
WHOLE = ("wobble_seed", "variant")  # numbers of something
FACTOR_UNITS = {name: factor.unit for name, factor in FACTORS.items()}
# Waves across the writing box (m along x, n along y). First-order ones would be slant and scale again.
WAVES = np.array([(2, 0), (1, 1), (0, 2), (2, 1), (1, 2), (0, 3)])


@dataclass(frozen=True)
class Config:
    source: str
    train: int
    test: int
    size: int = NATIVE
    factors: Overrides = field(default_factory=dict)


def draw(config: Mapping[str, Any], seed: int, data_root: Path) -> dict[str, Images]:
    """`train` and `test` images, the digits in turn. `data_root` is not needed."""
    wanted = build(Config, config)
    splits, start = {}, 0
    for split, count in (("train", wanted.train), ("test", wanted.test)):
        labels = np.arange(count) % len(GLYPHS)
        factors = sample_factors(labels, wanted.factors, seed, split)
        pixels = as_bytes(partial(render, size=wanted.size), labels, factors)
        names = tuple(map(str, GLYPHS))
        splits[split] = Images(np.arange(start, start + count), pixels[:, None], labels, names, factors)
        start += count
    return splits


def sample_factors(labels: np.ndarray, overrides: Overrides, seed: int, split: str) -> dict[str, np.ndarray]:
    """Factors (N,) for labels (N,). Unless it is overridden, `variant` is drawn from all that a digit has."""
    counts = np.array([variants(digit) for digit in GLYPHS])
    ranges = overridden(FACTORS, overrides)
    for name in WHOLE:
        ranges[name] = replace(ranges[name], high=ranges[name].high + 1)
    if ranges["variant"].high > counts.min() or ranges["variant"].low < 0:
        raise UserError(
            f"params.yaml: data.factors.variant: {overrides['variant']!r} is out of range;"
            f" every digit has the variants 0 to {counts.min() - 1}"
        )
    factors = sample(ranges, len(labels), seed, "procedural_digits", split)
    if "variant" not in overrides:
        factors["variant"] *= counts[labels]
    return {name: np.floor(values) if name in WHOLE else values for name, values in factors.items()}


def render(labels: np.ndarray, factors: Mapping[str, np.ndarray], size: int = NATIVE) -> np.ndarray:
    """Draw digits (N,) with their factors (N,): (N, size, size) float32 in [0, 1].

    Each image depends on its own digit and factors only, and on these continuously (but for variant and wobble_seed).
    """
    images = np.empty((len(labels), size, size), np.float32)
    for part, ink in _ink(labels, factors, size):
        intensity = np.asarray(factors["intensity"], np.float64)[part].astype(np.float32)
        images[part] = ink * intensity[:, None, None]
    return images


def mask(labels: np.ndarray, factors: Mapping[str, np.ndarray], size: int = NATIVE) -> np.ndarray:
    """Where the digit is: (N, size, size) bool, pixels that the ink covers at least by half, whatever its intensity."""
    covered = np.empty((len(labels), size, size), bool)
    for part, ink in _ink(labels, factors, size):
        covered[part] = ink >= 0.5
    return covered


def _ink(labels: np.ndarray, factors: Mapping[str, np.ndarray], size: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Chunk by chunk: which images, and how much of each pixel (n, size, size) the pen has covered."""
    for start in range(0, len(labels), CHUNK):
        part = slice(start, start + CHUNK)
        chosen = {name: np.asarray(factors[name], np.float64)[part] for name in FACTORS}
        strokes = pen_path(labels[part], chosen) * (size / NATIVE)
        distance = _distance(strokes, size, (chosen["thickness"] + EDGE).max() / 2 * size / NATIVE) * (NATIVE / size)
        radius = (chosen["thickness"] / 2).astype(np.float32)[:, None, None]
        yield part, np.clip(0.5 + (radius - distance) / EDGE, 0, 1)


def pen_path(labels: np.ndarray, factors: Mapping[str, np.ndarray]) -> np.ndarray:
    """The pen's way as segments (N, S, 2 ends, 2) in px: x right, y down, from the centre of the picture."""
    glyph = segments()[labels, factors["variant"].astype(int)]  # (N, S, 2, 2) in the unit box
    bent = glyph * BOX + _bending(glyph, factors["wobble_seed"]) * factors["wobble"][:, None, None, None]
    moved = np.einsum("nij,nsej->nsei", _affine(factors), bent)
    lengths = np.linalg.norm(moved[:, :, 1] - moved[:, :, 0], axis=-1)  # (N, S)
    mass = np.einsum("ns,nsi->ni", lengths, moved.mean(axis=2)) / lengths.sum(axis=1)[:, None]
    shift = np.stack([factors["shift_x"], factors["shift_y"]], axis=1)
    return moved + (shift - mass)[:, None, None]


def _affine(factors: Mapping[str, np.ndarray]) -> np.ndarray:
    """Scale, then slant, then rotation: (N, 2, 2), for coordinates with y down."""
    slope = np.tan(np.radians(factors["slant"]))
    cos, sin = np.cos(np.radians(factors["rotation"])), np.sin(np.radians(factors["rotation"]))
    a, b = factors["scale_x"], -slope * factors["scale_y"]
    d = factors["scale_y"]
    rows = np.stack([a * cos, b * cos + d * sin, -a * sin, -b * sin + d * cos], axis=1)
    return rows.reshape(-1, 2, 2)


def _bending(glyph: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """A smooth random displacement of unit variance at points (N, S, 2, 2) of the unit box."""
    weights = _normals(seeds, 2 * len(WAVES)).reshape(-1, len(WAVES), 2) * np.sqrt(4 / len(WAVES))
    x, y = (np.pi * (glyph[..., None, axis] + 0.5) for axis in (0, 1))  # (N, S, 2, 1)
    waves = np.cos(WAVES[:, 0] * x) * np.cos(WAVES[:, 1] * y)  # (N, S, 2, waves)
    return np.einsum("nsew,nwi->nsei", waves, weights)


def _normals(seeds: np.ndarray, count: int) -> np.ndarray:
    """(N, count) standard normal numbers, a fixed function of the seeds (N,): SplitMix64, then Box and Muller."""
    bits: np.ndarray = seeds.astype(np.uint64)[:, None] << np.uint64(16)
    bits = (bits + np.arange(1, 2 * count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    uniform = ((bits ^ (bits >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53
    return np.sqrt(-2 * np.log(1 - uniform[:, :count])) * np.cos(2 * np.pi * uniform[:, count:])


def _distance(strokes: np.ndarray, size: int, reach: float) -> np.ndarray:
    """Distance in px of every pixel's centre to the strokes (N, S, 2, 2): (N, size, size) float32, right up to
    `reach`, any larger number beyond. A segment is looked at only in the small window that it can reach."""
    count, n_segments = strokes.shape[:2]
    start, along = strokes[:, :, 0] + (size - 1) / 2, strokes[:, :, 1] - strokes[:, :, 0]  # (N, S, 2)
    half_length = np.abs(along).max(initial=0) / 2
    half = int(np.ceil(reach + half_length + 0.5))
    pad = 2 * half  # room for the windows of strokes that leave the picture
    corner = np.clip(np.rint(start + along / 2), -half, size - 1 + half).astype(np.int64) - half  # (N, S, 2)
    offset = np.arange(2 * half + 1)
    width = size + 2 * pad
    squared = np.full(count * width * width, np.float32(1e6))
    window = (offset[:, None] * width + offset).ravel()
    inverse = (1 / np.maximum((along**2).sum(axis=-1), 1e-12)).astype(np.float32)
    first = (np.arange(count)[:, None] * width + corner[..., 1] + pad) * width + corner[..., 0] + pad  # (N, S)
    origin, along = (corner - start).astype(np.float32), along.astype(np.float32)
    for s in range(n_segments):
        px = (origin[:, s, 0, None] + offset.astype(np.float32))[:, None, :]  # (N, 1, W): pixels seen from the start
        py = (origin[:, s, 1, None] + offset.astype(np.float32))[:, :, None]  # (N, W, 1)
        ax, ay = along[:, s, 0, None, None], along[:, s, 1, None, None]
        t = np.clip((px * ax + py * ay) * inverse[:, s, None, None], 0, 1)
        found = (px - t * ax) ** 2 + (py - t * ay) ** 2  # (N, W, W)
        at = first[:, s, None] + window
        squared[at] = np.minimum(squared[at], found.reshape(count, -1))
    picture = squared.reshape(count, width, width)[:, pad : pad + size, pad : pad + size]
    return np.sqrt(picture)
