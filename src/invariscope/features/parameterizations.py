"""What is optimised in place of pixels: differentiable functions from parameters to images in [0, 1] (METHODS 5).

Each gives its parameters, a row an image, drawn from a generator an image, so that an image does not depend on which
others it is optimised with; and renders all of them at once. Constants are those of lucid (Olah et al. 2017,
Mordvintsev et al. 2018), but for the colours, which are fitted to the data set.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from invariscope.features.latent_box import Decoder, images
from invariscope.features.objectives import Shape

DARKEST = 0.01  # what a mean colour is kept from 0 and 1 by, where a sigmoid has no slope


class Parameterization(Protocol):
    """Images (N, C, H, W) in [0, 1] as a function of tensors that have a row an image."""

    def start(self, generators: Sequence[Generator]) -> list[Tensor]:
        """Parameters of N images, each drawn from its own CPU generator."""
        ...

    def images(self, parameters: Sequence[Tensor]) -> Tensor: ...


@dataclass(frozen=True)
class Palette:
    """Numbers that are independent and about 0, as colours: around the data set's mean, and correlated as in it.

    Dark images on which little is bright so start dark, and only what the objective asks for is lit (our choice: lucid
    fits the correlation alone, and starts grey).
    """

    mean: Tensor  # (C,) in (0, 1)
    mixing: Tensor  # (C, C)

    def __call__(self, values: Tensor) -> Tensor:
        """(N, C, H, W) -> the same, in [0, 1]."""
        mixed = torch.einsum("dc,nchw->ndhw", self.mixing.to(values), values)
        return (mixed + self.mean.to(values).logit()[:, None, None]).sigmoid()


def plain_palette(channels: int) -> Palette:
    """Grey, and no correlation: what is used without a data set."""
    return Palette(torch.full((channels,), 0.5), torch.eye(channels))


def fitted_palette(pixels: Tensor) -> Palette:
    """Mean and correlation of the colours of pixels (N, C, H, W) in [0, 1].

    The mixing is the symmetric root of the covariance, its largest row of length 1. Channels that never vary keep a
    colour of their own.
    """
    values = pixels.transpose(0, 1).flatten(1).double()  # (C, N * H * W)
    mean = values.mean(1)
    shares, axes = torch.linalg.eigh((values - mean[:, None]) @ (values - mean[:, None]).t() / values.shape[1])
    if shares[-1] <= 0:
        return Palette(mean.clamp(DARKEST, 1 - DARKEST).float(), torch.eye(len(values)))
    root = axes @ torch.diag(shares.clamp(min=1e-6 * shares[-1].item()).sqrt()) @ axes.t()
    return Palette(mean.clamp(DARKEST, 1 - DARKEST).float(), (root / root.norm(dim=1).max()).float())


class Pixels:
    """A number a pixel and channel, through a sigmoid: the plain way, from grey."""

    def __init__(self, shape: Shape, scale: float = 0.01) -> None:
        self.shape, self.scale = shape, scale

    def start(self, generators: Sequence[Generator]) -> list[Tensor]:
        return [self.scale * torch.stack([torch.randn(self.shape, generator=random) for random in generators])]

    def images(self, parameters: Sequence[Tensor]) -> Tensor:
        return parameters[0].sigmoid()


class Fourier:
    """A spectrum scaled by 1/f, in colours that are independent in the data set."""

    def __init__(self, shape: Shape, palette: Palette | None = None, scale: float = 0.01) -> None:
        channels, height, width = shape
        self.shape, self.scale, self.palette = shape, scale, palette or plain_palette(channels)
        down, across = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
        frequency = (down**2 + across**2).sqrt()  # (H, W // 2 + 1), cycles a px
        self.amplitude = 1 / frequency.clamp(min=1 / max(height, width))  # the constant as the lowest wave

    def start(self, generators: Sequence[Generator]) -> list[Tensor]:
        size = (self.shape[0], *self.amplitude.shape, 2)  # real and imaginary
        return [self.scale * torch.stack([torch.randn(size, generator=random) for random in generators])]

    def images(self, parameters: Sequence[Tensor]) -> Tensor:
        spectrum = torch.view_as_complex(parameters[0].contiguous()) * self.amplitude.to(parameters[0].device)
        return self.palette(torch.fft.irfft2(spectrum, s=self.shape[1:], norm="ortho") / 4)  # 4 as lucid


class Latents:
    """A latent of a generative model, anywhere in its box; from a uniform place there."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder

    def start(self, generators: Sequence[Generator]) -> list[Tensor]:
        """Logits, so that no step leaves the box."""
        places = [torch.rand(len(self.decoder.low), generator=random) for random in generators]
        return [torch.stack(places).clamp(0.01, 0.99).logit()]

    def images(self, parameters: Sequence[Tensor]) -> Tensor:
        return images(self.decoder, parameters[0].sigmoid())


class Cppn:
    """A compositional pattern-producing network an image: place -> colour, all of them as one batched product.

    Its depth, activations and the zeros of its last layer are lucid's; it is narrower than the 24 there, which is for
    images of 224 px.
    """

    def __init__(self, shape: Shape, palette: Palette | None = None, width: int = 16, layers: int = 8) -> None:
        self.shape, self.width, self.layers, self.palette = shape, width, layers, palette or plain_palette(shape[0])
        edge = math.sqrt(3)  # places of mean 0 and variance 1
        down, across = torch.meshgrid(
            torch.linspace(-edge, edge, shape[1]), torch.linspace(-edge, edge, shape[2]), indexing="ij"
        )
        self.places = torch.stack([across, down], dim=-1).flatten(0, 1)  # (H * W, 2)

    def start(self, generators: Sequence[Generator]) -> list[Tensor]:
        inputs = [2] + [2 * self.width] * (self.layers - 1)
        hidden = [
            torch.stack([torch.randn(size, self.width, generator=random) for random in generators]) / math.sqrt(size)
            for size in inputs
        ]
        biases = [torch.zeros(len(generators), 1, self.width) for _ in inputs]
        readout, offset = torch.zeros(len(generators), 2 * self.width, self.shape[0]), biases[0][..., :1]
        return [*hidden, *biases, readout, offset.repeat(1, 1, self.shape[0])]

    def images(self, parameters: Sequence[Tensor]) -> Tensor:
        weights, biases = [*parameters[: self.layers], parameters[-2]], [*parameters[self.layers : -2], parameters[-1]]
        places = self.places.to(biases[0]).expand(len(biases[0]), -1, -1)  # (N, H * W, 2)
        x = torch.baddbmm(biases[0], places, weights[0])
        for weight, bias in zip(weights[1:], biases[1:], strict=True):
            x = _bent(x, weight, bias)
        return self.palette(x.transpose(1, 2).reshape(-1, *self.shape))


def _bent(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A layer on atan(x) / 0.67 beside (atan(x)² - 0.45) / 0.396, both of variance 1: (N, P, w) -> (N, P, v).

    The constants go into the weights (N, 2w, v), which are fewer than the places.
    """
    angle = x.atan()
    once, twice = weight[:, : x.shape[2]] / 0.67, weight[:, x.shape[2] :] / 0.396
    return torch.baddbmm(torch.baddbmm(bias - 0.45 * twice.sum(1, keepdim=True), angle, once), angle * angle, twice)
