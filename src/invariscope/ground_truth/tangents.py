"""Tangents ∂x/∂f: how the images of a drawn data set move when one of their factors changes (METHODS 2).

Our choice: central differences of the renderer, as nothing need be differentiated by hand, and the picture that is
measured is the one that was drawn. A tangent's unit is intensity per range of its factor (the data set's own range,
not one that params.yaml narrows), so that factors can be compared, also between a study and its twin.

A tangent tells small changes only. An edge that moves by more than its own width leaves it: of the true change by a
hundredth of the range it explains 0.63 for the rotation of shapes and 0.96 or more for all others (median); by a tenth,
nothing for that rotation and 0.5 to 0.9 for most. A share is to be held against these, not against 1.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

import numpy as np

from invariscope.data.factors import Factor
from invariscope.data.rendering import Factors, open_renderer
from invariscope.data.sources import module_of
from invariscope.errors import UserError

# A share of the range. Measured against double precision at 1e-7 (120 images of each source, each factor, error over
# the tangent's norm): rounding makes 4e-8 / step to 2e-7 / step. Where an edge runs through a pixel all the while, the
# difference's own error falls with the step's square and is less than that below 1e-3; but pixels that it enters or
# leaves see part of a slope, and make up an error that falls with the step's root. It is largest for the rotation of
# shapes: 0.43 at 1e-2, 0.14 at 1e-3, 0.04 at 1e-4, 0.02 at 3e-5. Below that, rounding would be as large.
STEP = 5e-5

# After how much of a factor, in its unit, a class draws the same picture again: that of the first word here that is in
# the class's name. 0: any value draws the same. Factors that are not here, and digits, never repeat in their range.
# The colours of a rainbow run along the shape's own x axis: whatever the shape, only a whole turn brings them back.
SYMMETRY = {
    "procedural_shapes": {
        "rotation": {"rainbow": 360.0, "line": 180.0, "square": 90.0, "triangle": 120.0, "circle": 0.0}
    }
}


def tangents(
    source: str, labels: np.ndarray, factors: Factors, names: Sequence[str], size: int, step: float = STEP
) -> np.ndarray:
    """Tangents (N, F, C, H, W) float32 of images of labels (N,) and factors (each (N,)) in the factors `names`, in
    intensity per range; `step`, to either side, is a share of the range.

    Exactly zero where an image is `symmetric` in a factor: a difference would be the renderer's rounding. Raises
    UserError for other sources, and for factors that are numbers of something (`variant`, `wobble_seed`).
    """
    renderer = open_renderer(source, size)
    for name in names:
        if name not in renderer.continuous:
            known = ", ".join(renderer.continuous)
            raise UserError(f"factor {name!r} of {source} is none that changes continuously; these do: {known}")
    ranges = {name: renderer.continuous[name] for name in names}
    found = differences(renderer.render, labels, factors, ranges, step)
    for place, name in enumerate(names):
        found[symmetric(source, name, labels), place] = 0
    return found


def differences(
    render: Callable[[np.ndarray, Factors], np.ndarray],
    labels: np.ndarray,
    factors: Factors,
    ranges: Mapping[str, Factor],
    step: float,
) -> np.ndarray:
    """Central differences (N, F, C, H, W) of `render` in each factor of `ranges`, per range. The images may lie at the
    end of a range: drawn beyond it, no difference is one-sided."""
    found = []
    for name, factor in ranges.items():
        moved = step * (factor.high - factor.low)
        up, down = (render(labels, {**factors, name: factors[name] + by}) for by in (moved, -moved))
        found.append((up - down) / (2 * step))
    return np.stack(found, axis=1)


# --- symmetry ---------------------------------------------------------------------------------------------------------


def periods(source: str, name: str, labels: np.ndarray) -> np.ndarray:
    """After how much of a factor (N,), in its unit, images of labels (N,) repeat: infinite if never, 0 if always."""
    known = SYMMETRY.get(source, {}).get(name)
    if known is None:
        return np.full(len(labels), np.inf)
    classes = (class_name.split() for class_name in import_module(module_of(source)).CLASS_NAMES)
    return np.array([next(period for word, period in known.items() if word in words) for words in classes])[labels]


def symmetric(source: str, name: str, labels: np.ndarray) -> np.ndarray:
    """Which images (N,) a factor does not move at all, so that nothing can be scored: rotation, of a plain circle."""
    return periods(source, name, labels) == 0


def distance_in_factor(source: str, name: str, labels: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far (N,) values a and b (N,) of a factor are apart, in its unit, modulo the period of each image's class: at
    most half of it. NaN where the image is `symmetric`."""
    period = periods(source, name, labels)
    with np.errstate(invalid="ignore"):
        rest = np.mod(np.abs(a - b), period)  # NaN modulo 0
    return np.minimum(rest, period - rest)
