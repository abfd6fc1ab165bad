"""Motions in time, held against the transformations of the screening."""

import pytest
import torch

from invariscope.errors import UserError
from invariscope.invariance.motions import FILLS, Motion
from invariscope.screening.config import Rendering
from invariscope.screening.families import FAMILIES
from invariscope.screening.transforms import transform
from tests.invariance.networks import pictures

MOVING = [name for name in FAMILIES if name not in ("gaussian_blur", "gaussian_noise")]
STEP = 1e-6


def central(motion: Motion, images: torch.Tensor) -> torch.Tensor:
    return (motion.moved(images, STEP) - motion.moved(images, -STEP)) / (2 * STEP)


@pytest.mark.parametrize("family", MOVING)
@pytest.mark.parametrize("fill", FILLS)
def test_velocity_is_the_slope_of_the_rendering(family: str, fill: str) -> None:
    images, motion = pictures(3, channels=3), Motion(family, fill)
    slope, velocity = central(motion, images), motion.velocity(images)
    assert velocity.shape == images.shape and slope.abs().max() > 1e-3
    assert (velocity - slope).norm() < 1e-4 * slope.norm()


@pytest.mark.parametrize("family", MOVING)
def test_at_first_nothing_has_moved(family: str) -> None:
    images = pictures(3, channels=3)
    torch.testing.assert_close(Motion(family).moved(images, 0.0), images, rtol=0, atol=1e-15)


@pytest.mark.parametrize("family", MOVING)
def test_speed_multiplies_the_velocity(family: str) -> None:
    images = pictures(3, channels=3)
    torch.testing.assert_close(Motion(family, speed=-3).velocity(images), -3 * Motion(family).velocity(images))


@pytest.mark.parametrize(
    ("family", "time"),
    [
        ("translation_x", 0.25),
        ("translation_y", -0.5),
        ("rotation", 90),
        ("rotation", -180),
        ("brightness", 0.2),
        ("contrast", -0.4),
        ("contrast_mean", 1.5),
        ("grayscale", 0.7),
    ],
)
@pytest.mark.parametrize("fill", ["zeros", "reflection", "border"])
def test_magnitudes_are_those_of_the_screening(family: str, time: float, fill: str) -> None:
    """Where no kernel interpolates: whole pixels, quarter turns, intensities."""
    images = pictures(2, channels=3).float()
    magnitude = FAMILIES[family].identity + time
    screened = transform(images, (0, 1), family, magnitude, Rendering(fill, "bilinear", clamp=False))
    torch.testing.assert_close(Motion(family, fill).moved(images, time), screened)


@pytest.mark.parametrize(("family", "time"), [("zoom", 0.3), ("scale_x", -0.3), ("scale_y", 0.3), ("rotation", 20)])
def test_interpolated_motion_is_near_the_screening(family: str, time: float) -> None:
    place = torch.linspace(0, 3, 32)
    images = (0.5 + 0.3 * torch.sin(place[:, None] + 1) * torch.cos(2 * place))[None, None]
    rendering = Rendering("border", "bilinear", clamp=False)
    screened = transform(images, (0,), family, FAMILIES[family].identity + time, rendering)
    moved = Motion(family, "border").moved(images, time)
    assert (moved - screened).abs().max() < 0.01 < (moved - images).abs().max() / 5


def test_the_slope_of_a_ramp_is_true() -> None:
    """A whole width to the right makes a ramp from 0 to 1 over the width darker by 1, inside; the edge is another."""
    ramp = ((torch.arange(10, dtype=torch.float64) + 0.5) / 10).expand(1, 1, 10, 10)
    torch.testing.assert_close(Motion("translation_x").velocity(ramp)[..., 1:-1], -torch.ones(1, 1, 10, 8).double())
    inside = Motion("zoom").velocity(ramp)[..., 1:-1]  # about the middle: -x d/dx
    torch.testing.assert_close(inside, 0.5 - ramp[..., 1:-1])


def test_a_fill_matters_at_the_edge_only() -> None:
    images = pictures(1)
    zeros, mirrored = (Motion("translation_x", fill).velocity(images) for fill in ("zeros", "reflection"))
    torch.testing.assert_close(zeros[..., 1:-1], mirrored[..., 1:-1])
    assert not torch.allclose(zeros[..., 0], mirrored[..., 0])


def test_dense_outputs_are_not_carried_and_maps_only_by_geometry() -> None:
    maps, dense = pictures(2, channels=4), torch.ones(2, 5)
    assert not Motion("rotation").carried(dense).any() and not Motion("contrast").carried(maps).any()
    torch.testing.assert_close(Motion("rotation").carried(maps), Motion("rotation").velocity(maps))


def test_what_has_no_motion_is_told() -> None:
    with pytest.raises(UserError, match="gaussian_blur"):
        Motion("gaussian_blur")
    with pytest.raises(UserError, match="fill"):
        Motion("zoom", "mirror")
