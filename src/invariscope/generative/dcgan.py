"""The DCGAN of the text (paper 004, "Deconvolution"; Radford et al. 2016): numbers to a small stack of maps, which
deconvolutions with 5 x 5 kernels and stride 2 double until they are an image; the discriminator is its mirror.

With widths (1024, 512, 256, 128) and images of 64 px these are the text's layers: 4 x 4 x 1024, 8 x 8 x 512,
16 x 16 x 256, 32 x 32 x 128, 64 x 64 x 3. The first has 1.6 million weights (the text's 160 K is a slip).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from invariscope.errors import UserError

KERNEL = 5
SLOPE = 0.2  # of the discriminator's leaky ReLUs
INITIAL = 0.02  # standard deviation of weights at the start


class Generator(nn.Module):
    """Numbers (N, d) in [-1, 1] to images (N, C, H, W) in [0, 1]."""

    low: Tensor
    high: Tensor

    def __init__(
        self, channels: int, size: int, latent_dimension: int, widths: Sequence[int], network: str = "dcgan"
    ) -> None:
        """Raises UserError if doubling does not come out at the size."""
        super().__init__()
        self.channels, self.size, self.latent_dimension = channels, size, latent_dimension
        self.description: dict[str, Any] = {
            "network": network,
            "channels": channels,
            "size": size,
            "latent_dimension": latent_dimension,
            "widths": list(widths),
        }
        side = first_side(size, widths)
        layers: list[nn.Module] = [
            nn.Linear(latent_dimension, widths[0] * side**2),
            nn.Unflatten(1, (widths[0], side, side)),
        ]
        for before, width in pairwise([*widths, channels]):
            layers += [
                nn.BatchNorm2d(before),
                nn.ReLU(),
                nn.ConvTranspose2d(before, width, KERNEL, stride=2, padding=2, output_padding=1),
            ]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        self.layers.apply(_initialise)
        self.register_buffer("low", torch.full((latent_dimension,), -1.0))
        self.register_buffer("high", torch.full((latent_dimension,), 1.0))

    def decode(self, z: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] of numbers (N, d)."""
        return (self.layers(z) + 1) / 2

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Numbers (count, d), uniform in [-1, 1]."""
        return (2 * torch.rand(count, self.latent_dimension, generator=random) - 1).to(self.low)


def first_side(size: int, widths: Sequence[int]) -> int:
    """Side in px of the first maps. Raises UserError if doubling does not come out at the size."""
    side, left = divmod(size, 2 ** len(widths))
    if left or not side:
        raise UserError(
            f"generative.dcgan: widths: {list(widths)} needs images of a multiple of {2 ** len(widths)} px, "
            f"and these have {size}"
        )
    return side


def discriminator(channels: int, size: int, widths: Sequence[int]) -> nn.Sequential:
    """Images (N, C, H, W) in [0, 1] to logits (N, 1) of being real; `widths` are the generator's, so reversed here."""
    layers: list[nn.Module] = []
    for number, (before, width) in enumerate(pairwise([channels, *reversed(widths)])):
        layers.append(nn.Conv2d(before, width, KERNEL, stride=2, padding=2))
        if number:
            layers.append(nn.BatchNorm2d(width))
        layers.append(nn.LeakyReLU(SLOPE))
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[0] * first_side(size, widths) ** 2, 1))
    return network.apply(_initialise)


def _initialise(layer: nn.Module) -> None:
    """As Radford et al.: weights normal around 0, those of batch norm around 1, biases 0."""
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0, INITIAL)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
