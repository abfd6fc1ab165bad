"""Drawn data by plain arguments: the images of the workflow's blocks of parameters."""

from pathlib import Path

import numpy as np
import pytest

from invariscope.data import procedural_digits, procedural_shapes
from invariscope.data.drawn import draw_digits, draw_shapes
from invariscope.errors import UserError


def test_digits_are_those_of_the_workflow() -> None:
    factors = {"rotation": [-60, 60], "slant": 0}
    block = {"source": "procedural_digits", "train": 20, "test": 10, "size": 16, "factors": factors}
    expected = procedural_digits.draw(block, 3, Path())
    drawn = draw_digits(20, 10, size=16, factors=factors, seed=3)
    assert drawn.keys() == expected.keys() == {"train", "test"}
    for split, images in drawn.items():
        assert np.array_equal(images.pixels, expected[split].pixels)
        assert np.array_equal(images.factors["rotation"], expected[split].factors["rotation"])
    assert np.ptp(drawn["train"].factors["rotation"]) > 30 and not drawn["train"].factors["slant"].any()


def test_shapes_are_those_of_the_workflow() -> None:
    block = {"source": "procedural_shapes", "images": 80, "size": 24, "factors": {"rotation": 0}}
    expected = procedural_shapes.draw(block, 1, Path())
    drawn = draw_shapes(80, size=24, factors={"rotation": 0}, seed=1)
    assert {split: len(images) for split, images in drawn.items()} == {"train": 64, "validation": 8, "test": 8}
    assert all(np.array_equal(images.pixels, expected[split].pixels) for split, images in drawn.items())
    assert not np.array_equal(draw_shapes(80, size=24)["train"].pixels, drawn["train"].pixels)


def test_an_unknown_factor_is_refused() -> None:
    with pytest.raises(UserError, match="rotatoin"):
        draw_digits(10, 10, factors={"rotatoin": 0})
