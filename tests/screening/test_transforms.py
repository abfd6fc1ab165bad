"""Each family does what its name, unit and sign say."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch.nn import functional

from invariscope.errors import UserError
from invariscope.runtime import torch_generator
from invariscope.screening.config import Rendering, conditions
from invariscope.screening.families import FAMILIES, FILLS, INTERPOLATIONS, NOT_USED
from invariscope.screening.transforms import LUMA, draw_noise, transform

RENDERINGS = [Rendering(fill, interpolation) for fill in FILLS for interpolation in INTERPOLATIONS]
PLAIN = Rendering()


def pictures(number: int = 3, channels: int = 3, height: int = 12, width: int = 12) -> torch.Tensor:
    return torch.rand(number, channels, height, width, generator=torch_generator(0, "pictures"))


def apply(images: torch.Tensor, family: str, magnitude: float, rendering: Rendering = PLAIN) -> torch.Tensor:
    return transform(images, range(len(images)), family, magnitude, rendering)


def point(row: int, column: int, size: int = 11) -> torch.Tensor:
    image = torch.zeros(1, 1, size, size)
    image[0, 0, row, column] = 1
    return image


def peak(image: torch.Tensor) -> tuple[int, int]:
    return divmod(int(image[0, 0].argmax()), image.shape[3])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("channels", [1, 3])
def test_identity_is_exact(family: str, channels: int) -> None:
    images = pictures(channels=channels)
    for rendering in RENDERINGS:
        assert torch.equal(apply(images, family, FAMILIES[family].identity, rendering), images)


def test_identities_change_nothing_by_their_unit() -> None:
    ones = ("scale_x", "scale_y", "zoom", "contrast", "contrast_mean")
    zeros = ("translation_x", "translation_y", "rotation", "brightness", "grayscale", "gaussian_blur", "gaussian_noise")
    assert {name: family.identity for name, family in FAMILIES.items()} == dict.fromkeys(ones, 1) | dict.fromkeys(
        zeros, 0
    )


@pytest.mark.parametrize("rendering", RENDERINGS, ids=str)
@pytest.mark.parametrize("size", [11, 12])
def test_quarter_turns_are_exact(rendering: Rendering, size: int) -> None:
    images = pictures(height=size, width=size)
    for turns in (-2, -1, 1, 2, 3):
        assert torch.equal(apply(images, "rotation", 90 * turns, rendering), images.rot90(turns, (2, 3)))


def test_rotation_is_counter_clockwise() -> None:
    right_of_the_centre = point(5, 8)
    assert peak(apply(right_of_the_centre, "rotation", 90)) == (2, 5)  # above it
    assert peak(apply(right_of_the_centre, "rotation", 45)) in {(3, 7), (2, 7), (3, 8)}  # up, still right


def test_rotation_of_an_oblong_keeps_shapes() -> None:
    image = torch.zeros(1, 1, 21, 41)
    image[0, 0, 10, 15:26] = 1  # a line of 11 px
    turned = apply(image, "rotation", 90)
    assert turned[0, 0, 5:16, 20].eq(1).all() and turned.sum() == 11


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_whole_pixel_shifts_are_exact(fill: str, interpolation: str) -> None:
    images, rendering = pictures(height=10, width=20), Rendering(fill, interpolation)
    right = apply(images, "translation_x", 0.15, rendering)  # 3 px
    assert torch.equal(right[..., 3:], images[..., :-3])
    down = apply(images, "translation_y", 0.3, rendering)  # 3 px
    assert torch.equal(down[..., 3:, :], images[..., :-3, :])
    came_in = {
        "zeros": torch.zeros_like(images[..., :3]),
        "border": images[..., [0, 0, 0]],
        "reflection": images[..., [2, 1, 0]],
    }
    assert torch.equal(right[..., :3], came_in[fill])


def test_translation_signs() -> None:
    assert peak(apply(point(5, 5), "translation_x", 2 / 11)) == (5, 7)
    assert peak(apply(point(5, 5), "translation_x", -2 / 11)) == (5, 3)
    assert peak(apply(point(5, 5), "translation_y", 2 / 11)) == (7, 5)
    assert apply(point(5, 5), "translation_x", 1).sum() == 0  # gone


def test_half_a_pixel_repeats_no_pixel() -> None:
    images = pictures(width=12)
    moved = apply(images, "translation_x", 0.5 / 12, Rendering("border", "nearest"))
    assert torch.equal(moved, images) or torch.equal(moved[..., 1:], images[..., :-1])


@pytest.mark.parametrize(("family", "grown"), [("scale_x", (1, 3)), ("scale_y", (3, 1)), ("zoom", (3, 3))])
def test_factors_above_one_enlarge(family: str, grown: tuple[int, int]) -> None:
    larger = apply(point(5, 5), family, 3, Rendering(interpolation="nearest"))[0, 0]
    rows, columns = larger.nonzero(as_tuple=True)
    assert (len(rows.unique()), len(columns.unique())) == grown
    assert rows.double().mean() == columns.double().mean() == 5  # about the centre


def test_zoom_and_back() -> None:
    smooth = apply(pictures(height=24, width=24), "gaussian_blur", 2.5)
    for interpolation, error in (("bilinear", 0.02), ("bicubic", 0.004)):
        rendering = Rendering("border", interpolation)
        back = apply(apply(smooth, "zoom", 1.5, rendering), "zoom", 1 / 1.5, rendering)
        assert (back - smooth)[..., 6:-6, 6:-6].abs().max() < error
        assert (back - smooth).abs().max() > error  # the corners were lost: the test sees something


@pytest.mark.parametrize("rendering", RENDERINGS, ids=str)
@pytest.mark.parametrize(
    ("family", "magnitude"), [("rotation", 33.0), ("zoom", 0.61), ("scale_x", 1.7), ("translation_y", -0.23)]
)
def test_resampling_agrees_with_grid_sample(rendering: Rendering, family: str, magnitude: float) -> None:
    """torch's own sampler, as an independent implementation of every fill and interpolation."""
    images = pictures(height=14, width=14)
    scale_x, scale_y = (magnitude if family in kinds else 1 for kinds in (("zoom", "scale_x"), ("zoom", "scale_y")))
    angle = math.radians(magnitude) if family == "rotation" else 0
    down = 2 * magnitude if family == "translation_y" else 0
    inverse = torch.tensor(
        [
            [math.cos(angle) / scale_x, -math.sin(angle) / scale_x, 0],
            [math.sin(angle) / scale_y, math.cos(angle) / scale_y, -down],
        ]
    )
    grid = functional.affine_grid(inverse.expand(len(images), 2, 3), list(images.shape), align_corners=False)
    expected = functional.grid_sample(
        images, grid, rendering.interpolation, padding_mode=rendering.fill, align_corners=False
    ).clamp(0, 1)
    assert (apply(images, family, magnitude, rendering) - expected).abs().max() < 1e-5


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("sigma", [0.5, 1.7, 6.0])
def test_blur_is_scipys(fill: str, sigma: float) -> None:
    images = pictures(height=16, width=20)
    mode = {"zeros": "constant", "border": "nearest", "reflection": "reflect"}[fill]
    expected = gaussian_filter(images.numpy().astype(np.float64), (0, 0, sigma, sigma), mode=mode)
    np.testing.assert_allclose(apply(images, "gaussian_blur", sigma, Rendering(fill)), expected, atol=1e-6)


