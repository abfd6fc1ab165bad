"""The plain autoencoder of feature visualisation (paper 002, section 3.4): pooling in the encoder, upsampling in the
decoder, a latent without constraints between them.

Our choice where the paper is silent: the first and the last convolution work on blocks of 2 x 2 px as channels, which
makes large maps cheap; several dense layers before the decoder's maps, because six numbers must choose among shapes.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from invariscope.errors import UserError

BLOCK = 2  # px a side, of the first and the last convolution


class Autoencoder(nn.Module):
    """Images (N, C, H, W) in [0, 1] to codes (N, d) and back; `low` and `high` (d,) are the box of training codes."""

    low: Tensor
    high: Tensor

    def __init__(
        self,
        channels: int,
        size: int,
        latent_dimension: int,
        encoder_widths: Sequence[int],
        decoder_widths: Sequence[int],
        dense_width: int,
        dense_layers: int,
        output: str,
    ) -> None:
        """Raises UserError if the size cannot be halved and doubled that often."""
        super().__init__()
        self.description: dict[str, Any] = {
            "channels": channels,
            "size": size,
            "latent_dimension": latent_dimension,
            "encoder_widths": list(encoder_widths),
            "decoder_widths": list(decoder_widths),
            "dense_width": dense_width,
            "dense_layers": dense_layers,
            "output": output,
        }
        self.channels, self.size, self.latent_dimension = channels, size, latent_dimension
        self.encoder = encoder(channels, size, latent_dimension, encoder_widths, dense_width)
        self.decoder = decoder(channels, size, latent_dimension, decoder_widths, dense_width, dense_layers, output)
        self.register_buffer("low", torch.full((latent_dimension,), -1.0))
        self.register_buffer("high", torch.full((latent_dimension,), 1.0))

    def encode(self, x: Tensor) -> Tensor:
        """Codes (N, d) of images (N, C, H, W) in [0, 1]."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] of codes (N, d)."""
        return self.decoder(z).clamp(max=1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Reconstructions (N, C, H, W) as they are trained: a rectified output may be above 1."""
        return self.decoder(self.encoder(x))


def encoder(channels: int, size: int, latent_dimension: int, widths: Sequence[int], dense_width: int) -> nn.Sequential:
    """Raises UserError if pooling leaves nothing of an image."""
    side = size // BLOCK // 2 ** len(widths)
    if size % BLOCK or side < 1:
        raise UserError(
            f"encoder_widths: {list(widths)} needs images of an even size, {2 ** (len(widths) + 1)} px or more"
        )
    layers: list[nn.Module] = [nn.PixelUnshuffle(BLOCK)]
    inputs = channels * BLOCK**2
    for width in widths:
        layers += [
            nn.Conv2d(inputs, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        inputs = width
    dense = [
        nn.Flatten(),
        nn.Linear(inputs * side**2, dense_width),
        nn.ReLU(),
        nn.Linear(dense_width, latent_dimension),
    ]
    return nn.Sequential(*layers, *dense)


def decoder(
    channels: int,
    size: int,
    latent_dimension: int,
    widths: Sequence[int],
    dense_width: int,
    dense_layers: int,
    output: str,
) -> nn.Sequential:
    """Raises UserError if doubling does not come out at the size."""
    doublings = BLOCK * 2 ** (len(widths) - 1)
    if size % doublings:
        raise UserError(
            f"decoder_widths: {list(widths)} needs images of a multiple of {doublings} px, and these have {size}"
        )
    side = size // doublings
    layers: list[nn.Module] = []
    inputs = latent_dimension
    for _ in range(dense_layers):
        layers += [nn.Linear(inputs, dense_width), nn.ReLU()]
        inputs = dense_width
    layers += [nn.Linear(inputs, widths[0] * side**2), nn.Unflatten(1, (widths[0], side, side))]
    layers += [nn.BatchNorm2d(widths[0]), nn.ReLU()]
    for before, width in pairwise(widths):
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(before, width, 3, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(width), nn.ReLU()]
    layers += [nn.Conv2d(widths[-1], channels * BLOCK**2, 3, padding=1), nn.PixelShuffle(BLOCK)]
    return nn.Sequential(*layers, nn.Sigmoid() if output == "sigmoid" else nn.ReLU())
