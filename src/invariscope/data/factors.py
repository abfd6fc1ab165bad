"""Generating factors of the drawn data sets: ranges, what the configuration holds fixed, and how they are drawn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from invariscope.errors import UserError
from invariscope.seeding import numpy_generator

Overrides = Mapping[str, float | Sequence[float]]


@dataclass(frozen=True)
class Factor:
    """A factor drawn uniformly from [low, high], in `unit`."""

    low: float
    high: float
    unit: str


def overridden(factors: Mapping[str, Factor], overrides: Overrides) -> dict[str, Factor]:
    """The factors, some replaced: a number holds one fixed, [low, high] is another range. Raises UserError."""
    chosen = dict(factors)
    for name, value in overrides.items():
        if name not in factors:
            raise UserError(f"params.yaml: data.factors.{name}: is no factor; there are {', '.join(factors)}")
        bounds = [value, value] if isinstance(value, (int, float)) else list(value)
        if len(bounds) != 2 or bounds[0] > bounds[1]:
            raise UserError(f"params.yaml: data.factors.{name}: {value!r} is neither a number nor a range [low, high]")
        chosen[name] = Factor(float(bounds[0]), float(bounds[1]), factors[name].unit)
    return chosen


def sample(factors: Mapping[str, Factor], count: int, seed: int, *names: str) -> dict[str, np.ndarray]:
    """`count` values of each factor, float64. Every factor has its own random stream, so that a data set with one
    of them held fixed is the exact twin of the other in the rest."""
    return {
        name: factor.low + (factor.high - factor.low) * numpy_generator(seed, *names, name).random(count)
        for name, factor in factors.items()
    }


def as_bytes(
    render: Callable[[np.ndarray, Mapping[str, np.ndarray]], np.ndarray],
    labels: np.ndarray,
    factors: Mapping[str, np.ndarray],
    block: int = 1024,
) -> np.ndarray:
    """What `render(labels, factors)` draws in [0, 1], as uint8; in blocks, so that memory stays small."""
    parts = []
    for start in range(0, len(labels), block):
        rows = slice(start, start + block)
        drawn = render(labels[rows], {name: values[rows] for name, values in factors.items()})
        parts.append(np.rint(drawn * 255).astype(np.uint8))
    return np.concatenate(parts)
