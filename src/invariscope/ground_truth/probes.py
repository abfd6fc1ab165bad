"""Test images with a factor at one value, drawn again at others: what a network is asked about a factor.

All twins know the images: in training the factor was varied about its value here, or had it always.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from invariscope.data.factors import Factor, Overrides, as_bytes, overridden
from invariscope.data.rendering import Factors, Renderer
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.ground_truth.config import HeldFactor


@dataclass(frozen=True)
class Asked:
    """Test images that have a factor at its held value, and the values at which they can be drawn again."""

    factor: str
    family: str  # of screening, its counterpart; "" if none
    images: Images
    values: np.ndarray  # (V,) of the factor, increasing, over the range in which twins see it vary
    held: float
    renderer: Renderer

    def at(self, value: float, places: np.ndarray | None = None) -> np.ndarray:
        """The images (at some places) at another value of the factor: (n, C, H, W) uint8."""
        chosen = self.images if places is None else self.images.at(places)
        return drawn(self.renderer, chosen, {self.factor: value}).pixels

    @property
    def others(self) -> list[float]:
        """The values that are not the held one."""
        return [value for value in self.values.tolist() if value != self.held]


def ask(renderer: Renderer, images: Images, factor: str, about: HeldFactor, varied: Overrides, values: int) -> Asked:
    """Questions about a factor, which twins see vary as `varied` says, else over its own range.

    Raises UserError if it is no continuous factor, or does not vary, or is held at a value beyond its range.
    """
    known = ranges(renderer, varied)
    if factor not in known:
        raise UserError(f"ground_truth.factors: {factor!r} does not change continuously; these do: {', '.join(known)}")
    low, high = known[factor].low, known[factor].high
    if not low <= about.held <= high or low == high:
        raise UserError(
            f"ground_truth.factors.{factor}: held: {about.held:g} is not within the range that others see, "
            f"{low:g} to {high:g}; see data.factors.{factor}"
        )
    held = drawn(renderer, images, {factor: about.held})
    return Asked(factor, about.family, held, np.linspace(low, high, values), about.held, renderer)


def ranges(renderer: Renderer, varied: Overrides) -> dict[str, Factor]:
    """The range in which each continuous factor is seen to vary."""
    return overridden(
        renderer.continuous, {name: value for name, value in varied.items() if name in renderer.continuous}
    )


def drawn(renderer: Renderer, images: Images, values: Mapping[str, float]) -> Images:
    """The same images, some of their factors at other values."""
    factors: Factors = images.factors | {name: np.full(len(images), value) for name, value in values.items()}
    return replace(images, pixels=as_bytes(renderer.render, images.labels, factors), factors=dict(factors))
