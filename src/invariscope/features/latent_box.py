"""The box in which latent codes of images lie, and points in it, in coordinates u of [0, 1]^d."""

from typing import Protocol

import torch
from torch import Tensor

from invariscope.data.table import ImageSet
from invariscope.generative.codes import codes_of
from invariscope.generative.networks import Coder
from invariscope.runtime import torch_generator


class Decoder(Protocol):
    """What makes images of latent codes, such as an autoencoder."""

    @property
    def low(self) -> Tensor: ...  # (d,)

    @property
    def high(self) -> Tensor: ...  # (d,)

    def decode(self, z: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] of codes (N, d)."""
        ...


def uniform(decoder: Decoder, count: int, seed: int, *names: str | int) -> Tensor:
    """(count, d) points, uniform in the box, from the stream called `names`."""
    points = torch.rand(count, len(decoder.low), generator=torch_generator(seed, *names))
    return points.to(decoder.low.device)


def latents(decoder: Decoder, points: Tensor) -> Tensor:
    """Codes (..., d) at points (..., d) of the box, on the decoder's device."""
    return torch.lerp(decoder.low, decoder.high, points.to(decoder.low.device))


def images(decoder: Decoder, points: Tensor) -> Tensor:
    """Images (N, C, H, W) at points (N, d) of the box."""
    return decoder.decode(latents(decoder, points))


def points_of(autoencoder: Coder, data: ImageSet) -> Tensor:
    """(N, d) points of the box: the codes of images, those beyond it at its edge."""
    return points_at(autoencoder, codes_of(autoencoder, data).clone())  # an ordinary tensor, which gradients may pass


def points_at(decoder: Decoder, codes: Tensor) -> Tensor:
    """(..., d) points of the box for codes (..., d), those beyond it at its edge."""
    return ((codes - decoder.low) / (decoder.high - decoder.low)).clamp(0, 1)
