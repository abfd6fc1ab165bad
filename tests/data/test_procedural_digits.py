"""What the factors of the drawn digits mean."""

import numpy as np
import pytest
from scipy.ndimage import rotate

from invariscope.data import procedural_digits as digits
from invariscope.data.glyphs import GLYPHS, segments, variants
from invariscope.errors import UserError
from tests.data.mnist import real_mnist

PLAIN = {
    "slant": 0.0,
    "rotation": 0.0,
    "scale_x": 0.9,
    "scale_y": 0.9,
    "thickness": 2.0,
    "shift_x": 0.0,
    "shift_y": 0.0,
    "intensity": 1.0,
    "wobble": 0.5,
    "wobble_seed": 7.0,
    "variant": 0.0,
}
ALL = np.arange(10)


def factors(count: int, **values: float) -> dict[str, np.ndarray]:
    return {name: np.full(count, float(values.get(name, plain))) for name, plain in PLAIN.items()}


def render(labels: np.ndarray = ALL, size: int = 28, **values: float) -> np.ndarray:
    return digits.render(labels, factors(len(labels), **values), size)


def centre_of_mass(images: np.ndarray) -> np.ndarray:
    """(N, 2): x and y from the centre of the picture, in px."""
    place = np.arange(images.shape[1]) - (images.shape[1] - 1) / 2
    mass = images.sum(axis=(1, 2))
    return np.stack([(images.sum(axis=1) * place).sum(1) / mass, (images.sum(axis=2) * place).sum(1) / mass], axis=1)


def test_a_quarter_turn_of_the_factor_is_rot90() -> None:
    upright, turned = render(), render(rotation=90.0)
    np.testing.assert_allclose(turned, np.rot90(upright, axes=(1, 2)), atol=1e-4)
    assert np.abs(turned - upright).max() > 0.5


def test_rotating_by_the_factor_is_rotating_the_picture() -> None:
    upright, turned = render(size=84), render(size=84, rotation=25.0)
    expected = rotate(upright, 25, axes=(2, 1), reshape=False, order=1)
    assert np.sqrt(np.mean((turned - expected) ** 2)) < 0.02
    assert np.sqrt(np.mean((turned - upright) ** 2)) > 0.2


def test_the_mass_is_in_the_middle_and_follows_the_shift() -> None:
    middle, moved = (centre_of_mass(render(size=84, **shift)) / 3 for shift in ({}, {"shift_x": 1.3, "shift_y": -0.7}))
    assert np.abs(middle).max() < 0.7  # strokes drawn twice count twice
    np.testing.assert_allclose(moved - middle, [[1.3, -0.7]] * 10, atol=0.02)


def test_a_shift_by_whole_pixels_is_a_roll() -> None:
    np.testing.assert_allclose(render(shift_x=2.0, shift_y=1.0), np.roll(render(), (1, 2), axis=(1, 2)), atol=1e-4)


@pytest.mark.parametrize("thickness", [1.5, 2.0, 3.0, 4.5])
def test_thickness_is_the_width_of_the_stroke(thickness: float) -> None:
    bar = render(np.array([1]), thickness=thickness, wobble=0.0)[0]  # upright, so rows cut it at a right angle
    np.testing.assert_allclose(bar[11:17].sum(axis=1), thickness, atol=0.02)


def test_slant_is_the_angle_of_an_upright_stroke() -> None:
    path = digits.pen_path(np.array([1]), factors(1, slant=30.0, wobble=0.0))[0]
    top, bottom = path[0, 0], path[-1, 1]
    assert np.degrees(np.arctan2(top[0] - bottom[0], bottom[1] - top[1])) == pytest.approx(30)


def test_scales_stretch_the_path_and_not_the_pen() -> None:
    def extent(**values: float) -> np.ndarray:
        return np.ptp(digits.pen_path(ALL, factors(10, **values)).reshape(10, -1, 2), axis=1)

    np.testing.assert_allclose(extent(scale_x=1.8) / extent(), [[2, 1]] * 10, rtol=1e-9)
    np.testing.assert_allclose(extent(scale_y=0.45) / extent(), [[1, 0.5]] * 10, rtol=1e-9)


def test_intensity_is_the_brightest_pixel() -> None:
    np.testing.assert_allclose(render(intensity=0.6).max(axis=(1, 2)), 0.6, atol=1e-6)


