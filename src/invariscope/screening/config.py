"""What a screening needs to know, from params.yaml or a notebook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invariscope.errors import UserError
from invariscope.screening.families import FAMILIES, NOT_USED

Condition = tuple[str, float]  # family, magnitude


@dataclass(frozen=True)
class Rendering:
    """How transformed images are made.

    clamp: back to [0, 1], as a camera or a file would hold it (our choice: the paper does not say). Then what a
    classifier sees is always an image; off, brightness, contrast, noise and bicubic overshoots leave the range.
    """

    fill: str = "zeros"
    interpolation: str = "bilinear"
    clamp: bool = True

    def recorded(self, family: str) -> dict[str, Any]:
        """The columns that tables have of it: fill and interpolation are "none" where the family does not use them."""
        kind = FAMILIES[family]
        return {
            "fill": self.fill if kind.fills else NOT_USED,
            "interpolation": self.interpolation if kind.interpolates else NOT_USED,
            "clamp": self.clamp,
        }


@dataclass(frozen=True)
class Thresholds:
    """When a transformation has gone too far: `level` is a share of the clean accuracy (criterion `accuracy`)."""

    level: float = 0.5
    criteria: tuple[str, ...] = ("accuracy", "argmax")
    resamples: int = 500
    confidence: float = 0.95


def conditions(grids: Mapping[str, Sequence[float]], replaced: Mapping[str, Sequence[float]] = {}) -> list[Condition]:
    """Every family and magnitude, in fixed order; `replaced` has a study's own grids, an empty one drops a family.

    Raises UserError for an unknown family or a grid without the identity, which every curve is compared with.
    """
    merged = {**grids, **replaced}
    for family, grid in merged.items():
        if family not in FAMILIES:
            raise UserError(f"magnitudes: {family!r} is no family; use {', '.join(FAMILIES)}")
        if len(grid) and FAMILIES[family].identity not in grid:
            raise UserError(f"magnitudes.{family}: lacks {FAMILIES[family].identity:g}, which changes nothing; add it")
    return [(family, float(step)) for family in FAMILIES for step in sorted(set(merged.get(family, ())))]
