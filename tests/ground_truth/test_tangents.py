"""Tangents of drawn images, and the symmetries of what is drawn."""

from collections.abc import Mapping
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from invariscope.data import procedural_digits, procedural_shapes
from invariscope.data.factors import Factor, sample
from invariscope.data.procedural_shapes import CLASS_NAMES, parts_of
from invariscope.errors import UserError
from invariscope.ground_truth.tangents import STEP, differences, distance_in_factor, periods, symmetric, tangents

SHAPES, DIGITS = "procedural_shapes", "procedural_digits"
BLOB = {"x": Factor(-10.0, 10.0, "px"), "width": Factor(2.0, 4.0, "px")}
CONTINUOUS = {
    SHAPES: tuple(procedural_shapes.FACTORS),
    DIGITS: tuple(name for name in procedural_digits.FACTORS if name not in procedural_digits.WHOLE),
}


def shapes(count: int = 60) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return np.arange(count) % len(CLASS_NAMES), sample(procedural_shapes.FACTORS, count, 0, "tangents")


def digits(count: int = 40) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    labels = np.arange(count) % 10
    return labels, procedural_digits.sample_factors(labels, {}, 0, "train")


DRAWN = {SHAPES: (*shapes(), 48), DIGITS: (*digits(), 28)}


def drawn(source: str, factors: Mapping[str, np.ndarray]) -> np.ndarray:
    """The images (N, C, H, W) of `DRAWN`, at other factors."""
    labels, _, size = DRAWN[source]
    if source == SHAPES:
        return procedural_shapes.render(labels, factors, size)
    return procedural_digits.render(labels, factors, size)[:, None]


def blob(labels: np.ndarray, factors: Mapping[str, np.ndarray], dtype: type = np.float64) -> np.ndarray:
    """A smooth spot (N, 1, 24, 24)."""
    place = np.arange(24) - 11.5
    x, width = (factors[name][:, None, None] for name in ("x", "width"))
    squared = (place[None, None, :] - x) ** 2 + place[None, :, None] ** 2
    return np.exp(-squared / (2 * width**2))[:, None].astype(dtype)