def test_wobble_is_the_deviation_of_the_path() -> None:
    labels = np.repeat(ALL, 200)
    still = factors(len(labels), wobble=0.0, scale_x=1.0, scale_y=1.0)
    bent = still | {"wobble": np.ones(len(labels)), "wobble_seed": np.arange(float(len(labels)))}
    moved = digits.pen_path(labels, bent) - digits.pen_path(labels, still)
    assert 0.5 < np.sqrt(np.mean(moved**2)) < 1.3  # the part that moves all of a digit is centred away
    np.testing.assert_array_equal(render(wobble=0.0, wobble_seed=1.0), render(wobble=0.0, wobble_seed=2.0))
    assert np.abs(render(wobble_seed=1.0) - render(wobble_seed=2.0)).max() > 0.3


@pytest.mark.parametrize("name", [name for name in digits.FACTORS if name not in digits.WHOLE])
def test_images_change_smoothly_with_every_factor(name: str) -> None:
    """So that tangents can be taken by differences."""
    step = 1e-2 * (digits.FACTORS[name].high - digits.FACTORS[name].low)

    def slope(width: float) -> np.ndarray:
        up, down = render(**{name: PLAIN[name] + width}), render(**{name: PLAIN[name] - width})
        return (up - down) / (2 * width)

    if name == "intensity":
        step /= 10
    coarse, fine = slope(step), slope(step / 2)
    assert np.linalg.norm(coarse) > 0
    assert np.linalg.norm(coarse - fine) < 0.1 * np.linalg.norm(fine)


def test_distance_is_that_to_the_nearest_segment() -> None:
    """Against every pixel and every segment, without windows."""
    values = digits.sample_factors(ALL, {}, 3, "train")
    start, end = np.moveaxis(digits.pen_path(ALL, values) + 13.5, 2, 0)  # (10, S, 2)
    pixel = np.stack(np.meshgrid(np.arange(28.0), np.arange(28.0)), axis=-1)[None, :, :, None]  # (1, 28, 28, 1, 2)
    start, along = start[:, None, None], (end - start)[:, None, None]
    t = np.clip(((pixel - start) * along).sum(-1) / (along**2).sum(-1), 0, 1)
    distance = np.linalg.norm(pixel - start - t[..., None] * along, axis=-1).min(axis=-1)
    radius, intensity = (values[name][:, None, None] for name in ("thickness", "intensity"))
    expected = np.clip(0.5 + (radius / 2 - distance) / digits.EDGE, 0, 1) * intensity
    np.testing.assert_allclose(digits.render(ALL, values), expected, atol=1e-4)


def test_an_image_depends_on_its_own_factors_only() -> None:
    labels = np.arange(600) % 10
    values = digits.sample_factors(labels, {}, 0, "train")
    together = digits.render(labels, values)
    order = np.random.default_rng(0).permutation(600)[:50]
    apart = digits.render(labels[order], {name: factor[order] for name, factor in values.items()})
    np.testing.assert_array_equal(apart, together[order])


def test_what_leaves_the_picture_is_cut_off() -> None:
    assert render(shift_x=100.0, shift_y=-60.0).max() == 0
    half = render(np.array([0]), shift_x=14.0)[0]
    assert half[:, 20:].max() == 1
    assert half[:, :10].max() == 0


def test_a_larger_picture_is_the_same_picture() -> None:
    large = render(size=84).reshape(10, 28, 3, 28, 3).mean(axis=(2, 4))
    assert np.abs(large - render()).mean() < 0.01


