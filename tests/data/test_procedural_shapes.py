"""What the classes and factors of the drawn shapes mean."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.path import Path as Polygon
from scipy.spatial import cKDTree

from invariscope.data import procedural_shapes as shapes
from invariscope.errors import UserError

PLAIN = {"shift_x": 0.0, "shift_y": 0.0, "rotation": 0.0, "radius": 60.0}
ALL = np.arange(60)
FILLED_RED = np.array([10, 25, 40, 55])


def factors(count: int, **values: float) -> dict[str, np.ndarray]:
    return {name: np.full(count, float(values.get(name, plain))) for name, plain in PLAIN.items()}


def render(labels: np.ndarray = ALL, **values: float) -> np.ndarray:
    return shapes.render(labels, factors(len(labels), **values))


def test_class_is_shape_15_style_5_colour() -> None:
    shape, style, colour = shapes.parts_of(ALL)
    np.testing.assert_array_equal(shape * 15 + style * 5 + colour, ALL)
    assert (shape.max(), style.max(), colour.max()) == (3, 2, 4)
    assert [shapes.CLASS_NAMES[label] for label in (9, 24, 39, 54)] == [
        "rainbow double line",
        "rainbow double square",
        "rainbow double circle",
        "rainbow double triangle",
    ]
    assert shapes.CLASS_NAMES[0] == "red single line"
    assert shapes.CLASS_NAMES[58] == "blue filled triangle"
    assert len(set(shapes.CLASS_NAMES)) == 60


# --- against a drawing by other means ---------------------------------------------------------------------------------


def outline(shape: str, radius: float, inset: float) -> np.ndarray:
    """Corners (n, 2), y up, of the shape with its edge moved inwards."""
    if shape == "circle":
        angles = np.linspace(0, 2 * np.pi, 361)
        return (radius - inset) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    count, first = {"square": (4, 45), "triangle": (3, 90)}[shape]
    corner = radius - inset / np.cos(np.pi / count)
    angles = np.radians(first + np.arange(count + 1) * 360 / count)
    return corner * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def dense(corners: np.ndarray) -> np.ndarray:
    """Points every 0.1 px along a closed or open line."""
    pieces = [
        a + (b - a) * np.linspace(0, 1, max(2, int(np.linalg.norm(b - a) * 10)))[:, None] for a, b in pairwise(corners)
    ]
    return np.concatenate(pieces)


def brute_force(shape: str, style: str, values: dict[str, float], size: int = 48, fine: int = 12) -> np.ndarray:
    """Ink (size, size) of a 200 px canvas, by nearest points of the pen's path, averaged over `fine` points a side."""
    axis = ((np.arange(size * fine) + 0.5) / (size * fine) - 0.5) * 200
    x, y = np.meshgrid(axis - values["shift_x"], values["shift_y"] - axis)
    turn = np.exp(-1j * np.radians(values["rotation"])) * (x + 1j * y)
    points = np.stack([turn.real, turn.imag], axis=-1).reshape(-1, 2)
    r, paths, inside = values["radius"], [], np.zeros(len(points), bool)
    if shape == "line":
        offsets = {"single": [0], "double": [-8, 8], "filled": np.linspace(-8, 8, 33)}[style]
        paths = [dense(np.array([[-r, offset], [r, offset]])) for offset in offsets]
    else:
        paths = [dense(outline(shape, r, inset)) for inset in ((0, 16) if style == "double" else (0,))]
        if style == "filled":
            inside = Polygon(outline(shape, r, 0)).contains_points(points)
    distance, _ = cKDTree(np.concatenate(paths)).query(points, distance_upper_bound=4)
    ink = (np.isfinite(distance) | inside).reshape(size, fine, size, fine)
    return ink.mean(axis=(1, 3))


@pytest.mark.parametrize("shape", shapes.SHAPES)
@pytest.mark.parametrize("style", shapes.STYLES)
def test_equals_the_drawing_at_200_px_reduced_by_area(shape: str, style: str) -> None:
    """The stated tolerance: 0.1 of white anywhere (corners), 0.002 on the mean."""
    values = {"shift_x": 7.3, "shift_y": -11.9, "rotation": 33.0, "radius": 55.0}
    label = shapes.SHAPES.index(shape) * 15 + shapes.STYLES.index(style) * 5
    red, brightness = render(np.array([label]), **values)[0, 0], shapes.COLOURS["red"][0] / 255
    error = np.abs(red / brightness - brute_force(shape, style, values))
    assert error.max() < 0.1
    assert error.mean() < 0.002


# --- factors ----------------------------------------------------------------------------------------------------------


def test_a_quarter_turn_of_the_factor_is_rot90() -> None:
    upright, turned = render(), render(rotation=90.0)
    np.testing.assert_allclose(turned, np.rot90(upright, axes=(2, 3)), atol=1e-3)
    assert np.abs(turned - upright).max(axis=(1, 2, 3))[[0, 4, 19, 45]].min() > 0.5


@pytest.mark.parametrize(("shape", "period"), [(0, 180), (1, 90), (2, 17), (3, 120)])
def test_symmetries(shape: int, period: float) -> None:
    """In one colour: line 180 degrees, square 90, triangle 120, circle any."""
    labels = np.array([15 * shape, 15 * shape + 5, 15 * shape + 10])
    np.testing.assert_allclose(render(labels, rotation=13.0), render(labels, rotation=13.0 + period), atol=1e-3)