def smooth() -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Labels, factors, and the derivative by hand (N, 2, 1, 24, 24), per range."""
    factors = {"x": np.array([-3.2, 0.4, 10.0]), "width": np.array([2.5, 4.0, 3.0])}
    place = np.arange(24) - 11.5
    x, width = (factors[name][:, None, None, None] for name in ("x", "width"))
    right, image = place - x, blob(np.zeros(3), factors)
    by_x = 20 * image * right / width**2
    by_width = 2 * image * (right**2 + place[:, None] ** 2) / width**3
    return np.zeros(3, int), factors, np.stack([by_x, by_width], axis=1)


def error(step: float, dtype: type = np.float64) -> float:
    labels, factors, true = smooth()
    found = differences(partial(blob, dtype=dtype), labels, factors, BLOB, step)
    return float(np.sqrt(np.square(found - true).mean() / np.square(true).mean()))


def norms(found: np.ndarray) -> np.ndarray:
    return np.linalg.norm(found.reshape(*found.shape[:-3], -1), axis=-1)


# --- tangents ---------------------------------------------------------------------------------------------------------


def test_a_smooth_picture_s_tangents_are_its_derivatives_to_order_two() -> None:
    assert error(1e-3) < 1e-4
    for step in (4e-2, 2e-2, 1e-2):
        assert error(step) / error(step / 2) == pytest.approx(4, rel=0.1)


def test_single_precision_limits_how_small_a_step_may_be() -> None:
    assert error(1e-2, np.float32) == pytest.approx(error(1e-2), rel=0.01)  # the difference's own error
    assert error(1e-6, np.float32) > 10 * error(STEP, np.float32)  # the rounding's
    assert error(STEP, np.float32) < 1e-3


@pytest.mark.parametrize("source", DRAWN)
def test_a_small_change_of_a_factor_moves_the_image_along_its_tangent(source: str) -> None:
    labels, factors, size = DRAWN[source]
    names = CONTINUOUS[source]
    found = tangents(source, labels, factors, names, size)
    assert found.shape == (len(labels), len(names), *drawn(source, factors).shape[1:]) and found.dtype == np.float32
    ranges = {SHAPES: procedural_shapes.FACTORS, DIGITS: procedural_digits.FACTORS}[source]
    for place, name in enumerate(names):
        by = 2e-4  # of the range
        changed = {**factors, name: factors[name] + by * (ranges[name].high - ranges[name].low)}
        change = drawn(source, changed) - drawn(source, factors)
        moves = ~symmetric(source, name, labels)
        left = norms(change - by * found[:, place])[moves] / norms(change)[moves]
        assert np.median(left) < 0.1 and left.max() < 0.3, name


@pytest.mark.parametrize("source", DRAWN)
def test_smaller_steps_come_nearer_until_they_agree(source: str) -> None:
    """Slowly: pixels that an edge begins or ends to cross within the step see half of a slope, and make up the error.
    Their number falls with the step, and the root mean square error with its root."""
    labels, factors, size = DRAWN[source]
    names = [name for name in CONTINUOUS[source] if name != "intensity"]  # in which images are linear
    steps = (4e-2, 1e-2, 2.5e-3, STEP, STEP / 2)
    *coarse, found, finer = (tangents(source, labels, factors, names, size, step) for step in steps)
    moves = norms(found) > 0
    gaps = [np.mean((norms(other - found))[moves] / norms(found)[moves]) for other in coarse]
    assert all(1.5 < one / other < 5 for one, other in pairwise(gaps))
    cosine = (found * finer).sum(axis=(2, 3, 4))[moves] / (norms(found) * norms(finer))[moves]
    assert cosine.min() > 0.98 and np.median(cosine) > 0.999


def test_pixels_that_an_edge_runs_through_all_the_while_have_order_two() -> None:
    labels, factors, size = DRAWN[DIGITS]
    coarse, half, fine = (tangents(DIGITS, labels, factors, ["slant"], size, step)[:, 0] for step in (4e-2, 2e-2, 1e-3))
    ends = np.stack([drawn(DIGITS, {**factors, "slant": factors["slant"] + by}) for by in (-4, -2, 0, 2, 4)])  # degrees
    partly = ((ends > 0.01) & (ends < 0.99 * ends.max(axis=(3, 4), keepdims=True))).all(axis=0)
    seen = partly & (np.abs(fine) > 0.01 * np.abs(fine).max())
    errors = [np.median(np.abs(other - fine)[seen] / np.abs(fine)[seen]) for other in (coarse, half)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.2) and seen.sum() > 1000


def test_shifting_is_the_picture_s_own_slope() -> None:
    labels, factors, size = DRAWN[SHAPES]
    found = tangents(SHAPES, labels, factors, ["shift_x", "shift_y"], size)
    pixels = 40 * size / procedural_shapes.CANVAS  # of a range
    for place, (axis, name) in enumerate(((3, "shift_x"), (2, "shift_y"))):
        half = {**factors, name: factors[name] + 0.5 * 40 / pixels}  # half a pixel on
        image, back = drawn(SHAPES, half), np.roll(drawn(SHAPES, half), -1, axis)  # half a pixel back
        slope = (image - back) * pixels
        cosine = (slope * found[:, place]).sum(axis=(1, 2, 3)) / norms(slope) / norms(found[:, place])
        assert cosine.min() > 0.8
        assert np.median(norms(found[:, place]) / norms(slope)) == pytest.approx(1, abs=0.3)


def test_nothing_is_one_sided_at_the_end_of_a_range() -> None:
    """A shift at its end has the tangent that it has a pixel before, a pixel on."""
    labels, factors, size = DRAWN[DIGITS]
    end = {**factors, "shift_x": np.full(len(labels), procedural_digits.FACTORS["shift_x"].high)}
    before = {**end, "shift_x": end["shift_x"] - 1}
    there, earlier = (tangents(DIGITS, labels, values, ["shift_x"], size)[:, 0] for values in (end, before))
    assert (norms(there - np.roll(earlier, 1, 3)) < 0.03 * norms(there)).all()


def test_the_tangent_of_intensity_is_the_image_over_its_intensity() -> None:
    labels, factors, size = DRAWN[DIGITS]
    found = tangents(DIGITS, labels, factors, ["intensity"], size)[:, 0]
    known = procedural_digits.FACTORS["intensity"]
    image = drawn(DIGITS, factors) / factors["intensity"][:, None, None, None] * (known.high - known.low)
    assert np.abs(found - image).max() < 0.02 * image.max() and (norms(found - image) < 0.01 * norms(image)).all()


def test_a_range_that_params_narrow_changes_no_tangent() -> None:
    """A twin without a factor has it fixed: its tangent is still per range of the data set."""
    labels, factors, size = DRAWN[SHAPES]
    upright = {**factors, "rotation": np.zeros(len(labels))}
    found = tangents(SHAPES, labels, upright, ["rotation"], size)[:, 0]
    assert (norms(found)[~symmetric(SHAPES, "rotation", labels)] > 10).all()


@pytest.mark.parametrize("name", ["variant", "wobble_seed", "colour"])
def test_a_number_of_something_has_no_tangent(name: str) -> None:
    labels, factors, size = DRAWN[DIGITS]
    with pytest.raises(UserError, match=f"factor '{name}' of procedural_digits is none that changes continuously"):
        tangents(DIGITS, labels, factors, ["slant", name], size)


def test_photographs_have_no_tangents() -> None:
    with pytest.raises(UserError, match="'mnist' is not drawn from known factors; procedural_shapes and"):
        tangents("mnist", np.zeros(1, int), {}, ["rotation"], 28)


# --- symmetry ---------------------------------------------------------------------------------------------------------


def at_angle(angle: float | np.ndarray) -> np.ndarray:
    """All classes, in the middle but for a little, at an angle."""
    factors = {"shift_x": 5.0, "shift_y": -8.0, "radius": 60.0}
    values = {name: np.full(len(CLASS_NAMES), value) for name, value in factors.items()}
    return procedural_shapes.render(
        np.arange(len(CLASS_NAMES)), {**values, "rotation": np.full(len(CLASS_NAMES), angle)}
    )


def test_images_repeat_after_their_period_and_not_before() -> None:
    period = periods(SHAPES, "rotation", np.arange(len(CLASS_NAMES)))
    first = at_angle(20.0)
    assert np.abs(at_angle(20 + period) - first).max() < 1e-3
    for angle in range(15, 360, 15):
        unlike = np.abs(at_angle(20 + angle) - first).max(axis=(1, 2, 3)) > 0.1
        with np.errstate(invalid="ignore"):
            repeats = (period == 0) | (np.mod(angle, period) == 0)
        assert (unlike == ~repeats).all(), angle


def test_a_quarter_turn_of_a_square_is_none_but_a_rainbow_s_is() -> None:
    square = np.array([CLASS_NAMES.index("red filled square"), CLASS_NAMES.index("rainbow filled square")])
    apart = distance_in_factor(SHAPES, "rotation", square, np.array([10.0, 10.0]), np.array([100.0, 100.0]))
    assert apart == pytest.approx([0, 90])


def test_distances_go_the_shorter_way_round() -> None:
    names = ("blue single line", "blue single square", "blue single triangle", "rainbow single circle")
    labels = np.array([CLASS_NAMES.index(name) for name in names])
    a, b = np.full(4, 5.0), np.full(4, 355.0)
    assert distance_in_factor(SHAPES, "rotation", labels, a, b) == pytest.approx([10, 10, 10, 10])
    assert distance_in_factor(SHAPES, "rotation", labels, b, a - 30) == pytest.approx([20, 20, 20, 20])
    assert distance_in_factor(SHAPES, "rotation", labels, a, a + 100) == pytest.approx([80, 10, 20, 100])


def test_factors_without_symmetry_are_just_apart() -> None:
    labels = np.array([3, 4])
    assert distance_in_factor(SHAPES, "radius", labels, np.array([50, 70]), np.array([65, 69])) == pytest.approx(
        [15, 1]
    )
    assert distance_in_factor(DIGITS, "rotation", labels, np.array([-12, 3]), np.array([12, 1])) == pytest.approx(
        [24, 2]
    )


def test_a_plain_circle_has_no_rotation_and_nothing_to_score() -> None:
    labels, factors, size = DRAWN[SHAPES]
    shape, _, colour = parts_of(labels)
    plain = (shape == procedural_shapes.SHAPES.index("circle")) & (colour < len(procedural_shapes.COLOURS))
    assert (symmetric(SHAPES, "rotation", labels) == plain).all() and plain.any()
    assert not symmetric(SHAPES, "radius", labels).any() and not symmetric(DIGITS, "rotation", labels % 10).any()
    found = tangents(SHAPES, labels, factors, ["rotation"], size)[:, 0]
    assert (norms(found[plain]) == 0).all() and (norms(found[~plain]) > 0).all()
    assert np.isnan(distance_in_factor(SHAPES, "rotation", labels, labels, labels + 7.0)).tolist() == plain.tolist()
    raw = differences(
        partial(procedural_shapes.render, size=size),
        labels,
        factors,
        {"rotation": procedural_shapes.FACTORS["rotation"]},
        STEP,
    )[:, 0]
    assert norms(raw[plain]).max() < 0.01 * norms(raw[~plain]).min()  # what was set to zero is rounding
