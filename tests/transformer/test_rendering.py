"""Maps of positions and of colours do what their coordinates and units say."""

import math

import pytest
import torch

from invariscope.runtime import torch_generator
from invariscope.screening.config import Rendering
from invariscope.screening.transforms import transform
from invariscope.transformer.rendering import colour_displacement, colour_images, render, spatial_displacement
from invariscope.warp import Warp, pixel_centres, warp_images

IDENTITY = torch.eye(2, 3)[None]


def pictures(number: int = 2, channels: int = 3, size: int = 12) -> torch.Tensor:
    return torch.rand(number, channels, size, size, generator=torch_generator(0, "pictures"))


def rotation(degrees: float) -> torch.Tensor:
    """The content turns counter-clockwise as seen: positions are looked up by the opposite turn, y pointing down."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return torch.tensor([[[cosine, -sine, 0.0], [sine, cosine, 0.0]]])


@pytest.mark.parametrize("fill", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_the_identity_map_changes_nothing(fill: str, interpolation: str) -> None:
    """Up to float32: positions of 12 px are rounded by at most some 12 · 2^-24, and pixels differ by at most 1."""
    images = pictures(size=12)
    assert (warp_images(images, Warp(IDENTITY.expand(2, 2, 3)), fill, interpolation) - images).abs().max() < 1e-5
    assert torch.equal(render(images, None, None, fill, interpolation), images)


@pytest.mark.parametrize("degrees", [90, 180, 270, 30])
def test_turns_are_those_of_the_screening(degrees: float) -> None:
    images = pictures(size=15)
    expected = transform(images, [0, 1], "rotation", degrees, Rendering("zeros", "bilinear"))
    found = warp_images(images, Warp(rotation(degrees).expand(2, 2, 3)), "zeros", "bilinear")
    assert (found - expected).abs().max() < 1e-4


def test_a_shift_looks_up_where_content_comes_from() -> None:
    images = pictures(size=8)
    warp = Warp(torch.tensor([[[1.0, 0, -2 / 8], [0, 1, 0]]]).expand(2, 2, 3))  # from one pixel to the left
    moved = warp_images(images, warp, "zeros", "bicubic")
    assert (moved[:, :, :, 1:] - images[:, :, :, :-1]).abs().max() < 1e-5 and moved[:, :, :, 0].abs().max() < 1e-5


def test_a_bend_of_zero_is_the_affine_map() -> None:
    images, matrix = pictures(), rotation(20).expand(2, 2, 3)
    bent = warp_images(images, Warp(matrix, torch.zeros(2, 2, 3)), "zeros", "bicubic")
    assert torch.equal(bent, warp_images(images, Warp(matrix), "zeros", "bicubic"))


def test_a_bend_adds_second_order_terms() -> None:
    bend = torch.tensor([[[0.1, 0.2, 0.3], [0.0, 0.0, -1.0]]])
    found = Warp(IDENTITY, bend)(torch.tensor([[0.5, -0.2]]))
    expected = [0.5 + 0.1 * 0.25 + 0.2 * -0.1 + 0.3 * 0.04, -0.2 - 0.04]
    assert found[0, 0].tolist() == pytest.approx(expected)


def test_displacements_by_hand() -> None:
    shift = Warp(torch.tensor([[[1.0, 0, 0.6], [0, 1, 0.8]]]))  # 0.3 of the width and 0.4 of the height
    assert spatial_displacement(shift, 8, 8).tolist() == pytest.approx([0.5])
    assert spatial_displacement(shift, 16, 8).tolist() == pytest.approx([math.hypot(0.3, 0.8)])
    # Twice as far from the middle: each of 2x2 pixels, at (±1/4, ±1/4) of the width, comes from √2/4 farther out.
    zoom = Warp(2 * IDENTITY)
    assert spatial_displacement(zoom, 2, 2).tolist() == pytest.approx([math.sqrt(2) / 4])
    image = torch.tensor([0.0, 0.5, 0.9, 1.0]).reshape(1, 1, 2, 2)
    brighter = torch.tensor([[[1.0, 0.2]]])  # 0.2, 0.2, 0.1 and 0: no value leaves the range
    assert colour_displacement(image, brighter).tolist() == pytest.approx([0.125])


def test_colours_mix_by_the_matrix_and_are_clamped_last() -> None:
    red = torch.tensor([1.0, 0, 0]).reshape(1, 3, 1, 1)
    matrix = torch.tensor([[[0.0, 0, 0, 0.3], [1, 0, 0, 0], [0, 0, 1, -1]]])
    assert colour_images(red, matrix).flatten().tolist() == pytest.approx([0.3, 1.0, -1.0])
    assert render(red, None, matrix, "zeros", "bilinear").flatten().tolist() == pytest.approx([0.3, 1.0, 0.0])


def test_what_fills_the_edge_changes_colour_with_the_rest() -> None:
    images = torch.full((1, 1, 4, 4), 0.5)
    away = Warp(torch.tensor([[[1.0, 0, 10], [0, 1, 0]]]))
    lifted = render(images, away, torch.tensor([[[1.0, 0.25]]]), "zeros", "bilinear")
    assert torch.equal(lifted, torch.full((1, 1, 4, 4), 0.25))


def test_pixel_centres_run_row_after_row() -> None:
    expected = [[-2 / 3, -0.5], [0, -0.5], [2 / 3, -0.5], [-2 / 3, 0.5], [0, 0.5], [2 / 3, 0.5]]
    assert torch.allclose(pixel_centres(2, 3), torch.tensor(expected), atol=1e-6)
