"""Parameterizations: images in [0, 1], a row an image, colours as in the data set."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from invariscope.features.parameterizations import (
    Cppn,
    Fourier,
    Latents,
    Palette,
    Parameterization,
    Pixels,
    fitted_palette,
    plain_palette,
)

COLOUR, GREY = (3, 12, 15), (1, 9, 8)


class Blend:
    """A decoder of two numbers: how light, and how light the left half is."""

    low = torch.tensor([-2.0, 1.0])
    high = torch.tensor([2.0, 5.0])

    def decode(self, z: Tensor) -> Tensor:
        images = torch.zeros(len(z), 1, 4, 4) + z[:, 0, None, None, None]
        return torch.cat([images[..., :2] + z[:, 1, None, None, None], images[..., 2:]], dim=3).sigmoid()


MADE: dict[str, Callable[[], Parameterization]] = {
    "pixels": lambda: Pixels(COLOUR),
    "grey pixels": lambda: Pixels(GREY),
    "fourier": lambda: Fourier(COLOUR),
    "grey fourier": lambda: Fourier(GREY),
    "cppn": lambda: Cppn(COLOUR, width=6, layers=3),
    "grey cppn": lambda: Cppn(GREY, width=6, layers=3),
    "latents": lambda: Latents(Blend()),
}


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("name", list(MADE))
def test_images_are_in_range_and_know_nothing_of_each_other(name: str) -> None:
    made = MADE[name]()
    together = [tensor.requires_grad_() for tensor in made.start(generators(1, 2, 3))]
    images = made.images(together)
    assert images.dim() == 4 and len(images) == 3
    assert (images >= 0).all() and (images <= 1).all()
    alone = made.images(made.start(generators(2)))
    torch.testing.assert_close(images[1:2], alone)
    for tensor, gradient in zip(
        together, torch.autograd.grad(images[1].square().sum(), together, allow_unused=True), strict=True
    ):
        assert gradient is not None and gradient.shape == tensor.shape
        assert (gradient[[0, 2]] == 0).all()


@pytest.mark.parametrize("name", list(MADE))
def test_equal_generators_give_equal_images(name: str) -> None:
    made = MADE[name]()
    first, second = (made.images(made.start(generators(4, 5))) for _ in range(2))
    assert torch.equal(first, second)


def test_fourier_draws_low_waves_largest() -> None:
    """The spectrum of what it starts from falls as 1/f: noise of equal energy in every octave."""
    made = Fourier((1, 64, 64))
    images = made.images(made.start(generators(*range(40)))).logit()
    power = torch.fft.rfft2(images).abs().square().mean((0, 1))
    down, across = torch.fft.fftfreq(64)[:, None], torch.fft.rfftfreq(64)[None]
    frequency = (down**2 + across**2).sqrt()
    inner = (frequency > 0.05) & (frequency < 0.4)
    x, y = frequency[inner].log(), power[inner].log()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    assert slope.item() == pytest.approx(-2, abs=0.15)  # of the power; -1 of the amplitude


def test_fourier_can_make_any_image() -> None:
    target = 0.1 + 0.8 * torch.rand(1, *COLOUR, generator=generators(0)[0])
    made = Fourier(
        COLOUR, Palette(torch.tensor([0.2, 0.5, 0.7]), torch.tensor([[1, 0.3, 0], [0.3, 1, 0], [0, 0, 0.8]]))
    )
    waves = torch.linalg.solve(
        made.palette.mixing, (target.logit() - made.palette.mean.logit()[:, None, None]).flatten(2)
    )
    spectrum = torch.fft.rfft2(4 * waves.unflatten(2, COLOUR[1:]), norm="ortho") / made.amplitude
    torch.testing.assert_close(made.images([torch.view_as_real(spectrum)]), target, rtol=1e-4, atol=1e-5)


def test_a_palette_has_the_mean_and_the_correlation_of_the_pixels() -> None:
    random = generators(3)[0]
    root = torch.tensor([[0.1, 0.0, 0.0], [0.05, 0.05, 0.0], [0.02, 0.0, 0.03]])
    shifted = torch.tensor([0.3, 0.5, 0.6])[:, None, None] + torch.einsum(
        "dc,nchw->ndhw", root, torch.randn(200, 3, 8, 8, generator=random)
    )
    palette = fitted_palette(shifted)
    torch.testing.assert_close(palette.mean, torch.tensor([0.3, 0.5, 0.6]), atol=0.01, rtol=0)
    drawn = palette.mixing @ palette.mixing.t()
    torch.testing.assert_close(drawn / drawn.diagonal().max(), root @ root.t() / 0.01, atol=0.03, rtol=0)
    assert palette.mixing.norm(dim=1).max().item() == pytest.approx(1)


def test_a_palette_of_one_colour_has_a_slope() -> None:
    palette = fitted_palette(torch.zeros(5, 3, 4, 4))
    values = torch.zeros(1, 3, 2, 2, requires_grad=True)
    assert (torch.autograd.grad(palette(values).sum(), values)[0] > 0).all()


def test_without_a_data_set_images_start_grey() -> None:
    for made in (Fourier(COLOUR), Cppn(COLOUR), Pixels(COLOUR)):
        assert made.images(made.start(generators(1, 2))).sub(0.5).abs().max() < 0.2
    assert plain_palette(2)(torch.zeros(1, 2, 1, 1)).unique().tolist() == [0.5]


def test_with_one_images_start_in_its_mean_colour() -> None:
    palette = Palette(torch.tensor([0.1]), torch.eye(1))
    made = Cppn(GREY, palette)
    torch.testing.assert_close(made.images(made.start(generators(1))), torch.full((1, *GREY), 0.1))


def test_the_folded_constants_of_a_cppn_are_lucids_activation() -> None:
    made = Cppn((1, 5, 5), width=4, layers=2)
    parameters = [torch.randn(tensor.shape, generator=generators(6)[0]) for tensor in made.start(generators(1))]
    first, second, bias, other, readout, offset = parameters
    x = made.places[None]
    for weight, shift in ((first, bias), (second, other), (readout, offset)):
        x = x @ weight + shift
        angle = x.atan()
        values, x = x, torch.cat([angle / 0.67, (angle**2 - 0.45) / 0.396], dim=-1)
    torch.testing.assert_close(made.images(parameters), values.transpose(1, 2).reshape(1, 1, 5, 5).sigmoid())


def test_latents_fill_their_box_and_never_leave_it() -> None:
    made = Latents(Blend())
    seen: list[Tensor] = []
    made.decoder = type("Spy", (Blend,), {"decode": lambda self, z: seen.append(z) or Blend.decode(self, z)})()
    made.images([torch.tensor([[-40.0, 40.0], [0.0, 0.0]])])
    torch.testing.assert_close(seen[0], torch.tensor([[-2.0, 5.0], [0.0, 3.0]]))
    made.images(made.start(generators(*range(500))))
    share = (seen[1] - Blend.low) / (Blend.high - Blend.low)
    assert share.mean(0).tolist() == pytest.approx([0.5, 0.5], abs=0.05)
    assert share.std(0).tolist() == pytest.approx([math.sqrt(1 / 12)] * 2, abs=0.03)
