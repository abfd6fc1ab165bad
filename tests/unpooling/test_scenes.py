"""Scenes of two objects, and the sources that know their true masks."""

from pathlib import Path

import numpy as np
import pytest
import torch

from invariscope.data import procedural_digits, procedural_shapes
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.unpooling.evaluate import thresholded
from invariscope.unpooling.scenes import draw_scenes, open_source

SIZES = {"procedural_shapes": 48, "procedural_digits": 28}


def images_of(name: str) -> Images:
    if name == "procedural_shapes":
        return procedural_shapes.draw({"source": name, "images": 300, "size": 48}, 0, Path())["train"]
    return procedural_digits.draw({"source": name, "train": 200, "test": 10}, 0, Path())["train"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", SIZES)
def test_two_objects_of_two_classes_never_overlap(name: str) -> None:
    images, source = images_of(name), open_source(name, SIZES[name])
    scenes = draw_scenes(source, images, 200, generator())
    assert scenes.pixels.shape == (200, *images.shape) and scenes.pixels.dtype == np.uint8
    assert (scenes.labels[:, 0] != scenes.labels[:, 1]).all()
    assert not scenes.masks.all(axis=1).any()
    assert scenes.masks.any(axis=(2, 3)).all()
    assert not scenes.masks[:, :, 0].any() and not scenes.masks[..., -1].any()  # none is cut off
    rows = np.arange(SIZES[name])[:, None]
    heights = (scenes.masks * rows).sum(axis=(2, 3)) / scenes.masks.sum(axis=(2, 3))
    assert (heights[:, 0] < heights[:, 1]).all()  # the upper one first
    assert len(np.unique(scenes.labels)) == len(images.class_names)


@pytest.mark.parametrize("name", SIZES)
def test_the_masks_are_what_is_painted(name: str) -> None:
    scenes = draw_scenes(open_source(name, SIZES[name]), images_of(name), 60, generator())
    painted = scenes.pixels.max(axis=1)
    either = scenes.masks.any(axis=1)
    assert (painted[either] > 70).all() and (painted[~either] < 150).all()
    both = (thresholded(scenes.pixels) & either).sum() / (thresholded(scenes.pixels) | either).sum()
    assert both > 0.85


@pytest.mark.parametrize("name", SIZES)
def test_equal_seeds_draw_equal_scenes(name: str) -> None:
    source, images = open_source(name, SIZES[name]), images_of(name)
    first, again, other = (draw_scenes(source, images, 20, generator(seed)).pixels for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes() and first.tobytes() != other.tobytes()


def test_shapes_keep_the_scale_of_training() -> None:
    source = open_source("procedural_shapes", 48)
    factors = {name: np.zeros((500, 2)) for name in ("radius", "shift_x", "shift_y", "rotation")}
    random = np.random.default_rng(0)
    side = np.tile([[-1, -1], [1, 1]], (500, 1, 1))
    moved = source.corner(factors, side, random.random((500, 2)))
    known = procedural_shapes.FACTORS["radius"]
    assert known.low <= moved["radius"].min() and moved["radius"].max() <= known.high
    apart = np.hypot(*(np.diff(moved[name], axis=1)[:, 0] for name in ("shift_x", "shift_y")))
    assert (apart > moved["radius"].sum(axis=1) + procedural_shapes.STROKE).all()
    assert (np.abs(moved["shift_x"]) + moved["radius"] + procedural_shapes.STROKE / 2 <= 100).all()


def test_the_mask_of_an_outline_is_its_stroke() -> None:
    images = images_of("procedural_shapes")
    masks = open_source("procedural_shapes", 48).mask(images.labels, images.factors)
    inside = procedural_shapes.mask(images.labels, images.factors)
    circle = images.class_names.index("red single circle")
    chosen = images.labels == circle
    assert (masks[chosen].sum(axis=(1, 2)) < 0.5 * inside[chosen].sum(axis=(1, 2))).all()


def test_other_sources_have_no_mask() -> None:
    with pytest.raises(UserError, match="'mnist' gives no true mask; procedural_shapes and procedural_digits do"):
        open_source("mnist", 28)


def test_one_class_makes_no_scene() -> None:
    images = images_of("procedural_digits")
    with pytest.raises(UserError, match="two classes"):
        draw_scenes(open_source("procedural_digits", 28), images.at(np.flatnonzero(images.labels == 3)), 5, generator())
