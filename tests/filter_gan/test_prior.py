"""The natural-image prior: its constants, its scale, its meaning."""

import pytest
import torch

from invariscope.filter_gan.prior import alpha_norm, natural_image_prior, total_variation


def pictures(channels: int = 3) -> torch.Tensor:
    return torch.rand(4, channels, 9, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_prior_is_the_same_on_both_scales(channels: int) -> None:
    x = pictures(channels)
    torch.testing.assert_close(natural_image_prior(255 * x, full=255), natural_image_prior(x))
    assert not torch.allclose(natural_image_prior(255 * x), natural_image_prior(x))


def test_the_constants_are_the_papers_on_their_scale() -> None:
    """Summed pixel by pixel from the formula, on the 0-255 scale."""
    x = (255 * pictures()).round()
    alpha, variation = torch.zeros(4, dtype=x.dtype), torch.zeros(4, dtype=x.dtype)
    centred = x - x.mean((2, 3), keepdim=True)
    for row in range(9):
        for column in range(7):
            alpha += centred[:, :, row, column].square().sum(1) ** 3
            for channel in range(3):
                dx = x[:, channel, row, column + 1] - x[:, channel, row, column] if column < 6 else 0
                dy = x[:, channel, row + 1, column] - x[:, channel, row, column] if row < 8 else 0
                variation += dx**2 + dy**2
    torch.testing.assert_close(alpha_norm(x, 255), (1 / 80) ** 6 / 63 * alpha)
    torch.testing.assert_close(total_variation(x, 255), (6.5 / 80) ** 2 / 63 * variation)
    torch.testing.assert_close(natural_image_prior(x, 255), alpha_norm(x, 255) + total_variation(x, 255))


def test_an_even_image_costs_nothing_and_noise_more_than_a_slope() -> None:
    even = torch.full((1, 1, 8, 8), 0.7)
    slope = torch.linspace(0, 1, 64).view(1, 1, 8, 8).sort().values
    noise = slope.flatten()[torch.randperm(64, generator=torch.Generator().manual_seed(1))].view(1, 1, 8, 8)
    assert natural_image_prior(even).item() == pytest.approx(0, abs=1e-9)
    assert alpha_norm(noise).item() == pytest.approx(alpha_norm(slope).item())  # the same pixels
    assert total_variation(noise).item() > 2 * total_variation(slope).item()


def test_every_image_has_its_own_value_and_brightness_added_is_free() -> None:
    x = pictures()
    together = natural_image_prior(x)
    assert together.shape == (4,)
    torch.testing.assert_close(together, torch.cat([natural_image_prior(image[None]) for image in x]))
    torch.testing.assert_close(natural_image_prior(x + 0.25), together)


def test_its_gradient_is_finite_on_an_even_image_and_right() -> None:
    flat = torch.full((1, 1, 5, 5), 0.5, requires_grad=True)
    natural_image_prior(flat).sum().backward()
    assert flat.grad is not None and torch.isfinite(flat.grad).all()
    assert torch.autograd.gradcheck(natural_image_prior, pictures()[:2].requires_grad_(True))
