"""What a screening needs to know, from params.yaml or a notebook."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from invariscope.errors import UserError
from invariscope.screening.families import FAMILIES, NOT_USED

Condition = tuple[str, float]  # family, magnitude
Groups = Mapping[str, frozenset[str]]  # names of the classes that a curve or a threshold is of
ALL = "all"  # the group of all classes


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
class Sensitivity:
    """How far thresholds hang on the rendering: one other fill or interpolation at a time, on part of the images."""

    images: int = 240
    families: tuple[str, ...] = ("translation_x", "rotation", "zoom")
    fills: tuple[str, ...] = ("zeros", "border", "reflection")
    interpolations: tuple[str, ...] = ("nearest", "bilinear", "bicubic")

    def renderings(self, usual: Rendering) -> list[Rendering]:
        """The usual one first."""
        others = [replace(usual, fill=fill) for fill in self.fills]
        others += [replace(usual, interpolation=interpolation) for interpolation in self.interpolations]
        return [usual, *(other for other in others if other != usual)]


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


def groups_of(class_names: Iterable[str], patterns: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """All classes as "all", then the classes that match any of each group's patterns (`*`, `?`, `[...]`).

    Raises UserError for a group that is called as a class is, or matches none.
    """
    names = frozenset(class_names)
    groups = {ALL: names}
    for group, wanted in patterns.items():
        if group in names or group == ALL:
            raise UserError(f"screening.groups: {group!r} is the name of a class, or of all; give it another name")
        groups[group] = frozenset(name for name in names if any(fnmatchcase(name, pattern) for pattern in wanted))
        if not groups[group]:
            raise UserError(f"screening.groups.{group}: matches none of the classes, such as {min(names)!r}; mend it")
    return groups


def kind_of(name: str, groups: Groups) -> str:
    """What a row of a table is of: a group of classes, or one class."""
    return "group" if name in groups else "class"