def test_draw_is_balanced_and_repeats_itself() -> None:
    config = {"source": "procedural_digits", "train": 200, "test": 50, "size": 28}
    first, again, other = (digits.draw(config, seed, None) for seed in (0, 0, 1))
    assert {split: len(images) for split, images in first.items()} == {"train": 200, "test": 50}
    for split, images in first.items():
        assert images.pixels.shape == (len(images), 1, 28, 28)
        assert images.pixels.dtype == np.uint8
        assert set(np.bincount(images.labels)) == {len(images) // 10}
        assert images.pixels.tobytes() == again[split].pixels.tobytes()
        assert images.pixels.tobytes() != other[split].pixels.tobytes()
    assert len(np.unique(np.concatenate([images.ids for images in first.values()]))) == 250
    assert not np.array_equal(first["train"].pixels[:50], first["test"].pixels)


def test_saved_factors_redraw_the_image() -> None:
    images = digits.draw({"source": "procedural_digits", "train": 40, "test": 1, "size": 28}, 5, None)["train"]
    again = np.rint(digits.render(images.labels, images.factors) * 255).astype(np.uint8)
    np.testing.assert_array_equal(again[:, None], images.pixels)


def test_a_factor_held_fixed_leaves_all_others_as_they_were() -> None:
    labels = np.arange(100) % 10
    varied = digits.sample_factors(labels, {}, 0, "train")
    twin = digits.sample_factors(labels, {"rotation": 5, "variant": 2}, 0, "train")
    assert set(twin["rotation"]) == {5.0}
    assert set(twin["variant"]) == {2.0}
    for name in set(varied) - {"rotation", "variant"}:
        np.testing.assert_array_equal(twin[name], varied[name])
        assert len(np.unique(varied[name])) > 50


def test_ranges_replace_the_default_ones() -> None:
    labels = np.arange(1000) % 10
    narrow = digits.sample_factors(labels, {"slant": [10, 12], "variant": [1, 2]}, 0, "train")
    assert 10 <= narrow["slant"].min() < 10.1 < 11.9 < narrow["slant"].max() <= 12
    assert 400 < (narrow["variant"] == 1).sum() < 600
    assert set(narrow["variant"]) == {1.0, 2.0}


def test_by_default_every_variant_is_drawn() -> None:
    labels = np.arange(2000) % 10
    drawn = digits.sample_factors(labels, {}, 0, "train")["variant"]
    for digit in GLYPHS:
        assert set(drawn[labels == digit]) == set(map(float, range(variants(digit))))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"colour": 1}, "data.factors.colour"),
        ({"slant": [3, 1]}, "low, high"),
        ({"slant": [1, 2, 3]}, "low, high"),
        ({"variant": 99}, "variant"),
    ],
)
def test_impossible_factors_are_refused(overrides: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        digits.sample_factors(ALL, overrides, 0, "train")


def test_glyphs_fill_their_box_with_short_segments() -> None:
    for digit, glyphs in GLYPHS.items():
        assert len(glyphs) >= 4
        paths = segments()[digit, : len(glyphs)]
        assert np.isfinite(paths).all()
        np.testing.assert_allclose(np.ptp(paths.reshape(len(glyphs), -1, 2), axis=1).max(axis=1), 1)
        assert np.linalg.norm(paths[..., 1, :] - paths[..., 0, :], axis=-1).max() < 2.5 / digits.BOX


def test_the_digits_look_like_mnist() -> None:
    real = real_mnist()["train"].pixels[:5000] / 255
    drawn = (
        digits.draw({"source": "procedural_digits", "train": 2000, "test": 1, "size": 28}, 0, None)["train"].pixels
        / 255
    )
    assert drawn.mean() == pytest.approx(real.mean(), abs=0.02)
    assert drawn.std() == pytest.approx(real.std(), abs=0.02)
    grey = [np.mean((images > 0.1) & (images < 0.9)) for images in (drawn, real)]
    assert grey[0] == pytest.approx(grey[1], rel=0.25)


def test_the_mask_is_the_ink_whatever_its_intensity() -> None:
    values = digits.sample_factors(ALL, {}, 3, "train")
    image = digits.render(ALL, values) / values["intensity"][:, None, None]
    mask = digits.mask(ALL, values)
    assert mask.shape == image.shape and mask.dtype == bool
    assert image[mask].min() >= 0.5 - 1e-6 and image[~mask].max() < 0.5 + 1e-6
    np.testing.assert_array_equal(mask, digits.mask(ALL, values | {"intensity": np.full(10, 0.1)}))


def test_the_mask_of_a_bar_is_as_wide_as_the_pen() -> None:
    bar = digits.mask(np.array([1]), factors(1, thickness=4.0, wobble=0.0), size=280)[0]
    np.testing.assert_allclose(bar[110:170].sum(axis=1) / 10, 4.0, atol=0.11)  # in px of 28


def test_the_mask_moves_with_the_digit_and_grows_with_the_pen() -> None:
    plain = digits.mask(ALL, factors(10))
    np.testing.assert_array_equal(
        digits.mask(ALL, factors(10, shift_x=2.0, shift_y=1.0)), np.roll(plain, (1, 2), (1, 2))
    )
    thick = digits.mask(ALL, factors(10, thickness=4.0))
    assert (thick | ~plain).all() and (thick.sum(axis=(1, 2)) > 1.5 * plain.sum(axis=(1, 2))).all()


def test_masks_are_cut_into_chunks_like_images() -> None:
    labels = np.arange(300) % 10
    values = digits.sample_factors(labels, {}, 0, "train")
    last = {name: factor[-3:] for name, factor in values.items()}
    np.testing.assert_array_equal(digits.mask(labels, values)[-3:], digits.mask(labels[-3:], last))