def test_blur_keeps_the_mass() -> None:
    image = point(20, 20, 41)
    assert apply(image, "gaussian_blur", 2).sum() == pytest.approx(1, abs=1e-5)
    images = pictures()
    kept = apply(images, "gaussian_blur", 3, Rendering("reflection"))
    torch.testing.assert_close(kept.sum((2, 3)), images.sum((2, 3)))


def test_intensities() -> None:
    images, free = pictures(), Rendering(clamp=False)
    torch.testing.assert_close(apply(images, "brightness", -0.3, free), images - 0.3)
    torch.testing.assert_close(apply(images, "contrast", 0.5), images / 2)
    flat = apply(images, "contrast_mean", 0)
    torch.testing.assert_close(flat, images.mean((1, 2, 3), keepdim=True).expand_as(images))
    torch.testing.assert_close(apply(images, "contrast_mean", 3, free).mean((1, 2, 3)), images.mean((1, 2, 3)))
    grey = apply(images, "grayscale", 1)
    torch.testing.assert_close(grey[:, 0], (images * torch.tensor(LUMA)[:, None, None]).sum(1))
    assert torch.equal(grey[:, 0], grey[:, 2])
    torch.testing.assert_close(apply(images, "grayscale", 0.5), (images + grey) / 2)


@pytest.mark.parametrize("family", FAMILIES)
def test_results_are_images_unless_they_may_not_be(family: str) -> None:
    images = pictures()
    extreme = {"rotation": 20, "gaussian_blur": 2, "grayscale": 0.7}.get(family, 0.6)
    for rendering in RENDERINGS:
        result = apply(images, family, extreme, rendering)
        assert result.shape == images.shape and result.min() >= 0 and result.max() <= 1
        free = apply(images, family, extreme, Rendering(rendering.fill, rendering.interpolation, clamp=False))
        assert torch.equal(free.clamp(0, 1), result)
    assert apply(images, "brightness", 0.6, Rendering(clamp=False)).max() > 1


