"""Attributes of drawn images whose attributes are known."""

import time

import numpy as np
import pytest
from scipy import ndimage

from invariscope.data import procedural_digits
from invariscope.invariance.attributes import CHUNK, SHARES, STROKE, UNITS, measure
from invariscope.invariance.skeleton import skeletonise

SIZE = 28
Y, X = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2


def of(image: np.ndarray, original: np.ndarray | None = None) -> dict[str, float]:
    """Attributes of one grey image (H, W)."""
    original = image if original is None else original
    return {name: values[0] for name, values in measure(image[None, None], original[None, None]).items()}


def bar(thickness: float, degrees: float = 0.0, length: float = 18.0) -> np.ndarray:
    """A straight stroke with flat ends and soft edges, turned counter-clockwise from upright."""
    turn = np.radians(degrees)
    across, along = X * np.cos(turn) + Y * np.sin(turn), Y * np.cos(turn) - X * np.sin(turn)
    return np.clip(thickness / 2 - abs(across) + 0.5, 0, 1) * np.clip(length / 2 - abs(along) + 0.5, 0, 1)


def digits(count: int, **fixed: float) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Images (N, 1, H, W), labels and factors, with some factors fixed."""
    labels = np.arange(count) % 10
    factors = procedural_digits.sample_factors(labels, fixed, 0, "test")
    return procedural_digits.render(labels, factors)[:, None], labels, factors


def redrawn(count: int, **added: float) -> dict[str, np.ndarray]:
    """Attributes of digits drawn again with something added to their factors, against the digits."""
    originals, labels, factors = digits(count)
    factors |= {name: factors[name] + value for name, value in added.items()}
    return measure(procedural_digits.render(labels, factors)[:, None], originals)


def round_pen(thickness: float, degrees: float, offset: float) -> np.ndarray:
    turn = np.radians(degrees)
    across, along = X * np.cos(turn) + Y * np.sin(turn) - offset, Y * np.cos(turn) - X * np.sin(turn)
    return np.clip(thickness / 2 - np.hypot(across, np.maximum(abs(along) - 8, 0)) + 0.5, 0, 1)


@pytest.mark.parametrize("thickness", [1.5, 2, 3, 4.5, 6])
def test_thickness_of_a_stroke(thickness: float) -> None:
    strokes = [round_pen(thickness, degrees, offset) for degrees in range(0, 180, 15) for offset in (0, 0.3, 0.5)]
    errors = [of(stroke)["thickness"] - thickness for stroke in strokes]
    assert abs(np.mean(errors)) < 0.15 and max(map(abs, errors)) < 0.8  # worst: upright, between two pixels


def test_size_and_area_of_a_bar() -> None:
    found = of(bar(4, length=18))
    assert (found["width"], found["height"], found["ink_area"]) == (4, 18, pytest.approx(72, rel=0.02))


def test_a_disc() -> None:
    found = of(np.clip(6.5 - np.hypot(X, Y), 0, 1))  # radius 6
    assert found["ink_area"] == pytest.approx(np.pi * 36, rel=0.02)
    assert found["width"] == found["height"] == pytest.approx(12, abs=0.5)
    assert found["slant"] == pytest.approx(0, abs=1e-6)
    assert 6 < found["thickness"] <= 12.5  # its skeleton is near the centre


@pytest.mark.parametrize("degrees", [-30, -10, 0, 10, 30])
def test_slant_of_a_sheared_bar_is_signed(degrees: float) -> None:
    across = X + np.tan(np.radians(degrees)) * Y  # y is down: + leans to the right at the top
    found = of(np.clip(2.5 - abs(across), 0, 1) * (abs(Y) < 9))
    assert found["slant"] == pytest.approx(degrees, abs=1)


def test_gain_changes_the_brightness_of_the_ink_alone() -> None:
    image = bar(3, 20)
    full, half = of(image), of(image / 2)
    assert full["ink_brightness"] == pytest.approx(2 * half["ink_brightness"])
    assert full["brightness"] == pytest.approx(2 * half["brightness"]) and full["brightness"] == image.mean()
    assert full["contrast"] == pytest.approx(2 * half["contrast"]) and full["contrast"] == image.std()
    for name in set(STROKE) - {"ink_brightness"}:
        assert full[name] == half[name]


def test_centre_shift_is_the_way_of_the_ink() -> None:
    image = bar(3, 20)
    assert of(np.roll(image, (3, -4), (0, 1)), image)["centre_shift"] == pytest.approx(5)
    assert of(image / 2, image)["centre_shift"] == 0


def test_factors_of_digits_are_measured() -> None:
    images, labels, factors = digits(1000)
    assert np.corrcoef(measure(images, images)["thickness"], factors["thickness"])[0, 1] > 0.9
    images, labels, factors = digits(1000, rotation=0, wobble=0.2, scale_x=0.8, scale_y=0.8, variant=0)
    found = measure(images, images)
    for digit in range(10):
        same = labels == digit
        assert np.corrcoef(found["slant"][same], factors["slant"][same])[0, 1] > 0.9
    images, labels, factors = digits(1000, rotation=0, wobble=0, slant=0, thickness=2, variant=0)
    found = measure(images, images)
    for digit in range(10):
        same = labels == digit
        assert np.corrcoef(found["height"][same], factors["scale_y"][same])[0, 1] > 0.9
        if digit != 1:  # a line, as wide as the pen
            assert np.corrcoef(found["width"][same], factors["scale_x"][same])[0, 1] > 0.9
    images, labels, factors = digits(1000, thickness=3, intensity=[0.3, 1.0])
    assert np.corrcoef(measure(images, images)["ink_brightness"], factors["intensity"])[0, 1] > 0.9


def test_pixel_local_changes_are_wholly_local() -> None:
    images = digits(50)[0].astype(np.float64)
    cross = ndimage.generate_binary_structure(2, 1)[None, None]
    local = {
        "gain": 0.6 * images,
        "offset": images * 0.7 + 0.2,
        "dilation": ndimage.grey_dilation(images, footprint=cross),
        "erosion": ndimage.grey_erosion(images, footprint=cross),
    }
    for changed in local.values():
        np.testing.assert_allclose(measure(changed, images)["locality"], 1, atol=1e-6)


def test_a_wider_pen_is_more_local_than_any_motion() -> None:
    pens = [redrawn(50, thickness=by)["locality"].mean() for by in (-0.5, 0.5, 1.5)]
    moves = [{"shift_x": 0.5}, {"shift_y": 1.0}, {"rotation": 5}, {"rotation": -15}, {"slant": 10}, {"scale_x": 0.1}]
    assert min(pens) > 0.7
    assert max(redrawn(50, **move)["locality"].mean() for move in moves) < 0.3


def test_motion_is_told_from_noise() -> None:
    for small in ({"shift_x": 0.5}, {"rotation": 5}, {"scale_x": 0.05}, {"slant": 4}):
        assert redrawn(50, **small)["affine_motion"].mean() > 0.6
    images = digits(50)[0]
    noisy = measure(images + 0.05 * np.random.default_rng(0).normal(size=images.shape), images)
    assert all(noisy[name].max() < 0.05 for name in SHARES)


def test_no_change_has_no_share_and_no_ink_no_stroke() -> None:
    image = bar(3)
    assert all(np.isnan(of(image)[name]) for name in SHARES)
    empty = of(np.zeros_like(image), image)
    assert all(np.isnan(empty[name]) for name in STROKE)
    assert empty["brightness"] == empty["contrast"] == 0 and empty["locality"] == pytest.approx(1)
    assert np.isnan(of(image, np.zeros_like(image))["centre_shift"])
    assert of(np.ones_like(image))["ink_area"] == SIZE**2
    dot = np.zeros_like(image)
    dot[5, 9] = 1
    assert of(dot)["thickness"] == 1 and of(dot)["ink_area"] == 1


def test_colour_images_have_no_strokes_but_a_change_of_hue_is_local() -> None:
    image = np.random.default_rng(0).random((4, 3, 12, 12))
    found = measure(image[:, ::-1] * 0.8, image)  # red and blue exchanged
    assert found.keys() == UNITS.keys()
    assert all(np.isnan(found[name]).all() for name in STROKE)
    np.testing.assert_allclose(found["locality"], 1, atol=1e-6)
    assert measure(np.roll(image, 1, axis=3), image)["locality"].max() < 0.7


def test_an_image_is_measured_alike_in_any_company() -> None:
    images = digits(300)[0]
    chunk = CHUNK // SIZE**2
    assert 10 < chunk < 290
    changed = np.roll(images, 1, axis=2)
    together = measure(changed, images)
    assert list(together) == list(UNITS)
    for start, stop in ((0, 1), (chunk - 3, chunk + 5)):
        alone = measure(changed[start:stop], images[start:stop])
        for name in UNITS:
            np.testing.assert_array_equal(alone[name], together[name][start:stop])
    assert all(values.shape == (0,) for values in measure(images[:0], images[:0]).values())


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="must both be"):
        measure(np.zeros((2, 1, 4, 4)), np.zeros((1, 1, 4, 4)))


def test_thousands_of_images_take_seconds() -> None:
    images = digits(1000)[0]
    before = time.process_time()
    measure(np.roll(images, 1, axis=3), images)
    assert time.process_time() - before < 4  # 0.7 s on an idle core


# --- skeletons --------------------------------------------------------------------------------------------------------


def pieces(mask: np.ndarray) -> tuple[int, int]:
    """8-connected pieces of a mask, and 4-connected pieces of what is around it."""
    return ndimage.label(mask, np.ones((3, 3)))[1], ndimage.label(~np.pad(mask, 1))[1]


def test_skeletons_keep_pieces_and_holes_and_are_thin() -> None:
    ink = digits(200)[0][:, 0] > 0.5
    noise = np.random.default_rng(0).random((50, SIZE, SIZE)) > 0.6
    for masks in (ink, noise):
        skeletons = skeletonise(masks)
        assert not (skeletons & ~masks).any()
        assert [pieces(mask) for mask in masks] == [pieces(mask) for mask in skeletons]
        np.testing.assert_array_equal(skeletonise(skeletons), skeletons)
    skeletons = skeletonise(ink)
    square = skeletons[:, 1:, 1:] & skeletons[:, :-1, 1:] & skeletons[:, 1:, :-1] & skeletons[:, :-1, :-1]
    assert square.sum() < 0.01 * skeletons.sum()


def test_the_skeleton_of_a_bar_is_its_middle() -> None:
    mask = np.zeros((1, 15, 9), bool)
    mask[0, 2:13, 2:7] = True
    skeleton = skeletonise(mask)[0]
    assert set(np.nonzero(skeleton)[1]) == {4} and skeleton[5:10, 4].all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 3), (1, 6), (2, 6)])
def test_something_is_left_of_everything(shape: tuple[int, int]) -> None:
    assert skeletonise(np.ones((1, *shape), bool)).any()


def test_a_ring_stays_closed() -> None:
    ring = (abs(np.hypot(X, Y) - 8) < 2.5)[None]
    skeleton = skeletonise(ring)[0]
    assert pieces(skeleton) == (1, 2)
    assert abs(np.hypot(X, Y)[skeleton] - 8).max() < 1.5
