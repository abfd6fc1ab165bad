"""Test images that are drawn again at other values of a factor."""

import numpy as np
import pytest

from invariscope.data.rendering import open_renderer
from invariscope.errors import UserError
from invariscope.ground_truth.config import HeldFactor
from invariscope.ground_truth.probes import ask
from tests.ground_truth.small import DATA, asked_images

VARIED = DATA["factors"]


def test_only_the_factor_changes() -> None:
    renderer, images = open_renderer("procedural_digits", 12), asked_images().at(np.arange(10))
    asked = ask(renderer, images, "intensity", HeldFactor(1.0), VARIED, 3)
    assert asked.values.tolist() == pytest.approx([0.3, 0.65, 1.0]) and asked.others == asked.values[:2].tolist()
    half = asked.at(0.5).astype(float)
    np.testing.assert_allclose(half, asked.images.pixels / 2, atol=1)  # 8 bits
    np.testing.assert_array_equal(asked.at(1.0), asked.images.pixels)
    np.testing.assert_array_equal(asked.at(0.5, np.array([3, 1])), asked.at(0.5)[[3, 1]])
    np.testing.assert_array_equal(asked.images.factors["rotation"], images.factors["rotation"])


@pytest.mark.parametrize(
    ("factor", "held", "message"),
    [
        ("rotation", 90.0, "rotation: held: 90 is not within the range that others see, -80 to 80"),
        ("slant", 0.0, "slant: held: 0 is not within the range that others see, 0 to 0"),
        ("variant", 0.0, "'variant' does not change continuously; these do: slant, rotation"),
    ],
)
def test_what_cannot_be_asked_is_refused(factor: str, held: float, message: str) -> None:
    renderer, images = open_renderer("procedural_digits", 12), asked_images().at(np.arange(2))
    with pytest.raises(UserError, match=message):
        ask(renderer, images, factor, HeldFactor(held), VARIED, 3)