def test_a_shift_by_whole_pixels_is_a_roll() -> None:
    pixel = 200 / 48
    moved = render(shift_x=3 * pixel, shift_y=-2 * pixel)
    np.testing.assert_allclose(moved, np.roll(render(), (-2, 3), axis=(2, 3)), atol=1e-3)


def test_radius_is_half_of_what_a_filled_circle_measures() -> None:
    for radius in (48.0, 72.0):
        area = render(np.array([40]), radius=radius)[0, 0].sum() / (shapes.COLOURS["red"][0] / 255) * (200 / 48) ** 2
        assert np.sqrt(area / np.pi) == pytest.approx(radius + shapes.STROKE / 2, abs=0.1)


def test_colours() -> None:
    images = render()
    for label in ALL:
        brightest = images[label].reshape(3, -1).T[images[label].sum(axis=0).argmax()]
        if label % 5 < 4:
            colour = np.array(list(shapes.COLOURS.values())[label % 5])
            np.testing.assert_allclose(brightest / brightest.max(), colour / colour.max(), atol=1e-3)
    row = images[14][:, 24]  # rainbow bar: red at its left end, violet at its right
    left, right = row[:, 24 - 14], row[:, 24 + 14]
    assert left[0] > 0.9 > 0.3 > left[1:].max()
    assert right[2] > 0.9
    assert right[0] > 0.5
    turned = render(np.array([14]), rotation=180.0)[0][:, 24]
    np.testing.assert_allclose(turned[:, ::-1], images[14][:, 23], atol=1e-3)


def test_nothing_touches_the_border() -> None:
    images = shapes.draw({"source": "procedural_shapes", "images": 6000, "size": 48}, 0, None)["train"].pixels
    assert images[:, :, [0, -1]].max() == 0
    assert images[:, :, :, [0, -1]].max() == 0
    assert images.max(axis=(1, 2, 3)).min() > 100


# --- data set ---------------------------------------------------------------------------------------------------------


def test_draw_splits_8_1_1_balanced_and_repeats_itself() -> None:
    config = {"source": "procedural_shapes", "images": 1200, "size": 48}
    first, again, other = (shapes.draw(config, seed, None) for seed in (0, 0, 1))
    assert {split: len(images) for split, images in first.items()} == {"train": 960, "validation": 120, "test": 120}
    for split, images in first.items():
        assert images.pixels.shape == (len(images), 3, 48, 48)
        assert set(np.bincount(images.labels)) == {len(images) // 60}
        assert images.pixels.tobytes() == again[split].pixels.tobytes()
        assert images.pixels.tobytes() != other[split].pixels.tobytes()
        for name in ("shape", "style", "colour", *PLAIN):
            assert images.factors[name].shape == (len(images),)
        redrawn = np.rint(shapes.render(images.labels, images.factors) * 255)
        np.testing.assert_array_equal(redrawn, images.pixels)
    assert len(np.unique(np.concatenate([images.ids for images in first.values()]))) == 1200


def test_an_image_depends_on_its_own_factors_only() -> None:
    images = shapes.draw({"source": "procedural_shapes", "images": 600, "size": 48}, 0, None)["train"]
    order = np.random.default_rng(0).permutation(len(images))[:33]
    some = {name: values[order] for name, values in images.factors.items()}
    together = shapes.render(images.labels, images.factors)
    np.testing.assert_array_equal(shapes.render(images.labels[order], some), together[order])


def test_a_factor_held_fixed_leaves_all_others_as_they_were() -> None:
    config = {"source": "procedural_shapes", "images": 600, "size": 16}
    varied = shapes.draw(config, 0, Path())["train"].factors
    twin = shapes.draw({**config, "factors": {"rotation": 30, "radius": [50, 51]}}, 0, Path())["train"].factors
    assert set(twin["rotation"]) == {30.0}
    assert 50 <= twin["radius"].min() < twin["radius"].max() <= 51
    for name in ("shift_x", "shift_y", "shape", "style", "colour"):
        np.testing.assert_array_equal(twin[name], varied[name])
    assert len(np.unique(varied["rotation"])) > 400
    with pytest.raises(UserError, match=r"data\.factors\.size"):
        shapes.draw({**config, "factors": {"size": 3}}, 0, Path())


# --- masks ------------------------------------------------------------------------------------------------------------


def test_mask_covers_what_is_painted() -> None:
    values = factors(60, rotation=20.0)
    painted, object_ = shapes.mask(ALL, values, inside=False), shapes.mask(ALL, values)
    bright = shapes.render(ALL, values).max(axis=1)
    plain = ALL % 5 == 0  # red: brightness says how much of a pixel is covered
    np.testing.assert_array_equal(painted[plain], bright[plain] >= 0.5 * shapes.COLOURS["red"][0] / 255)
    assert (object_ | ~painted).all()
    _, style, _ = shapes.parts_of(ALL)
    np.testing.assert_array_equal(object_[style == 2], painted[style == 2])
    outlines = (style < 2) & (ALL >= 15)
    assert (object_[outlines].sum(axis=(1, 2)) > 1.3 * painted[outlines].sum(axis=(1, 2))).all()
    np.testing.assert_array_equal(object_[15:20], object_[25:30])  # a square is as large as an outline as filled
    np.testing.assert_array_equal(object_[0], painted[0])  # a single line has no inside