def test_noise_belongs_to_the_image() -> None:
    images, rendering = pictures(4), Rendering(clamp=False)
    together = transform(images, [3, 1, 9, 7], "gaussian_noise", 0.2, rendering, seed=5)
    alone = transform(images[[2]], [9], "gaussian_noise", 0.2, rendering, seed=5)
    assert torch.equal(together[[2]], alone)
    double = transform(images, [3, 1, 9, 7], "gaussian_noise", 0.4, rendering, seed=5)
    torch.testing.assert_close(double - images, 2 * (together - images))  # one field for all magnitudes
    assert not torch.equal(together, transform(images, [3, 1, 9, 7], "gaussian_noise", 0.2, rendering, seed=6))


def test_noise_is_normal_and_independent() -> None:
    noise = draw_noise(range(40), (3, 20, 20), seed=0).flatten(1)
    assert noise.mean().abs() < 0.02 and (noise.std() - 1).abs() < 0.02
    correlations = torch.corrcoef(noise).fill_diagonal_(0)
    assert correlations.abs().max() < 0.15


def test_each_image_is_transformed_alone() -> None:
    images = pictures(5)
    for family, rendering in itertools.product(FAMILIES, RENDERINGS[::4]):
        together = transform(images, range(5), family, 0.37, rendering)
        alone = [transform(images[[place]], [place], family, 0.37, rendering) for place in range(5)]
        torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-6)


def test_conditions() -> None:
    found = conditions({"zoom": [2, 1], "rotation": [0, 10]}, {"rotation": []})
    assert found == [("zoom", 1.0), ("zoom", 2.0)]
    with pytest.raises(UserError, match=r"zoom: lacks 1"):
        conditions({"zoom": [2]})
    with pytest.raises(UserError, match="'twist' is no family"):
        conditions({"twist": [0]})


def test_tables_say_what_shaped_the_result() -> None:
    rendering = Rendering("border", "bicubic", clamp=False)
    assert rendering.recorded("rotation") == {"fill": "border", "interpolation": "bicubic", "clamp": False}
    assert rendering.recorded("gaussian_blur") == {"fill": "border", "interpolation": NOT_USED, "clamp": False}
    assert rendering.recorded("brightness") == {"fill": NOT_USED, "interpolation": NOT_USED, "clamp": False}
